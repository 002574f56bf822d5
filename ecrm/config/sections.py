"""The keys of ecrm.yaml, each declared once; those about the history of resources by the sources.

To add a key, declare it in its table and give the value that its section builds a field for it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ecrm.config.check import CHECK
from ecrm.config.history import HistorySection
from ecrm.config.kubernetes import Kubernetes
from ecrm.config.owners import Owners
from ecrm.config.quotas import Quota
from ecrm.config.schema import Key, Section, one_map
from ecrm.config.settings import (
    DEFAULT_HISTORY,
    ExternalCommand,
    Guards,
    History,
    SourceChoice,
)
from ecrm.config.targets import TARGETS
from ecrm.config.values import (
    BOOLEAN,
    COMMAND,
    COUNT,
    DURATION,
    ENVIRONMENT,
    GLOB,
    MONEY,
    NAME,
    RATE,
    TEXT,
    list_of,
    one_of,
)
from ecrm.model.pattern import NamePattern
from ecrm.model.pricing import RegionPrice
from ecrm.model.rule import Action, Rule

_NAMES = ("name", "name_pattern")


def _name_keys(noun: str) -> dict[str, Key]:
    def warning(name: NamePattern) -> str:
        if "*" in name.text or "?" in name.text:
            return (
                f"{name.text!r} matches only a {noun} literally named so; "
                "did you mean name_pattern?"
            )
        return ""

    return {
        "name": Key(NAME, f"the {noun} of exactly this name", warning=warning),
        "name_pattern": Key(
            GLOB, f"every {noun} whose name this covers; * is any text, ? one character"
        ),
    }


def _exclude(noun: str) -> dict[str, Key]:
    text = f"true: do not read what this {noun} uses; what only it uses is not protected"
    return {"exclude": Key(BOOLEAN, text, default=False)}


def _history_section(section: HistorySection) -> Section:
    counted = section.opt_in or "keep_count"
    keep_count = Key(
        COUNT,
        f"how many {section.versions} count as in use, newest first",
        required=bool(section.opt_in),
        default=None if section.opt_in else DEFAULT_HISTORY,
        zero_is_default=not section.opt_in,
    )
    keys = {
        **_name_keys(section.noun),
        **({counted: keep_count} if section.versions else {}),
        **({} if section.opt_in else _exclude(section.noun)),
        **section.more,
    }

    def build(values: Mapping[str, Any]) -> History:
        name = values["name"] or values["name_pattern"]
        keep_count = values.get(counted, DEFAULT_HISTORY)
        return History(name, keep_count=keep_count, exclude=values.get("exclude", False))

    return Section(section.about, keys, build, _NAMES, is_history=True)


def _sources(names: Iterable[str]) -> Section:
    keys = {
        "name": Key(one_of(*names), "the source, as `ecrm sources` lists it", required=True),
        "exclude": Key(
            BOOLEAN,
            "true: do not read it; what only it uses is not protected. false: read it, even if it "
            "is not read by default",
            default=False,
        ),
    }
    text = "which sources of images in use are read; without an entry, the default of the source"
    return Section(text, keys, lambda values: SourceChoice(**values))


def _command(values: Mapping[str, Any]) -> ExternalCommand:
    # fujiwara/ecrm takes a timeout of 0 for none.
    return ExternalCommand(**{**values, "timeout": values["timeout"] or None})


def _rule(values: Mapping[str, Any]) -> Rule:
    rest = {key: value for key, value in values.items() if key not in _NAMES}
    return Rule(name=values["name"] or values["name_pattern"], **rest)


def _paced(quota: Quota) -> str:
    service = "ECR" if quota.service == "ecr" else quota.service.capitalize()
    rest = f"all else of {service}"
    return f"{', '.join(quota.operations) or rest}; {quota.rate or 'no limit'} unless given"


def sections(
    history: Iterable[HistorySection], quotas: Mapping[str, Quota], sources: Iterable[str]
) -> Mapping[str, Section]:
    """The whole of ecrm.yaml, with the sections, the quotas and the names of the sources."""
    limits = {name: Key(RATE, _paced(quota)) for name, quota in quotas.items()}
    return {
        **{section.name: _history_section(section) for section in history},
        "sources": _sources(sources),
        **_OWN,
        "rate_limits": Section(
            "calls per second, where AWS allows this account others than it does by default",
            limits,
            lambda values: {name: rate for name, rate in values.items() if rate is not None},
            is_list=False,
        ),
        "check": CHECK,
        "targets": TARGETS,
    }


_OWN: Mapping[str, Section] = {
    "external_commands": Section(
        "programs that print a JSON array of the image URIs they know to be in use",
        {
            "command": Key(COMMAND, "the program and its arguments; no shell", required=True),
            "env": Key(ENVIRONMENT, "variables added to its environment", default={}),
            "dir": Key(TEXT, "the directory it runs in"),
            "timeout": Key(DURATION, "how long it may run; 0s or none: without limit"),
        },
        _command,
    ),
    "files": Section(
        "globs of files in the working tree; an image that one of them names stays",
        {},
        dict,
        item=TEXT,
    ),
    "kubernetes": one_map(
        "which clusters of Kubernetes are read, and what in them", Kubernetes()
    ),
    "repositories": Section(
        "what stays in each repository; the first entry that matches applies",
        {
            **_name_keys("repository"),
            "expires": Key(
                DURATION, "an image pushed within this time stays", required=True
            ),
            "keep_count": Key(
                COUNT, "this many of the newest tagged images stay, besides those", default=0
            ),
            "keep_tag_patterns": Key(
                list_of(TEXT),
                "an image with a tag that one of these globs covers stays",
                default=("latest",),
                zero_is_default=True,
            ),
            "keep_pulled_within": Key(DURATION, "an image pulled within this time stays, too"),
            "delete_artifacts": Key(
                BOOLEAN,
                "true: also delete artifacts other than container images, such as Helm charts",
                default=False,
            ),
            "action": Key(
                one_of(Action.DELETE, Action.ARCHIVE),
                "archive: what goes is moved to ECR's archive storage class, not deleted",
                default=Action.DELETE,
            ),
            "delete_archived_after": Key(
                DURATION, "an image that has been archived for this long is deleted"
            ),
            "allow_unscanned": Key(
                BOOLEAN,
                "true: delete although ECR repeats deletions where nothing was scanned",
                default=False,
            ),
        },
        _rule,
        _NAMES,
    ),
    "guards": one_map("what stops a run before its first deletion", Guards()),
    "owners": one_map("who owns which repository, for reports", Owners()),
    "pricing": Section(
        "what ECR charges for storage, where that is not known or you pay another price",
        {
            "region": Key(GLOB, "every region whose name this covers", required=True),
            "standard": Key(MONEY, "US dollars for 1 GB (10^9 bytes) a month", required=True),
            "archive": Key(MONEY, "the same in archive storage"),
        },
        lambda values: RegionPrice(**values),
    ),
}  # fmt: skip

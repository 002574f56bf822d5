"""The keys of ecrm.yaml, each declared once.

To add a key, declare it in its table and give the value that its section builds a field for it.
"""

from collections.abc import Mapping
from typing import Any

from ecrm.config.check_keys import CHECK
from ecrm.config.quotas import QUOTAS, Quota
from ecrm.config.schema import Key, Section
from ecrm.config.settings import DEFAULT_HISTORY, ExternalCommand, Guards, History
from ecrm.config.values import (
    BOOLEAN,
    BYTES,
    COMMAND,
    COUNT,
    DURATION,
    ENVIRONMENT,
    GLOB,
    NAME,
    PERCENT,
    RATE,
    TEXT,
    list_of,
    one_of,
)
from ecrm.model.pattern import NamePattern
from ecrm.model.rule import Action, Rule

_NAMES = ("name", "name_pattern")
_GUARDS = Guards()


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


def _history_keys(noun: str, versions: str) -> dict[str, Key]:
    return {
        **_name_keys(noun),
        "keep_count": Key(
            COUNT,
            f"how many {versions} count as in use, newest first",
            default=DEFAULT_HISTORY,
            zero_is_default=True,
        ),
        **_exclude(noun),
    }


def _history(values: Mapping[str, Any]) -> History:
    name = values["name"] or values["name_pattern"]
    keep_count = values.get("keep_count", DEFAULT_HISTORY)
    return History(name, keep_count=keep_count, exclude=values["exclude"])


def _command(values: Mapping[str, Any]) -> ExternalCommand:
    # fujiwara/ecrm takes a timeout of 0 for none.
    return ExternalCommand(**{**values, "timeout": values["timeout"] or None})


def _rule(values: Mapping[str, Any]) -> Rule:
    rest = {key: value for key, value in values.items() if key not in _NAMES}
    return Rule(name=values["name"] or values["name_pattern"], **rest)


def _paced(quota: Quota) -> str:
    rest = f"all else of {quota.service.upper() if quota.service == 'ecr' else 'Lambda'}"
    return f"{', '.join(quota.operations) or rest}; {quota.rate or 'no limit'} unless given"


SECTIONS: Mapping[str, Section] = {
    "clusters": Section(
        "ECS clusters; all are read, this is for leaving one out",
        {**_name_keys("cluster"), **_exclude("cluster")},
        _history,
        _NAMES,
    ),
    "task_definitions": Section(
        "ECS task definitions; all are read, this says how far back",
        _history_keys("task definition", "revisions of the family"),
        _history,
        _NAMES,
    ),
    "lambda_functions": Section(
        "Lambda functions; all are read, this says how far back",
        {
            **_history_keys("Lambda function", "versions of the function"),
            "keep_aliase": Key(
                BOOLEAN,
                "obsolete: what an alias points to is always kept",
                obsolete=True,
                warning=lambda _: "is obsolete, aliases are always kept; remove it",
            ),
        },
        _history,
        _NAMES,
    ),
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
                "true: what is no container image (a Helm chart, say) may go as well",
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
    "guards": Section(
        "what stops a run before its first deletion",
        {
            "min_age": Key(
                DURATION, "nothing pushed within this time ever goes", default=_GUARDS.min_age
            ),
            "max_in_use_drop": Key(
                PERCENT,
                "how much less than in the last run may be in use; 100: any less",
                default=_GUARDS.max_in_use_drop,
            ),
            "missing_in_use": Key(
                BOOLEAN,
                "false: empty a repository even if all images of it in use are missing from it",
                default=_GUARDS.missing_in_use,
            ),
            "max_images": Key(COUNT, "how many images one run may delete"),
            "max_percent": Key(PERCENT, "how much of a repository one run may delete"),
            "max_bytes": Key(BYTES, "how many bytes one run may delete"),
            "in_use_max_age": Key(
                DURATION,
                "what is in use is read again before a deletion when it is older than this",
                default=_GUARDS.in_use_max_age,
            ),
            "scanned_files_max_age": Key(
                DURATION, "a file of --scanned-files that is older is an error"
            ),
        },
        lambda values: Guards(**values),
        is_list=False,
    ),
    "rate_limits": Section(
        "calls per second, where AWS allows this account others than it does by default",
        {name: Key(RATE, _paced(quota)) for name, quota in QUOTAS.items()},
        lambda values: {name: rate for name, rate in values.items() if rate is not None},
        is_list=False,
    ),
    "check": CHECK,
}  # fmt: skip

"""A first ecrm.yaml, from the names of what is there."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ecrm.aws import Target
from ecrm.model.humanize import count
from ecrm.model.reference import Registry
from ecrm.model.scan import Progress
from ecrm.registry import images as registry
from ecrm.sources import SOURCES

_KEEP_COUNT = 5
_EXPIRES = "30d"
_WIDE = ("_*", "-*")

_HEADER = """\
# yaml-language-server: $schema=ecrm.schema.json
# The line above is for editors; `ecrm config schema -o ecrm.schema.json` writes the schema.
#
# Written by `ecrm generate`. Look it over: what no rule under `repositories` matches is never
# touched, and the first rule that matches a repository applies.
"""

_HISTORY = """
# ecrm reads every cluster, task definition family and function, whether it is named here or not. It
# keeps the images of the newest 5 revisions and versions of each; an entry changes that number.
"""


_GUARDS = """\
# What stops a run before its first deletion, with exit code 5. The first four are on as they stand
# here; the others are off until they are set.
# guards:
#   min_age: 1d            # nothing that was pushed within this time ever goes
#   max_in_use_drop: 50    # percent less in use than in the last run
#   missing_in_use: true   # a repository whose images in use are all missing from it
#   nothing_in_use: true   # a registry of which no image is in use
#   max_images: 1000       # in one run
#   max_percent: 90        # of a repository
#   max_bytes: 500GB       # in one run
"""


_TARGETS = """\
# All {accounts} of the organization are scanned, each by this role. `ecrm iam-policy --as stackset`
# prints a template that makes it everywhere, and `ecrm targets` tests it. Only the registries are
# planned; one of another account needs a role to delete by.
targets:
  organization: {{}}
  scan:
    role: ecrm-scan
  registries:
    - account: "{registry.account}"
      regions: [{registry.region}]
"""


@dataclass(frozen=True, slots=True)
class Names:
    """What one account holds in one region: repositories, and resources by the section of ecrm.yaml
    that is about them. `accounts` is how many its organization has, if that was asked."""

    repositories: tuple[str, ...] = ()
    resources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accounts: int = 0
    registry: Registry | None = None


def read_names(target: Target, progress: Progress) -> Names:
    resources: dict[str, list[str]] = {}
    for source in (source for source in SOURCES if source.generated):
        progress(f"{source.name}: {', '.join(section.name for section in source.generated)}")
        for seen in source.names(target):
            resources.setdefault(seen.section, []).append(seen.name)
    progress("ECR: repositories")
    repositories = registry.repositories(target)
    return Names(
        tuple(repositories), {section: tuple(names) for section, names in resources.items()}
    )


def config_text(names: Names) -> str:
    """The text of an ecrm.yaml for these names. What would only say the default is a comment."""
    rule = {"expires": _EXPIRES, "keep_count": _KEEP_COUNT}
    repositories = [entry | rule for entry in patterns(names.repositories)]
    history = {
        section.name: [entry | {"keep_count": _KEEP_COUNT} for entry in entries]
        for source in SOURCES
        for section in source.generated
        if section.versions and (entries := patterns(names.resources.get(section.name, ())))
    }
    comments = "".join(f"# {line}\n" for line in _yaml(history).splitlines()) if history else ""
    targets = ""
    if names.accounts and names.registry:
        accounts = count(names.accounts, "account")
        targets = _TARGETS.format(accounts=accounts, registry=names.registry) + "\n"
    rules = _yaml({"repositories": repositories})
    return f"{_HEADER}{rules}{_HISTORY}{comments}\n{targets}{_GUARDS}"


def _yaml(data: object) -> str:
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=100)
    return text


def patterns(names: Iterable[str]) -> list[dict[str, Any]]:
    """Names that share a prefix up to the first `/`, or if they have none up to the first `_` or
    `-`, become one `name_pattern`. Those without a `/` come last, since they match more."""
    prefixes = {name: _prefix(name) for name in sorted(set(names))}
    shared = Counter(prefixes.values())
    entries: dict[str, dict[str, Any]] = {}
    for name, prefix in prefixes.items():
        if prefix and shared[prefix] > 1:
            entries.setdefault(prefix, {"name_pattern": f"{prefix}*"})
        else:
            entries[name] = {"name": name}
    return sorted(entries.values(), key=lambda entry: entry.get("name_pattern", "")[-2:] in _WIDE)


def _prefix(name: str) -> str:
    match = re.match(r".*?/", name) or re.match(r".*?[_-]", name)
    return match[0] if match else ""


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and repeats values rather than point back to them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

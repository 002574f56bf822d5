"""A first ecrm.yaml, from the names of what is there."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from ecrm.aws import Target, pages
from ecrm.model.scan import Progress
from ecrm.registry import images as registry

_KEEP_COUNT = 5
_EXPIRES = "30d"
_KEEP_TAGS = ["latest"]

_HEADER = """\
# Written by `ecrm generate`. Look it over: what no rule under `repositories` matches is never
# touched, and the first rule that matches a repository applies. ecrm reads every cluster, family
# and function, whether it is named here or not; the entries say how much history to keep.
"""


_GUARDS = """\
# What stops a run before its first deletion, with exit code 5. The first three are on as they stand
# here; the others are off until they are set.
# guards:
#   min_age: 1d            # nothing that was pushed within this time ever goes
#   max_in_use_drop: 50    # percent less in use than in the last run
#   missing_in_use: true         # a repository whose images in use are all missing from it
#   max_images: 1000       # in one run
#   max_percent: 90        # of a repository
#   max_bytes: 500GB       # in one run
"""


@dataclass(frozen=True, slots=True)
class Names:
    """What one account holds in one region."""

    clusters: tuple[str, ...]
    families: tuple[str, ...]
    functions: tuple[str, ...]
    repositories: tuple[str, ...]


def read_names(target: Target, progress: Progress) -> Names:
    progress("ECS: clusters and task definition families")
    clusters = [
        arn.rpartition("/")[2]
        for page in pages(target.ecs, "ListClusters", PaginationConfig={"PageSize": 100})
        for arn in page.get("clusterArns", ())
    ]
    listing = pages(
        target.ecs,
        "ListTaskDefinitionFamilies",
        status="ACTIVE",
        PaginationConfig={"PageSize": 100},
    )
    families = [family for page in listing for family in page.get("families", ())]
    progress("Lambda: functions")
    functions = [
        function["FunctionName"]
        for page in pages(target.functions, "ListFunctions")
        for function in page.get("Functions", ())
        if function.get("PackageType") == "Image"
    ]
    progress("ECR: repositories")
    repositories = registry.repositories(target)
    return Names(tuple(clusters), tuple(families), tuple(functions), tuple(repositories))


def config_text(names: Names) -> str:
    """The text of an ecrm.yaml for these names."""
    rule = {"expires": _EXPIRES, "keep_count": _KEEP_COUNT, "keep_tag_patterns": _KEEP_TAGS}
    sections: dict[str, list[dict[str, Any]]] = {
        "clusters": patterns(names.clusters),
        "task_definitions": [it | {"keep_count": _KEEP_COUNT} for it in patterns(names.families)],
        "lambda_functions": [it | {"keep_count": _KEEP_COUNT} for it in patterns(names.functions)],
        "repositories": [it | rule for it in patterns(names.repositories)],
    }
    return f"{_HEADER}{yaml.dump(sections, Dumper=_Dumper, sort_keys=False, width=100)}\n{_GUARDS}"


def patterns(names: Iterable[str]) -> list[dict[str, Any]]:
    """Names that share a prefix up to the first `/`, `_` or `-` become one `name_pattern`."""
    prefixes = {name: _prefix(name) for name in sorted(set(names))}
    shared = Counter(prefixes.values())
    entries: dict[str, dict[str, Any]] = {}
    for name, prefix in prefixes.items():
        if prefix and shared[prefix] > 1:
            entries.setdefault(prefix, {"name_pattern": f"{prefix}*"})
        else:
            entries[name] = {"name": name}
    return list(entries.values())


def _prefix(name: str) -> str:
    match = re.match(r".*?[/_-]", name)
    return match[0] if match else ""


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and repeats values rather than point back to them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

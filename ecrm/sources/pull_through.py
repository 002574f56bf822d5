"""B44: an account that runs images from its own cache of another ECR registry uses that one's, too.

The references name the cache. When its lifecycle has dropped an image, the next pull needs the one
upstream, so each use also counts there. The rules are read only where a run has several targets:
no registry is its own upstream.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from ecrm.aws import Target
from ecrm.aws.executor import for_each_target
from ecrm.model.pull_through import PullThrough
from ecrm.model.scan import Diagnostic, SourceReport
from ecrm.model.use import Use
from ecrm.registry.pull_through import pull_through_rules
from ecrm.sources.items import attempt

PULL_THROUGH = "pull-through cache"


def rules_of(
    targets: Sequence[Target], at_once: int | None = None
) -> tuple[list[PullThrough], list[SourceReport]]:
    """All rules, and a report of each target whose rules could not be read."""
    if len(targets) <= 1:
        return [], []
    found = for_each_target(
        targets, lambda target, _: attempt(partial(pull_through_rules, target)), at_once
    )
    rules = [item for items in found for item in items if isinstance(item, PullThrough)]
    reports = [
        SourceReport(target.registry, PULL_THROUGH, 0, (item,))
        for target, items in zip(targets, found, strict=True)
        for item in items
        if isinstance(item, Diagnostic)
    ]
    return rules, reports


def with_origins(uses: Iterable[Use], rules: Sequence[PullThrough]) -> Iterator[Use]:
    """The uses, and those of the images upstream that follow from them, at any distance."""
    for use in uses:
        yield use
        seen, found = {use.reference}, [use]
        while found:
            following = _origins(found.pop(), rules)
            new = [origin for origin in following if origin.reference not in seen]
            seen.update(origin.reference for origin in new)
            found += new
            yield from new


def _origins(use: Use, rules: Sequence[PullThrough]) -> Iterator[Use]:
    for rule in rules:
        if origin := rule.origin(use.reference):
            step = f"{use.reference} through the pull-through cache of {rule.registry}"
            yield replace(use, reference=origin, path=(*use.path, step))

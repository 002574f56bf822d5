"""Who owns the repositories of a run, by the owners of ecrm.yaml."""

import logging
from collections.abc import Mapping, Sequence

from ecrm.aws import map_concurrently
from ecrm.errors import AwsError, Gone
from ecrm.model.reference import RepositoryKey
from ecrm.registry.resource_tags import resource_tags
from ecrm.workflow.run import Run

log = logging.getLogger(__name__)


def owners(run: Run, keys: Sequence[RepositoryKey]) -> Mapping[RepositoryKey, str]:
    """A name for each. A snapshot has no resource tags, so there the rest of `owners` counts; the
    same where they cannot be read, with one warning."""
    targets = {target.registry: target for target in run.targets}
    chosen = run.config.owners
    failures: list[str] = []

    def tags(key: RepositoryKey) -> Mapping[str, str]:
        if chosen.tag is None or key.registry not in targets:
            return {}
        try:
            return resource_tags(targets[key.registry], key.repository)
        except Gone:
            return {}
        except AwsError as error:
            failures.append(str(error))
            return {}

    found = map_concurrently(tags, keys, run.inventory.workers)
    for failure in failures[:1]:
        log.warning("owners by tag are not known (of %d repositories): %s", len(failures), failure)
    return {key: chosen.of(key.repository, of_key) for key, of_key in zip(keys, found, strict=True)}

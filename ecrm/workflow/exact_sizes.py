"""What the images of a plan really store, from their manifests."""

import logging
from collections.abc import Mapping, Sequence

from ecrm.aws import map_concurrently
from ecrm.errors import AwsError, UsageError
from ecrm.model.humanize import count
from ecrm.model.layers import Blobs, Stored, TrueBytes, true_bytes
from ecrm.model.reference import RepositoryKey, display_name
from ecrm.planning.plan import RepositoryPlan
from ecrm.registry.layers import blobs
from ecrm.workflow.run import Run

log = logging.getLogger(__name__)


def exact_sizes(run: Run, plans: Sequence[RepositoryPlan]) -> Mapping[RepositoryKey, TrueBytes]:
    """Of each of these repositories, whose plans list kept images.

    Where a pull keeps images, no manifest is read, since reading may count as a pull; where one
    cannot be read, that is a warning. The sizes are then ranges.
    """
    targets = {target.registry: target for target in run.targets}
    if not targets:
        raise UsageError("--exact-sizes reads manifests from ECR, and a snapshot has none")

    def read(planned: RepositoryPlan) -> Mapping[str, Blobs]:
        rule = run.config.rule_for(planned.key)
        if planned.unread or (rule and rule.keep_pulled_within):
            return {}
        images = [one.image for one in (*planned.deletions, *planned.kept)]
        run.progress(f"ECR: layers of {display_name(planned.key, run.inventory.registries)}")
        try:
            return blobs(targets[planned.registry], planned.repository, images)
        except AwsError as error:
            log.warning("the layers of %s are not known: %s", planned.key, error)
            return {}

    def exact(planned: RepositoryPlan) -> TrueBytes:
        known = read(planned)
        decisions = (*planned.deletions, *planned.kept)
        return true_bytes(
            Stored(one.image.digest, one.image.size, known.get(one.image.digest), one.deletable)
            for one in decisions
        )

    found = map_concurrently(exact, plans, run.inventory.workers)
    skipped = [
        planned.key
        for planned in plans
        if (rule := run.config.rule_for(planned.key)) and rule.keep_pulled_within
    ]
    if skipped:
        number = count(len(skipped), "repository", "repositories")
        log.info("no manifest was read of %s with keep_pulled_within", number)
    return dict(zip((planned.key for planned in plans), found, strict=True))

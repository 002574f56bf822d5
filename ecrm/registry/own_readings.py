"""Which manifests ecrm itself has read, since ECR may record every reading as a pull.

ECR refreshes the time of the last pull at least once in 24 hours, so a pull within a day of another
one may not be recorded. Whoever takes a recorded pull for ecrm's own must therefore look at the
platform images of the index as well, which ecrm does not read to plan, and any other client does.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ecrm.aws import Target
from ecrm.aws.cache.facts import Namespace
from ecrm.model.image import Image, Kind, OwnReading, OwnReadings, without_own_pulls

_READ = Namespace("READ", "[0-9]{12}/[a-z0-9-]+/[a-z0-9._/-]+@sha256:[0-9a-f]{64}")
"""Account, region, repository and digest; when the reading began and ended and, if there was one,
the pull before it, in seconds since 1970. The last reading replaces those before."""


@contextmanager
def remembered(target: Target, repository: str, images: Iterable[Image]) -> Iterator[None]:
    """Within, the manifests of these images are read; of those that are not indexes nothing is
    remembered, since nothing else would show a pull of somebody else."""
    began = datetime.now(UTC)
    try:
        yield
    finally:
        ended = datetime.now(UTC)
        images = [image for image in images if image.kind is Kind.INDEX or not image.media_type]
        known = own_readings(target, repository, images)
        for image in images:
            before = without_own_pulls(image, [known]).pulled_at
            target.own_readings[repository, image.digest] = OwnReading(began, ended, before)
        fresh = {image.digest: target.own_readings[repository, image.digest] for image in images}
        times = {
            _key(target, repository, digest): [moment.timestamp() for moment in reading if moment]
            for digest, reading in fresh.items()
        }
        target.memory.put(_READ, times)


def own_readings(target: Target, repository: str, images: Sequence[Image]) -> OwnReadings:
    """The last reading of each of these images, in this run or in one that is remembered."""
    keys = {_key(target, repository, image.digest): image.digest for image in images}
    found = target.memory.get(_READ, keys, _reading)
    of_this_run = {
        digest: reading
        for digest in keys.values()
        if (reading := target.own_readings.get((repository, digest)))
    }
    return {keys[key]: reading for key, reading in found.items()} | of_this_run


def _key(target: Target, repository: str, digest: str) -> str:
    return f"{target.registry}/{repository}@{digest}"


def _reading(value: Any) -> OwnReading:
    """Raises ValueError or TypeError for what `remembered` did not write."""
    try:
        return OwnReading(*(datetime.fromtimestamp(moment, UTC) for moment in value))
    except (OverflowError, OSError) as error:
        raise ValueError(str(error)) from error

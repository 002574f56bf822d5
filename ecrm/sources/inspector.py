"""Amazon Inspector, where ecrm.yaml asks for it: images that it saw ECS or EKS run.

It only protects: that Inspector saw nothing run says nothing, since it may not look there. Asked as
the delegated administrator of an organization it knows the images of all its accounts.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ecrm.aws import listing
from ecrm.aws.shapes import TEXT, record
from ecrm.config.quotas import Quota
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.items import SourceItem, uses_of
from ecrm.sources.source import Reading, Source
from ecrm.sources.steps import Item, Step, read_steps
from ecrm.sources.texts import User

_IMAGE = re.compile(
    r"arn:[\w-]+:ecr:(?P<region>[\w-]+):(?P<account>\d{12}):repository/"
    r"(?P<name>.+)/(?P<digest>sha256:[0-9a-f]{64})"
)
_IMAGES = {"resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}]}
_RECENTLY = timedelta(days=14)

LIST_COVERAGE = listing(
    "inspector2",
    "ListCoverage",
    "coveredResources",
    record(resourceId=TEXT),
)


def _of_resource(resource: Item, user: User, _: Registry) -> Iterator[SourceItem]:
    found = _IMAGE.fullmatch(resource["resourceId"])
    if not found:
        text = f"{LIST_COVERAGE.action}: {resource['resourceId']} names no image; try again"
        yield Diagnostic(ReadStatus.FAILED, text)
        return
    host = Registry(found["account"], found["region"]).host
    image = f"{host}/{found['name']}@{found['digest']}"
    yield from uses_of(image, source=user.source, user=user.name, why=user.why)


def _read(reading: Reading) -> Iterator[SourceItem]:
    since = [{"startInclusive": reading.now - _RECENTLY}]
    seen: dict[str, dict[str, Any]] = {
        "is running": {"ecrImageInUseCount": [{"lowerInclusive": 1}]},
        f"ran in the last {_RECENTLY.days} days": {"ecrImageLastInUseAt": since},
    }
    steps = [
        Step(
            LIST_COVERAGE,
            given={"maxResults": 200, "filterCriteria": _IMAGES | criteria},
            user="Amazon Inspector",
            why=f"says that it {what}",
            read=_of_resource,
        )
        for what, criteria in seen.items()
    ]
    yield from read_steps(reading, "inspector", steps)


INSPECTOR = Source(
    "inspector",
    "Amazon Inspector",
    _read,
    {LIST_COVERAGE: ()},
    counts=(
        f"images that Inspector sees ECS or EKS run, or saw run in the last {_RECENTLY.days} days, "
        "in all accounts that it may tell of"
    ),
    calls="2 for each 200 images",
    quotas={"inspector": Quota("inspector2", (), 10, 10)},
    by_default=False,
)

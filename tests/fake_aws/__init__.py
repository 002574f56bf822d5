"""A fake AWS on loopback: STS, ECR, ECS and Lambda, and as much of S3, SSM and SNS as ecrm needs,
over their real wire protocols.

It shows what a lenient double cannot: pages, newest-first listings, ECR's refusals, moved tags,
throttling, faults in the middle of a run. State is plain Python that a test builds directly:

    with FakeAws() as aws:
        shop = aws.ecr.repository("shop/api")
        v1 = shop.push("v1", pushed=days_ago(40))
        aws.ecs.cluster("prod").service("web", aws.ecs.task_definition("web", v1))
        aws.fault("ecr", "DescribeImages", Fault.throttle(), at=2)
        ecr = boto3.client("ecr", **aws.client_args())

A request goes server -> protocol -> dispatch -> (weather, faults, buckets) -> an operation of
`ecr`, `ecs`, `functions`, `s3`, `ssm`, `sns` or `sts` on the state in `world`, and back.
"""

from .account import Account
from .address import Address
from .buckets import PUBLISHED, Rate
from .calls import Call, Calls
from .ecr.image import Image
from .ecr.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor
from .ecr.repository import HELM_CHART, SIGNATURE, SOCI_INDEX, Repository, cosign_tag
from .fake import FakeAws
from .faults import Fault
from .times import DAY, days_ago, hours_ago
from .weather import FOREVER

__all__ = [
    "DAY",
    "DOCKER_LIST",
    "DOCKER_MANIFEST",
    "FOREVER",
    "HELM_CHART",
    "OCI_INDEX",
    "OCI_MANIFEST",
    "PUBLISHED",
    "SIGNATURE",
    "SOCI_INDEX",
    "Account",
    "Address",
    "Call",
    "Calls",
    "Descriptor",
    "FakeAws",
    "Fault",
    "Image",
    "Rate",
    "Repository",
    "cosign_tag",
    "days_ago",
    "hours_ago",
]

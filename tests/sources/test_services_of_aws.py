"""Which services of AWS can name an image of ECR, as botocore's models say: each is read, or is
known and left out. So a new release of botocore tells of new services."""

import gzip
import re
from functools import cache
from pathlib import Path

import botocore
import pytest

from ecrm.sources import SOURCES
from ecrm.sources.answers import marked

MODELS = Path(botocore.__file__).parent / "data"
# A member that is named like a reference to a container image, or a pattern of ECR's host names.
NAMING = re.compile(
    r'"(?P<member>(?:[a-zA-Z]*(?:[Cc]ontainer|[Tt]raining|[Dd]ocker|[Ee]cr|[Rr]untime|[Ss]pecified'
    r"|[Rr]esolved))?[Ii]mage(?:Uri|URI|Url|URL|Identifier|Reference|Digest)?"
    r'|[Cc]ontainerUri|[Ee]crUri|ResolvedUri|RuleEvaluatorImage)"\s*:\s*\{\s*"shape"|\\+\.dkr\b'
)
HOST = ""  # stands for such a pattern
A_PICTURE = "an image is a picture there"
LEFT_OUT = {
    "appstream": "an image is that of a machine",
    "bedrock-agent-runtime": A_PICTURE,
    "bedrock-data-automation": A_PICTURE,
    "bedrock-runtime": A_PICTURE,
    "braket": "a hybrid job pulls when it starts; said in docs/what-is-read.md",
    "cleanroomsml": "pulls when a model is trained; said in docs/what-is-read.md",
    "cognito-idp": A_PICTURE,
    "devicefarm": A_PICTURE,
    "ecr": "where the images are",
    "ecr-public": "another registry",
    "guardduty": "says what was found of a container that runs",
    "imagebuilder": "pulls when a pipeline runs; said in docs/what-is-read.md",
    "iotsitewise": "a computation model; said in docs/what-is-read.md",
    "lambda-microvms": "images of Lambda's own",
    "lex-runtime": A_PICTURE,
    "lexv2-models": A_PICTURE,
    "lexv2-runtime": A_PICTURE,
    "medialive": A_PICTURE,
    "omics": "a workflow pulls when it runs; said in docs/what-is-read.md",
    "partnercentral-marketing": A_PICTURE,
    "pinpoint": A_PICTURE,
    "pinpoint-email": A_PICTURE,
    "qconnect": A_PICTURE,
    "rds": "a custom engine version has an image of a machine",
    "rekognition": A_PICTURE,
    "securityhub": "says what was found of an image",
    "sesv2": A_PICTURE,
}


MEMBERS_LEFT_OUT = {
    "inspector2": {  # what was found of an image; that it runs is read of its ARN
        *("awsEcrContainerImage", "containerImage", "ecrImage", "image", "imageDigest"),
    },
    "ec2": {"Image"},  # of machines
    "elasticbeanstalk": {"Image"},  # the image of a machine
    "lambda": {"ImageUri", "ResolvedImageUri"},  # which its source reads itself
    "lambda-core": {"ImageUri"},  # of functions
    "lightsail": {"containerImage"},  # what was pushed to Lightsail itself
}
"""Of services that are read."""


@cache
def naming(service: str) -> set[str]:
    """The members of its model that look like references to container images."""
    found: set[str] = set()
    for path in MODELS.glob(f"{service}/*/service-2.json.gz"):
        text = gzip.decompress(path.read_bytes()).decode()
        found |= {match["member"] or HOST for match in NAMING.finditer(text)}
    return found


def read() -> dict[str, set[str]]:
    """By service, the members that sources mark."""
    members: dict[str, set[str]] = {}
    for operation in (op for source in SOURCES for op in source.operations):
        marks = members.setdefault(operation.service, set())
        marks.update(path[-1] for path in marked(operation.answer))
    return members


@pytest.mark.slow
def test_every_service_that_can_name_an_image_is_read_or_known_and_left_out():
    services = {path.parts[-3] for path in MODELS.glob("*/*/service-2.json.gz")}
    unread = {service for service in services - set(read()) if naming(service)}
    assert unread - set(LEFT_OUT) == set(), "read it, or say in LEFT_OUT why not"
    assert set(LEFT_OUT) - unread == set()


@pytest.mark.parametrize("service", sorted(read()))
def test_every_member_that_looks_like_an_image_is_read_or_known_and_left_out(service):
    unread = naming(service) - read()[service] - {HOST}
    known = MEMBERS_LEFT_OUT.get(service, set())
    assert unread == known, "mark it, or say in MEMBERS_LEFT_OUT why not"


def test_what_is_read_of_a_service_is_marked_or_read_by_a_function():
    """Otherwise a service would count as read that is only listed."""
    for source in SOURCES:
        marks = [operation for operation in source.operations if any(marked(operation.answer))]
        assert marks or source.name in READ_BY_FUNCTIONS, source.name


READ_BY_FUNCTIONS = (
    "eks",
    *("ecs", "ecs-deployments", "lambda", "codepipeline", "launch-templates", "inspector"),
    "aws-config",
)

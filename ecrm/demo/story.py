"""What the sample account holds: an online shop that has been deploying for a year.

Ages are days before now, sizes are MB. Whatever has a digest derives it from its names here.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
CLUSTER = "prod"
SIDECAR = "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"


class Form(Enum):
    IMAGE = auto()
    MULTI_ARCH = auto()
    SIGNATURE = auto()
    SBOM = auto()
    CHART = auto()


@dataclass(frozen=True, slots=True)
class Sample:
    """One push. `subject` is the name of the sample that a signature or an SBOM is about."""

    name: str
    age: float
    size: float
    tags: tuple[str, ...] = ()
    pulled: float | None = None
    form: Form = Form.IMAGE
    subject: str = ""
    archived: float | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a task definition; numbers count up from 1 in each family."""

    family: str
    repository: str
    tag: str
    age: float
    active: bool = True
    sidecar: bool = False


@dataclass(frozen=True, slots=True)
class Deployment:
    """`sample` is what the tag was resolved to when the deployment began."""

    revision: int
    sample: str
    age: float
    running: int
    under_way: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """`deployments` are newest first; all but the first are being replaced by it."""

    name: str
    desired: int
    deployments: tuple[Deployment, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """`versions` are the names of samples; version n is the n-th, and `$LATEST` is the last."""

    name: str
    repository: str
    versions: tuple[str, ...]
    aliases: tuple[tuple[str, int], ...]


def _tagged(*rows: tuple[str, float, float]) -> tuple[Sample, ...]:
    return tuple(Sample(name, age, size, (name,), age - 0.2) for name, age, size in rows)


_API = (
    Sample("v1.19.0", 364, 168, ("v1.19.0",), 300, archived=120),
    *_tagged(
        ("v1.20.0", 351, 171), ("v1.21.0", 322, 171), ("v1.22.0", 290, 173),
        ("v1.23.0", 261, 173), ("v1.24.0", 233, 174), ("v1.25.0", 201, 181),
        ("v1.26.0", 166, 181), ("v1.27.0", 128, 182), ("v1.28.0", 101, 184),
        ("v1.29.0", 69, 186), ("v1.30.0", 38, 186),
    ),
    Sample("v1.31.0", 9, 187, ("v1.31.0", "latest"), 8.8),
    # One tag that CI moves with every hotfix: all but the last of these lost it. Production
    # still runs the last but one.
    Sample("hotfix-1", 312, 171, pulled=270),
    Sample("hotfix-2", 244, 174, pulled=199),
    Sample("hotfix-3", 172, 181, pulled=131),
    Sample("hotfix-4", 131, 182, pulled=95),
    Sample("hotfix-5", 95, 184, pulled=1.5),
    Sample("hotfix-6", 12, 187, ("stable",)),
)  # fmt: skip

_WEB = (
    Sample("2.0.0", 305, 92, ("2.0.0",), 210, Form.MULTI_ARCH),
    Sample("2.1.0", 207, 94, ("2.1.0",), 125, Form.MULTI_ARCH),
    Sample("2.2.0", 124, 97, ("2.2.0",), 61, Form.MULTI_ARCH),
    Sample("2.3.0", 61, 98, ("2.3.0",), 0.6, Form.MULTI_ARCH),
    Sample("2.4.0", 0.2, 103, ("2.4.0", "latest"), 0.1, Form.MULTI_ARCH),
)

_WORKER = (
    *_tagged(
        ("git-0c1f6be", 340, 231), ("git-7d02a95", 301, 232), ("git-b8e41f3", 266, 232),
        ("git-41c97d8", 222, 236), ("git-e5530aa", 188, 239), ("git-93be207", 141, 239),
        ("git-2af8c61", 112, 244), ("git-d61e09b", 84, 244), ("git-5b7734c", 57, 245),
        ("git-f09a1e2", 41, 247), ("git-88d3c50", 19, 248),
    ),
    Sample("git-3e6b4f7", 8, 248, ("git-3e6b4f7", "latest"), 7.9),
    *(
        Sample(f"signature of {name}", age, 0.01, form=Form.SIGNATURE, subject=name)
        for name, age in (
            ("git-0c1f6be", 340), ("git-e5530aa", 188), ("git-93be207", 141), ("git-3e6b4f7", 8)
        )
    ),
    *(
        Sample(f"sbom of {name}", age, 0.4, form=Form.SBOM, subject=name)
        for name, age in (("git-e5530aa", 188), ("git-93be207", 141))
    ),
)  # fmt: skip

_THUMBNAILS = _tagged(
    ("r1", 349, 412), ("r2", 298, 415), ("r3", 257, 415), ("r4", 213, 421), ("r5", 152, 421),
    ("r6", 93, 430), ("r7", 46, 433), ("r8", 34, 433), ("r9", 4, 436),
)  # fmt: skip

_CI = (
    *_tagged(
        ("build-101", 338, 812), ("build-118", 290, 820), ("build-140", 231, 834),
        ("build-155", 176, 851), ("build-171", 118, 866), ("build-190", 72, 871),
    ),
    Sample("broken-1", 291, 819),
    Sample("broken-2", 177, 850),
)  # fmt: skip

_BATCH = _tagged(("1.0", 355, 640), ("1.1", 310, 641), ("1.2", 252, 655), ("1.3", 190, 655))

_CHARTS = tuple(
    Sample(name, age, 0.06, (name,), form=Form.CHART)
    for name, age in (("0.7.0", 280), ("0.8.0", 165), ("0.9.0", 70))
)

REPOSITORIES: dict[str, tuple[Sample, ...]] = {
    "shop/api": _API,
    "shop/web": _WEB,
    "shop/worker": _WORKER,
    "lambda/thumbnails": _THUMBNAILS,
    "tools/ci": _CI,
    "legacy/batch": _BATCH,
    "charts/shop": _CHARTS,
}

# What somebody gave a repository before there was ecrm. It goes by age and tags, and cannot know
# that production still runs an image that lost its tag.
LIFECYCLE_POLICIES: dict[str, dict[str, Any]] = {
    "shop/api": {
        "rules": [
            {
                "rulePriority": 1,
                "description": "untagged images go after 90 days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 90,
                },
                "action": {"type": "expire"},
            }
        ]
    }
}

REVISIONS = (
    Revision("api", "shop/api", "stable", 330),
    Revision("api", "shop/api", "stable", 180),
    Revision("api", "shop/api", "stable", 96),
    # A job that is started by hand now and then, so that nothing of it runs.
    Revision("api-migrate", "shop/api", "v1.20.0", 351),
    Revision("api-migrate", "shop/api", "v1.21.0", 322),
    Revision("api-migrate", "shop/api", "v1.23.0", 261),
    Revision("api-migrate", "shop/api", "v1.26.0", 166),
    Revision("web", "shop/web", "2.0.0", 305),
    Revision("web", "shop/web", "2.1.0", 207),
    Revision("web", "shop/web", "2.2.0", 124),
    Revision("web", "shop/web", "2.3.0", 61),
    Revision("web", "shop/web", "2.4.0", 0.2),
    Revision("worker", "shop/worker", "git-e5530aa", 188, active=False),
    Revision("worker", "shop/worker", "git-93be207", 141, active=False, sidecar=True),
    Revision("worker", "shop/worker", "git-3e6b4f7", 8, sidecar=True),
)

SERVICES = (
    Service("api", 3, (Deployment(3, "hotfix-5", 95, 3),)),
    Service(
        "web",
        3,
        (Deployment(5, "2.4.0", 0.1, 1, under_way=True), Deployment(4, "2.3.0", 60, 2)),
    ),
    # Revision 2 was deregistered while the service went on running it.
    Service("worker", 2, (Deployment(2, "git-93be207", 140, 2),)),
)

FUNCTIONS = (
    Function(
        "thumbnails",
        "lambda/thumbnails",
        ("r1", "r2", "r3", "r4", "r5", "r6", "r7"),
        (("live", 2),),
    ),
)

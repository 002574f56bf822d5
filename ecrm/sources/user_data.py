"""EC2 launch templates and launch configurations: images in the user data with which machines boot.

They only protect: a script may run an image without naming it here. User data may hold secrets, so
nothing of it but image references is kept, printed or logged.
"""

import zlib
from base64 import b64decode
from collections.abc import Iterator

from ecrm.aws import UPPER_NEXT_TOKEN, listing
from ecrm.aws.shapes import NUMBER, TEXT, optional, record
from ecrm.config.quotas import Quota
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.items import SourceItem
from ecrm.sources.steps import Item, Step, table_source
from ecrm.sources.texts import User, secret_uses

_GZIP = b"\x1f\x8b"
_MOST_BYTES = 1_000_000  # of what is compressed; EC2 takes 16 kB

DESCRIBE_LAUNCH_TEMPLATE_VERSIONS = listing(
    "ec2",
    "DescribeLaunchTemplateVersions",
    "LaunchTemplateVersions",
    record(
        LaunchTemplateName=TEXT,
        VersionNumber=NUMBER,
        LaunchTemplateData=optional(record(UserData=optional(TEXT))),
    ),
    tokens=UPPER_NEXT_TOKEN,
)
DESCRIBE_LAUNCH_CONFIGURATIONS = listing(
    "autoscaling",
    "DescribeLaunchConfigurations",
    "LaunchConfigurations",
    record(LaunchConfigurationName=TEXT, UserData=optional(TEXT)),
    tokens=UPPER_NEXT_TOKEN,
)


def _of_template(version: Item, user: User, _: Registry) -> Iterator[SourceItem]:
    return _uses(version["LaunchTemplateData"]["UserData"], user)


def _of_configuration(configuration: Item, user: User, _: Registry) -> Iterator[SourceItem]:
    return _uses(configuration["UserData"], user)


def _uses(encoded: str | None, user: User) -> Iterator[SourceItem]:
    if not encoded:
        return
    try:
        content = b64decode(encoded, validate=False)
        if content.startswith(_GZIP):
            content = zlib.decompressobj(wbits=31).decompress(content, _MOST_BYTES)
    except (ValueError, zlib.error):
        yield Diagnostic(ReadStatus.READ, f"{user}: cannot be decoded")
        return
    yield from secret_uses(content.decode(errors="replace"), user)


LAUNCH_TEMPLATES = table_source(
    "launch-templates",
    "EC2 launch templates",
    (
        Step(
            DESCRIBE_LAUNCH_TEMPLATE_VERSIONS,
            given={"Versions": ["$Latest", "$Default"], "MaxResults": 200},
            user="launch template {LaunchTemplateName}:{VersionNumber}",
            why="user data",
            read=_of_template,
        ),
        Step(
            DESCRIBE_LAUNCH_CONFIGURATIONS,
            given={"MaxRecords": 100},
            user="launch configuration {LaunchConfigurationName}",
            why="user data",
            read=_of_configuration,
        ),
    ),
    counts=(
        "images that the user data of the latest and the default version of a launch template "
        "names, and of launch configurations; its text is never printed or stored"
    ),
    calls="2; 1 for each 100 launch templates or configurations",
    quotas={
        "ec2": Quota("ec2", (), 20, 10),
        "autoscaling": Quota("auto-scaling", (), 10, 10),
    },
)

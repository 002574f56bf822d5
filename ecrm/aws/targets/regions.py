"""Which regions of an account are scanned.

A region that is not enabled answers as if the credentials were wrong, so EC2 is asked before.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ecrm.aws import Operation, Target, call
from ecrm.aws.shapes import TEXT, ListOf, optional, record
from ecrm.errors import AwsError
from ecrm.model.pattern import glob_matches

DESCRIBE_REGIONS = Operation(
    "ec2",
    "DescribeRegions",
    record(Regions=ListOf(record(RegionName=TEXT, OptInStatus=optional(TEXT)))),
    listed="Regions",
)
_NOT_ENABLED = "not-opted-in"


@dataclass(frozen=True, slots=True)
class Regions:
    """Those to scan, and those that are named and not enabled, where nothing can run."""

    scanned: tuple[str, ...]
    not_enabled: tuple[str, ...] = ()


def enabled_regions(target: Target) -> set[str]:
    """By EC2 in the region of the target. Raises AwsError."""
    rows = call(target.reading("ec2"), DESCRIBE_REGIONS, AllRegions=True)["Regions"]
    enabled = {row["RegionName"] for row in rows if row["OptInStatus"] != _NOT_ENABLED}
    if not enabled:
        raise AwsError(f"{DESCRIBE_REGIONS.action}: AWS's answer names no region; try again")
    return enabled


def chosen(patterns: Sequence[str], always: Collection[str], enabled: Collection[str]) -> Regions:
    """The enabled ones that the patterns cover, and those of `always`."""
    wanted = {pattern for pattern in patterns if not is_glob(pattern)} | set(always)
    matched = {
        region for region in enabled if any(glob_matches(pattern, region) for pattern in patterns)
    }
    return Regions(
        tuple(sorted(matched | (wanted & set(enabled)))), tuple(sorted(wanted - set(enabled)))
    )


def is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern

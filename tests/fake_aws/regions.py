"""EC2's list of regions: those that somebody has named here, and those that are not enabled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account import Account

Json = dict[str, Any]


def describe_regions(account: Account, params: Json) -> Json:
    enabled, disabled = account.world.regions(account.address.account)
    rows = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in enabled]
    if params.get("AllRegions") == "true":
        rows += [{"RegionName": name, "OptInStatus": "not-opted-in"} for name in disabled]
    return {"Regions": rows}


OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {"DescribeRegions": describe_regions}

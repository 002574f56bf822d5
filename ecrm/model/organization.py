"""The organization of AWS that accounts belong to, as access policies speak of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Organization:
    """`id` is that of `aws:PrincipalOrgID` (`o-...`); empty where no organization was read.

    `paths` has every account of the organization, as a whole listing names them, with its paths as
    in `aws:PrincipalOrgPaths`: from the organization to the last OU, with a slash at the end and
    without the account (`o-1/r-2/ou-3/`). An account whose paths are not known has none.
    """

    id: str = ""
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


UNKNOWN = Organization()

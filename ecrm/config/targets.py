"""`targets` of ecrm.yaml: which accounts and regions a run scans, which of them it plans, and by
which roles. Without it, a run is of the one account and region of its credentials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ecrm.config.schema import Key, Section
from ecrm.config.target_values import (
    ACCOUNT_ID,
    ACCOUNT_OR_SELF,
    AT_ONCE,
    EXTERNAL_ID,
    MEMBERS,
    REGION,
    REGION_NAMES,
    REGIONS,
    ROLE,
    SELF,
    SESSION_NAME,
)
from ecrm.config.values import DURATION, TEXT

_AT_ONCE = 16
_TIME_LIMIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Access:
    """How the clients of an account get their credentials: by roles, one after the other, or by a
    profile; the run's own where both are empty."""

    role: tuple[str, ...] = ()
    external_id: str | None = None
    session_name: str | None = None
    profile: str | None = None
    regions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An account that is scanned as this says, and else as everybody."""

    id: str
    access: Access
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Organization:
    """Whose accounts are scanned. `include` and `exclude` are ids of roots, organizational units
    and accounts; everybody is included where `include` is empty."""

    role: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """An account (or SELF) whose images are planned and deleted in these regions."""

    account: str
    regions: tuple[str, ...]
    role: tuple[str, ...] = ()
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Targets:
    """`scan` is for every account without an entry of its own that says otherwise. An account
    whose scan takes longer than `account_time_limit` counts as unread."""

    organization: Organization | None = None
    accounts: tuple[AccountEntry, ...] = ()
    scan: Access = Access()
    registries: tuple[RegistryEntry, ...] = ()
    home_region: str | None = None
    max_accounts_at_once: int = _AT_ONCE
    account_time_limit: timedelta = _TIME_LIMIT


_ROLE_KEYS: Mapping[str, Key] = {
    "role": Key(ROLE, "the role to assume, or several, one after the other", default=()),
    "external_id": Key(EXTERNAL_ID, "the external id that its trust policy wants"),
}
_ACCESS_KEYS: Mapping[str, Key] = {
    **_ROLE_KEYS,
    "session_name": Key(
        SESSION_NAME,
        "the name of the sessions, which CloudTrail shows; ecrm unless given",
    ),
}
_REGIONS_KEY = Key(REGIONS, "which regions are scanned; those of registries always are")


def _access(values: Mapping[str, Any]) -> Access:
    return Access(**values)


def _account(values: Mapping[str, Any]) -> AccountEntry:
    rest = {name: value for name, value in values.items() if name not in ("id", "name")}
    return AccountEntry(values["id"], Access(**rest), values["name"])


def _given(build: Callable[..., object]) -> Callable[[Mapping[str, Any]], object]:
    return lambda values: build(**values)


TARGETS = Section(
    "the accounts and regions whose use of images counts, and the registries that are planned",
    {
        "organization": Section(
            "everybody who belongs to the organization of AWS Organizations is scanned",
            {
                "role": Key(ROLE, "the role to list accounts with; own credentials", default=()),
                "include": Key(MEMBERS, "only these and what is below them", default=()),
                "exclude": Key(
                    MEMBERS,
                    "these and what is below them are not scanned; what only they use is not "
                    "protected",
                    default=(),
                ),
            },
            _given(Organization),
            is_list=False,
            is_optional=True,
        ),
        "accounts": Section(
            "accounts to scan besides the organization's, or otherwise than `scan` says",
            {
                "id": Key(ACCOUNT_ID, "the account id, quoted", required=True),
                "name": Key(TEXT, "its name, for people"),
                **_ACCESS_KEYS,
                "profile": Key(TEXT, "a profile of the AWS CLI, instead of a role"),
                "regions": _REGIONS_KEY,
            },
            _account,
            at_most_one_of=("role", "profile"),
            unique="id",
        ),
        "scan": Section(
            "how every account is scanned that has no entry of its own",
            {**_ACCESS_KEYS, "regions": _REGIONS_KEY},
            _access,
            is_list=False,
        ),
        "registries": Section(
            "what is planned and deleted; nothing else ever is",
            {
                "account": Key(
                    ACCOUNT_OR_SELF,
                    f"the account id, quoted, or {SELF}: that of the credentials",
                    required=True,
                ),
                "regions": Key(
                    REGION_NAMES,
                    "the regions of the registries",
                    required=True,
                ),
                "role": Key(
                    ROLE, "the role that deletes and restores; the others only read", default=()
                ),
                "external_id": _ROLE_KEYS["external_id"],
            },
            _given(RegistryEntry),
            unique="account",
        ),
        "home_region": Key(
            REGION,
            "the region of STS, Organizations and DescribeRegions; the run's unless given",
        ),
        "max_accounts_at_once": Key(
            AT_ONCE,
            "how many accounts are read side by side",
            default=_AT_ONCE,
        ),
        "account_time_limit": Key(
            DURATION,
            "an account whose scan takes longer counts as unread",
            default=_TIME_LIMIT,
        ),
    },
    _given(Targets),
    is_list=False,
)

"""Which accounts a run scans, and how each of them is reached. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ecrm.aws.targets.organizations import Member
from ecrm.config.target_values import SELF
from ecrm.config.targets import Access, Organization, RegistryEntry, Targets
from ecrm.errors import UsageError

ALL_REGIONS = ("*",)


@dataclass(frozen=True, slots=True)
class Account:
    """`access.regions` are names and globs. `registry` names the registries of the account that are
    planned, if any are. `is_own` says that its credentials are the run's own. `left_out` says why
    nobody looks there, and is empty where somebody does."""

    id: str
    name: str = ""
    access: Access = field(default_factory=Access)
    registry: RegistryEntry | None = None
    is_own: bool = False
    is_management: bool = False
    left_out: str = ""

    def __str__(self) -> str:
        return f"{self.id} ({self.name})" if self.name else self.id


def accounts_of(targets: Targets, members: Sequence[Member], own: str) -> list[Account]:
    """The organization's members, those with an entry, and those of registries, by their ids; `own`
    is the account of the run's credentials. Raises UsageError where the configuration contradicts
    the organization or itself, or says no way into an account."""
    organization = targets.organization or Organization()
    _refuse_empty(organization, members)
    found = {
        member.id: Account(
            member.id,
            member.name,
            is_management=member.is_management,
            left_out=_left_out(organization, member),
        )
        for member in members
    }
    at_rest = {member.id for member in members if member.is_at_rest}
    for entry in targets.accounts:
        if entry.id in organization.exclude:
            raise UsageError(f"targets: {entry.id} is under accounts and excluded; remove one")
        known = found.get(entry.id, Account(entry.id))
        found[entry.id] = replace(
            known,
            name=entry.name or known.name,
            access=entry.access,
            left_out=known.left_out if entry.id in at_rest else "",
        )
    for registry in _registries(targets, own):
        known = found.get(registry.account, Account(registry.account))
        if known.left_out:
            raise UsageError(f"targets.registries: {known} is left out: {known.left_out}")
        found[registry.account] = replace(known, registry=registry)
    accounts = [_with_access(targets, found[id_], own) for id_ in sorted(found)]
    _refuse_unreachable(accounts)
    return accounts


def _left_out(organization: Organization, member: Member) -> str:
    if member.is_at_rest:
        return f"{member.state.lower()}: nothing can run there"
    if member.is_of(organization.exclude):
        return "excluded by targets.organization.exclude; what only it uses is not protected"
    if organization.include and not member.is_of(organization.include):
        return "not in targets.organization.include; what only it uses is not protected"
    return ""


def _refuse_empty(organization: Organization, members: Sequence[Member]) -> None:
    """What names nobody may be a mistake, and would leave somebody out."""
    for name in organization.include:
        if not any(member.is_of([name]) for member in members):
            raise UsageError(
                f"targets.organization.include: no account of the organization is in {name}; "
                "correct or remove it"
            )


def _registries(targets: Targets, own: str) -> Iterator[RegistryEntry]:
    seen: set[str] = set()
    for registry in targets.registries:
        account = own if registry.account == SELF else registry.account
        if account in seen:
            raise UsageError(f"targets.registries: {SELF} is {account}, which is there already")
        seen.add(account)
        yield replace(registry, account=account)


def _with_access(targets: Targets, account: Account, own: str) -> Account:
    """Its own entry comes first, then `scan`. The account of the run's credentials needs neither
    role nor profile."""
    entry, default = account.access, targets.scan
    is_own = account.id == own and not entry.role and not entry.profile
    by_default = not (is_own or entry.role or entry.profile)
    access = Access(
        role=default.role if by_default else entry.role,
        external_id=entry.external_id or default.external_id,
        session_name=entry.session_name or default.session_name,
        profile=entry.profile,
        regions=entry.regions or default.regions or ALL_REGIONS,
    )
    return replace(account, access=access, is_own=is_own)


def _refuse_unreachable(accounts: Sequence[Account]) -> None:
    for account in accounts:
        access = account.access
        if not (account.left_out or account.is_own or access.role or access.profile):
            raise UsageError(
                f"targets: no role to scan {account} by; add one under scan, or an entry under "
                "accounts"
            )

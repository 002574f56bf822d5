"""All accounts and regions of a run, each with its credentials, as far as they can be reached.

What cannot be reached is a report of source `account`, not an exception: what it keeps from being
deleted is for the plan to decide.
"""

from dataclasses import dataclass, replace
from functools import partial
from threading import Lock

from ecrm.aws import Target, map_concurrently
from ecrm.aws.shared import SharedClients
from ecrm.aws.targets.accounts import Account, accounts_of
from ecrm.aws.targets.organizations import LIST_ACCOUNTS, Member, members, organization_of
from ecrm.aws.targets.reaching import Resolved, Way, roles_of
from ecrm.aws.targets.roles import by_roles, session_with
from ecrm.config.targets import Access, Organization, Targets
from ecrm.errors import AccessDenied, UsageError
from ecrm.model import organization as model
from ecrm.model.reference import Registry
from ecrm.model.scan import Progress, SourceReport

_MOST_CONNECTIONS = 256  # to one service in one region


@dataclass(frozen=True, slots=True)
class Resolution:
    """`accounts` are by id; `organization` has all of its accounts, if it was listed."""

    accounts: tuple[Resolved, ...]
    organization: model.Organization = model.UNKNOWN

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(target for one in self.accounts for target in one.targets)

    @property
    def registries(self) -> dict[Registry, str]:
        """Those that the configuration wants planned, whether they can be reached or not, with the
        names of their accounts."""
        return {
            Registry(one.account.id, region): one.account.name
            for one in self.accounts
            if one.account.registry
            for region in one.account.registry.regions
        }

    @property
    def reports(self) -> tuple[SourceReport, ...]:
        return tuple(report for one in self.accounts for report in one.reports)


def resolve(
    targets: Targets,
    home: Target,
    policy: str | None = None,
    *,
    progress: Progress = lambda _: None,
    only_registries: bool = False,
) -> Resolution:
    """`policy` is the session policy of every role that scans. With `only_registries` no other
    account is reached. Raises AwsError where the accounts of the organization cannot be listed,
    since nobody knows then who uses what, and UsageError for a configuration that does not fit."""
    start = _start(targets, home)
    _refuse_other_partitions(targets, start)
    organization = None if only_registries else targets.organization
    listed = members_of(organization, start) if organization else []
    accounts = [
        account
        for account in accounts_of(targets, listed, home.registry.account)
        if account.registry or not only_registries
    ]
    always = {region for registry in targets.registries for region in registry.regions}
    done, counting = [0], Lock()

    def resolve_one(account: Account) -> Resolved:
        resolved = Way(start, policy, always).to(account)
        with counting:
            done[0] += 1
            progress(f"accounts: {done[0]} of {len(accounts)} reached")
        return resolved

    found = map_concurrently(resolve_one, accounts, targets.max_accounts_at_once)
    return Resolution(tuple(found), organization_of(listed) if listed else model.UNKNOWN)


def _start(targets: Targets, home: Target) -> Target:
    """The run's own credentials in the home region; clients are shared from here on."""
    region = targets.home_region or home.registry.region
    connections = min(home.workers * targets.max_accounts_at_once, _MOST_CONNECTIONS)
    new_session = partial(session_with, home.session.profile_name)
    return replace(
        home,
        registry=Registry(home.registry.account, region),
        credentials=home.session.get_credentials(),
        shared=SharedClients(new_session, connections, home.deadline),
    )


def _refuse_other_partitions(targets: Targets, start: Target) -> None:
    """Credentials of one partition are worth nothing in another."""
    for registry in targets.registries:
        for region in registry.regions:
            other = replace(start, registry=Registry(start.registry.account, region)).partition
            if other not in (None, start.partition):
                raise UsageError(
                    f"targets.registries: {region} is in the partition {other}, and this run is "
                    f"in {start.partition}; use one ecrm.yaml for each"
                )


def members_of(organization: Organization, start: Target) -> list[Member]:
    """Everybody who belongs to it. Raises AwsError."""
    roles = roles_of(start, start.registry.account, Access(organization.role))
    lists = replace(start, credentials=by_roles(start, roles))
    try:
        return members(
            lists.reading("organizations"), (*organization.include, *organization.exclude)
        )
    except AccessDenied as error:
        who = (
            "only the management account and delegated administrators may list accounts: name a "
            "role of one as targets.organization.role, or list accounts under targets.accounts"
        )
        raise AccessDenied(f"{error}; {who}", LIST_ACCOUNTS.action) from error

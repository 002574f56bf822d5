"""From the run's own credentials to the targets of one account."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ecrm.aws import Target, call
from ecrm.aws.counter import CallCounter
from ecrm.aws.target import GET_CALLER_IDENTITY
from ecrm.aws.targets.accounts import Account
from ecrm.aws.targets.regions import Regions, chosen, enabled_regions, is_glob
from ecrm.aws.targets.roles import SESSION_NAME, Role, by_roles, of_profile, role_arn, session_with
from ecrm.config.targets import Access
from ecrm.errors import AccessDenied, AwsError, UsageError
from ecrm.model.reference import Registry
from ecrm.model.scan import ACCOUNT, Diagnostic, ReadStatus, SourceReport

if TYPE_CHECKING:
    import boto3


@dataclass(frozen=True, slots=True)
class Resolved:
    """One account: the targets that are scanned there, and a report for what is not."""

    account: Account
    targets: tuple[Target, ...] = ()
    reports: tuple[SourceReport, ...] = ()

    @property
    def unread(self) -> tuple[str, ...]:
        return tuple(line for report in self.reports for line in report.unread)


def roles_of(start: Target, account: str, access: Access, policy: str | None = None) -> list[Role]:
    """The session policy is the last one's: the others must be allowed to assume it."""
    arns = [role_arn(role, start.partition or "aws", account) for role in access.role]
    session_name = access.session_name or SESSION_NAME
    roles = [Role(arn, session_name, access.external_id) for arn in arns]
    return [*roles[:-1], replace(roles[-1], policy=policy)] if roles else []


@dataclass(frozen=True, slots=True)
class Way:
    """From the run's own credentials, `start`, to an account. Registries are planned in the regions
    `always`, so those are scanned everywhere."""

    start: Target
    policy: str | None
    always: set[str]

    def to(self, account: Account) -> Resolved:
        report = partial(_report, account, self.start.registry.region)
        if account.left_out:
            return Resolved(account, (), (report(ReadStatus.EXCLUDED, account.left_out),))
        try:
            here = self._identified(account)
            regions = self._regions(account, here)
        except AwsError as error:
            status = ReadStatus.DENIED if isinstance(error, AccessDenied) else ReadStatus.FAILED
            return Resolved(account, (), (report(status, str(error)),))
        writer = self._writer(account)
        found = tuple(
            replace(
                here,
                registry=Registry(account.id, region),
                call_counter=CallCounter(),
                writer=writer,
            )
            for region in regions.scanned
        )
        absent = [
            _report(account, region, ReadStatus.EXCLUDED, f"{region} is not enabled there")
            for region in regions.not_enabled
        ]
        if not found and not absent:
            absent = [report(ReadStatus.EXCLUDED, "no region is enabled there that is scanned")]
        return Resolved(account, found, tuple(absent))

    def _identified(self, account: Account) -> Target:
        """The account in the home region, with credentials that are of that account."""
        here = replace(
            self.start,
            registry=Registry(account.id, self.start.registry.region),
            credentials=self._credentials(account),
        )
        try:
            got = call(here.reading("sts"), GET_CALLER_IDENTITY)["Account"]
        except AccessDenied as error:
            raise AccessDenied(f"{error}; {_cure(account)}", error.action) from error
        if got != account.id:
            raise AwsError(f"the credentials are of {got}, not of {account.id}; correct them")
        return here

    def _credentials(self, account: Account) -> Any:
        if account.access.profile:
            return of_profile(account.access.profile)
        roles = roles_of(self.start, account.id, account.access, self.policy)
        return by_roles(self.start, roles)

    def _regions(self, account: Account, here: Target) -> Regions:
        """Where nobody may ask, those that are named are tried as they are."""
        patterns = account.access.regions or ()
        try:
            return chosen(patterns, self.always, enabled_regions(here))
        except AccessDenied as error:
            if any(map(is_glob, patterns)):
                cure = "or name the regions of the account instead of `enabled` and globs"
                raise AccessDenied(f"{error}; {cure}", error.action) from error
            return Regions(tuple(sorted({*patterns, *self.always})))

    def _writer(self, account: Account) -> "Callable[[], boto3.Session] | None":
        """A scan role cannot write, since its session policy keeps it from that; a profile and the
        run's own credentials may."""
        registry = account.registry
        if registry is None or (account.is_own and not registry.role):
            return None
        access = Access(registry.role, registry.external_id, account.access.session_name)
        roles = roles_of(self.start, account.id, access)

        @cache
        def writer() -> "boto3.Session":
            if not roles and account.access.profile:
                return session_with(account.access.profile, of_profile(account.access.profile))
            if not roles:
                what = f"targets.registries: {account} has no role that may delete or restore"
                raise UsageError(f"{what}; add one")
            return session_with(self.start.session.profile_name, by_roles(self.start, roles))

        return writer


def _report(account: Account, region: str, status: ReadStatus, text: str) -> SourceReport:
    note = Diagnostic(status, f"{account}: {text}")
    return SourceReport(Registry(account.id, region), ACCOUNT, notes=(note,))


def _cure(account: Account) -> str:
    if account.is_management:
        return (
            "this is the management account, which no stack set reaches: make the role there by "
            "hand, add an entry under targets.accounts, or exclude it"
        )
    return "make the role there (`ecrm iam-policy --as stackset`), or exclude the account"

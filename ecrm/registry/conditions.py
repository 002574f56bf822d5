"""Which accounts a condition of an access policy leaves. Pure.

Only what surely narrows is understood; a condition that is not is taken to hold for everybody.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from ecrm.model.organization import Organization
from ecrm.model.pattern import glob_matches


class Membership(StrEnum):
    """What of an account the values of a condition are compared with."""

    ACCOUNT = "account"
    ORGANIZATION = "organization"
    PATH = "path"


_ARN = ("aws:principalarn", "aws:sourcearn")
_KEYS = {
    "aws:principalaccount": Membership.ACCOUNT,
    "aws:sourceaccount": Membership.ACCOUNT,
    "aws:principalarn": Membership.ACCOUNT,
    "aws:sourcearn": Membership.ACCOUNT,
    "aws:principalorgid": Membership.ORGANIZATION,
    "aws:sourceorgid": Membership.ORGANIZATION,
    "aws:principalorgpaths": Membership.PATH,
    "aws:sourceorgpaths": Membership.PATH,
}
# Not `...IfExists`, which holds for a request without the key, nor `ForAllValues:...`.
_OPERATORS = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")
_ANY_VALUE = "foranyvalue:"
_ACCOUNT_DIGITS = 12


class Limit(NamedTuple):
    """One of the globs matches the account, the id of its organization, or one of its paths."""

    of: Membership
    globs: tuple[str, ...]

    @classmethod
    def to_account(cls, account: str) -> "Limit":
        return cls(Membership.ACCOUNT, (account,))

    def may_hold(self, account: str, organization: Organization) -> bool:
        if self.of is Membership.ACCOUNT:
            return self._matches([account])
        paths = organization.paths.get(account) if organization.id else None
        if paths is None:  # of another organization, or of none
            own = organization.id
            return any(not own or glob.partition("/")[0] != own for glob in self.globs)
        if self.of is Membership.ORGANIZATION:
            return self._matches([organization.id])
        return not paths or self._matches(paths)

    def _matches(self, values: Sequence[str]) -> bool:
        return any(glob_matches(glob, value) for glob in self.globs for value in values)


def limits_of(condition: Mapping[str, Mapping[str, Any]]) -> tuple[Limit, ...]:
    """All of them hold for whoever fulfils the condition."""
    return tuple(
        limit
        for operator, compared in condition.items()
        for key, values in compared.items()
        for limit in _limits(
            operator.lower(), key.lower(), values if isinstance(values, list) else [values]
        )
    )


def only_account(limits: Sequence[Limit]) -> str:
    """The one account that the limits leave, if they name it; else empty."""
    accounts = [set(limit.globs) for limit in limits if limit.of is Membership.ACCOUNT]
    return next((account for globs in accounts if len(globs) == 1 for account in globs), "")


def account_of(principal: str) -> str:
    """Of an account's own number, and of an ARN; empty where there is none."""
    parts = principal.split(":")
    account = parts[4] if len(parts) > 4 else principal  # noqa: PLR2004 - an ARN's account
    is_number = len(account) == _ACCOUNT_DIGITS and account.isascii() and account.isdigit()
    return account if is_number else ""


def _limits(operator: str, key: str, values: Sequence[Any]) -> Iterator[Limit]:
    of = _KEYS.get(key)
    if of is None or operator.removeprefix(_ANY_VALUE) not in _OPERATORS:
        return
    if of is Membership.PATH and not operator.startswith(_ANY_VALUE):
        return  # AWS does not say what that means
    texts = [value.lower() for value in values if isinstance(value, str)]
    globs = tuple(map(_account_of_arn, texts) if key in _ARN else texts)
    # A variable may stand for anything.
    if globs and len(globs) == len(values) and all(glob and "${" not in glob for glob in globs):
        yield Limit(of, globs)


def _account_of_arn(arn: str) -> str:
    """Empty where it is not certain: a star may stand for colons, too."""
    before = arn.split(":")[:3]
    return "" if any("*" in part or "?" in part for part in before) else account_of(arn)

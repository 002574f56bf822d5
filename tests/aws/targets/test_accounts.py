"""Which accounts a run scans, and by which credentials."""

from dataclasses import replace
from typing import Any

import pytest

from ecrm.aws.targets.accounts import Account, accounts_of
from ecrm.aws.targets.organizations import Member
from ecrm.config.targets import Access, AccountEntry, Organization, RegistryEntry, Targets
from ecrm.errors import UsageError

OWN, PROD, TEAM, OLD = ("111111111111", "222222222222", "333333333333", "444444444444")
EVERYBODY = Organization()
SCAN = Access(("scan",), "7f3c", "me", regions=("eu-*",))
UNPROTECTED = "what only it uses is not protected"


def member(id_: str, *above: str, state: str = "ACTIVE", **more: Any) -> Member:
    return Member(id_, f"name-{id_[0]}", state, frozenset(above), **more)


def found(targets: Targets, *members: Member) -> dict[str, Account]:
    accounts = accounts_of(targets, members, OWN)
    assert [account.id for account in accounts] == sorted(account.id for account in accounts)
    return {account.id: account for account in accounts}


def problem(targets: Targets, *members: Member) -> str:
    with pytest.raises(UsageError) as error:
        accounts_of(targets, members, OWN)
    return str(error.value)


def test_a_member_is_scanned_as_everybody_unless_an_entry_says_otherwise():
    entry = AccountEntry(TEAM, Access(("other",), session_name="you"), "team")
    targets = Targets(EVERYBODY, (entry,), SCAN)
    accounts = found(targets, member(PROD, is_management=True), member(TEAM))
    assert accounts[PROD] == Account(PROD, "name-2", SCAN, is_management=True)
    assert accounts[TEAM].name == "team"
    assert accounts[TEAM].access == Access(("other",), "7f3c", "you", regions=("eu-*",))


def test_an_entry_may_be_of_an_account_that_is_no_member():
    entry = AccountEntry(TEAM, Access(profile="legacy", external_id="x", regions=("us-east-1",)))
    accounts = found(Targets(EVERYBODY, (entry,), SCAN), member(PROD))
    access = Access((), "x", "me", "legacy", ("us-east-1",))
    assert accounts[TEAM] == Account(TEAM, access=access)
    assert not accounts[TEAM].is_management
    assert (str(accounts[TEAM]), str(accounts[PROD])) == (TEAM, f"{PROD} (name-2)")


def test_all_enabled_regions_are_scanned_unless_some_are_named():
    targets = Targets(EVERYBODY, scan=Access(("scan",)))
    assert found(targets, member(PROD))[PROD].access.regions == ("*",)


def test_the_own_account_needs_no_role_but_may_have_one():
    assert found(Targets(EVERYBODY), member(OWN))[OWN].is_own
    assert found(Targets(EVERYBODY, scan=SCAN), member(OWN))[OWN].access.role == ()
    entry = AccountEntry(OWN, Access(("other",)))
    own = found(Targets(EVERYBODY, (entry,), SCAN), member(OWN))[OWN]
    assert (own.is_own, own.access.role) == (False, ("other",))
    profile = AccountEntry(OWN, Access(profile="p"))
    assert not found(Targets(EVERYBODY, (profile,)), member(OWN))[OWN].is_own


@pytest.mark.parametrize("state", ["ACTIVE", "PENDING_ACTIVATION", "PENDING_CLOSURE", "", "NEW"])
def test_whatever_may_run_something_is_scanned(state: str):
    assert not found(Targets(EVERYBODY, scan=SCAN), member(PROD, state=state))[PROD].left_out


@pytest.mark.parametrize("state", ["SUSPENDED", "CLOSED"])
def test_where_nothing_can_run_nobody_looks(state: str):
    entry = AccountEntry(PROD, Access(("other",)))
    for targets in (Targets(EVERYBODY, scan=SCAN), Targets(EVERYBODY, (entry,))):
        account = found(targets, member(PROD, state=state))[PROD]
        assert account.left_out == f"{state.lower()}: nothing can run there"


@pytest.mark.parametrize("name", [TEAM, "ou-1", "r-1"])
def test_who_is_excluded_or_not_included_is_left_out_and_said(name: str):
    team = member(TEAM, *(("ou-1", "r-1") if name != "ou-1" else ("ou-1",)))
    excluded = found(Targets(replace(EVERYBODY, exclude=(name,)), scan=SCAN), team, member(PROD))
    assert excluded[TEAM].left_out == f"excluded by targets.organization.exclude; {UNPROTECTED}"
    assert not excluded[PROD].left_out
    included = found(Targets(replace(EVERYBODY, include=(name,)), scan=SCAN), team, member(PROD))
    assert included[PROD].left_out == f"not in targets.organization.include; {UNPROTECTED}"
    assert not included[TEAM].left_out


def test_an_entry_brings_back_who_is_left_out_with_a_unit():
    entry = AccountEntry(TEAM, Access(("other",)))
    targets = Targets(replace(EVERYBODY, exclude=("ou-1",)), (entry,), SCAN)
    accounts = found(targets, member(TEAM, "ou-1"), member(PROD, "ou-1"))
    assert not accounts[TEAM].left_out
    assert accounts[PROD].left_out


def test_contradictions_are_refused():
    entry = AccountEntry(TEAM, Access(("other",)))
    assert problem(Targets(replace(EVERYBODY, exclude=(TEAM,)), (entry,)), member(TEAM)) == (
        f"targets: {TEAM} is under accounts and excluded; remove one"
    )
    assert problem(Targets(replace(EVERYBODY, include=("ou-2",))), member(TEAM, "ou-1")) == (
        "targets.organization.include: no account of the organization is in ou-2; correct or "
        "remove it"
    )
    registry = RegistryEntry(OLD, ("us-east-1",))
    closed = member(OLD, state="CLOSED")
    assert problem(Targets(EVERYBODY, scan=SCAN, registries=(registry,)), closed) == (
        f"targets.registries: {OLD} (name-4) is left out: closed: nothing can run there"
    )
    both = (RegistryEntry("self", ("us-east-1",)), RegistryEntry(OWN, ("us-east-1",)))
    assert problem(Targets(registries=both)) == (
        f"targets.registries: self is {OWN}, which is there already"
    )


def test_an_account_without_a_way_in_is_refused():
    assert problem(Targets(EVERYBODY), member(PROD)) == (
        f"targets: no role to scan {PROD} (name-2) by; add one under scan, or an entry under "
        "accounts"
    )
    assert not found(Targets(replace(EVERYBODY, exclude=(PROD,))), member(PROD))[PROD].access.role


def test_a_registry_is_an_account_of_the_run():
    registries = (RegistryEntry("self", ("us-east-1",)), RegistryEntry(PROD, ("eu-west-1",)))
    accounts = found(Targets(scan=SCAN, registries=registries))
    assert accounts[OWN].registry == RegistryEntry(OWN, ("us-east-1",))
    assert accounts[OWN].is_own
    assert accounts[PROD].registry == registries[1]
    assert accounts[PROD].access.role == ("scan",)

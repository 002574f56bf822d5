"""`targets` of ecrm.yaml: what it may say, and the message for what it may not."""

from datetime import timedelta

import pytest

from ecrm.config.targets import Access, AccountEntry, Organization, RegistryEntry, Targets
from ecrm.errors import ConfigError
from ecrm.workflow.configuration import parse

WHOLE = """
  organization:
    role: arn:aws:iam::999999999999:role/ecrm-list
    include: [r-ab12]
    exclude: [ou-ab12-sandbox1, "111122223333"]
  accounts:
    - id: "022233334444"
      name: staging
      role: [hop, path/ecrm-scan]
      external_id: 7f3c
      session_name: me
      regions: [eu-west-1, "us-*"]
    - id: "444455556666"
      profile: legacy
  scan:
    role: ecrm-scan
    external_id: 7f3c
    session_name: ecrm
    regions: enabled
  registries:
    - account: self
      regions: [us-east-1, eu-west-1]
      role: ecrm-delete
  max_accounts_at_once: 4
  account_time_limit: 30 minutes
  home_region: us-east-1
"""
REGIONS = "enabled, or a list of names and globs such as [us-east-1, eu-*]"
MEMBER = "the id of a root, an organizational unit or an account"
GOOD = [
    WHOLE,
    " {}",
    " {organization: }",
    " {organization: {}, accounts: [], registries: , scan: }",
    ' {registries: [{account: "000000000000", regions: [us-gov-west-1], external_id: a/b}]}',
    " {scan: {role: arn:aws-cn:iam::000000000000:role/a/b}}",
]
TWICE = [
    ' {accounts: [{id: "111111111111"}, {id: "111111111111"}]}',
    " {registries: [{account: self, regions: [us-east-1]}, {account: self, regions: [eu-west-1]}]}",
]
PROBLEMS = [
    (
        " {accounts: [{id: 022233334444}]}",
        'accounts[0].id: is a number here; quote an account id: "022233334444"',
    ),
    (
        " {organization: {exclude: [111122223333]}}",
        'organization.exclude[0]: is a number here; quote an account id: "111122223333"',
    ),
    (
        " {registries: [{account: 111122223333, regions: [us-east-1]}]}",
        'registries[0].account: is a number here; quote an account id: "111122223333"',
    ),
    (" {accounts: [{id: '123'}]}", "accounts[0].id: '123' is not an account id of 12 digits"),
    (" {accounts: [{name: a}]}", "accounts[0]: needs 'id', an account id of 12 digits"),
    (
        ' {accounts: [{id: "111111111111", role: a, profile: b}]}',
        "accounts[0]: has both role and profile; remove one of the two",
    ),
    (
        " {organization: {include: [ou-1]}}",
        f"organization.include[0]: 'ou-1' is not {MEMBER}",
    ),
    (
        " {scan: {role: 'arn:aws:iam::1:role/a'}}",
        "scan.role: 'arn:aws:iam::1:role/a' is not the name, path/name or ARN of a role",
    ),
    (
        " {scan: {regions: all}}",
        f"scan.regions: 'all' is not {REGIONS}",
    ),
    (
        " {scan: {regions: []}}",
        "scan.regions: is empty; write a list of the name of a region, or a glob",
    ),
    (
        " {registries: [{account: self, regions: [us-*]}]}",
        "registries[0].regions[0]: 'us-*' is not the name of a region",
    ),
    (
        " {registries: [{account: self, regions: []}]}",
        "registries[0].regions: is empty; write a list of the name of a region",
    ),
    (
        " {registries: [{account: self}]}",
        "registries[0]: needs 'regions', a list of the name of a region",
    ),
    (
        " {max_accounts_at_once: 0}",
        "max_accounts_at_once: 0 accounts would never end; write 1 or more",
    ),
    (
        " {scan: {external_id: a b}}",
        "scan.external_id: 'a b' is not an external id of 2 to 1224 characters",
    ),
    (
        " {scan: {ignore_errors: true}}",
        "scan: unknown key 'ignore_errors'; known are role, external_id, session_name, regions",
    ),
]


def targets(text: str) -> Targets:
    found = parse(f"targets:{text}", "ecrm.yaml").targets
    assert found is not None
    return found


def test_every_key_has_its_field():
    assert targets(WHOLE) == Targets(
        Organization(
            ("arn:aws:iam::999999999999:role/ecrm-list",),
            ("r-ab12",),
            ("ou-ab12-sandbox1", "111122223333"),
        ),
        (
            AccountEntry(
                "022233334444",
                Access(("hop", "path/ecrm-scan"), "7f3c", "me", regions=("eu-west-1", "us-*")),
                "staging",
            ),
            AccountEntry("444455556666", Access(profile="legacy")),
        ),
        Access(("ecrm-scan",), "7f3c", "ecrm", regions=("*",)),
        (RegistryEntry("self", ("us-east-1", "eu-west-1"), ("ecrm-delete",)),),
        "us-east-1",
        4,
        timedelta(minutes=30),
    )


def test_without_it_a_run_is_as_it_was():
    assert parse("repositories:", "ecrm.yaml").targets is None
    assert parse("targets:", "ecrm.yaml").targets is None


@pytest.mark.parametrize("text", GOOD)
def test_what_it_may_say(text: str):
    assert targets(text)


def test_an_organization_without_keys_is_everybody():
    assert targets(" {organization: }").organization == Organization()
    assert targets(" {}").organization is None


@pytest.mark.parametrize(("text", "problem"), PROBLEMS)
def test_a_mistake_is_said_with_its_place(text: str, problem: str):
    with pytest.raises(ConfigError) as error:
        targets(text)
    assert str(error.value) == f"ecrm.yaml:1: targets.{problem}"


def test_no_two_entries_are_about_the_same_account():
    with pytest.raises(ConfigError) as error:
        targets(TWICE[0])
    assert str(error.value) == (
        "ecrm.yaml:1: targets.accounts[1]: 111111111111 is in targets.accounts[0] already; "
        "remove one of the two"
    )
    with pytest.raises(ConfigError, match="self is in"):
        targets(TWICE[1])


def test_a_plan_file_is_not_outdated_by_the_way_to_its_targets():
    with_targets = parse(f"targets:{WHOLE}", "ecrm.yaml").fingerprint
    assert with_targets == parse("guards: {}", "ecrm.yaml").fingerprint

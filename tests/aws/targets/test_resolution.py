"""From `targets` of ecrm.yaml to targets, against a fake AWS that checks who asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecrm.aws import Target, call, connect
from ecrm.aws.targets import Resolution, resolve
from ecrm.aws.targets.organizations import members
from ecrm.aws.targets.regions import Regions, chosen
from ecrm.config.targets import Access, AccountEntry, Organization, RegistryEntry, Targets
from ecrm.errors import AwsError, UsageError
from ecrm.model.organization import UNKNOWN
from ecrm.model.scan import ReadStatus
from ecrm.sources.ecs.operations import LIST_CLUSTERS
from tests.fake_aws import FakeAws, Fault
from tests.stubs import Stubs

HOME, PROD, TEAM = ("111111111111", "222222222222", "333333333333")
EAST, WEST = ("us-east-1", "eu-west-1")
REGISTRY = (RegistryEntry("self", (EAST,)),)
SCAN = Access(("scan",))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    with FakeAws() as aws:
        for name, value in aws.env(HOME, EAST).items():
            monkeypatch.setenv(name, value)
        aws.account(PROD, WEST)
        aws.role(PROD, "scan")
        yield aws


def resolved(targets: Targets, policy: str | None = None) -> Resolution:
    return resolve(targets, connect(), policy)


def entry(**access: Any) -> Targets:
    return Targets(None, (AccountEntry(PROD, Access(**access)),), registries=REGISTRY)


def notes(resolution: Resolution) -> list[tuple[ReadStatus, str]]:
    return [(report.status, note.text) for report in resolution.reports for note in report.notes]


def of(resolution: Resolution, account: str) -> list[Target]:
    return [target for target in resolution.targets if target.registry.account == account]


def test_each_target_calls_as_its_own_account_through_shared_clients(aws: FakeAws):
    found = resolved(entry(role=("scan",)))
    assert [str(target) for target in found.targets] == [
        *(f"{HOME}/{WEST}", f"{HOME}/{EAST}"),
        *(f"{PROD}/{WEST}", f"{PROD}/{EAST}"),
    ]
    aws.account(PROD, WEST).ecs.cluster("theirs")
    for target in found.targets:
        listed = call(target.ecs, LIST_CLUSTERS)["clusterArns"]
        assert [arn.rpartition("/")[2] for arn in listed] == ["theirs"] * (
            str(target) == f"{PROD}/{WEST}"
        )
        assert target.call_counter.calls["ecs:ListClusters"] == 1
    assert [call.account for call in aws.calls.of("ecs", "ListClusters")] == [HOME] * 2 + [PROD] * 2
    assert len({id(target.ecs._client) for target in found.targets}) == 2


def test_a_chain_of_roles_takes_one_after_the_other(aws: FakeAws):
    hop = f"arn:aws:iam::{TEAM}:role/path/hop"
    aws.role(TEAM, "path/hop", external_id="7f3c")
    aws.role(PROD, "last", external_id="7f3c", trusted=(TEAM,))
    access = {"role": (hop, "last"), "external_id": "7f3c", "session_name": "me"}
    found = resolved(entry(**access), "{}")
    assert len(of(found, PROD)) == 2
    first, second = (call.parameters for call in aws.calls.of("sts", "AssumeRole"))
    assert (first["RoleArn"], second["RoleArn"]) == (hop, f"arn:aws:iam::{PROD}:role/last")
    assert first["RoleSessionName"] == second["RoleSessionName"] == "me"
    assert ("Policy" in first, second["Policy"]) == (False, "{}")


def test_sts_and_the_rest_are_asked_in_the_home_region(aws: FakeAws):
    organization = aws.organization(HOME)
    organization.add(PROD)
    aws.account(HOME, "ap-south-1")
    resolved(Targets(Organization(), scan=SCAN, registries=REGISTRY, home_region="ap-south-1"))
    calls = [call for call in aws.calls if call.operation != "GetCallerIdentity"]
    regional = {call.region for call in calls if call.service != "organizations"}
    assert regional == {"ap-south-1"}


def test_a_profile_has_its_own_credentials(aws: FakeAws, tmp_path: Path, monkeypatch: Any):
    (tmp_path / "credentials").write_text(
        f"[legacy]\naws_access_key_id = AKIA{PROD}\naws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    assert len(of(resolved(entry(profile="legacy")), PROD)) == 2
    assert not aws.calls.of("sts", "AssumeRole")
    [(status, text)] = notes(resolved(entry(profile="other")))
    assert status is ReadStatus.FAILED
    assert "The config profile (other) could not be found" in text


def test_credentials_of_another_account_are_refused(aws: FakeAws, tmp_path: Path, monkeypatch: Any):
    """B25. A profile, or a role's ARN, may be of another account than the entry says."""
    (tmp_path / "credentials").write_text(
        f"[legacy]\naws_access_key_id = AKIA{TEAM}\naws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    aws.account(TEAM)
    aws.role(TEAM, "scan")
    for access in ({"profile": "legacy"}, {"role": (f"arn:aws:iam::{TEAM}:role/scan",)}):
        found = resolved(entry(**access))
        assert of(found, PROD) == []
        assert notes(found) == [
            (
                ReadStatus.FAILED,
                f"{PROD}: the credentials are of {TEAM}, not of {PROD}; correct them",
            )
        ]


def test_the_management_account_is_told_apart(aws: FakeAws):
    aws.organization(PROD).delegated.add(HOME)
    del aws.world.roles[f"arn:aws:iam::{PROD}:role/scan"]
    found = resolved(Targets(Organization(), scan=SCAN, registries=REGISTRY))
    [(status, text)] = notes(found)
    assert status is ReadStatus.DENIED
    assert "this is the management account, which no stack set reaches" in text


def test_where_regions_may_not_be_asked_for_named_ones_are_tried(aws: FakeAws):
    aws.fault("ec2", "DescribeRegions", Fault.denied(), times=99, account=PROD)
    found = resolved(entry(role=("scan",), regions=(WEST, "ap-south-1")))
    assert [target.registry.region for target in of(found, PROD)] == ["ap-south-1", WEST, EAST]
    [(status, text)] = notes(resolved(entry(role=("scan",), regions=("eu-*",))))
    assert status is ReadStatus.DENIED
    assert text.endswith("or name the regions of the account instead of `enabled` and globs")


def test_a_list_of_regions_that_is_empty_is_not_believed(aws: FakeAws):
    nothing = Fault(lambda request, run: run(request) | {"Regions": []})
    aws.fault("ec2", "DescribeRegions", nothing, times=99, account=PROD)
    [(status, text)] = notes(resolved(entry(role=("scan",))))
    assert status is ReadStatus.FAILED
    assert "names no region" in text


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("*",), Regions((WEST, EAST))),
        (("us-*",), Regions((EAST,))),
        (("ap-*",), Regions((EAST,))),
        ((WEST, "ap-east-1"), Regions((WEST, EAST), ("ap-east-1",))),
    ],
)
def test_regions_are_those_that_are_enabled(patterns: tuple[str, ...], expected: Regions):
    """The regions of registries always are; a glob that covers nothing is no mistake."""
    assert chosen(patterns, {EAST}, {EAST, WEST}) == expected


def test_old_endpoints_are_walked_for_units(aws: FakeAws):
    organization = aws.organization(HOME)
    organization.shows_paths = False
    for number in range(30):
        organization.add(f"5{number:011}", "", "ACTIVE", "ou-fake-1", "ou-fake-2")
    organization.add(PROD, "prod")
    targets = Targets(Organization(exclude=("ou-fake-1",)), scan=SCAN, registries=REGISTRY)
    found = resolved(targets)
    assert [one.account.id for one in found.accounts if one.targets] == [HOME, PROD]
    assert len([one for one in found.accounts if one.account.left_out]) == 30
    assert found.organization.id == "o-fake123456"
    assert found.organization.paths[PROD] == ()


def test_policies_may_speak_of_the_organization(aws: FakeAws):
    aws.organization(HOME).add(PROD, "prod", "ACTIVE", "ou-fake-1")
    found = resolved(Targets(Organization(), scan=SCAN, registries=REGISTRY)).organization
    assert found.paths == {
        HOME: ("o-fake123456/r-fake/",),
        PROD: ("o-fake123456/r-fake/ou-fake-1/",),
    }
    assert resolved(entry(role=("scan",))).organization == UNKNOWN


@pytest.mark.parametrize("end", ["", "/", "/222222222222", "/222222222222/"])
def test_a_path_ends_with_the_last_unit_and_a_slash(end: str):
    """As in `aws:PrincipalOrgPaths`; without the slash, `.../ou-1/*` would not be of `ou-1`."""
    row = {
        "Id": PROD,
        "Arn": f"arn:aws:organizations::{HOME}:account/o-1/{PROD}",
        "Paths": [f"o-1/r-2/ou-1{end}"],
    }
    with Stubs() as stubs:
        stubs.answer("ListAccounts", {"Accounts": [row]}, MaxResults=20)
        [member] = members(stubs.target.reading("organizations"), ())
    assert member.paths == ("o-1/r-2/ou-1/",)
    assert member.above == {"o-1", "r-2", "ou-1"}


def test_a_run_is_within_one_partition(aws: FakeAws):
    registry = RegistryEntry("self", ("cn-north-1",))
    with pytest.raises(UsageError, match="cn-north-1 is in the partition aws-cn"):
        resolved(Targets(registries=(registry,)))


def test_without_an_organization_there_is_nobody_to_list(aws: FakeAws):
    with pytest.raises(AwsError, match="not a member of an organization"):
        resolved(Targets(Organization(), scan=SCAN, registries=REGISTRY))

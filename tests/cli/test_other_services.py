"""What every other service uses is kept, unless it is excluded; and what is not read is said."""

from pathlib import Path

import pytest

from ecrm.sources import SOURCES
from tests.cli.driving import TARGET, Ecrm
from tests.every_service import ANSWERS, BY_DIGEST, NO_IMAGES, use
from tests.fake_aws import FOREVER, FakeAws, Fault, Image, days_ago

pytestmark = pytest.mark.usefixtures("every_source")

RULES = "repositories: [{name_pattern: '*', expires: 30d}]\n"


@pytest.fixture
def images(aws: FakeAws) -> dict[str, Image]:
    """By the source that alone tells of it, whose name is also its tag."""
    aws.ecs.cluster("prod")
    elsewhere = aws.ecr.repository("shop/elsewhere")
    return {
        source: elsewhere.push(source, pushed=days_ago(100))
        for source in ANSWERS
        if source not in NO_IMAGES
    }


def config(ecrm: Ecrm, *excluded: str) -> None:
    entries = [f"{{name: {source.name}}}" for source in SOURCES if not source.by_default]
    entries += [f"{{name: {name}, exclude: true}}" for name in excluded]
    ecrm.config(f"{RULES}sources: [{', '.join(entries)}]\n")


def kept(ecrm: Ecrm) -> set[str]:
    return {
        tag
        for planned in ecrm.plan()["repositories"]
        for decision in planned.get("kept", [])
        if decision["reason"] == "in_use"
        for tag in decision["image"]["tags"]
    }


@pytest.mark.slow
def test_each_image_in_use_is_found_in_one_way_only(ecrm: Ecrm, aws: FakeAws, images):
    config(ecrm)
    assert kept(ecrm) == set()
    for source in images:
        image = images[source]
        forget = use(aws, source, image.by_digest if source in BY_DIGEST else image.by_tag)
        assert kept(ecrm) == {source}
        forget()


def test_what_is_excluded_protects_nothing_and_every_plan_says_so(ecrm: Ecrm, aws, images):
    for source in ("batch", "pipes"):
        use(aws, source, images[source].by_tag)
    config(ecrm, "batch", "scheduler")
    assert kept(ecrm) == {"pipes"}
    ran = ecrm("plan")
    line = f"  scheduler, batch of {TARGET}: excluded, 0 references; excluded by sources"
    assert line in ran.out.splitlines()
    assert "scheduler:ListSchedules" not in aws.calls.names


def test_sources_that_name_nothing_share_a_line(ecrm: Ecrm, aws, images):
    use(aws, "batch", images["batch"].by_tag)
    ran = ecrm("plan")
    lines = ran.out.partition("\nSources:\n")[2].splitlines()
    assert f"  batch of {TARGET}: read, 1 reference" in lines
    [quiet] = [line for line in lines if "read, 0 references" in line]
    others = sum(source.by_default for source in SOURCES) - 1
    assert quiet == f"  {others} sources of {TARGET}: read, 0 references"


def test_all_actions_that_a_role_of_before_lacks_are_named_at_once(ecrm: Ecrm, aws, images):
    """With both remedies; and nothing is deleted."""
    for service in ("events", "scheduler", "batch"):
        aws.fault(service, "*", Fault.denied(), times=FOREVER)
    ran = ecrm("delete", "--force")
    assert ran.code == 1
    assert not aws.calls.writes
    [remedy] = [line for line in ran.errors if "; to read " in line]
    assert "to read eventbridge, scheduler, batch, allow batch:DescribeJobDefinitions, " in remedy
    assert "events:ListTargetsByRule, scheduler:GetSchedule, " in remedy
    assert "sources: [{name: eventbridge, exclude: true}, {name: scheduler, " in remedy


def test_the_sources_are_listed_without_asking_aws(ecrm: Ecrm, aws: FakeAws):
    config(ecrm, "batch")
    ran = ecrm("sources", "--format", "json")
    assert ran.code == 0
    rows = {row["source"]: row for row in ran.json["sources"]}
    assert list(rows) == [source.name for source in SOURCES]
    assert not rows["batch"]["read"]
    assert rows["stepfunctions-versions"]["read"]
    assert rows["pipes"]["actions"] == [
        *("ecs:DescribeTaskDefinition", "pipes:DescribePipe", "pipes:ListPipes"),
    ]
    assert "batch: AWS Batch, excluded" in ecrm("sources").out
    assert aws.calls == []


def test_the_sources_follow_the_configuration_wherever_it_is(ecrm: Ecrm, aws: FakeAws):
    text = f"{RULES}sources:\n- {{name: batch, exclude: true}}\n"
    aws.s3.bucket("team")
    aws.s3.put("team", "ecrm.yaml", text)
    excluded = "batch: AWS Batch, excluded"
    assert excluded in ecrm("sources", "-c", "s3://team/ecrm.yaml").out
    Path("ecrm.yaml").unlink()
    assert excluded in ecrm("sources", ECRM_CONFIG_YAML=text).out
    assert "batch: AWS Batch, read" in ecrm("sources").out


def test_a_source_that_does_not_exist_is_an_error_with_its_line(ecrm: Ecrm):
    ecrm.config(f"{RULES}sources:\n- {{name: bacth, exclude: true}}\n")
    ran = ecrm("sources")
    assert ran.code == 2
    [line] = ran.errors
    assert "ecrm.yaml:3: sources[0].name: 'bacth' is not known here; write ecs or " in line

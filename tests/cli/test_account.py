"""Plan and delete against an account that behaves as AWS does, where a lenient double would not."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import TARGET, Ecrm, decisions
from tests.fake_aws import FOREVER, HELM_CHART, SOCI_INDEX, FakeAws, Fault, cosign_tag, days_ago
from tests.fake_aws.sample import build_sample

WITH_REGISTRY_ID = {
    "BatchDeleteImage",
    "BatchGetImage",
    "DescribeImages",
    "DescribeRepositories",
    "GetRepositoryPolicy",
    "UpdateImageStorageClass",
}


def test_b13_plan_changes_nothing(ecrm: Ecrm, shop: Shop):
    for command in (["plan"], ["plan", "--out", "p.json"], ["scan"], ["snapshot"]):
        assert ecrm(*command).code == 0
    assert ecrm("explain", "shop/api:v1").code == 0
    assert not shop.aws.calls.writes


@pytest.mark.parametrize(
    "command",
    ["scan", "plan", "explain shop/api:v1", "snapshot", "check", "generate --force", "delete -y"],
)
@pytest.mark.usefixtures("every_source")
def test_no_command_asks_the_same_twice(ecrm: Ecrm, aws: FakeAws, command: str):
    build_sample(aws.account())
    resize = aws.lambda_.functions["resize"]
    worker = aws.ecr.repository("shop/worker")
    for number in (2, 3):
        aws.lambda_.update(resize, worker.push(f"resize-{number}", pushed=days_ago(60)))
        resize.publish()
    ecrm.config("""
        lambda_functions: [{name_pattern: "*", keep_count: 1}]
        repositories: [{name_pattern: "*", expires: 30d}]
    """)
    assert ecrm("--no-cache", *command.split()).code == 0
    asked = Counter((call.name, json.dumps(call.parameters, sort_keys=True)) for call in aws.calls)
    assert [call for call, times in asked.items() if times > 1] == []


@pytest.mark.parametrize("command", [["check"], ["explain", "shop/api:v1"]])
def test_who_may_pull_is_asked_only_for_a_plan_that_shows_it(
    ecrm: Ecrm, shop: Shop, command: list[str]
):
    ecrm(*command)
    policies = {"ecr:GetRepositoryPolicy", "ecr:GetRegistryPolicy"}
    assert policies.isdisjoint(shop.aws.calls.names)
    ecrm("plan")
    assert policies <= {*shop.aws.calls.names}


def test_b14_delete_names_to_ecr_exactly_what_plan_shows(ecrm: Ecrm, shop: Shop):
    shop.repository.push_index("multi", pushed=days_ago(60), attested=True)
    shop.aws.ecr.repository("shop/worker").push("v1", pushed=days_ago(60))
    planned = decisions(ecrm.plan())
    assert len(planned) == 7
    assert ecrm("delete", "--force").code == 0
    assert sorted(shop.deleted) == sorted(planned)
    assert ecrm("plan", "--format", "json").rows == {
        ("shop/api", "Image"): (0, 3),
        ("shop/worker", "Image"): (0, 0),
    }


@pytest.mark.parametrize("revisions", [True, False])
def test_b6_what_a_moved_tag_meant_when_the_service_was_deployed_is_kept(
    ecrm: Ecrm, aws: FakeAws, revisions: bool
):
    api = aws.ecr.repository("api")
    running = api.push("stable", pushed=days_ago(90))
    definition = aws.ecs.task_definition("web", running)
    aws.ecs.cluster("prod").service("web", definition, revisions=revisions)
    between = api.push("stable", pushed=days_ago(80))
    newest = api.push("stable", pushed=days_ago(70))
    assert ecrm("delete", "--force").code == 0
    assert set(api) == {running, newest}
    assert between not in api
    assert running.tags == ()


def test_b6_a_function_keeps_the_image_that_it_resolved_and_the_one_the_tag_means_now(
    ecrm: Ecrm, aws: FakeAws
):
    api = aws.ecr.repository("api")
    resolved = api.push("live", pushed=days_ago(90))
    function = aws.lambda_.function("resize", resolved)
    function.publish()
    between = api.push("live", pushed=days_ago(80))
    now = api.push("live", pushed=days_ago(70))
    assert ecrm("delete", "--force").code == 0
    assert set(api) == {resolved, now}
    assert between not in api


def test_b8_both_sides_of_a_deployment_and_a_service_scaled_to_zero_keep_their_images(
    ecrm: Ecrm, aws: FakeAws
):
    ecrm.config("""
        task_definitions: [{name_pattern: "*", keep_count: 1}]
        repositories: [{name: api, expires: 30d}]
    """)
    api = aws.ecr.repository("api")
    v1, v2, v3, blue, green, off, off_new = (
        api.push(tag, pushed=days_ago(90))
        for tag in ("v1", "v2", "v3", "blue", "green", "off", "off-new")
    )
    cluster = aws.ecs.cluster("prod")
    aws.ecs.task_definition("web", v1)
    web = cluster.service("web", aws.ecs.task_definition("web", v2))
    web.deploy(aws.ecs.task_definition("web", v3), finished=False)
    shop = cluster.service("shop", aws.ecs.task_definition("shop", blue), controller="CODE_DEPLOY")
    shop.task_set(aws.ecs.task_definition("shop", green))
    cluster.service("off", aws.ecs.task_definition("off", off), desired=0)
    aws.ecs.task_definition("off", off_new)
    assert ecrm("delete", "--force").code == 0
    assert set(api) == {v2, v3, blue, green, off, off_new}


def test_b30_a_deregistered_task_definition_still_runs(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("api")
    image = api.push("v1", pushed=days_ago(90))
    definition = aws.ecs.task_definition("web", image)
    aws.ecs.cluster("prod").service("web", definition, desired=0, revisions=False)
    aws.ecs.deregister(definition)
    assert ecrm("delete", "--force").code == 0
    assert image in api


def test_b1_and_b2_an_index_is_deleted_or_kept_with_all_that_belongs_to_it(
    ecrm: Ecrm, aws: FakeAws
):
    api = aws.ecr.repository("api")
    shared = api.push(pushed=days_ago(90))
    kept = api.push_index(
        "kept", children=[shared, api.push(pushed=days_ago(90))], pushed=days_ago(90), attested=True
    )
    inner = api.push_index(pushed=days_ago(90), attested=True)
    outer = api.push_index("nested", children=[inner, shared], pushed=days_ago(90))
    for image in (kept, outer):
        api.push(cosign_tag(image), pushed=days_ago(90))
        api.push_artifact(subject=image, pushed=days_ago(90))
        api.push_artifact("soci", subject=image, artifact_type=SOCI_INDEX, pushed=days_ago(90))
    aws.ecs.cluster("prod").run(aws.ecs.task_definition("job", kept))
    before = set(api)

    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])
    assert "NOT DONE" not in ran.out
    belongs = {*kept.children, cosign_tag(kept)}
    assert {image for image in api if image is not kept and image.subject != kept.digest} == {
        image for image in before if image.digest in belongs or cosign_tag(kept) in image.tags
    }
    assert len(api) == 1 + 4 + 3  # the index, two platforms with attestations, three referrers


@pytest.mark.usefixtures("another_use")
def test_b4_a_repository_of_2500_images_is_read_and_cleaned_in_one_run(ecrm: Ecrm, aws: FakeAws):
    big = aws.ecr.repository("big")
    big.fill(2500, newest=days_ago(31), every=60)
    rows = ecrm("plan", "--format", "json").rows
    assert rows == {("big", "Image"): (2500, 2500)}
    assert len(aws.calls.of("ecr", "DescribeImages")) == 3

    aws.calls.clear()
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])
    assert "\nDeleted 2500 (25 GB) of 2,500 images.\n" in ran.out
    sizes = [len(call.parameters["imageIds"]) for call in aws.calls.of("ecr", "BatchDeleteImage")]
    assert sizes == [100] * 25
    assert len(big) == 0


@pytest.mark.usefixtures("another_use")
@pytest.mark.parametrize(("count", "calls"), [(1, 1), (99, 1), (100, 1), (101, 2), (250, 3)])
def test_b4_no_call_names_more_than_100_images(ecrm: Ecrm, aws: FakeAws, count: int, calls: int):
    repository = aws.ecr.repository("app")
    repository.fill(count, newest=days_ago(31), every=60)
    assert ecrm("delete", "--force").code == 0
    assert len(aws.calls.of("ecr", "BatchDeleteImage")) == calls
    assert len(repository) == 0


def test_b25_every_call_to_ecr_names_the_registry(ecrm: Ecrm, shop: Shop):
    shop.repository.push_index("multi", pushed=days_ago(60))
    archive = shop.aws.ecr.repository("archive")
    archive.push("v1", pushed=days_ago(60))
    ecrm.config("""
        repositories:
          - {name: archive, expires: 30d, action: archive}
          - {name: shop/api, expires: 30d}
    """)
    assert ecrm("delete", "--force").code == 0
    assert ecrm("plan", "-r", "archive").code == 0
    seen = [call for call in shop.aws.calls.of("ecr") if call.operation in WITH_REGISTRY_ID]
    assert {call.operation for call in seen} == WITH_REGISTRY_ID
    assert {call.parameters.get("registryId") for call in seen} == {"123456789012"}
    assert {(call.account, call.region) for call in shop.aws.calls} == {
        ("123456789012", "us-east-1")
    }


def test_b25_another_account_and_region_are_named_as_such(
    ecrm: Ecrm, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
):
    other = aws.account("222222222222", "eu-west-1")
    api = other.ecr.repository("api")
    used = api.push("v1", pushed=days_ago(90))
    other.ecs.cluster("prod").service("web", other.ecs.task_definition("web", used))
    api.push("v0", pushed=days_ago(90))
    for name, value in aws.env("222222222222", "eu-west-1").items():
        monkeypatch.setenv(name, value)
    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert "1 (10 MB) of 2 (20 MB) images can be deleted, in 1 repository of " in ran.out
    assert "222222222222/eu-west-1.\n" in ran.out
    assert set(api) == {used}


def test_an_option_for_the_region_wins_over_the_environment(ecrm: Ecrm, aws: FakeAws):
    aws.account(region="eu-west-1").ecr.repository("api").push("v1", pushed=days_ago(90))
    for arguments in (["--region", "eu-west-1", "plan"], ["plan", "--region", "eu-west-1"]):
        ran = ecrm(*arguments)
        assert ran.code == 0
        assert "in 1 repository of 123456789012/eu-west-1." in ran.out


def test_a_repository_is_cleaned_alone_while_the_whole_account_is_scanned(ecrm: Ecrm, shop: Shop):
    worker = shop.aws.ecr.repository("shop/worker")
    worker.push("v1", pushed=days_ago(60))
    ran = ecrm("delete", "--force", "-r", "shop/api")
    assert ran.code == 0
    assert set(shop.repository) == {shop.used, shop.latest, shop.young}
    assert len(worker) == 1


def test_an_unknown_repository_is_an_error(ecrm: Ecrm, shop: Shop):
    for command in (["plan"], ["delete", "--force"]):
        ran = ecrm(*command, "-r", "shop/appi")
        assert (ran.code, ran.out) == (1, "")
        assert ran.errors == [f"ecrm: error: there is no repository shop/appi in {TARGET}"]


def test_b33_a_repository_that_no_rule_matches_is_not_even_read(ecrm: Ecrm, shop: Shop):
    ecrm.config('repositories: [{name_pattern: "shop/*", expires: 30d}]')
    cdk = shop.aws.ecr.repository("cdk-assets")
    cdk.push(pushed=days_ago(900))
    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert "  no rule matches, so nothing is touched: cdk-assets\n" in ran.out
    assert len(cdk) == 1
    read = shop.aws.calls.of("ecr", "DescribeImages")
    assert {call.parameters["repositoryName"] for call in read} == {"shop/api"}
    alone = ecrm("plan", "-r", "cdk-assets")
    assert alone.code == 0
    assert "  no rule matches, so nothing is touched: cdk-assets\n" in alone.out


def test_b10_what_no_entry_names_is_scanned_all_the_same(ecrm: Ecrm, shop: Shop):
    ecrm.config("""
        clusters: [{name: other}]
        task_definitions: [{name: other, keep_count: 1}]
        lambda_functions: [{name: other, keep_count: 1}]
        repositories: [{name_pattern: "*", expires: 30d}]
    """)
    resize = shop.repository.push("resize", pushed=days_ago(60))
    shop.aws.lambda_.function("resize", resize)
    assert set(decisions(ecrm.plan())) == {shop.old.digest}


def test_only_exclude_leaves_something_out_and_the_plan_shows_it(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("api")
    images = {name: api.push(name, pushed=days_ago(90)) for name in ("cluster", "family", "fn")}
    definition = aws.ecs.task_definition("job", images["cluster"])
    aws.ecs.cluster("legacy").run(definition)
    aws.ecs.task_definition("one-off", images["family"])
    aws.lambda_.function("resize", images["fn"])
    ecrm.config("""
        clusters: [{name: legacy, exclude: true}]
        task_definitions: [{name_pattern: "*", exclude: true}]
        lambda_functions: [{name: resize, exclude: true}]
        repositories: [{name_pattern: "*", expires: 30d}]
        guards: {nothing_in_use: false}
    """)
    ran = ecrm("plan", "--format", "json", "--no-guards")
    assert ran.rows == {("api", "Image"): (3, 3)}
    text = ecrm("plan").out
    assert (
        f"  ecs of {TARGET}: excluded, 0 references; cluster legacy: excluded by clusters; "
        "task definitions of job: excluded by task_definitions; "
        "task definitions of one-off: excluded by task_definitions\n"
    ) in text
    assert "; function resize: excluded by lambda_functions\n" in text


@pytest.mark.usefixtures("another_use")
def test_b32_an_archived_image_is_kept_and_does_not_count_for_keep_count(ecrm: Ecrm, aws: FakeAws):
    ecrm.config("repositories: [{name: api, expires: 30d, keep_count: 1}]")
    api = aws.ecr.repository("api")
    archived = api.push("v3", pushed=days_ago(60))
    api.archive(archived)
    kept = api.push("v2", pushed=days_ago(70))
    api.push("v1", pushed=days_ago(80))
    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert set(api) == {archived, kept}
    assert "\n  1  archived\n" in ran.out


@pytest.mark.usefixtures("another_use")
def test_helm_charts_are_kept_unless_the_rule_opts_in(ecrm: Ecrm, aws: FakeAws):
    charts = aws.ecr.repository("charts")
    charts.push("1.0.0", config_type=HELM_CHART, pushed=days_ago(90))
    assert ecrm("plan", "--format", "json").rows == {
        ("charts", "Image"): (0, 0),
        ("charts", "Artifact"): (0, 1),
    }
    ecrm.config("repositories: [{name: charts, expires: 30d, delete_artifacts: true}]")
    assert ecrm("delete", "--force").code == 0
    assert len(charts) == 0


@pytest.mark.usefixtures("another_use")
def test_b16_a_pull_keeps_and_never_pulled_is_not_old(ecrm: Ecrm, aws: FakeAws):
    ecrm.config("repositories: [{name: api, expires: 30d, keep_pulled_within: 20d}]")
    api = aws.ecr.repository("api")
    pulled = api.push("pulled", pushed=days_ago(90), pulled=days_ago(10))
    api.push("pulled-long-ago", pushed=days_ago(90), pulled=days_ago(40))
    fresh = api.push("never-pulled", pushed=days_ago(3))
    child = api.push(pushed=days_ago(90), pulled=days_ago(10))
    index = api.push_index("multi", children=[child], pushed=days_ago(90))
    assert ecrm("delete", "--force").code == 0
    assert set(api) == {pulled, fresh, child, index}


@pytest.mark.usefixtures("another_use")
def test_b17_an_identity_whose_pulls_do_not_count_can_plan_without_keeping_what_it_reads(
    ecrm: Ecrm, aws: FakeAws
):
    ecrm.config("repositories: [{name: api, expires: 30d, keep_pulled_within: 20d}]")
    aws.ecr.pull_time_exclusions.append(aws.account().identity)
    api = aws.ecr.repository("api")
    api.push_index("v1", pushed=days_ago(90))
    planned = decisions(ecrm.plan())
    assert len(planned) == 3
    assert ecrm("delete", "--force").code == 0
    assert len(api) == 0


def test_b17_where_nothing_is_deletable_no_manifest_is_read(ecrm: Ecrm, aws: FakeAws):
    index = aws.ecr.repository("api").push_index("latest", pushed=days_ago(10))
    assert ecrm("plan").code == 0
    assert not aws.calls.of("ecr", "BatchGetImage")
    assert index.pulled is None


@pytest.mark.usefixtures("another_use")
def test_b21_an_index_with_a_missing_child_is_reported_and_deleted(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("api")
    child, ghost = api.push(pushed=days_ago(90)), api.push(pushed=days_ago(90))
    api.push_index("v1", children=[child, ghost], pushed=days_ago(90))
    api.remove(ghost)
    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert "\nNotes:\n  api: 1 index refers to an image that is missing from ECR\n" in ran.out
    assert len(api) == 0


def test_an_image_in_use_that_is_not_there_is_worth_knowing(ecrm: Ecrm, shop: Shop):
    lost = shop.repository.push("lost", pushed=days_ago(60))
    shop.aws.ecs.cluster("prod").service("lost", shop.aws.ecs.task_definition("lost", lost))
    shop.repository.remove(lost)
    text = ecrm("plan").out
    assert "  shop/api:lost is in use but missing from ECR\n" in text
    assert f"  shop/api@{lost.digest} is in use but missing from ECR\n" in text


def test_b3_and_b20_only_what_aws_says_is_counted(ecrm: Ecrm, shop: Shop):
    others = [shop.repository.push(f"x{n}", pushed=days_ago(60 + n)) for n in range(3)]
    refused, gone, fine = others
    shop.aws.fault(
        "ecr", "BatchDeleteImage", Fault.failure("KmsError", "key is off", of=refused.digest)
    )
    shop.aws.before("ecr", "BatchDeleteImage", lambda: shop.repository.remove(gone))
    ran = ecrm("delete", "--force")
    assert ran.code == 4
    assert "\nDeleted 2 (20 MB) of 4 images.\n" in ran.out
    assert f"\nFailed: shop/api@{refused.digest} (x0): KmsError: key is off\n" in ran.out
    assert refused in shop.repository
    assert fine not in shop.repository
    assert "ALREADY GONE" in ran.out


def test_b15_what_was_tagged_or_deployed_since_the_plan_is_skipped(ecrm: Ecrm, shop: Shop):
    skipped = shop.repository.push("v0", pushed=days_ago(200))
    retagged = shop.repository.push("v00", pushed=days_ago(210))

    def meanwhile() -> None:
        shop.aws.ecs.cluster("prod").run(shop.aws.ecs.task_definition("job", skipped))
        shop.repository.tag(retagged, "back")

    shop.aws.after("ecr", "DescribeImages", meanwhile)
    ran = ecrm("delete", "--force", "--in-use-max-age", "0s")
    assert ran.code == 0
    assert skipped in shop.repository
    assert retagged in shop.repository
    assert shop.old not in shop.repository
    assert f"Skipped: shop/api@{skipped.digest} (v0): now in use by task prod/" in ran.out
    assert (
        f"Skipped: shop/api@{retagged.digest} (v00): its tags have changed from v00 to back, v00\n"
    ) in ran.out


def test_several_failures_at_once_are_all_reported(ecrm: Ecrm, shop: Shop):
    for name in ("aa", "bb"):
        shop.aws.ecr.repository(name).push("v1", pushed=days_ago(60))
    aws = shop.aws
    aws.fault("lambda", "ListFunctions", Fault.denied(), times=FOREVER)
    for name, fault in (("aa", Fault.denied()), ("bb", Fault.server_error())):
        aws.fault(
            *("ecr", "DescribeImages", fault),
            times=FOREVER,
            when=lambda params, name=name: params["repositoryName"] == name,
        )
    ran = ecrm("delete", "--force")
    assert ran.code == 1
    errors = [line for line in ran.errors if line.startswith("ecrm: error: ")]
    assert len(errors) == 4
    assert errors[0].startswith("ecrm: error: lambda:ListFunctions is denied; allow it: User: ")
    assert errors[1].startswith("ecrm: error: aa: ecr:DescribeImages is denied; allow it: User: ")
    assert errors[2].startswith("ecrm: error: bb: ecr:DescribeImages: ServerException: Internal")
    assert ran.errors[-1] == "ecrm: error: nothing was deleted, since the plan is incomplete"
    lines = ran.out.splitlines()
    assert lines[0] == lines[-1]
    assert lines[0].startswith("INCOMPLETE: 3 things could not be read")
    assert "\n  aa: ecr:DescribeImages is denied; allow it" in ran.out
    assert "\n  bb: ecr:DescribeImages: ServerException" in ran.out
    assert " shop/api " in ran.out
    assert not aws.calls.writes


def test_with_credentials_that_expire_meanwhile_nothing_is_counted(ecrm: Ecrm, shop: Shop):
    for number in range(9):
        shop.aws.ecr.repository(f"app{number}").push("v1", pushed=days_ago(60))
    shop.aws.fault("ecr", "DescribeImages", Fault.expired(), times=FOREVER)
    for command in (["plan"], ["delete", "--force"]):
        ran = ecrm(*command)
        assert ran.code == 1
        assert "can be deleted" not in ran.out
        assert "0 (0 B)" not in ran.out
        assert ran.errors[0].endswith("(also app1, app2, app3 and 6 more)")
        assert sum("expired" in line for line in ran.errors) == 1
    rows = ecrm("plan", "--format", "json").json
    assert [row["complete"] for row in rows] == [False] * 10
    assert rows[0]["missing"] == [ran.errors[0].removeprefix("ecrm: error: ")]


def test_delete_tries_the_other_repositories_where_one_is_denied(ecrm: Ecrm, shop: Shop):
    shop.aws.ecr.repository("aa").push("v1", pushed=days_ago(60))
    shop.aws.fault(
        *("ecr", "BatchDeleteImage", Fault.denied()),
        times=FOREVER,
        when=lambda params: params["repositoryName"] == "aa",
    )
    ran = ecrm("delete", "--force")
    assert ran.code == 4
    assert "\nDeleted 1 (10 MB) of 2 images.\n" in ran.out
    assert "): ecr:BatchDeleteImage is denied; allow it: User: " in ran.out
    assert shop.old not in shop.repository


def test_deleted_images_come_back_from_the_journal(ecrm: Ecrm, shop: Shop):
    index = shop.repository.push_index("multi", pushed=days_ago(60), attested=True)
    before = {image.digest: image.tags for image in shop.repository}
    ran = ecrm("delete", "--force", "--journal", "journal.jsonl")
    assert ran.code == 0
    assert ran.err.splitlines()[0] == "ecrm: info: the journal is journal.jsonl"
    assert ran.errors == []
    assert ran.out.endswith("\nUndo: ecrm restore journal.jsonl\n")
    lines = [json.loads(line) for line in Path("journal.jsonl").read_text().splitlines()]
    assert lines[-1]["complete"] is True
    assert index not in shop.repository
    ran = ecrm("restore", "--yes", "journal.jsonl")
    assert (ran.code, ran.err) == (0, "")
    assert {image.digest: image.tags for image in shop.repository} == before


def test_the_journal_is_in_the_state_folder_unless_said(ecrm: Ecrm, shop: Shop, state: Path):
    assert ecrm("delete", "--force").code == 0
    (journal,) = (state / "journals").iterdir()
    assert journal.name.endswith("Z-123456789012-us-east-1.jsonl")
    assert shop.old.digest in journal.read_text()


def test_nothing_is_deleted_where_no_journal_can_be_written(ecrm: Ecrm, shop: Shop):
    Path("file").write_text("")
    ran = ecrm("delete", "--force", "--journal", "file/journal.jsonl")
    assert ran.code == 1
    what = "the journal file/journal.jsonl cannot be written: its folder cannot be made"
    assert ran.errors == [f"ecrm: error: {what}: File exists; nothing is deleted without a journal"]
    assert ran.out.count("REPOSITORY") == 1  # the plan; there are no outcomes to show
    assert not shop.aws.calls.writes


def test_external_commands_protect_and_one_that_fails_stops_every_deletion(ecrm: Ecrm, shop: Shop):
    def configured(script: str) -> None:
        ecrm.config(f"""
            external_commands:
              - command: ["sh", "-c", {json.dumps(script)}]
            repositories: [{{name_pattern: "*", expires: 30d}}]
        """)

    configured(f"echo '[\"{shop.old.by_digest}\"]'")
    assert decisions(ecrm.plan()) == {}
    for script, why in (
        ("exit 3", "exit code 3"),
        ("echo '{}'", "this is no JSON array of image URIs"),
        ("echo", "this is no JSON array of image URIs: Expecting value: line 2 column 1 (char 1)"),
        ("echo '[\"Not An Image\"]'", "entry 0: 'Not An Image' is not an image reference"),
    ):
        configured(script)
        ran = ecrm("delete", "--force")
        assert ran.code == 1
        assert ran.errors[0] == f"ecrm: error: external command sh: {why}"
    assert not shop.aws.calls.writes

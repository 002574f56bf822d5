"""What a policy has depends on the command and on the configuration, and on nothing else."""

from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrm.config import Config
from ecrm.errors import UsageError
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.rule import Action
from ecrm.sources import SOURCES
from ecrm.sources.batch import BATCH
from ecrm.workflow.configuration import parse
from ecrm.workflow.iam_policy import Besides, Command, PolicyScope, policy
from tests.iam import actions, allows
from tests.operations import OPERATIONS

RULE = "repositories: [{name_pattern: 'shop/*', expires: 30d}]\n"
ARN = "arn:aws:ecr:us-east-1:123456789012:repository"
HERE = PolicyScope(account="123456789012", region="us-east-1")


def config(text: str) -> Config:
    return parse(dedent(text), "ecrm.yaml")


def rules(*rules: str) -> Config:
    return config("repositories:\n" + "".join(f"  - {{expires: 30d, {keys}}}\n" for keys in rules))


def statement(document: dict[str, Any], sid: str) -> dict[str, Any]:
    [found] = [entry for entry in document["Statement"] if entry["Sid"] == sid]
    found = dict(found)
    assert (found.pop("Sid"), found.pop("Effect")) == (sid, "Allow")
    return found


def resources(document: dict[str, Any], action: str) -> list[str]:
    return [
        resource
        for statement in document["Statement"]
        for resource in statement["Resource"]
        if action in statement["Action"]
    ]


# ---- commands


@pytest.mark.parametrize("command", [Command.SCAN, Command.PLAN, Command.SNAPSHOT])
def test_what_only_reads_may_do_nothing_but_what_its_clients_let_through(command: Command):
    assert actions(policy(command)) <= {
        operation.action for operation in OPERATIONS if not operation.writes
    }


def test_scan_does_not_touch_ecr():
    assert "ecr" not in {action.partition(":")[0] for action in actions(policy(Command.SCAN))}


def test_plan_reads_ecr_besides():
    assert actions(policy(Command.PLAN)) - actions(policy(Command.SCAN)) == {
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecr:DescribeRegistry",
        "ecr:DescribeRepositories",
        "ecr:GetRegistryPolicy",
        "ecr:GetRepositoryPolicy",
    }


@pytest.mark.parametrize("command", [Command.SNAPSHOT, Command.CHECK])
def test_a_snapshot_and_a_check_read_every_repository_whatever_the_rules_are(command: Command):
    of_one, of_any = policy(command, rules("name: app")), policy(command)
    assert of_one["Statement"][1:] == of_any["Statement"][1:]


def test_check_asks_for_previews_besides_and_not_who_may_pull():
    assert actions(policy(Command.CHECK)) ^ actions(policy(Command.PLAN)) == {
        "ecr:GetLifecyclePolicy",
        "ecr:GetLifecyclePolicyPreview",
        "ecr:StartLifecyclePolicyPreview",
        "ecr:GetRegistryPolicy",
        "ecr:GetRepositoryPolicy",
    }


def test_delete_changes_images_besides():
    assert actions(policy(Command.DELETE)) - actions(policy(Command.PLAN)) == {
        "ecr:BatchDeleteImage",
        "ecr:UpdateImageStorageClass",
    }


def test_restore_has_four_actions_of_its_own():
    assert actions(policy(Command.RESTORE)) == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:DescribeImages",
        "ecr:PutImage",
        "ecr:UpdateImageStorageClass",
    }


# ---- rules


@pytest.mark.parametrize(
    ("rule", "changing"),
    [
        ("name: a", {"ecr:BatchDeleteImage"}),
        ("name: a, action: archive", {"ecr:UpdateImageStorageClass"}),
        (
            "name: a, action: archive, delete_archived_after: 90d",
            {"ecr:BatchDeleteImage", "ecr:UpdateImageStorageClass"},
        ),
    ],
)
def test_delete_may_do_what_a_rule_asks_for(rule: str, changing: set[str]):
    given = rules(rule)
    allowed = actions(policy(Command.DELETE, given)) - actions(policy(Command.PLAN, given))
    assert allowed == changing


@pytest.mark.parametrize(
    ("rule", "changing"),
    [("name: a", "ecr:PutImage"), ("name: a, action: archive", "ecr:UpdateImageStorageClass")],
)
def test_restore_may_undo_what_a_rule_asks_for(rule: str, changing: str):
    assert actions(policy(Command.RESTORE, rules(rule))) == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:DescribeImages",
        changing,
    }


def test_an_action_that_is_given_comes_before_that_of_the_rules():
    archiving = policy(Command.DELETE, rules("name: a"), action=Action.ARCHIVE)
    assert "ecr:UpdateImageStorageClass" in actions(archiving)
    assert "ecr:BatchDeleteImage" not in actions(archiving)
    assert "ecr:BatchDeleteImage" in actions(
        policy(Command.DELETE, rules("name: a, action: archive"), action=Action.DELETE)
    )


def test_each_action_is_for_the_repositories_of_the_rules_that_need_it():
    given = rules("name: tools/ci", "name_pattern: 'shop/*-?'", "name: cold, action: archive")
    document = policy(Command.DELETE, given, HERE)
    read = [f"{ARN}/tools/ci", f"{ARN}/shop/*-?", f"{ARN}/cold"]
    assert statement(document, "ReadImages")["Resource"] == read
    assert statement(document, "DeleteImages")["Resource"] == read[:2]
    assert statement(document, "ArchiveImages")["Resource"] == read[2:]
    assert statement(document, "ReadRegistry")["Resource"] == ["*"]


def test_without_rules_nothing_but_names_is_read():
    document = policy(Command.DELETE, config("repositories: []"))
    assert actions(document) - actions(policy(Command.SCAN)) == {
        "ecr:DescribeRegistry",
        "ecr:DescribeRepositories",
    }


def test_a_pattern_that_another_covers_is_left_out():
    given = rules("name: shop/api", "name_pattern: 'shop/*'", "name_pattern: 'shop/a**'", "name: b")
    assert resources(policy(Command.PLAN, given, HERE), "ecr:DescribeImages") == [
        f"{ARN}/shop/*",
        f"{ARN}/b",
    ]
    twice = rules("name_pattern: '*'", "name_pattern: '**'")
    assert resources(policy(Command.PLAN, twice, HERE), "ecr:DescribeImages") == [f"{ARN}/*"]


def test_a_question_mark_covers_one_character_and_so_no_star():
    given = rules("name_pattern: 'a?'", "name_pattern: 'a*'")
    assert resources(policy(Command.PLAN, given, HERE), "ecr:DescribeImages") == [f"{ARN}/a*"]
    given = rules("name_pattern: 'a?'", "name_pattern: 'a*b'")
    assert len(resources(policy(Command.PLAN, given, HERE), "ecr:DescribeImages")) == 2


@pytest.mark.parametrize("name", ["name: 'shop/*'", "name: 'a?'", "name_pattern: '${aws:userid}*'"])
def test_what_no_repository_can_be_called_widens_nothing(name: str):
    given = rules(name, "name: app")
    assert resources(policy(Command.DELETE, given, HERE), "ecr:BatchDeleteImage") == [f"{ARN}/app"]


TEXTS = st.text("ab/-*?", min_size=1, max_size=6)
NAMES = st.text("ab/-", min_size=1, max_size=6)


@given(st.lists(st.tuples(st.booleans(), TEXTS), max_size=4), NAMES)
def test_iam_allows_a_repository_exactly_if_a_rule_matches_it(
    entries: list[tuple[bool, str]], name: str
):
    given = rules(
        *(
            f"name_pattern: '{pattern}'" if glob else f"name: '{pattern}'"
            for glob, pattern in entries
        ),
        "name: other",
    )
    document = policy(Command.DELETE, given, HERE)
    allowed = allows(document, "ecr:BatchDeleteImage", f"{ARN}/{name}")
    assert allowed == (
        given.rule_for(RepositoryKey(Registry("123456789012", "us-east-1"), name)) is not None
    )


# ---- what is excluded

IN_CLUSTERS = {
    "ecs:DescribeServiceRevisions",
    "ecs:DescribeServices",
    "ecs:DescribeTasks",
    "ecs:ListServices",
    "ecs:ListTasks",
}
IN_FUNCTIONS = {
    "lambda:GetFunction",
    "lambda:ListAliases",
    "lambda:ListProvisionedConcurrencyConfigs",
}


@pytest.mark.parametrize(
    ("sections", "skipped"),
    [
        (["clusters"], IN_CLUSTERS),
        (["task_definitions"], {"ecs:ListTaskDefinitions"}),
        # What a rule or a schedule starts is described all the same.
        (["clusters", "task_definitions"], {*IN_CLUSTERS, "ecs:ListTaskDefinitions"}),
        (["lambda_functions"], IN_FUNCTIONS),
    ],
)
def test_what_is_excluded_as_a_whole_is_not_read(sections: list[str], skipped: set[str]):
    text = RULE + "".join(
        f"{section}: [{{name_pattern: '*', exclude: true}}]\n" for section in sections
    )
    everything = actions(policy(Command.SCAN, config(RULE)))
    assert everything - actions(policy(Command.SCAN, config(text))) == skipped


@pytest.mark.parametrize(
    "entries",
    [
        "{name: a, exclude: true}",
        "{name_pattern: 'a*', exclude: true}",
        "{name: a}, {name_pattern: '*', exclude: true}",
        "{name: '*', exclude: true}",
        "{name_pattern: '*'}",
    ],
)
def test_what_is_excluded_in_part_is_read_otherwise(entries: str):
    text = f"{RULE}clusters: [{entries}]\n"
    assert actions(policy(Command.SCAN, config(text))) >= IN_CLUSTERS


def test_a_source_that_is_excluded_or_named_shrinks_or_grows_the_policy():
    everything = actions(policy(Command.SCAN, config(RULE)))
    without = actions(
        policy(Command.SCAN, config(f"{RULE}sources: [{{name: batch, exclude: true}}]\n"))
    )
    assert everything - without == {operation.action for operation in BATCH.operations}
    optional = f"{RULE}sources: [{{name: stepfunctions-versions}}]\n"
    more = actions(policy(Command.SCAN, config(optional)))
    assert more - everything == {"states:ListStateMachineVersions"}
    assert actions(policy(Command.SCAN)) >= more


def test_with_all_sources_excluded_nothing_is_read():
    names = ", ".join(f"{{name: {source.name}, exclude: true}}" for source in SOURCES)
    assert policy(Command.SCAN, config(f"{RULE}sources: [{names}]\n"))["Statement"] == []


# ---- locations


def test_account_region_and_partition_are_any_unless_given():
    given = rules("name: app")
    [anywhere] = resources(policy(Command.DELETE, given), "ecr:BatchDeleteImage")
    assert anywhere == "arn:aws:ecr:*:*:repository/app"
    place = PolicyScope("aws-cn", "123456789012", "cn-north-1")
    [there] = resources(policy(Command.DELETE, given, place), "ecr:BatchDeleteImage")
    assert there == "arn:aws-cn:ecr:cn-north-1:123456789012:repository/app"


def test_a_journal_is_written_by_delete_and_read_by_restore():
    besides = Besides(journal="s3://kept/ecrm/journals/")
    [written] = resources(policy(Command.DELETE, besides=besides), "s3:PutObject")
    assert written == "arn:aws:s3:::kept/ecrm/journals/*"
    document = policy(Command.RESTORE, besides=besides)
    assert resources(document, "s3:GetObject") == [written]
    assert statement(document, "ListJournal") == {
        "Action": ["s3:ListBucket"],
        "Resource": ["arn:aws:s3:::kept"],
        "Condition": {"StringLike": {"s3:prefix": ["ecrm/journals/*"]}},
    }
    assert not {
        action
        for action in actions(policy(Command.PLAN, besides=besides))
        if action.startswith("s3:")
    }


def test_what_the_lambda_function_reads_and_writes_besides():
    besides = Besides(
        config="s3://ours/ecrm.yaml",
        plan="s3://ours/plans/",
        report="s3://ours",
        topic="arn:aws:sns:us-east-1:123456789012:ours",
    )
    document = policy(Command.DELETE, besides=besides)
    assert statement(document, "ReadConfiguration") == {
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::ours/ecrm.yaml"],
    }
    assert statement(document, "ReadPlan")["Resource"] == ["arn:aws:s3:::ours/plans/*"]
    assert statement(document, "WriteReport")["Resource"] == ["arn:aws:s3:::ours/*"]
    assert statement(document, "Notify") == {
        "Action": ["sns:Publish"],
        "Resource": ["arn:aws:sns:us-east-1:123456789012:ours"],
    }


def test_a_plan_file_is_written_by_plan_and_read_by_delete():
    besides = Besides(plan="s3://ours/plans/today.json")
    place = {"Resource": ["arn:aws:s3:::ours/plans/today.json"]}
    written = statement(policy(Command.PLAN, besides=besides), "WritePlan")
    assert written == {"Action": ["s3:PutObject"], **place}
    read = statement(policy(Command.DELETE, besides=besides), "ReadPlan")
    assert read == {"Action": ["s3:GetObject"], **place}


@pytest.mark.parametrize("command", Command)
def test_state_is_kept_by_what_has_guards(command: Command):
    document = policy(command, besides=Besides(state="s3://ours/state"))
    if command in (Command.PLAN, Command.REPORT, Command.DELETE):
        assert statement(document, "KeepState") == {
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::ours/state/*"],
        }
    else:
        assert document == policy(command)


def test_a_configuration_may_be_a_parameter_of_ssm():
    arn = "arn:aws:ssm:eu-west-1:222222222222:parameter/ecrm"
    document = policy(Command.PLAN, None, HERE, Besides(config=f"ssm://{arn}"))
    assert statement(document, "ReadConfiguration")["Resource"] == [arn]
    for name in ("ssm://ecrm/config", "ssm:///ecrm/config"):
        document = policy(Command.PLAN, None, HERE, Besides(config=name))
        assert statement(document, "ReadConfiguration") == {
            "Action": ["ssm:GetParameter"],
            "Resource": ["arn:aws:ssm:us-east-1:123456789012:parameter/ecrm/config"],
        }


def test_a_key_with_a_star_is_no_pattern():
    document = policy(Command.PLAN, besides=Besides(report="s3://ours/a*b"))
    assert statement(document, "WriteReport")["Resource"] == ["arn:aws:s3:::ours/a${*}b/*"]


@pytest.mark.parametrize(
    ("besides", "message"),
    [
        (Besides(report="reports"), "reports is not a location in S3; write s3://bucket/prefix"),
        (Besides(journal="s3:///x"), "s3:///x is not a location in S3; write s3://bucket/prefix"),
        (Besides(plan="s3://b"), "s3://b names no object; write s3://bucket/key"),
        (Besides(config="ssm://a b"), "ssm://a b names no object; write s3://bucket/key"),
        (Besides(topic="ours"), "ours is no ARN of an SNS topic"),
    ],
)
def test_a_location_of_another_form_is_a_usage_error(besides: Besides, message: str):
    with pytest.raises(UsageError) as caught:
        policy(Command.DELETE, besides=besides)
    assert str(caught.value) == message


def test_a_report_may_read_resource_tags_only_where_they_say_who_owns_what():
    text = "repositories: [{name: app, expires: 1d}]\n"
    tagged = parse(f"{text}owners: {{tag: team}}\n", "ecrm.yaml")
    assert statement(policy(Command.REPORT, tagged), "ReadOwners") == {
        "Action": ["ecr:ListTagsForResource"],
        "Resource": ["arn:aws:ecr:*:*:repository/*"],
    }
    plain = parse(text, "ecrm.yaml")
    for command, config in ((Command.REPORT, plain), (Command.PLAN, tagged)):
        assert "ecr:ListTagsForResource" not in str(policy(command, config))

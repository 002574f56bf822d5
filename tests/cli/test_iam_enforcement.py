"""Each command works with exactly the policy that is printed for it, and with no action less.

The fake AWS and moto both refuse here what the policy does not allow. The fake knows every
operation that ecrm calls; moto's decision is made by others.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto.core import set_initial_no_auth_action_count
from moto.ecr.responses import ECRResponse
from moto.iam.access_control import IAMRequestBase

from ecrm.demo import SAMPLE_CONFIG, answers, sample_account
from ecrm.sources import SOURCES
from ecrm.sources.ecs.daemons import ECS_DAEMONS
from ecrm.sources.ecs.operations import LIST_CLUSTERS
from ecrm.workflow.configuration import parse
from ecrm.workflow.iam_policy import Besides, Command, policy
from tests.cli.driving import Ecrm, Ran
from tests.every_service import ANSWERS, use
from tests.fake_aws import FOREVER, Call, FakeAws, Fault, days_ago
from tests.iam import NEEDS_NO_PERMISSION, Policy, action_of, actions, allows, resource_of, without

pytestmark = pytest.mark.usefixtures("every_source")

ARGUMENTS = {
    Command.SCAN: ("scan",),
    Command.PLAN: ("plan",),
    Command.SNAPSHOT: ("snapshot",),
    Command.CHECK: ("check",),
    Command.DELETE: ("delete", "--force", "--journal", "journal.jsonl"),
    Command.RESTORE: ("restore", "--yes", "journal.jsonl"),
}
LIKE_PLAN = (("explain", "shop/api:v1"), ("generate", "--force"))
ONLY_REPORTED = {"ecr:GetRegistryPolicy", "ecr:GetRepositoryPolicy"}
"""Where who else may pull cannot be read, the plan says so, and is complete all the same."""
FOUND_OUT = {"ecr:GetLifecyclePolicyPreview", "ecr:StartLifecyclePolicyPreview"}
"""Where ECR may not be asked what a policy would do, `check` evaluates the policy itself."""

CONFIG = """
    repositories:
      - {name: cold, expires: 30d, action: archive}
      - {name_pattern: "shop/*", expires: 30d}
    lambda_functions:
      - {name_pattern: "*", keep_count: 1}
    sources:
      - {name: stepfunctions-versions}
"""
POLICY = """
    {"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {
        "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1000}}]}
"""
CONFIG_FOR_ALL = parse(CONFIG, "ecrm.yaml")
OF_OTHERS = {
    operation.action
    for source in SOURCES
    if source.name in ANSWERS
    for operation in source.operations
    if operation.service not in ("ecs", "lambda") or source is ECS_DAEMONS
} - {LIST_CLUSTERS.action}
"""Every command reads what is in use in the same way, so one is tried without each of these."""


def without_each(every: Sequence[tuple[Command, str]]) -> Sequence[tuple[Command, str]]:
    """Each action once, in turns of the commands that need it; `ECRM_TEST_ALL=1` tries all."""
    if os.environ.get("ECRM_TEST_ALL"):
        return every
    commands: dict[str, list[Command]] = {}
    for command, action in every:
        commands.setdefault(action, []).append(command)
    return [
        (needing[number % len(needing)], action)
        for number, (action, needing) in enumerate(commands.items())
    ]


EACH = [
    (command, action)
    for command in ARGUMENTS
    for action in sorted(actions(policy(command, CONFIG_FOR_ALL)))
    if command is Command.SCAN or action not in OF_OTHERS
]


# ---- in the fake AWS, which knows every operation


@pytest.fixture
def everything(aws: FakeAws, ecrm: Ecrm) -> FakeAws:
    """Something of all that makes a run call another operation."""
    ecrm.config(CONFIG)
    api = aws.ecr.repository("shop/api")
    api.push("v1", pushed=days_ago(100))
    api.push_index("v2", pushed=days_ago(90))
    api.lifecycle_policy = POLICY
    used = api.push("v3", pushed=days_ago(80))
    aws.ecr.repository("cold").push("v1", pushed=days_ago(100))
    aws.ecr.repository("unmanaged").push("v1", pushed=days_ago(100))
    prod = aws.ecs.cluster("prod")
    prod.service("web", aws.ecs.task_definition("web", used))
    function = aws.lambda_.function("resize", used)
    for number in range(2):
        aws.lambda_.update(function, api.push(f"resize-{number}", pushed=days_ago(70)))
        function.publish()
    for source in ANSWERS:
        use(aws, source, used.by_tag)
    return aws


def enforce(aws: FakeAws, document: Policy) -> None:
    def guarded(request: Any, answer: Callable[[Any], Any]) -> Any:
        call = next(made for made in reversed(aws.calls) if made.parameters is request.parameters)
        if allows(document, action_of(call), resource_of(call)):
            return answer(request)
        return Fault.denied().apply(request, answer)

    aws.fault("*", "*", Fault(guarded), times=FOREVER)


def denied(aws: FakeAws) -> list[Call]:
    return [call for call in aws.calls if call.error == "AccessDeniedException"]


def printed(ecrm: Ecrm, command: Command) -> Policy:
    document: Policy = ecrm("iam-policy", "--for", command).json
    return document


def prepare(ecrm: Ecrm, command: Command) -> None:
    """Before images can be put back, they must be deleted."""
    if command is Command.RESTORE:
        assert ecrm(*ARGUMENTS[Command.DELETE]).code == 0


@pytest.mark.parametrize("command", ARGUMENTS)
def test_a_policy_allows_what_the_command_calls_where_it_calls_it_and_nothing_else(
    ecrm: Ecrm, everything: FakeAws, command: Command
):
    document = printed(ecrm, command)
    prepare(ecrm, command)
    before = len(everything.calls)
    assert ecrm(*ARGUMENTS[command]).code == 0
    calls = everything.calls[before:]
    assert {action_of(call) for call in calls} - {NEEDS_NO_PERMISSION} == actions(document)
    assert not [call for call in calls if not allows(document, action_of(call), resource_of(call))]


@pytest.mark.parametrize("arguments", LIKE_PLAN, ids=lambda arguments: arguments[0])
def test_what_plan_may_do_is_enough_for(
    ecrm: Ecrm, everything: FakeAws, arguments: tuple[str, ...]
):
    enforce(everything, printed(ecrm, Command.PLAN))
    assert ecrm(*arguments).code == 0
    assert not denied(everything)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "action"), without_each(EACH))
def test_with_one_action_less_a_run_says_which(
    ecrm: Ecrm, everything: FakeAws, command: Command, action: str
):
    document = printed(ecrm, command)
    prepare(ecrm, command)
    enforce(everything, without(document, action))
    ran = ecrm(*ARGUMENTS[command])
    goes_on = action in (FOUND_OUT if command is Command.CHECK else ONLY_REPORTED)
    assert (ran.code == 0) == goes_on
    assert action in ran.out + ran.err or (goes_on and command is Command.CHECK)
    assert {action_of(call) for call in denied(everything)} == {action}


def test_a_rule_gives_no_right_to_another_repository(ecrm: Ecrm, everything: FakeAws):
    ecrm.config(CONFIG.replace("shop/*", "shop/web"))
    document = printed(ecrm, Command.DELETE)
    ecrm.config(CONFIG)
    enforce(everything, document)
    assert ecrm(*ARGUMENTS[Command.DELETE]).code == 1
    [resource] = {resource_of(call) for call in denied(everything)}
    assert resource.endswith(":repository/shop/api")


# ---- in moto, which knows the rules of IAM

ANSWERED_FOR_MOTO = OF_OTHERS | {"lambda:ListProvisionedConcurrencyConfigs"}
"""What the sample account answers itself, so that moto neither sees nor refuses it."""


@dataclass
class Guarded:
    """The sample account, seen by somebody who has a policy and nothing else."""

    ecrm: Ecrm
    monkeypatch: pytest.MonkeyPatch
    asked: set[str]

    def __post_init__(self) -> None:
        user, s3 = {"UserName": "ecrm"}, boto3.client("s3")
        self._iam = boto3.client("iam")
        self._iam.create_user(**user)
        s3.create_bucket(Bucket="kept")
        key = self._iam.create_access_key(**user)["AccessKey"]
        self.monkeypatch.delenv("AWS_SESSION_TOKEN")
        self._keys = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }

    def run(self, document: Policy, *args: str) -> Ran:
        # moto denies whatever a statement with a condition is about, unless it is on a role.
        plain = [
            {k: v for k, v in statement.items() if k != "Condition"}
            for statement in document["Statement"]
        ]
        text = json.dumps({**document, "Statement": plain})
        self._iam.put_user_policy(UserName="ecrm", PolicyName="only", PolicyDocument=text)
        self.asked.clear()
        guarded: Callable[[], Ran] = set_initial_no_auth_action_count(0)(
            lambda: self.ecrm(*args, "-c", str(SAMPLE_CONFIG), **self._keys)
        )
        return guarded()


@pytest.fixture
def guarded(ecrm: Ecrm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    asked: set[str] = set()
    check = IAMRequestBase.check_action_permitted

    def noted(self: Any, resource: str) -> None:
        asked.add(self._action)
        check(self, resource)

    def repository(self: Any) -> str:
        """moto takes `*` for the resource of every action of ECR, and no narrower policy."""
        name = json.loads(self.body or "{}").get("repositoryName")
        return f"arn:aws:ecr:us-east-1:123456789012:repository/{name}" if name else "*"

    # moto computes a signature of its own for a GET with a query, and refuses that of botocore.
    monkeypatch.setattr(IAMRequestBase, "check_signature", lambda _: None)
    monkeypatch.setattr(IAMRequestBase, "check_action_permitted", noted)
    monkeypatch.setattr(ECRResponse, "_determine_resource", repository, raising=False)
    monkeypatch.setattr(answers, "_LIVING_IN_MOTO", answers._LIVING_IN_MOTO | {"s3"})
    monkeypatch.setenv("ECRM_CONCURRENCY", "1")  # moto is not made for threads
    with sample_account(datetime.now(UTC)), monkeypatch.context() as patch:
        yield Guarded(ecrm, patch, asked)


MOTO_ARGUMENTS = {
    Command.SCAN: ("scan",),
    Command.PLAN: ("plan",),
    Command.DELETE: ("delete", "--force", "--journal", "s3://kept/journals/one"),
    Command.RESTORE: ("restore", "--yes", "s3://kept/journals/one"),
}


def for_sample(ecrm: Ecrm, command: Command) -> Policy:
    """For the rules of the sample account; none of them archives."""
    document: Policy = ecrm(
        *("iam-policy", "--for", command, "--config", SAMPLE_CONFIG),
        *("--journal", "s3://kept/journals/"),
    ).json
    return document


@pytest.mark.parametrize("command", MOTO_ARGUMENTS)
def test_moto_too_lets_a_command_work_with_its_policy_and_asks_for_all_of_it(
    guarded: Guarded, command: Command
):
    document = for_sample(guarded.ecrm, command)
    if command is Command.RESTORE:
        deleting = for_sample(guarded.ecrm, Command.DELETE)
        assert guarded.run(deleting, *MOTO_ARGUMENTS[Command.DELETE]).code == 0
    ran = guarded.run(document, *MOTO_ARGUMENTS[command])
    assert ran.code == 0, ran.err
    assert guarded.asked - {NEEDS_NO_PERMISSION} == actions(document) - ANSWERED_FOR_MOTO


MOTO_EACH = [
    (command, action)
    for command in (Command.PLAN, Command.DELETE)
    for action in sorted(
        actions(policy(command, besides=Besides(journal="s3://kept/journals/")))
        - ANSWERED_FOR_MOTO
        # No rule of the sample account archives, and none keeps deployments.
        - {"ecr:UpdateImageStorageClass", "ecs:ListServiceDeployments"}
    )
]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "action"), without_each(MOTO_EACH))
def test_moto_too_refuses_a_run_with_one_action_less(
    guarded: Guarded, command: Command, action: str
):
    less = without(for_sample(guarded.ecrm, command), action)
    ran = guarded.run(less, *MOTO_ARGUMENTS[command])
    assert (ran.code == 0) == (action in ONLY_REPORTED)
    assert action in ran.out + ran.err

"""Who may use images unseen: what replication and policies say, in facts and in lines."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrm.errors import AwsError
from ecrm.model.reference import Registry
from ecrm.registry.access import Puller, Replication, cross_account_pullers, replications
from ecrm.registry.operations import DESCRIBE_REGISTRY

OWNER = Registry("123456789012", "eu-west-1")
PREFIX = {"filterType": "PREFIX_MATCH"}
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


def read_replications(configuration: dict[str, Any]) -> tuple[Replication, ...]:
    answer = DESCRIBE_REGISTRY.read({"replicationConfiguration": configuration})
    return replications(OWNER, answer["replicationConfiguration"])


def statement(principal: Any = "*", action: Any = "ecr:BatchGetImage", **more: Any) -> Any:
    return {"Effect": "Allow", "Principal": principal, "Action": action} | more


def pullers(*statements: Any) -> list[str]:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return texts(cross_account_pullers(OWNER, policy))


def texts(found: Iterable[Puller]) -> list[str]:
    return [puller.text for puller in found]


def aws(*who: str) -> dict[str, list[str]]:
    return {"AWS": list(who)}


# -- replication ----------------------------------------------------------------------------------


def test_a_rule_without_filters_covers_every_repository():
    (rule,) = read_replications({"rules": [{"destinations": [{"region": "us-east-1"}]}]})
    assert rule == Replication(Registry("123456789012", "us-east-1"), "", deletes=False)
    assert rule.covers("app")
    assert rule.covers("a/b")


def test_a_destination_without_an_account_is_of_the_same_account():
    destinations = [{"region": "us-east-1"}, {"region": "eu-west-1", "registryId": "999999999999"}]
    found = read_replications({"rules": [{"destinations": destinations}]})
    assert [str(replication.destination) for replication in found] == [
        "123456789012/us-east-1",
        "999999999999/eu-west-1",
    ]


def test_each_destination_has_each_prefix_of_its_rule():
    prod = {
        "destinations": [{"region": "us-east-1"}, {"region": "us-west-2"}],
        "repositoryFilters": [
            PREFIX | {"filter": "prod/"},
            PREFIX | {"filter": "base"},
        ],
        "deleteReplication": {"enabled": True},
    }
    dev = {
        "destinations": [{"region": "us-east-1"}],
        "repositoryFilters": [PREFIX | {"filter": "dev/"}],
    }
    assert [
        (replication.destination.region, replication.prefix, replication.deletes)
        for replication in read_replications({"rules": [prod, dev]})
    ] == [
        ("us-east-1", "prod/", True),
        ("us-east-1", "base", True),
        ("us-west-2", "prod/", True),
        ("us-west-2", "base", True),
        ("us-east-1", "dev/", False),
    ]


@pytest.mark.parametrize(
    ("repository", "covered"),
    [("prod", True), ("prod/app", True), ("production", True), ("a/prod", False), ("pro", False)],
)
def test_a_filter_is_the_beginning_of_a_name(repository, covered):
    assert Replication(OWNER, "prod", deletes=False).covers(repository) is covered


@pytest.mark.parametrize(
    ("rule", "deletes"),
    [
        ({}, False),
        ({"deleteReplication": {"enabled": False}}, False),
        ({"deleteReplication": {"enabled": True}}, True),
    ],
)
def test_deletions_are_repeated_only_where_the_rule_says_so(rule, deletes):
    (found,) = read_replications({"rules": [rule | {"destinations": [{"region": "us-east-1"}]}]})
    assert found.deletes is deletes


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"filter": "shop", "filterType": "SUFFIX_MATCH"}, "is of the type SUFFIX_MATCH"),
        (PREFIX | {"filter": ""}, "is empty"),
    ],
)
def test_b35_a_filter_that_is_not_understood_is_an_error(entry, problem):
    rule = {"destinations": [{"region": "us-east-1"}], "repositoryFilters": [entry]}
    with pytest.raises(ValueError, match=f"a repository filter {problem}"):
        read_replications({"rules": [rule]})


@pytest.mark.parametrize(
    ("rule", "member"),
    [
        ({"repositoryFilters": [{"filter": "shop"}]}, "repositoryFilters[0].filterType"),
        ({"repositoryFilters": [PREFIX]}, "repositoryFilters[0].filter"),
        ({"destinations": [{"registryId": "999999999999"}]}, "destinations[0].region"),
    ],
)
def test_b35_a_rule_that_lacks_what_decides_is_not_known(rule, member):
    with pytest.raises(AwsError) as error:
        read_replications({"rules": [{"destinations": [{"region": "us-east-1"}]} | rule]})
    lacks = f"AWS's answer has no replicationConfiguration.rules[0].{member}; try again"
    assert str(error.value) == f"ecr:DescribeRegistry: {lacks}"


@pytest.mark.parametrize("configuration", [{"rules": []}, {"rules": [{"destinations": []}]}])
def test_no_rules_and_no_destinations_replicate_nothing(configuration):
    assert read_replications(configuration) == ()


# -- who a policy names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ("*", ["everyone"]),
        (aws("*"), ["everyone"]),
        ({"AWS": "*"}, ["everyone"]),
        (aws("999999999999"), ["account 999999999999"]),
        ({"AWS": "999999999999"}, ["account 999999999999"]),
        (aws("arn:aws:iam::999999999999:root"), ["account 999999999999"]),
        (aws("arn:aws:iam::999999999999:role/ci/deploy"), ["account 999999999999"]),
        (aws("arn:aws-cn:sts::999999999999:assumed-role/a/b"), ["account 999999999999"]),
        (aws("AROAEXAMPLEEXAMPLE"), ["principal AROAEXAMPLEEXAMPLE"]),
        ({"Service": "lambda.amazonaws.com"}, ["service lambda.amazonaws.com"]),
        (
            {"Service": ["b.amazonaws.com", "a.amazonaws.com"]},
            ["service a.amazonaws.com", "service b.amazonaws.com"],
        ),
        (
            {"AWS": ["999999999999", "888888888888"], "Service": "lambda.amazonaws.com"},
            ["account 888888888888", "account 999999999999", "service lambda.amazonaws.com"],
        ),
    ],
)
def test_whom_a_statement_allows(principal, who):
    assert pullers(statement(principal)) == who


def test_the_account_itself_is_left_out():
    assert pullers(statement(aws("123456789012", "arn:aws:iam::123456789012:role/ci"))) == []
    assert pullers(statement(aws("123456789012"), Condition=ORGANIZATION)) == []
    assert pullers(statement(aws("123456789012", "999999999999"))) == ["account 999999999999"]


def test_each_is_named_once_in_a_stable_order():
    assert pullers(
        statement(aws("999999999999", "arn:aws:iam::999999999999:root")),
        statement(aws("999999999999", "888888888888")),
    ) == ["account 888888888888", "account 999999999999"]


def test_a_condition_is_reported_with_whom_it_narrows():
    assert pullers(statement("*", Condition=ORGANIZATION), statement(aws("999999999999"))) == [
        "account 999999999999",
        'everyone under the condition {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}',
    ]


def test_who_is_allowed_with_and_without_a_condition_is_reported_for_both():
    assert pullers(statement("*", Condition=ORGANIZATION), statement("*")) == [
        "everyone",
        'everyone under the condition {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}',
    ]


def test_not_principal_is_everyone_but_a_few():
    but = {"Effect": "Allow", "NotPrincipal": aws("999999999999"), "Action": "*"}
    assert pullers(but) == ["everyone but a few"]
    assert pullers(but | {"Condition": ORGANIZATION}) == [
        'everyone but a few under the condition {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}'
    ]


# -- what a policy allows -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action",
    [
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ECR:batchgetimage",
        "ecr:*",
        "*",
        "ecr:Batch*",
        "ecr:Get*",
        "ecr:B*",
        "ecr:*Image",
        "ecr:BatchGet*",
        "ecr:batch???image",
        "e*:*Layer",
        ["ecr:PutImage", "ecr:BatchGetImage"],
        ["ecr:PutImage", "ecr:b*"],
    ],
)
def test_an_action_that_reads_an_image_lets_pull(action):
    assert pullers(statement("*", action)) == ["everyone"]


@pytest.mark.parametrize(
    "action",
    [
        "ecr:PutImage",
        "ecr:Put*",
        "ecr:BatchDeleteImage",
        "ecr:BatchCheck*",
        "ecr:GetAuthorizationToken",
        "s3:*",
        "ecr:BatchGetImage?",
        ["ecr:ReplicateImage", "ecr:CreateRepository"],
        [],
    ],
)
def test_other_actions_let_nobody_pull(action):
    assert pullers(statement("*", action)) == []


@pytest.mark.parametrize(
    ("but", "who"),
    [
        ("ecr:PutImage", ["everyone"]),
        (["ecr:Put*", "ecr:BatchGetImage"], ["everyone"]),
        ("ecr:*", []),
        (["ecr:BatchGetImage", "ecr:GetDownload*"], []),
    ],
)
def test_not_action_lets_pull_unless_it_names_all_of_pulling(but, who):
    assert pullers({"Effect": "Allow", "Principal": "*", "NotAction": but}) == who


def test_a_statement_that_denies_lets_nobody_pull():
    assert pullers(statement("*", "ecr:*", Effect="Deny")) == []


def test_a_denial_takes_nothing_back():
    denied = statement(aws("999999999999"), "*", Effect="Deny")
    assert pullers(statement(aws("999999999999")), denied) == ["account 999999999999"]


def test_a_statement_may_stand_alone():
    policy = json.dumps({"Statement": statement(aws("999999999999"))})
    assert texts(cross_account_pullers(OWNER, policy)) == ["account 999999999999"]


def test_a_policy_without_statements_lets_nobody_pull():
    assert cross_account_pullers(OWNER, '{"Statement": []}') == ()


# -- what cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "{",
        "null",
        "[]",
        "5",
        "{}",
        '{"statement": []}',
        '{"Statement": null}',
        json.dumps({"Statement": [{"Action": "*", "Principal": "*"}]}),
        json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*"}]}),
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "*"}]}),
        '{"Statement": ["x"]}',
        '{"Statement": "x"}',
        json.dumps({"Statement": [statement("*", None)]}),
        json.dumps({"Statement": [statement("*", 5)]}),
        json.dumps({"Statement": [statement("*", [{"a": 1}])]}),
        json.dumps({"Statement": [statement(None)]}),
        json.dumps({"Statement": [statement(["*"])]}),
        json.dumps({"Statement": [statement({"AWS": 5})]}),
        json.dumps({"Statement": [statement({"AWS": [{"a": 1}]})]}),
        json.dumps({"Statement": [statement(aws("999999999999")), 5]}),
    ],
)
def test_a_policy_that_cannot_be_read_lets_someone_pull(policy):
    assert cross_account_pullers(OWNER, policy) == (
        Puller("someone, by a policy that ecrm cannot read"),
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["*", "Allow", "ecr:*", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Principal", "Action", "NotAction", "AWS"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_policy_whatever_is_in_it_stops_a_plan(anything):
    allows_whom = {"Statement": [{"Effect": "Allow", "Action": "*", "Principal": anything}]}
    for policy in (anything, allows_whom):
        assert all(
            isinstance(puller, Puller) and isinstance(puller.text, str)
            for puller in cross_account_pullers(OWNER, json.dumps(policy))
        )


def test_a_service_that_acts_for_our_own_account_alone_is_not_listed():
    """Lambda adds such a statement to every repository that a function's image is in."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Condition": {
            "StringLike": {"aws:sourceArn": "arn:aws:lambda:us-east-1:123456789012:function:*"}
        },
    }
    home, other = Registry("123456789012", "us-east-1"), Registry("222222222222", "us-east-1")
    text = json.dumps({"Statement": [statement]})
    assert cross_account_pullers(home, text) == ()
    assert len(cross_account_pullers(other, text)) == 1
    assert (
        len(cross_account_pullers(home, json.dumps({"Statement": [statement | {"Condition": {}}]})))
        == 1
    )


@pytest.mark.parametrize(
    "arns",
    [
        ["arn:aws:lambda:us-east-1:999999999999:function:*"],
        [
            "arn:aws:lambda:us-east-1:123456789012:function:*",
            "arn:aws:lambda:us-east-1:999999999999:function:*",
        ],
        ["arn:aws:lambda:us-east-1:123456789012:function:*", "arn:aws:s3:::999999999999-files"],
        ["1234567890123"],
        ["9123456789012"],
        ["arn:aws:s3:::files"],
    ],
    ids=["another", "ours and another", "another in a name", "longer", "longer before", "none"],
)
def test_a_service_that_acts_for_any_other_account_is_listed(arns):
    """The condition holds if one of its values does, so it lets every account in it pull."""
    service = statement(
        {"Service": "lambda.amazonaws.com"}, Condition={"StringLike": {"aws:SourceArn": arns}}
    )
    (who,) = pullers(service)
    assert who.startswith("service lambda.amazonaws.com under the condition ")


def test_a_user_is_not_left_out_for_a_condition_that_names_our_account():
    condition = {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}
    (who,) = pullers(statement(aws("999999999999"), Condition=condition))
    assert who.startswith("account 999999999999 under")


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ("a:b:c:d", "principal a:b:c:d"),
        ("a:b:c:d:999999999999", "account 999999999999"),
        ("a:b:c:d:999999999999:f", "account 999999999999"),
        ("a:b:c:d:e", "principal a:b:c:d:e"),
    ],
)
def test_the_account_is_the_fifth_part_of_an_arn(principal, who):
    assert pullers(statement(aws(principal))) == [who]


def test_one_condition_is_reported_once_however_it_is_written():
    first, second = {"a": "1", "b": "2"}, {"b": "2", "a": "1"}
    (who,) = pullers(
        *(statement("*", Condition={"StringEquals": names}) for names in (first, second))
    )
    assert who == 'everyone under the condition {"StringEquals": {"a": "1", "b": "2"}}'

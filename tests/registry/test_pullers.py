"""B42: which accounts a policy may let pull. What is not understood lets everybody in."""

import json
from typing import Any

import pytest

from ecrm.model.organization import UNKNOWN, Organization
from ecrm.model.reference import Registry
from ecrm.registry.access import Pullers, cross_account_pullers

OWNER = Registry("111111111111", "eu-west-1")
WEB, DATA, NEW, OTHER = "222222222222", "333333333333", "444444444444", "555555555555"
"""Of an OU, of an OU below another, of the organization somewhere, and of none or another one."""
ACME = Organization(
    "o-acme", {WEB: ("o-acme/r-1/ou-web/",), DATA: ("o-acme/r-1/ou-eu/ou-data/",), NEW: ()}
)
ALL = (WEB, DATA, NEW, OTHER)
MEMBERS = (WEB, DATA, NEW)
PATHS = "aws:PrincipalOrgPaths"
IN_ACME = {"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}


def let_in(
    principal: Any = "*", condition: Any = None, organization: Organization = ACME
) -> tuple[str, ...]:
    """Those of ALL that a statement with this principal and condition may let pull."""
    allowed = {"Effect": "Allow", "Principal": principal, "Action": "ecr:*", "Condition": condition}
    pullers = Pullers(cross_account_pullers(OWNER, json.dumps({"Statement": [allowed]})))
    return tuple(account for account in ALL if pullers.why(account, organization))


@pytest.mark.parametrize(
    ("principal", "accounts"),
    [
        ("*", ALL),
        ({"AWS": "*"}, ALL),
        ({"AWS": WEB}, (WEB,)),
        ({"AWS": [f"arn:aws:iam::{WEB}:root", f"arn:aws-cn:iam::{OTHER}:role/x"]}, (WEB, OTHER)),
        ({"AWS": OWNER.account}, ()),
        ({"AWS": "AROAEXAMPLEEXAMPLE"}, ALL),
        ({"AWS": "22222222222²"}, ALL),
        ({"AWS": "2222222222222"}, ALL),
        ({"Federated": f"arn:aws:iam::{WEB}:saml-provider/x"}, ALL),
        ({"Service": "lambda.amazonaws.com"}, ALL),
    ],
)
def test_whom_a_principal_may_be(principal, accounts):
    assert let_in(principal) == accounts


def test_everybody_but_a_few_is_everybody():
    allowed = {"Effect": "Allow", "NotPrincipal": {"AWS": WEB}, "Action": "ecr:*"}
    pullers = Pullers(cross_account_pullers(OWNER, json.dumps({"Statement": allowed})))
    assert all(pullers.why(account, ACME) for account in ALL)


@pytest.mark.parametrize("principal", ["*", {"Service": "lambda.amazonaws.com"}])
@pytest.mark.parametrize(
    ("key", "value", "accounts"),
    [
        ("aws:PrincipalOrgID", "o-acme", MEMBERS),
        ("AWS:principalorgid", ["o-acme", "o-else"], ALL),
        ("aws:PrincipalOrgID", "o-else", (OTHER,)),
        ("aws:SourceOrgID", "o-acme", MEMBERS),
        ("aws:PrincipalAccount", WEB, (WEB,)),
        ("aws:SourceAccount", [WEB, OTHER], (WEB, OTHER)),
        ("aws:PrincipalArn", f"arn:aws:iam::{WEB}:role/x", (WEB,)),
        ("aws:SourceArn", f"arn:aws:lambda:eu-west-1:{WEB}:function:*", (WEB,)),
        ("aws:SourceArn", f"arn:aws:lambda:*:{WEB}:function:*", (WEB,)),
        ("aws:SourceArn", f"arn:*:lambda:eu-west-1:{WEB}:function:*", ALL),
        ("aws:SourceArn", f"arn:a?s:lambda:eu-west-1:{WEB}:function:*", ALL),
        ("aws:SourceArn", ["arn:aws:s3:::files", f"arn:aws:lambda:x:{WEB}:function:*"], ALL),
        ("aws:SourceArn", "arn:aws:lambda:x:*:function:*", ALL),
        ("aws:PrincipalTag/team", "web", ALL),
        ("aws:PrincipalAccount", "${aws:ResourceAccount}", ALL),
        ("aws:PrincipalAccount", [], ALL),
        ("aws:PrincipalAccount", [WEB, True], ALL),
        ("aws:PrincipalAccount", [WEB, ""], ALL),
        ("aws:PrincipalAccount", "2222*", (WEB,)),
    ],
)
@pytest.mark.parametrize("operator", ["StringLike", "stringequals", "ForAnyValue:StringLike"])
def test_what_narrows_whom_a_statement_lets_in(operator, key, value, accounts, principal):
    assert let_in(principal, {operator: {key: value}}) == accounts


@pytest.mark.parametrize(
    "operator",
    ["StringEqualsIgnoreCase", "ArnLike", "ArnEquals", "StringEquals", "ForAnyValue:StringEquals"],
)
def test_further_operators_that_compare(operator):
    assert let_in("*", {operator: {"aws:PrincipalOrgID": "O-ACME"}}) == MEMBERS


@pytest.mark.parametrize(
    "operator",
    [
        *("StringNotEquals", "StringNotLike", "StringEqualsIfExists", "ForAllValues:StringEquals"),
        *("Null", "Bool", "NumericEquals", "ForAnyValue:StringNotEquals"),
    ],
)
def test_an_operator_that_does_not_surely_narrow_lets_everybody_in(operator):
    for key in ("aws:PrincipalOrgID", "aws:PrincipalAccount", "aws:SourceAccount"):
        assert let_in("*", {operator: {key: OWNER.account}}) == ALL


@pytest.mark.parametrize(
    ("glob", "accounts"),
    [
        ("o-acme/*", MEMBERS),
        ("o-acme/r-1/ou-eu/*", (DATA, NEW)),
        ("o-acme/r-1/ou-web/", (WEB, NEW)),
        ("o-else/*", (NEW, OTHER)),
        ("*", ALL),
        (["o-acme/r-1/ou-web/*", "o-acme/r-1/ou-eu/*"], MEMBERS),
    ],
)
def test_a_path_lets_in_whoever_is_below_it_or_may_be(glob, accounts):
    assert let_in("*", {"ForAnyValue:StringLike": {PATHS: glob}}) == accounts
    assert let_in("*", {"StringLike": {PATHS: glob}}) == ALL  # what that means AWS does not say


def test_all_of_a_condition_must_hold():
    both = {"aws:PrincipalOrgID": "o-acme", "aws:PrincipalAccount": [WEB, OTHER]}
    assert let_in("*", {"StringEquals": both}) == (WEB,)
    assert let_in("*", IN_ACME | {"StringLike": {PATHS: "x"}}) == MEMBERS
    assert let_in({"AWS": OTHER}, IN_ACME) == ()


def test_whether_an_account_is_of_an_organization_is_not_known_without_reading_it():
    elsewhere = {"StringEquals": {"aws:PrincipalOrgID": "o-else"}}
    assert let_in("*", elsewhere, UNKNOWN) == ALL
    assert let_in("*", elsewhere, Organization(paths=ACME.paths)) == ALL
    assert let_in("*", {"ForAnyValue:StringLike": {PATHS: "o-else/*"}}, UNKNOWN) == ALL


@pytest.mark.parametrize("value", [5, "x", ["x"], {"StringLike": "x"}, {"StringLike": ["x"]}])
def test_a_condition_that_is_none_makes_the_policy_unreadable(value):
    policy = {"Effect": "Allow", "Principal": {"AWS": WEB}, "Action": "*", "Condition": value}
    pullers = Pullers(cross_account_pullers(OWNER, json.dumps({"Statement": policy})))
    assert all(pullers.why(account, ACME) for account in ALL)


@pytest.mark.parametrize("value", [None, {}])
def test_no_condition_narrows_nothing(value):
    policy = {"Effect": "Allow", "Principal": {"AWS": WEB}, "Action": "*", "Condition": value}
    pullers = Pullers(cross_account_pullers(OWNER, json.dumps({"Statement": policy})))
    assert [account for account in ALL if pullers.why(account, ACME)] == [WEB]


def test_a_service_that_does_not_act_for_our_account_is_listed():
    condition = {"StringNotEquals": {"aws:SourceAccount": OWNER.account}}
    assert let_in({"Service": "lambda.amazonaws.com"}, condition) == ALL


def test_why_an_account_may_pull():
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Condition": IN_ACME}
    pullers = Pullers(cross_account_pullers(OWNER, json.dumps({"Statement": allowed})))
    assert pullers.why(WEB, ACME) == f"everyone under the condition {json.dumps(IN_ACME)} may pull"
    assert pullers.why(OTHER, ACME) == ""
    denied = Pullers(pullers.known, ("ecr:GetRepositoryPolicy is denied",))
    unknown = "who may pull is not known: ecr:GetRepositoryPolicy is denied"
    assert denied.why(OTHER, ACME) == unknown

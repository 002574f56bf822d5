"""The rule `lifecycle`: ECR's own policies keep what is in use."""

import json
from dataclasses import replace
from datetime import timedelta

from ecrm.check.lifecycle.conflict import conflicts
from ecrm.check.lifecycle.evaluation import evaluate
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.check.repositories import repository_indexes
from ecrm.check.values import CheckInputs, LifecycleConflicts
from ecrm.config import Level
from ecrm.model.use import Use
from tests.check.inputs import inputs_of, repositories, violations, whats
from tests.values import HOME, NOW, Shelf, image, use

POLICY = {
    "rules": [
        {
            "rulePriority": 7,
            "description": "a month",
            "selection": {
                "tagStatus": "any",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 20,
            },
            "action": {"type": "expire"},
        }
    ]
}


def lifecycle_conflicts(shelf: Shelf, *uses: Use) -> CheckInputs:
    """With this policy in every repository, evaluated by ecrm."""
    found = inputs_of(shelf, *uses)
    policy = parse_policy(json.dumps(POLICY), "policy.json")
    taken = {}
    for key, repository in repository_indexes(found.plan).items():
        decisions = tuple(repository.images.values())
        preview = evaluate(policy, [decision.image for decision in decisions], NOW)
        taken[key] = LifecycleConflicts(conflicts(decisions, preview), "ecrm's own evaluation")
    return inputs_of(shelf, *uses, lifecycle_conflicts=taken)


def test_an_image_in_use_that_the_policy_would_expire_is_reported_with_rule_and_user():
    (violation,) = violations(
        "lifecycle", lifecycle_conflicts(repositories(app=[image("a", "v1")]), use("app:v1"))
    )
    assert violation.what == "ECR's lifecycle policy deletes app:v1, which is in use"
    assert str(violation.where) == f"{HOME}/app:v1"
    assert 'rule 7 "a month"' in violation.why
    assert "in use by service prod/web (PRIMARY)" in violation.why
    assert violation.why.endswith("(according to ecrm's own evaluation)")
    assert violation.next_step.startswith("give rule 7 more days")


def test_an_image_in_a_keep_window_is_reported_too():
    found = lifecycle_conflicts(repositories(app=[image("a", "v1", days=25)]))
    assert whats("lifecycle", found) == [
        "ECR's lifecycle policy deletes app:v1, which is to be kept"
    ]


def test_what_ecrm_would_delete_as_well_and_what_is_younger_are_no_violation():
    shelf = repositories(app=[image("old", "v1", days=90), image("young", "v2", days=19)])
    assert not whats("lifecycle", lifecycle_conflicts(shelf, use("app:v2")))


def test_what_the_policy_will_take_is_a_warning_with_its_day():
    found = lifecycle_conflicts(repositories(app=[image("a", "v1")]), use("app:v1"))
    (key,) = found.lifecycle_conflicts
    later = replace(found.lifecycle_conflicts[key].conflicts[0], due=NOW + timedelta(days=3))
    (violation,) = violations(
        "lifecycle", replace(found, lifecycle_conflicts={key: LifecycleConflicts((later,), "ecrm")})
    )
    assert violation.what == "ECR's lifecycle policy deletes app:v1 on 2026-06-04, which is in use"
    assert violation.level is Level.WARNING


def test_where_no_rule_of_ecrm_yaml_matches_only_what_is_in_use_counts():
    shelf = repositories(other=[image("a", "v1"), image("b", "v2")])
    assert whats("lifecycle", lifecycle_conflicts(shelf, use("other:v2"))) == [
        "ECR's lifecycle policy deletes other:v2, which is in use"
    ]

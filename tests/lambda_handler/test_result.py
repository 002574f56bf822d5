"""The summary that Lambda returns, and the line of metrics, are plain JSON and true."""

import json
from dataclasses import replace

from ecrm.lambda_handler.metrics import metrics_line
from ecrm.lambda_handler.notice import body
from ecrm.lambda_handler.result import Result, returned, summary
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, Scan, SourceReport
from ecrm.planning.guards import Stop
from tests.lambda_handler.results import WHEN, deleted, plan
from tests.stubs import HOST, NOW, REGISTRY
from tests.values import deletable, digest, numbered, plan_of, repository_plan, use_of


def one(images: int) -> dict[str, int]:
    return {"images": images, "bytes": 1000 * images}


def test_the_summary_of_a_deletion_that_met_every_answer():
    summarized = summary(deleted(), "0.1.0")
    assert json.loads(json.dumps(summarized)) == summarized
    assert summarized == {
        "command": "delete",
        "complete": False,
        "out_of_time": False,
        "error": None,
        "run": "20260301T120000Z-123456789012-us-east-1-1f2e3d4c",
        "version": "0.1.0",
        "targets": ["123456789012/us-east-1"],
        "missing": [],
        "guards": [],
        "images": {
            "total": one(9),
            "in_use": one(1),
            "deletable": one(7),
            "deleted": one(2),
            "archived": one(1),
            "already_gone": one(1),
            "skipped": one(1),
            "deferred": one(1),
            "failed": one(1),
        },
        "repositories": [
            {
                "repository": "shop/api",
                "target": "123456789012/us-east-1",
                "total": one(8),
                "deletable": one(6),
                "kept": {"in_use": 1, "keep_count": 1},
                "outcomes": {
                    key: one(1)
                    for key in (
                        *("deleted", "archived", "already_gone"),
                        *("skipped", "deferred", "failed"),
                    )
                },
            },
            {
                "repository": "shop/web",
                "target": "123456789012/us-east-1",
                "total": one(1),
                "deletable": one(1),
                "kept": {},
                "outcomes": {"deleted": one(1)},
            },
        ],
        "unmanaged": ["scratch"],
        "not_done": [
            {"image": f"shop/api@{digest(6)}", "tags": ["v6"], "why": "KmsError: no key"},
        ],
        "calls": {"total": 3, "ecr:BatchDeleteImage": 1, "ecr:DescribeImages": 2},
        "throttled": 1,
        "seconds": 12.346,
        "journal": "s3://ecrm/journals/1",
        "reports": ["s3://ecrm/reports/1.json", "s3://ecrm/reports/1.md"],
        "unsent": [],
    }


def test_a_plan_that_could_be_read_is_complete():
    summarized = summary(Result("plan", plan=plan()), "0.1.0")
    assert (summarized["complete"], summarized["images"]["deletable"]) == (True, one(7))


def test_what_could_not_be_read_is_reported_and_makes_it_incomplete():
    denied = SourceReport(
        REGISTRY, "ecs", 0, (Diagnostic(ReadStatus.DENIED, "ecs:ListTasks is denied"),)
    )
    made = plan_of(repository_plan("shop/api", unread="not you"), source_reports=(denied,))
    summarized = summary(Result("plan", plan=made), "0.1.0")
    assert summarized["complete"] is False
    assert summarized["missing"] == ["ecs:ListTasks is denied", "shop/api: not you"]
    assert summarized["repositories"][0]["unread"] == "not you"


def test_where_the_time_was_over_before_the_first_deletion_all_of_it_is_left():
    summarized = summary(Result("delete", plan=plan(), out_of_time=True), "0.1.0")
    assert (summarized["complete"], summarized["images"]["deferred"]) == (False, one(7))


def test_where_the_time_was_over_while_reading_nothing_is_known():
    summarized = summary(Result("delete", out_of_time=True), "0.1.0")
    assert (summarized["complete"], summarized["out_of_time"], summarized["targets"]) == (
        False,
        True,
        [],
    )
    assert not {"images", "repositories"} & summarized.keys()


def test_guards_and_unsent_reports_are_in_the_summary():
    stop = Stop("max_images", "7 images would go, and at most 1 may", "look at the plan")
    result = replace(deleted(), stops=(stop,), unsent=["report: no"], error="stopped")
    summarized = summary(result, "0.1.0")
    assert summarized["guards"] == [
        "guard max_images: 7 images would go, and at most 1 may; look at the plan"
    ]
    assert (summarized["unsent"], summarized["error"]) == (["report: no"], "stopped")


def test_a_scan_says_how_many_images_are_in_use():
    names = [f"{HOST}/shop/api:v1", f"{HOST}/shop/api:v2", f"{HOST}/shop/api:v1"]
    uses = tuple(use_of(name, "web", str(n)) for n, name in enumerate(names))
    assert summary(Result("scan", scan=Scan(NOW, uses, ())), "0.1.0")["in_use"] == 2


def test_at_most_twenty_images_are_listed_one_by_one():
    result = deleted()
    (failed,) = [outcome for outcome in result.outcomes if outcome.detail]
    assert len(summary(replace(result, outcomes=[failed] * 21), "")["not_done"]) == 20


def test_the_metrics_of_a_deletion_in_the_embedded_metric_format():
    counted = {
        "Total": 9,
        "InUse": 1,
        "Deletable": 7,
        "Deleted": 2,
        "Archived": 1,
        "AlreadyGone": 1,
        "Skipped": 1,
        "Deferred": 1,
        "Failed": 1,
    }
    names = [(f"{what}{key}", unit) for key in counted for what, unit in (("Images", "Count"), ("Bytes", "Bytes"))]  # fmt: skip # noqa: E501
    names += [
        *(("Calls", "Count"), ("Throttled", "Count"), ("Seconds", "Seconds")),
        *(("Complete", "Count"), ("Failed", "Count")),
    ]
    line = metrics_line(deleted(), "clean", WHEN)
    assert "\n" not in line
    assert json.loads(line) == {
        "_aws": {
            "Timestamp": 1772366400000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "ecrm",
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [{"Name": name, "Unit": unit} for name, unit in names],
                }
            ],
        },
        "FunctionName": "clean",
        "Command": "delete",
        "Run": "20260301T120000Z-123456789012-us-east-1-1f2e3d4c",
        "Repositories": {"shop/api": 6, "shop/web": 1},
        **{f"Images{key}": number for key, number in counted.items()},
        **{f"Bytes{key}": 1000 * number for key, number in counted.items()},
        "Calls": 3,
        "Throttled": 1,
        "Seconds": 12.346,
        "Complete": 0,
        "Failed": 0,
    }


def test_lambda_is_handed_the_thousand_repositories_with_most_deletions():
    many = [repository_plan(f"r{n:04d}") for n in range(1001)]
    many.append(repository_plan("zz", [deletable(numbered(1))]))
    result = Result("plan", plan=plan_of(*many))
    answer = returned(result, "")
    assert (len(answer["repositories"]), answer["more_repositories"]) == (1000, 2)
    assert answer["repositories"][0]["repository"] == "zz"
    assert len(summary(result, "")["repositories"]) == 1002
    assert "more_repositories" not in returned(deleted(), "")


def test_no_metric_tells_of_a_plan_that_was_never_made():
    line = json.loads(metrics_line(Result("delete", error="no"), "clean", WHEN))
    metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    assert [metric["Name"] for metric in metrics] == [
        "Calls",
        "Throttled",
        "Seconds",
        "Complete",
        "Failed",
    ]
    assert (line["Failed"], line["Repositories"]) == (1, {})


def test_a_line_of_metrics_names_the_hundred_repositories_with_most_deletions():
    many = [repository_plan(f"r{n:03d}", [deletable(numbered(n))]) for n in range(200)]
    many.append(repository_plan("zz", [deletable(numbered(n)) for n in (300, 301)]))
    line = metrics_line(Result("plan", plan=plan_of(*many)), "clean", WHEN)
    named = json.loads(line)["Repositories"]
    assert (len(named), named["zz"], "r098" in named, "r099" in named) == (100, 2, True, False)


def test_a_repository_of_two_registries_is_two_in_the_metrics_and_in_the_notice():
    other = Registry("210987654321", "eu-west-1")
    made = plan_of(
        repository_plan("app", [deletable(numbered(1))]),
        repository_plan("app", [deletable(numbered(n)) for n in (2, 3)], registry=other),
        targets=(REGISTRY, other),
    )
    refused = Outcome(
        other, "app", deletable(numbered(2)), OutcomeStatus.FAILED, "KmsError: no key"
    )
    result = Result("delete", plan=made, outcomes=[refused])
    assert json.loads(metrics_line(result, "clean", WHEN))["Repositories"] == {
        "210987654321/eu-west-1/app": 2,
        "123456789012/us-east-1/app": 1,
    }
    lines = body(result).splitlines()
    assert "- 123456789012/us-east-1/app: 1 (1.0 kB) to delete, 0 to keep" in lines
    assert "- 210987654321/eu-west-1/app: 2 (2.0 kB) to delete, 0 to keep" in lines
    assert f"- 210987654321/eu-west-1/app@{digest(2)}: KmsError: no key" in lines
    assert [repository["outcomes"] for repository in summary(result, "")["repositories"]] == [
        {},
        {"failed": one(1)},
    ]

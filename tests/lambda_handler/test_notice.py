"""A notification reads well as an e-mail and in a chat channel."""

import json
from dataclasses import replace

import pytest

from ecrm.lambda_handler.notice import body, message, subject
from ecrm.lambda_handler.result import Result
from ecrm.lambda_handler.telling import markdown
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, Scan, SourceReport
from ecrm.planning.guards import Stop
from tests.lambda_handler.results import deleted, plan
from tests.stubs import NOW, REGISTRY
from tests.values import deletable, digest, numbered, plan_of, repository_plan

WHERE = "123456789012/us-east-1"


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (
            deleted(),
            ("ecrm delete: 2 images (2.0 kB) deleted, 1 archived, 1 left for the next run, "
            "1 not done in 123456..."),
        ),
        (Result("delete", plan=plan_of()), f"ecrm delete: 0 images (0 B) deleted in {WHERE}"),
        (Result("plan", plan=plan()), f"ecrm plan: 7 images (7.0 kB) can be deleted in {WHERE}"),
        (Result("scan"), "ecrm scan: done"),
        (Result("plan", error="no"), "ecrm plan: FAILED"),
        (Result("delete", plan=plan(), error="a guard"), f"ecrm delete: FAILED in {WHERE}"),
        (Result("delete", out_of_time=True), "ecrm delete: out of time"),
        (
            Result("delete", plan=plan(), out_of_time=True),
            f"ecrm delete: out of time, 0 images (0 B) deleted, 7 left for the next run in {WHERE}",
        ),
    ],
)  # fmt: skip
def test_the_subject_says_how_it_went_and_where(result, line):
    assert subject(result) == line


def test_a_subject_is_what_sns_takes():
    made = plan_of(targets=(Registry("ä\n" * 60, "us-east-1"),))
    line = subject(Result("plan", plan=made))
    assert (len(line), line.isascii(), line.isprintable()) == (100, True, True)


def test_the_text_of_a_deletion():
    assert (
        body(deleted())
        == f"""\
ecrm delete in {WHERE}: 2 images (2.0 kB) deleted, 1 archived, 1 left for the next run, 1 not done.
9 (9.0 kB) images, 1 (1.0 kB) of them in use.
7 (7.0 kB) can be deleted by the rules.

What happened:
- 2 images (2.0 kB) deleted
- 1 image (1.0 kB) archived
- 1 image (1.0 kB) already gone
- 1 image (1.0 kB) skipped
- 1 image (1.0 kB) deferred
- 1 image (1.0 kB) failed

Repositories:
- shop/api: 6 (6.0 kB) to delete, 2 to keep
- shop/web: 1 (1.0 kB) to delete, 0 to keep

Not done:
- shop/api@{digest(6)}: KmsError: no key

See also:
- report: s3://ecrm/reports/1.json
- report: s3://ecrm/reports/1.md
- journal: s3://ecrm/journals/1 (`ecrm restore` reads it)

It took 12.3 seconds and 3 calls to AWS, 1 throttled."""
    )


def test_the_text_of_a_plan_with_a_guard_that_would_stop_it():
    stop = Stop("max_images", "7 images would go, and at most 1 may", "look at the plan")
    assert (
        body(Result("plan", plan=plan(), stops=(stop,), unsent=["report: no"]))
        == f"""\
ecrm plan in {WHERE}: 7 images (7.0 kB) can be deleted.
9 (9.0 kB) images, 1 (1.0 kB) of them in use.
7 (7.0 kB) can be deleted by the rules.

Repositories:
- shop/api: 6 (6.0 kB) to delete, 2 to keep
- shop/web: 1 (1.0 kB) to delete, 0 to keep

Guards that would stop `delete`:
- guard max_images: 7 images would go, and at most 1 may; look at the plan

Not sent:
- report: no

It took 0.0 seconds."""
    )


def test_the_text_of_a_failure_and_of_time_that_was_over():
    assert body(Result("delete", error="first\nsecond", seconds=1.0)) == (
        "ecrm delete: FAILED.\nError: first\nError: second\n\nIt took 1.0 seconds."
    )
    assert body(Result("delete", out_of_time=True)).splitlines()[:2] == [
        "ecrm delete: out of time.",
        "The time ran out; the next run continues.",
    ]


def test_a_text_names_the_twenty_repositories_with_most_deletions():
    many = [repository_plan(f"r{n:02d}", [deletable(numbered(n))]) for n in range(22)]
    lines = body(Result("plan", plan=plan_of(*many))).splitlines()
    assert "- r19: 1 (1.0 kB) to delete, 0 to keep" in lines
    assert "- and 2 more repositories" in lines
    assert "- r20: 1 (1.0 kB) to delete, 0 to keep" not in lines


def incomplete() -> Result:
    read = plan().repositories
    unread = [repository_plan(f"app{n}", unread="the credentials have expired") for n in range(57)]
    made = plan_of(*read, *unread)
    return Result("plan", plan=made, error="\n".join(made.unread), seconds=1.0)


def test_an_incomplete_plan_says_so_in_the_subject_and_first_and_last():
    result = incomplete()
    assert subject(result) == f"ecrm plan: INCOMPLETE, it cannot be carried out in {WHERE}"
    headline = f"ecrm plan in {WHERE}: INCOMPLETE, it cannot be carried out."
    expired = "app0: the credentials have expired (also app1, app2, app3 and 53 more)"
    lines = body(result).splitlines()
    assert (lines[0], lines[-1]) == (headline, headline)
    assert lines[1] == f"Error: {expired}"
    assert "can be deleted" not in body(result)
    report = markdown(result).splitlines()
    assert (report[0], report[-1]) == (f"# {headline}", f"**{headline}**")
    long = replace(result, error="\n".join(["denied"] * 2000))
    assert body(long).splitlines()[-1] == headline


@pytest.mark.parametrize("command", ["scan", "check"])
def test_an_incomplete_scan_or_check_is_no_success(command):
    denied = Diagnostic(ReadStatus.DENIED, "ecs:ListTasks is denied")
    scan = Scan(NOW, (), (SourceReport(REGISTRY, "ecs", 0, (denied,)),))
    assert subject(Result(command, scan=scan)) == f"ecrm {command}: INCOMPLETE"


def test_a_text_that_is_too_long_is_cut():
    text = body(Result("delete", error="\n".join(["denied"] * 1000)))
    assert len(text) < 7600
    assert text.endswith("...\n(See the log for the rest.)")


def test_chat_applications_get_the_schema_that_they_ask_for():
    result = deleted()
    texts = json.loads(message(result))
    assert texts["default"] == body(result)
    assert json.loads(texts["https"]) == {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": subject(result),
            "description": body(result),
        },
    }


def test_the_report_as_markdown_says_what_happened_and_then_the_plan():
    text = markdown(replace(deleted(), error="1 of 7 images not done"))
    assert text.startswith(
        f"# ecrm delete in {WHERE}: FAILED, 2 images (2.0 kB) deleted, 1 archived, "
        "1 left for the next run, 1 not done.\n\n"
        "## Errors\n\n- 1 of 7 images not done\n\n"
        "## What happened\n\n- 2 images (2.0 kB) deleted\n"
    )
    assert "\n| `shop/api` | Image | 8 (8.0 kB) | **6 (6.0 kB)** | 2 (2.0 kB) |\n" in text
    assert markdown(Result("scan")) == "# ecrm scan: done.\n"

"""How results look: whole outputs, literally."""

import json
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrm.model.decision import Decision, Reason
from ecrm.model.media_types import SOCI_INDEX
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.rule import Action
from ecrm.model.scan import Diagnostic, ReadStatus, Scan, SourceReport
from ecrm.model.use import Use
from ecrm.planning.plan import Plan, Totals
from ecrm.planning.plan_file import Dropped
from ecrm.reports import PLAN_FORMATS, SCAN_FORMATS
from ecrm.reports.outcomes import deleted_line, dropped_lines, outcomes_table, undo_lines
from ecrm.reports.plans import REASONS
from ecrm.reports.text import count, human_size, human_totals
from ecrm.sources.external import file_uses
from tests.stubs import HOST, NOW, REGISTRY
from tests.values import (
    HELM,
    OCI_INDEX,
    deletable,
    digest,
    numbered,
    plan_of,
    repository_plan,
    use_of,
)

DENIED = "ecr:DescribeImages is denied"
BLUE, YELLOW, PLAIN = "\x1b[34m", "\x1b[33m", "\x1b[0m"
MEGABYTE = 1_000_000


def shop() -> Plan:
    """Two repositories of several types, one empty, one unread, and two that no rule matches."""
    index = deletable(numbered(1, "v1", size=1000 * MEGABYTE, media_type=OCI_INDEX))
    child = deletable(numbered(2, size=200 * MEGABYTE), Reason.INDEX_DELETABLE)
    soci = deletable(
        numbered(3, size=3 * MEGABYTE, artifact_type=SOCI_INDEX), Reason.SUBJECT_DELETABLE
    )
    used = [numbered(10 + number, f"w{number}", size=500 * MEGABYTE) for number in range(11)]
    latest = numbered(40, "latest", size=999, media_type=OCI_INDEX)
    api = repository_plan(
        "shop/api",
        [index],
        [child, soci],
        kept=[
            *[Decision(image, Reason.IN_USE) for image in used],
            Decision(latest, Reason.KEEP_TAG),
        ],
        broken_indexes=2,
    )
    web = repository_plan(
        "shop/web", [deletable(numbered(50 + number, size=10 * MEGABYTE)) for number in range(3)]
    )
    denied = Diagnostic(ReadStatus.DENIED, "lambda:ListFunctions is denied; allow it: not you")
    return plan_of(
        web,
        api,
        repository_plan("tools/ci"),
        repository_plan("legacy", unread="ecr:DescribeImages is denied"),
        source_reports=(
            SourceReport(None, "file other.json", 1),
            SourceReport(REGISTRY, "ecs", 1234),
            SourceReport(REGISTRY, "lambda", 0, (denied,)),
        ),
        unmanaged=(RepositoryKey(REGISTRY, "backup"), RepositoryKey(REGISTRY, "scratch")),
    )


def table(plan: Plan) -> str:
    return PLAN_FORMATS["table"](plan)


def rows(plan: Plan) -> list[dict[str, Any]]:
    return list(json.loads(PLAN_FORMATS["json"](plan)))


# A plan as a table


def test_the_plan_table_without_colors():
    assert (
        click.unstyle(table(shop()))
        == """\
INCOMPLETE: 2 things could not be read, so this plan cannot be carried out.

 REPOSITORY   | TYPE        | TOTAL       | EXPIRED     | KEEP
--------------+-------------+-------------+-------------+-------------
 shop/api     | Image       | 12 (5.7 GB) | -1 (200 MB) | 11 (5.5 GB)
 shop/api     | Image index | 2 (1.0 GB)  | -1 (1.0 GB) | 1 (999 B)
 shop/api     | Soci index  | 1 (3.0 MB)  | -1 (3.0 MB) | 0 (0 B)
 shop/web     | Image       | 3 (30 MB)   | -3 (30 MB)  | 0 (0 B)
 tools/ci     | Image       | 0 (0 B)     |             | 0 (0 B)

6 (1.2 GB) of 18 (6.7 GB) images could be deleted by what is known, in 3 repositories of \
123456789012/us-east-1.

Kept images:
  11  in use
   1  with a tag of keep_tag_patterns

Sources:
  file other.json: read, 1 reference
  ecs of 123456789012/us-east-1: read, 1,234 references
  lambda of 123456789012/us-east-1: denied, 0 references; \
lambda:ListFunctions is denied; allow it: not you
  no rule matches, so nothing is touched: backup, scratch

Notes:
  shop/api: 2 indexes refer to an image that is missing from ECR

Could not be read:
  lambda:ListFunctions is denied; allow it: not you
  legacy: ecr:DescribeImages is denied

INCOMPLETE: 2 things could not be read, so this plan cannot be carried out."""
    )


def test_the_plan_as_markdown():
    assert (
        PLAN_FORMATS["markdown"](shop())
        == """\
# INCOMPLETE: ECR images

**INCOMPLETE: 2 things could not be read, so this plan cannot be carried out.**

6 (1.2 GB) of 18 (6.7 GB) images could be deleted by what is known, in 3 repositories of \
123456789012/us-east-1.

`█████░░░░░░░░░░░░░░░░░░░░░░░░░` 1.2 GB of 6.7 GB (18%)

| Repository | Type | Total | Expired | Keep |
|---|---|--:|--:|--:|
| `shop/api` | Image | 12 (5.7 GB) | **1 (200 MB)** | 11 (5.5 GB) |
| `shop/api` | Image index | 2 (1.0 GB) | **1 (1.0 GB)** | 1 (999 B) |
| `shop/api` | Soci index | 1 (3.0 MB) | **1 (3.0 MB)** | 0 (0 B) |
| `shop/web` | Image | 3 (30 MB) | **3 (30 MB)** | 0 (0 B) |
| `tools/ci` | Image | 0 (0 B) |  | 0 (0 B) |

## Could not be read

- lambda:ListFunctions is denied; allow it: not you
- legacy: ecr:DescribeImages is denied

## Kept images

- 11 in use
- 1 with a tag of keep\\_tag\\_patterns

## Sources

- file other.json: read, 1 reference
- ecs of 123456789012/us-east-1: read, 1,234 references
- lambda of 123456789012/us-east-1: denied, 0 references; \
lambda:ListFunctions is denied; allow it: not you
- no rule matches, so nothing is touched: backup, scratch

## Notes

- shop/api: 2 indexes refer to an image that is missing from ECR

**INCOMPLETE: 2 things could not be read, so this plan cannot be carried out.**"""
    )


def test_markdown_shows_names_as_they_are():
    made = plan_of(unmanaged=(RepositoryKey(REGISTRY, "a_b*c|<d>`[e]\\"),))
    line = PLAN_FORMATS["markdown"](made).splitlines()[-1]
    assert line.endswith(r"touched: a\_b\*c\|&lt;d>\`\[e\]\\")


def test_the_plan_table_with_colors():
    """What is deletable is blue; nothing left to keep is yellow. Columns stay in line."""
    shown = table(shop()).split("\n\n")[1]
    none = f"{YELLOW}0 (0 B){PLAIN}"
    assert (
        shown
        == f"""\
 REPOSITORY   | TYPE        | TOTAL       | EXPIRED     | KEEP
--------------+-------------+-------------+-------------+-------------
 shop/api     | Image       | 12 (5.7 GB) | {BLUE}-1 (200 MB){PLAIN} | 11 (5.5 GB)
 shop/api     | Image index | 2 (1.0 GB)  | {BLUE}-1 (1.0 GB){PLAIN} | 1 (999 B)
 shop/api     | Soci index  | 1 (3.0 MB)  | {BLUE}-1 (3.0 MB){PLAIN} | {none}
 shop/web     | Image       | 3 (30 MB)   | {BLUE}-3 (30 MB){PLAIN}  | {none}
 tools/ci     | Image       | 0 (0 B)     |             | {none}"""
    )


def test_the_plan_table_of_an_account_without_repositories():
    assert (
        table(plan_of())
        == """\
 REPOSITORY   | TYPE   | TOTAL   | EXPIRED   | KEEP
--------------+--------+---------+-----------+--------

0 (0 B) of 0 (0 B) images can be deleted, in 0 repositories of 123456789012/us-east-1.

Sources:"""
    )


def test_a_repository_whose_name_is_a_number_keeps_its_name():
    names = ["007", "1.10", "1e3"]
    text = table(plan_of(*[repository_plan(name) for name in names]))
    assert [line.split()[0] for line in text.splitlines()[2:5]] == names


def test_one_of_each_is_in_the_singular():
    kept = [Decision(numbered(2, "a"), Reason.IN_USE)]
    one = repository_plan("shop/api", [deletable(numbered(1))], kept=kept, broken_indexes=1)
    text = click.unstyle(table(plan_of(one)))
    assert "in 1 repository of 123456789012/us-east-1." in text
    assert "\n  1  in use\n" in text
    assert text.endswith("\n  shop/api: 1 index refers to an image that is missing from ECR")


def test_every_reason_has_words():
    assert set(REASONS) == set(Reason)


def test_reasons_are_listed_in_the_order_in_which_they_are_asked():
    keeps = (Reason.ARCHIVED, Reason.IN_USE, Reason.KEEP_COUNT)
    kept = [Decision(numbered(place, "a"), reason) for place, reason in enumerate(keeps)]
    text = table(plan_of(repository_plan("shop/api", kept=kept)))
    places = [
        text.index(REASONS[reason])
        for reason in (Reason.IN_USE, Reason.KEEP_COUNT, Reason.ARCHIVED)
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ((Action.DELETE, Action.DELETE), "can be deleted, "),
        ((Action.ARCHIVE, Action.ARCHIVE), "can be archived, "),
        ((Action.ARCHIVE, Action.DELETE), "can be removed (1 archived, 1 deleted), "),
    ],
)
def test_what_is_archived_is_distinguished_from_what_is_deleted(actions, words):
    stage = [
        deletable(numbered(place))._replace(action=action) for place, action in enumerate(actions)
    ]
    text = click.unstyle(table(plan_of(repository_plan("shop/api", stage))))
    assert f"\n2 (2.0 kB) of 2 (2.0 kB) images {words}in 1 repository of" in text
    charged = "\nECR charges archived images for at least 90 days.\n"
    assert (charged in text) == (Action.ARCHIVE in actions)


def test_what_is_in_use_and_not_there_and_who_else_may_use_the_rest_is_worth_knowing():
    """B26."""
    consumer = "ECR copies it to 210987654321/eu-west-1"
    made = plan_of(repository_plan("shop/api", missing=(":v1",), consumers=(consumer,)))
    assert table(made).endswith(
        "\nNotes:\n"
        "  shop/api:v1 is in use but missing from ECR\n"
        f"  shop/api: {consumer}, and a scan of this account does not see who does"
    )


# A plan as JSON

FUJIWARA = (
    "repository",
    "type",
    "expired_images",
    "total_images",
    "expired_image_size",
    "total_image_size",
)


def test_the_plan_json():
    kept = [Decision(numbered(2, "a", size=7), Reason.IN_USE)]
    made = plan_of(repository_plan("shop/api", [deletable(numbered(1, size=35))], kept=kept))
    assert (
        PLAN_FORMATS["json"](made)
        == """\
[
  {
    "repository": "shop/api",
    "type": "Image",
    "expired_images": 1,
    "total_images": 2,
    "expired_image_size": 35,
    "total_image_size": 42,
    "registry": "123456789012/us-east-1",
    "complete": true,
    "missing": []
  }
]"""
    )


def test_what_could_not_be_read_is_worked_out_once_and_not_in_each_row(monkeypatch):
    asked: list[Plan] = []

    def unread(plan: Plan) -> tuple[str, ...]:
        asked.append(plan)
        return ("ecs:ListTasks is denied",)

    monkeypatch.setattr(Plan, "unread", property(unread))
    assert len(rows(shop())) > len(asked) == 1


def test_the_keys_of_fujiwara_ecrm_come_first_and_in_its_order():
    for row in rows(shop()):
        assert tuple(row)[: len(FUJIWARA)] == FUJIWARA


def test_rows_are_sorted_and_other_types_than_image_are_there_only_where_there_are_any():
    assert [tuple(row[key] for key in FUJIWARA) for row in rows(shop())] == [
        ("shop/api", "Image", 1, 12, 200_000_000, 5_700_000_000),
        ("shop/api", "Image index", 1, 2, 1_000_000_000, 1_000_000_999),
        ("shop/api", "Soci index", 1, 1, 3_000_000, 3_000_000),
        ("shop/web", "Image", 3, 3, 30_000_000, 30_000_000),
        ("tools/ci", "Image", 0, 0, 0, 0),
        ("legacy", "Image", 0, 0, 0, 0),  # could not be read
    ]


def test_what_is_no_container_image_is_a_type_of_its_own():
    chart = Decision(numbered(1, "1.0", size=5, artifact_type=HELM), Reason.ARTIFACT)
    made = plan_of(repository_plan("charts", kept=[chart]))
    assert [(row["type"], row["total_images"]) for row in rows(made)] == [
        ("Image", 0),
        ("Artifact", 1),
    ]


def test_the_same_repository_of_two_registries_is_two_rows():
    other = Registry("210987654321", "eu-west-1")
    made = plan_of(
        repository_plan("shop/api", [deletable(numbered(1))], registry=other),
        repository_plan("shop/api"),
    )
    assert [(row["registry"], row["expired_images"]) for row in rows(made)] == [
        ("123456789012/us-east-1", 0),
        ("210987654321/eu-west-1", 1),
    ]
    assert "of 210987654321/eu-west-1, 123456789012/us-east-1." in table(made)


# An incomplete plan


def test_every_object_of_an_incomplete_plan_says_so_and_what_is_missing():
    missing = ["lambda:ListFunctions is denied; allow it: not you", "legacy: " + DENIED]
    assert {(row["complete"], *row["missing"]) for row in rows(shop())} == {(False, *missing)}


def test_a_repository_that_could_not_be_read_is_in_the_json_and_not_in_the_table():
    made = plan_of(repository_plan("legacy", unread="oops"))
    (row,) = rows(made)
    assert (row["repository"], row["complete"], row["missing"]) == (
        "legacy",
        False,
        ["legacy: oops"],
    )
    assert " legacy " not in table(made)


@pytest.mark.parametrize("format_name", ["table", "markdown"])
def test_an_incomplete_plan_says_so_first_and_last(format_name):
    lines = PLAN_FORMATS[format_name](shop()).splitlines()
    assert lines[0].lstrip("# ").startswith("INCOMPLETE")
    assert lines[-1].strip("*") == (
        "INCOMPLETE: 2 things could not be read, so this plan cannot be carried out."
    )


@pytest.mark.parametrize("format_name", ["table", "markdown"])
def test_where_nothing_could_be_read_nothing_is_counted(format_name):
    """With expired credentials, say."""
    made = plan_of(*(repository_plan(f"app{n}", unread="expired") for n in range(57)))
    text = PLAN_FORMATS[format_name](made)
    assert "can be deleted" not in text
    assert "0 (0 B)" not in text
    assert "No image of 123456789012/us-east-1 could be read." in text
    assert "57 things could not be read" in text
    assert text.count("expired") == 1
    assert "app0: expired (also app1, app2, app3 and 53 more)" in text


# A scan


def scanned() -> Scan:
    web, path = "service prod/web", ("task definition web:1", "container app")
    excluded = Diagnostic(ReadStatus.EXCLUDED, "cluster sandbox: excluded by clusters")
    return Scan(
        NOW,
        (
            use_of(f"{HOST}/web:v1@{digest(1)}", web, "deployment PRIMARY", *path),
            use_of(f"{HOST}/web:v1", web, "service", *path),
            use_of(f"{HOST}/web:v1", web, "deployment PRIMARY", *path),
            use_of(f"{HOST}/api@{digest(2)}", "function api:3", "alias prod", source="lambda"),
            use_of("proxy.internal:5000/api:v2", "other.json", "listed", source="scanned file"),
        ),
        (
            SourceReport(None, "file other.json", 1),
            SourceReport(REGISTRY, "ecs", 2, (excluded,)),
        ),
    )


def test_the_scan_json_has_one_entry_for_a_tag_and_one_for_a_digest_sorted():
    assert (
        SCAN_FORMATS["json"](scanned())
        == f"""\
[
  "{HOST}/api@{digest(2)}",
  "{HOST}/web:v1",
  "{HOST}/web@{digest(1)}",
  "proxy.internal:5000/api:v2"
]"""
    )


def test_a_scan_of_nothing_is_an_empty_array():
    assert SCAN_FORMATS["json"](Scan(NOW, (), ())) == "[]"


def test_the_scan_json_is_what_scanned_files_read(tmp_path):
    path = tmp_path / "scan.json"
    path.write_text(SCAN_FORMATS["json"](scanned()))
    again = Scan(NOW, tuple(use for use in file_uses(str(path)) if isinstance(use, Use)), ())
    assert SCAN_FORMATS["json"](again) == SCAN_FORMATS["json"](scanned())


def test_hosts_of_one_registry_are_written_in_one_form():
    texts = (
        f"https://{HOST}/web:v1",
        "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/web:v1",
        "123456789012.dkr-ecr.us-east-1.on.aws/web:v1",
    )
    found = Scan(NOW, tuple(use_of(text, "service prod/web", "service") for text in texts), ())
    assert json.loads(SCAN_FORMATS["json"](found)) == [f"{HOST}/web:v1"]


def test_the_scan_table():
    assert (
        SCAN_FORMATS["table"](scanned())
        == """\
 IMAGE                                             | USED BY          | WHY
---------------------------------------------------+------------------+-----------------------------
 123456789012/us-east-1 web:v1@sha256:000000000000 | service prod/web | deployment PRIMARY
 123456789012/us-east-1 web:v1                     | service prod/web | service, deployment PRIMARY
 123456789012/us-east-1 api@sha256:000000000000    | function api:3   | alias prod
 proxy.internal:5000 api:v2                        | other.json       | listed"""
    )


def test_the_scan_table_tells_each_reason_of_a_user_once():
    who = "service prod/web"
    uses = tuple(use_of(f"{HOST}/web:v1", who, "service", f"container {letter}") for letter in "ab")
    lines = SCAN_FORMATS["table"](Scan(NOW, uses, ())).splitlines()
    assert [line.rpartition("| ")[2] for line in lines[2:]] == ["service"]


def test_the_scan_detail():
    scan = scanned()
    first = Scan(scan.at, scan.uses[:1], scan.source_reports)
    assert (
        SCAN_FORMATS["detail"](first)
        == f"""\
{{
  "ecrm_scan": 1,
  "complete": true,
  "scanned_at": "2026-03-01T12:00:00+00:00",
  "sources": [
    {{
      "target": null,
      "source": "file other.json",
      "status": "read",
      "references": 1,
      "notes": []
    }},
    {{
      "target": "123456789012/us-east-1",
      "source": "ecs",
      "status": "excluded",
      "references": 2,
      "notes": [
        "cluster sandbox: excluded by clusters"
      ]
    }}
  ],
  "uses": [
    {{
      "reference": "{HOST}/web:v1@{digest(1)}",
      "repository": "web",
      "tag": "v1",
      "digest": "{digest(1)}",
      "source": "ecs",
      "used_by": "service prod/web",
      "why": "deployment PRIMARY",
      "path": [
        "task definition web:1",
        "container app"
      ]
    }}
  ]
}}"""
    )


def test_the_scan_detail_has_every_use():
    detail = json.loads(SCAN_FORMATS["detail"](scanned()))
    assert [use["used_by"] for use in detail["uses"]] == [
        *["service prod/web"] * 3,
        "function api:3",
        "other.json",
    ]


# Outcomes


def outcome(
    number: int,
    answer: OutcomeStatus,
    detail: str = "",
    *tags: str,
    repository: str = "shop/api",
) -> Outcome:
    decision = deletable(numbered(number, *tags, size=10 * MEGABYTE))
    return Outcome(REGISTRY, repository, decision, answer, detail)


def test_the_outcomes_table_counts_only_what_aws_says_is_deleted():
    """B3."""
    outcomes = [
        outcome(4, OutcomeStatus.FAILED, "KmsError: no key", "v1", "v2", repository="shop/web"),
        outcome(1, OutcomeStatus.DELETED),
        outcome(2, OutcomeStatus.DELETED, "", "v1"),
        outcome(3, OutcomeStatus.ALREADY_GONE, "ImageNotFound: Requested image not found"),
        outcome(5, OutcomeStatus.SKIPPED, "now in_use"),
        outcome(6, OutcomeStatus.ARCHIVED),
    ]
    assert (
        outcomes_table(outcomes, [REGISTRY], len(outcomes))
        == f"""\
 REPOSITORY   | DELETED   | ARCHIVED   | ALREADY GONE   | SKIPPED   | FAILED
--------------+-----------+------------+----------------+-----------+-----------
 shop/api     | 2 (20 MB) | 1 (10 MB)  | 1 (10 MB)      | 1 (10 MB) |
 shop/web     |           |            |                |           | 1 (10 MB)

Deleted 2 (20 MB) of 6 images.
Archived 1 (10 MB) of 6 images.
Failed: shop/web@{digest(4)} (v1, v2): KmsError: no key
Skipped: shop/api@{digest(5)}: now in_use"""
    )


def test_the_outcomes_table_says_how_many_of_the_whole_plan_are_left():
    outcomes = [
        *(outcome(number, OutcomeStatus.DELETED) for number in (1, 2, 3)),
        outcome(4, OutcomeStatus.DEFERRED, "the time was over"),
    ]
    text = outcomes_table(outcomes, [REGISTRY], 67)
    assert text.endswith("\n\nDeleted 3 (30 MB) of 67 images; 64 left.")


def test_many_images_that_are_dropped_for_one_reason_are_counted():
    key = RepositoryKey(REGISTRY, "app")
    many = [Dropped(key, deletable(numbered(number)), "now in use") for number in range(21)]
    tagged = Dropped(key, deletable(numbered(50, "v1")), "now archived")
    assert list(dropped_lines([*many, tagged], [REGISTRY])) == [
        "Not deleted any more: 21 images of app: now in use",
        f"Not deleted any more: app@{digest(50)} (v1): now archived",
    ]


def test_the_outcomes_table_of_a_run_in_which_all_went_well():
    assert (
        outcomes_table([outcome(1, OutcomeStatus.DELETED)], [REGISTRY], 1)
        == """\
 REPOSITORY   | DELETED
--------------+-----------
 shop/api     | 1 (10 MB)

Deleted 1 (10 MB) of 1 image."""
    )


def test_the_outcomes_table_of_a_run_that_deleted_nothing():
    assert (
        outcomes_table([outcome(1, OutcomeStatus.FAILED, "oops")], [REGISTRY], 1)
        == f"""\
 REPOSITORY   | FAILED
--------------+-----------
 shop/api     | 1 (10 MB)

Deleted 0 (0 B) of 1 image.
Failed: shop/api@{digest(1)}: oops"""
    )


def test_failures_alike_are_one_line_with_a_count():
    denied = "ecr:BatchDeleteImage is denied; allow it: on resource: arn:aws:ecr:::repository/{}"
    outcomes = [
        *(
            outcome(number, OutcomeStatus.FAILED, denied.format(name), repository=name)
            for number in range(33)
            for name in ("shop/api", "shop/web")
        ),
        outcome(50, OutcomeStatus.FAILED, "KmsError: no key"),
        *(outcome(51 + number, OutcomeStatus.SKIPPED, "now in use") for number in range(20)),
    ]
    lines = outcomes_table(outcomes, [REGISTRY], 87).splitlines()
    each = [line for line in lines if line.startswith("Skipped: ")]
    assert len(each) == 20  # of so few each is named
    assert each[0] == f"Skipped: shop/api@{digest(51)}: now in use"
    outcomes.append(outcome(71, OutcomeStatus.SKIPPED, "now in use"))
    lines = outcomes_table(outcomes, [REGISTRY], 88).splitlines()
    first = f"Failed: shop/api@{digest(0)}: {denied.format('shop/api')} (also shop/web@{digest(0)}"
    assert lines[-3].startswith(first)
    assert lines[-3].endswith(" and 62 more)")
    assert lines[-2] == f"Failed: shop/api@{digest(50)}: KmsError: no key"
    assert lines[-1].startswith(f"Skipped: shop/api@{digest(51)}: now in use (also ")
    assert lines[-1].endswith(" and 17 more)")


def test_what_was_done_can_be_taken_back_with_one_line():
    left = [outcome(1, OutcomeStatus.FAILED), outcome(2, OutcomeStatus.DEFERRED)]
    assert list(undo_lines(left, "j.jsonl")) == []
    for status in (OutcomeStatus.DELETED, OutcomeStatus.ARCHIVED):
        [line] = undo_lines([*left, outcome(3, status)], "my journals/j.jsonl")
        assert line == "Undo: ecrm restore 'my journals/j.jsonl'"


def test_a_deleted_image_is_a_line_of_the_log():
    assert deleted_line(outcome(1, OutcomeStatus.DELETED, "", "v1", "v2")) == (
        f"deleted {REGISTRY}/shop/api@{digest(1)} (v1, v2), 10 MB, pushed 2026-02-21: expired"
    )


# Numbers


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (9, "9 B"),
        (10, "10 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1049, "1.0 kB"),
        (1050, "1.1 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (82_854_982, "83 MB"),
        (999_949, "1000 kB"),
        (1_000_000, "1.0 MB"),
        (9_949_000_000, "9.9 GB"),
        (9_950_000_000, "10 GB"),
        (40_400_000_000, "40 GB"),
        (1_500_000_000_000, "1.5 TB"),
        (10**15, "1.0 PB"),
        (10**18, "1.0 EB"),
        (10**22, "10000 EB"),
    ],
)
def test_sizes_look_as_fujiwara_ecrm_prints_them(size, text):
    """Its go-humanize: powers of 1000, and one decimal below ten."""
    assert human_size(size) == text


@given(st.integers(0, 10**18))
def test_a_size_is_never_further_off_than_a_twentieth(size):
    number, unit = human_size(size).split()
    shown = float(number) * 1000 ** ("B", "kB", "MB", "GB", "TB", "PB", "EB").index(unit)
    assert abs(shown - size) <= 0.051 * size


def test_a_tally_is_a_number_and_its_size():
    assert human_totals(Totals(30, 40_000_000_000)) == "30 (40 GB)"
    assert human_totals(Totals(27, 36_000_000_000), "-") == "-27 (36 GB)"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (1234, "1,234 images")]
)
def test_a_count_agrees_with_its_noun(number, text):
    assert count(number, "image") == text


def test_a_plural_may_be_irregular():
    assert count(2, "repository", "repositories") == "2 repositories"


@pytest.mark.parametrize(("size", "blocks"), [(0, 0), (1, 1), (500, 15), (1000, 30)])
def test_the_bar_of_a_plan_as_markdown_shows_anything_that_can_be_deleted(size: int, blocks: int):
    stages = [[deletable(numbered(1, size=size))]] if size else []
    kept = [Decision(numbered(2, size=1000 - size), Reason.PUSHED)]
    text = PLAN_FORMATS["markdown"](plan_of(repository_plan("app", *stages, kept=kept)))
    assert (text.count("█"), text.count("░")) == (blocks, 30 - blocks)


def test_a_plan_of_nothing_has_no_bar():
    assert "░" not in PLAN_FORMATS["markdown"](plan_of(repository_plan("app")))

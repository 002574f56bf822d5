"""All sources together: everything arrives, and source reports say how far that can be known."""

import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ecrm.aws import Target
from ecrm.config import Config, ExternalCommand, Guards, History
from ecrm.errors import InputError
from ecrm.model.pattern import NamePattern
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, Scan, SourceReport
from ecrm.sources import scan
from ecrm.sources.questions import Questions
from tests.sources.reading import defined_as
from tests.stubs import HOST, NOW, REGISTRY, Stubs, session
from tests.values import digest

OTHER = Registry("210987654321", "eu-west-1")
THUMBS = f"{HOST}/thumbs@{digest(7)}"
TASK = {
    "taskArn": "arn:aws:ecs:us-east-1:123456789012:task/prod/1",
    "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
    "group": "service:web",
    "containers": [
        {"name": "app", "image": f"{HOST}/web:v1", "imageDigest": digest(1)},
        {"name": "proxy", "image": "public.ecr.aws/envoy/envoy:v1"},
    ],
}


@pytest.fixture
def aws() -> Iterator[Stubs]:
    """An account in which one task and one function run, each from an image of its own."""
    with Stubs() as stubs:
        cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/prod"
        function = {"FunctionName": "thumbs", "Version": "$LATEST", "PackageType": "Image"}
        stubs.otherwise("ListClusters", {"clusterArns": [cluster]})
        stubs.otherwise("ListTasks", {"taskArns": [TASK["taskArn"]]})
        stubs.otherwise("DescribeTasks", {"tasks": [TASK]})
        stubs.otherwise("ListServices", {"serviceArns": []})
        stubs.otherwise("ListTaskDefinitionFamilies", {"families": []})
        stubs.otherwise("DescribeTaskDefinition", defined_as())
        stubs.otherwise("ListFunctions", {"Functions": [function]})
        stubs.otherwise("DescribePullThroughCacheRules", {"pullThroughCacheRules": []})
        stubs.otherwise("GetFunction", {"Code": {"ResolvedImageUri": THUMBS}})
        yield stubs


def command(*uris: object, code: int = 0) -> ExternalCommand:
    program = f"print({json.dumps(uris)!r}); raise SystemExit({code})"
    return ExternalCommand((sys.executable, "-c", program), {}, None, timedelta(seconds=30))


def file(folder: Path, name: str, *uris: object) -> str:
    path = folder / name
    path.write_text(json.dumps(uris))
    return str(path)


def read(
    aws: Stubs, *files: str, config: Config | None = None, more: tuple[Target, ...] = (), **how: Any
) -> Scan:
    return scan([aws.target, *more], config or Config(), files, NOW, lambda _: None, **how)


def uris(found: Scan) -> list[str]:
    return list(dict.fromkeys(str(use.reference) for use in found.uses))


def source_reports(found: Scan) -> list[tuple[str, str, str, int]]:
    return [
        (
            str(report.registry or "-"),
            report.source.partition(" ")[0],
            report.status,
            report.references,
        )
        for report in found.source_reports
    ]


def test_every_source_arrives_and_has_a_source_report(aws, tmp_path):
    path = file(tmp_path, "other.json", f"{HOST}/file:v1")
    config = Config(external_commands=(command(f"{HOST}/command:v1", f"{HOST}/command:v2"),))
    found = read(aws, path, config=config)
    assert uris(found) == [
        f"{HOST}/command:v1",
        f"{HOST}/command:v2",
        f"{HOST}/file:v1",
        THUMBS,
        f"{HOST}/web:v1",
        f"{HOST}/web:v1@{digest(1)}",
    ]
    assert source_reports(found) == [
        ("-", "file", "read", 1),
        ("-", "command", "read", 2),
        (str(REGISTRY), "ecs", "read", 2),
        (str(REGISTRY), "lambda", "read", 1),
    ]
    assert (found.at, found.unread) == (NOW, ())


def test_every_one_of_many_sources_arrives(aws, tmp_path):
    """B12."""
    files = [file(tmp_path, f"{number}.json", f"{HOST}/file:{number}") for number in range(20)]
    commands = tuple(command(f"{HOST}/command:{number}") for number in range(5))
    found = read(aws, *files, config=Config(external_commands=commands))
    expected = {f"{HOST}/file:{number}" for number in range(20)}
    expected |= {f"{HOST}/command:{number}" for number in range(5)}
    expected |= {THUMBS, f"{HOST}/web:v1", f"{HOST}/web:v1@{digest(1)}"}
    assert set(uris(found)) == expected
    assert len(found.source_reports) == 27


def test_the_order_of_the_sources_makes_no_difference(aws, tmp_path):
    first = file(tmp_path, "1.json", f"{HOST}/b:1", f"{HOST}/a:1")
    second = file(tmp_path, "2.json", f"{HOST}/c:1", f"{HOST}/a:1")
    assert read(aws, first, second).uses == read(aws, second, first).uses


def test_equal_uses_are_listed_once(aws):
    """A hundred tasks of one service are one user."""
    aws.otherwise("DescribeTasks", {"tasks": [TASK] * 100})
    found = read(aws)
    assert len(found.uses) == len(set(found.uses))
    assert [report.references for report in found.source_reports] == [2, 1]


def test_an_image_that_can_be_in_no_private_registry_is_left_out(aws, tmp_path):
    path = file(tmp_path, "f.json", "nginx", "ghcr.io/a/b:1", "public.ecr.aws/a/b:1")
    assert source_reports(read(aws, path))[0] == ("-", "file", "read", 0)
    assert not any("envoy" in uri for uri in uris(read(aws)))


def test_a_host_that_may_stand_for_any_registry_is_not_left_out(aws, tmp_path):
    path = file(tmp_path, "f.json", "proxy.internal/web:v1")
    assert "proxy.internal/web:v1" in uris(read(aws, path))


# Several targets


def test_every_target_is_read_with_a_line_of_its_own(aws):
    """B26."""
    found = read(aws, more=(Target(OTHER, session()),))
    assert source_reports(found) == [
        (str(registry), source, "read", number)
        for registry in (REGISTRY, OTHER)
        for source, number in (("ecs", 2), ("lambda", 1))
    ]


# What cannot be read


@pytest.mark.parametrize(
    ("operation", "source"), [("ListClusters", "ecs"), ("ListFunctions", "lambda")]
)
def test_a_source_that_is_denied_is_missing_and_the_others_are_read(aws, operation, source):
    """B11."""
    aws.otherwise_refuse(operation, "AccessDeniedException", "not you")
    found = read(aws)
    [line] = found.unread
    assert line.startswith(f"{source}:{operation} is denied; allow it: not you; to read {source}, ")
    assert line.endswith(f"does not use: sources: [{{name: {source}, exclude: true}}]")
    assert [(report.source, report.status) for report in found.source_reports if report.unread] == [
        (source, ReadStatus.DENIED)
    ]
    assert len(uris(found)) in (1, 2)


def test_a_source_that_fails_is_missing_and_the_others_are_read(aws):
    """B11."""
    aws.otherwise_refuse("ListFunctions", "ServiceException", "oops")
    found = read(aws)
    assert found.unread == ("lambda:ListFunctions: ServiceException: oops",)
    assert source_reports(found)[1] == (str(REGISTRY), "lambda", "failed", 0)
    assert f"{HOST}/web:v1" in uris(found)


def test_what_can_wait_is_left_open_where_the_plan_decides_what_matters(aws):
    versions = [
        {"FunctionName": "thumbs", "Version": name, "PackageType": "Image"} for name in "12"
    ]
    aws.otherwise("ListFunctions", {"Functions": versions})
    history = {"lambda_functions": (History(NamePattern("thumbs", False), keep_count=1),)}
    questions = Questions()
    found = read(aws, config=Config(history=history), questions=questions)
    assert questions.name("thumbs")
    assert not questions.name("web")
    assert {"function thumbs:2 (one of the newest 1 versions)"} <= set(map(str, found.uses))
    assert "ListAliases" not in {operation for operation, _ in aws.calls}


def test_functions_do_not_all_vanish(aws):
    """B11: What cannot be gone and is said to be has not been read."""
    aws.otherwise_refuse("ListFunctions", "ResourceNotFoundException", "no")
    assert read(aws).unread == ("lambda:ListFunctions: ResourceNotFoundException: no",)


def test_a_service_that_is_not_offered_here_is_missing_too(aws):
    """B11, B27: Only what the user says may be left out."""
    aws.otherwise_refuse("ListFunctions", "UnknownOperationException", "what?")
    found = read(aws)
    assert found.unread == ("lambda:ListFunctions: this endpoint does not offer it (what?)",)


def test_a_command_that_fails_is_missing_and_everything_else_is_read(aws):
    """B11."""
    failing = command(f"{HOST}/command:v1", code=3)
    found = read(aws, config=Config(external_commands=(failing, command(f"{HOST}/other:v1"))))
    name = failing.command[0]
    assert found.unread == (f"external command {name}: exit code 3",)
    assert f"{HOST}/other:v1" in uris(found)
    assert f"{HOST}/web:v1" in uris(found)


def test_a_diagnostic_of_many_readers_is_reported_once(aws):
    clusters = [f"arn:aws:ecs:us-east-1:123456789012:cluster/{name}" for name in "abc"]
    aws.otherwise("ListClusters", {"clusterArns": clusters})
    aws.otherwise_refuse("ListTasks", "AccessDeniedException", "not you")
    [line] = read(aws).unread
    assert line.startswith("ecs:ListTasks is denied; allow it: not you; to read ecs, allow ")


def test_a_scanned_file_that_cannot_be_read_ends_the_run_before_aws_is_asked(aws, tmp_path):
    """B26."""
    with pytest.raises(InputError, match=r"missing\.json: cannot be read: No such file"):
        read(aws, str(tmp_path / "missing.json"))
    assert aws.calls == []


@pytest.mark.parametrize(("hours", "stale"), [(23, False), (25, True)])
def test_a_scanned_file_older_than_the_guard_allows_ends_the_run(aws, tmp_path, hours, stale):
    """B26."""
    path = file(tmp_path, "other.json", f"{HOST}/file:v1")
    written = (NOW - timedelta(hours=hours)).timestamp()
    os.utime(path, (written, written))
    config = Config(guards=Guards(scanned_files_max_age=timedelta(days=1)))
    if not stale:
        assert f"{HOST}/file:v1" in uris(read(aws, path, config=config))
        return
    with pytest.raises(InputError) as error:
        read(aws, path, config=config)
    assert str(error.value) == (
        f"{path}: was written 2026-02-28 11:00 UTC, and guards.scanned_files_max_age asks for "
        "2026-02-28 12:00 or later; scan again"
    )


def test_without_the_guard_a_scanned_file_may_be_of_any_age(aws, tmp_path):
    path = file(tmp_path, "other.json", f"{HOST}/file:v1")
    os.utime(path, (0, 0))
    config = Config(guards=Guards(scanned_files_max_age=None))
    assert f"{HOST}/file:v1" in uris(read(aws, path, config=config))


# What is left out on purpose


def test_what_is_excluded_is_in_the_source_reports_and_nothing_is_missing(aws):
    name = NamePattern("prod", is_glob=False)
    found = read(aws, config=Config(history={"clusters": (History(name, exclude=True),)}))
    note = Diagnostic(ReadStatus.EXCLUDED, "cluster prod: excluded by clusters")
    assert found.source_reports[0] == SourceReport(
        REGISTRY, "ecs", 0, (note,), {"clusters": ("prod",)}
    )
    assert found.unread == ()


def test_the_names_that_were_seen_are_in_the_source_reports_and_a_file_sees_none(aws, tmp_path):
    aws.otherwise("ListTaskDefinitionFamilies", {"families": ["web"]})
    aws.otherwise("ListTaskDefinitions", {"taskDefinitionArns": []})
    found = read(aws, file(tmp_path, "other.json", f"{HOST}/file:v1"))
    assert {report.source.partition(" ")[0]: report.names for report in found.source_reports} == {
        "file": None,
        "ecs": {"clusters": ("prod",), "task_definitions": ("web",)},
        "lambda": {"lambda_functions": ("thumbs",)},
    }


def test_without_a_scan_only_files_are_read_and_the_source_reports_say_so(aws, tmp_path):
    path = file(tmp_path, "other.json", f"{HOST}/file:v1")
    config = Config(external_commands=(command(f"{HOST}/command:v1"),))
    found = read(aws, path, config=config, services=False)
    assert uris(found) == [f"{HOST}/file:v1"]
    note = Diagnostic(ReadStatus.EXCLUDED, "not read: --no-scan")
    assert found.source_reports == (
        SourceReport(None, f"file {path}", 1),
        SourceReport(REGISTRY, "ecs", 0, (note,)),
        SourceReport(REGISTRY, "lambda", 0, (note,)),
    )
    assert aws.calls == []


@pytest.mark.parametrize("services", [True, False])
def test_files_of_the_working_tree_are_read_with_and_without_a_scan(
    aws, tmp_path, monkeypatch, services
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.yaml").write_text(f"image: {HOST}/tree:v1")
    found = read(aws, config=Config(files=("*.yaml", "*.json")), services=services)
    assert f"{HOST}/tree:v1" in uris(found)
    tree = [report for report in found.source_reports if report.source.startswith("files ")]
    assert [(report.source, report.status, report.references) for report in tree] == [
        ("files *.yaml", "read", 1),
        ("files *.json", "failed", 0),
    ]
    assert found.unread == (
        "*.json: matches no file; it is relative to the folder that ecrm runs in",
    )


def test_a_file_of_the_working_tree_does_not_tell_who_uses_a_registry(aws, tmp_path, monkeypatch):
    """It names what somebody wants to deploy there; what runs there has not been scanned."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.yaml").write_text(f"image: {OTHER.host}/app:v1")
    found = read(aws, config=Config(files=("*.yaml",)))
    assert f"{OTHER.host}/app:v1" in uris(found)
    assert not found.tells_of(OTHER)

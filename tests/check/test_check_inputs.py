"""What `check` reads beyond the plan: tags, policies, files; and what becomes of what it cannot."""

import json
from datetime import timedelta

import pytest

from ecrm.check.values import CheckInputs, Unread
from ecrm.config import Config
from ecrm.errors import AwsError, Gone, InputError
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.scan import Diagnostic, ReadStatus, Scan
from ecrm.model.use import Use
from ecrm.registry.tag_mutability import Mutability
from ecrm.workflow.check_inputs import CheckRequest, read_check_inputs
from ecrm.workflow.request import Request
from ecrm.workflow.run import Run
from tests.check.inputs import config, in_file
from tests.check.test_lifecycle_rule import POLICY
from tests.values import HOME, NOW, RepositoryIndex, Shelf, digest, image, index

KEY = RepositoryKey(HOME, "app")
TEXT = json.dumps(POLICY)


def use(text: str) -> Use:
    return in_file(text)


def gathered(
    repository: RepositoryIndex,
    *uses: Use,
    settings: Config | None = None,
    request: CheckRequest | None = None,
    monkeypatch: pytest.MonkeyPatch | None = None,
) -> CheckInputs:
    """Of one repository `app`; `uses` are what a scan finds."""
    run = Run(
        Request(),
        settings or config(),
        (),
        Shelf({HOME: {"app": repository}}),
        NOW,
        lambda _: None,
    )
    if monkeypatch:
        monkeypatch.setattr("ecrm.sources.scan", lambda *_, **__: Scan(NOW, uses, ()))
    return read_check_inputs(run, request or CheckRequest())


def unread(rule: str, found: CheckInputs) -> list[str]:
    return [gap.text for gap in found.unread if gap.rule == rule]


def test_the_policy_of_a_repository_is_evaluated():
    found = gathered(RepositoryIndex((image("a", "v1", days=25),), {}, policy=TEXT))
    assert found.lifecycle_conflicts[KEY].evaluated_by == "ecrm's own evaluation"
    assert [conflict.name for conflict in found.lifecycle_conflicts[KEY].conflicts] == ["v1"]


def test_what_the_policy_will_reach_soon_is_reported_with_its_day(monkeypatch: pytest.MonkeyPatch):
    images = (image("a", "v1", days=15), image("b", "v2", days=12))
    uses = use("app:v1"), use("app:v2")
    found = gathered(RepositoryIndex(images, {}, policy=TEXT), *uses, monkeypatch=monkeypatch)
    assert [
        (conflict.name, conflict.due) for conflict in found.lifecycle_conflicts[KEY].conflicts
    ] == [("v1", NOW + timedelta(days=5))]
    none = config("lifecycle: {within: 0s}")
    repository = RepositoryIndex(images, {}, policy=TEXT)
    found = gathered(repository, *uses, settings=none, monkeypatch=monkeypatch)
    assert not found.lifecycle_conflicts[KEY].conflicts


def test_where_there_is_no_policy_there_is_nothing_to_tell():
    assert not gathered(RepositoryIndex((image("a", "v1"),), {}, policy=None)).lifecycle_conflicts


def test_a_policy_that_is_asked_about_comes_instead_of_the_one_that_is_there():
    there = RepositoryIndex((image("a", "v1", days=25),), {}, policy=AwsError("must not be asked"))
    found = gathered(there, request=CheckRequest(policy=TEXT))
    assert len(found.lifecycle_conflicts[KEY].conflicts) == 1


@pytest.mark.parametrize("error", [AwsError("ecr:GetLifecyclePolicy: denied"), InputError("odd")])
def test_a_policy_that_cannot_be_read_is_not_known(error: Exception):
    found = gathered(RepositoryIndex((image("a"),), {}, policy=error))
    assert unread("lifecycle", found) == [f"app: {error}"]
    assert not found.lifecycle_conflicts


def test_with_two_registries_what_cannot_be_read_names_its_own():
    error = RepositoryIndex((image("a"),), {}, policy=AwsError("denied"))
    none = RepositoryIndex((image("a"),), {}, policy=None)
    away = Registry("210987654321", "us-east-1")
    shelf = Shelf({HOME: {"app": none}, away: {"app": error}})
    run = Run(Request(), config(), (), shelf, NOW, lambda _: None)
    found = read_check_inputs(run, CheckRequest())
    assert unread("lifecycle", found) == [f"{away}/app: denied"]


def test_a_repository_that_is_gone_meanwhile_needs_nothing_more():
    found = gathered(
        RepositoryIndex((image("a"),), {}, policy=Gone("gone"), mutability=Gone("gone"))
    )
    assert found.unread == ()


def test_what_is_off_is_not_asked_about(monkeypatch: pytest.MonkeyPatch):
    off = config("lifecycle: {level: off}, mutable_tag: {level: off}")
    error = AwsError("must not be asked")
    repository = RepositoryIndex((image("a", "v1"),), {}, policy=error, mutability=error)
    found = gathered(repository, use("app:v1"), settings=off, monkeypatch=monkeypatch)
    assert found.unread == ()


def test_only_where_tags_are_in_use_their_setting_is_asked_about(monkeypatch: pytest.MonkeyPatch):
    repository = RepositoryIndex((image("a", "v1"),), {}, mutability=AwsError("denied"))
    assert unread("mutable_tag", gathered(repository)) == []
    by_digest = gathered(repository, use(f"app@{digest('a')}"), monkeypatch=monkeypatch)
    assert unread("mutable_tag", by_digest) == []
    by_tag = gathered(repository, use("app:v1"), monkeypatch=monkeypatch)
    assert unread("mutable_tag", by_tag) == ["app: denied"]


def test_the_children_of_an_index_to_which_a_tag_moved_are_read(monkeypatch: pytest.MonkeyPatch):
    images = (index("multi", "v1"), image("arm"))
    repository = RepositoryIndex(
        images, {digest("multi"): (digest("arm"),)}, mutability=Mutability(mutable=False)
    )
    runs = use(f"app:v1@{digest('arm')}")
    found = gathered(repository, runs, monkeypatch=monkeypatch)
    assert found.children == {KEY: {digest("multi"): (digest("arm"),)}}


def test_what_files_say_becomes_uses_unchecked_lines_and_unread_ones():
    inputs = (
        in_file("app:v1"),
        Diagnostic(ReadStatus.READ, "a.yaml:1: {{ x }} is a template"),
        Diagnostic(ReadStatus.FAILED, "b.yaml: cannot be read"),
    )
    found = gathered(RepositoryIndex((), {}), request=CheckRequest(inputs))
    assert found.file_uses == inputs[:1]
    assert found.unchecked == ("a.yaml:1: {{ x }} is a template",)
    assert found.unread == (Unread("", "b.yaml: cannot be read"),)

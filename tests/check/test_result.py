"""All rules together: what is checked, in which order it is reported, and what makes it unclean."""

from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.check import RULES, check, for_all
from ecrm.check.values import Unread
from ecrm.config import RULES_OF_CHECK, Checks, Level
from ecrm.model.reference import RepositoryKey
from ecrm.model.scan import ReadStatus
from ecrm.model.use import SourceLocation
from tests.check.inputs import config, in_file, inputs_of, repositories, source_reports
from tests.stubs import REGISTRY
from tests.values import HOME, image, use


def test_every_rule_of_ecrm_yaml_is_there_and_in_the_same_order():
    assert list(RULES) == list(RULES_OF_CHECK)
    assert set(RULES) == set(Checks.__dataclass_fields__)


def test_errors_come_first_then_the_order_of_the_rules_then_the_location():
    settings = config(
        "missing_image: {level: warning}, unmanaged: {level: error}, "
        "overdue: {level: error, max_images: 0, longer_than: 99y}"
    )
    inventory = repositories(app=[image("a", "v1")], other=[])
    found = check(inputs_of(inventory, use("other:z"), use("app:b"), settings=settings))
    assert [(violation.rule, violation.level) for violation in found.violations] == [
        ("overdue", Level.ERROR),
        ("unmanaged", Level.ERROR),
        ("missing_image", Level.WARNING),
        ("missing_image", Level.WARNING),
    ]
    assert [str(violation.where) for violation in found.violations[2:]] == [
        f"{HOME}/app:b",
        f"{HOME}/other:z",
    ]
    assert (found.errors, found.warnings) == (2, 2)


def test_the_order_of_the_uses_decides_nothing():
    inventory = repositories(app=[])
    uses = [use("app:a"), use("app:b"), in_file("app:c"), in_file("app:c", line=3)]
    assert check(inputs_of(inventory, *uses)) == check(inputs_of(inventory, *reversed(uses)))


def test_what_could_not_be_scanned_is_not_known():
    found = check(inputs_of(repositories(app=[]), read=source_reports(ReadStatus.DENIED)))
    assert "ecs:ListClusters: denied" in [gap.text for gap in found.unread]


def test_what_cannot_be_read_for_a_rule_that_is_off_is_not_missed():
    unread = tuple(Unread(rule, f"for {rule}") for rule in ("lifecycle", "mutable_tag", ""))
    settings = config("mutable_tag: {level: off}")
    found = check(inputs_of(repositories(app=[]), settings=settings, unread=unread))
    assert [gap.text for gap in found.unread] == ["for lifecycle", "for "]


@pytest.mark.parametrize("off", RULES)
def test_a_rule_that_is_off_is_not_asked(off: str, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def asks(rule: str) -> Any:
        def find(*_: object) -> Iterator[object]:
            asked.append(rule)
            return iter(())

        return find

    monkeypatch.setattr("ecrm.check.RULES", {rule: asks(rule) for rule in RULES})
    check(inputs_of(repositories(app=[]), settings=config(f"{off}: {{level: off}}")))
    assert asked == [rule for rule in RULES if rule != off]


def test_the_scope_of_the_policy_is_that_of_the_section_or_of_the_rules():
    inventory = repositories(app=[])
    settings = config("missing_image: {}")
    assert check(inputs_of(inventory, settings=settings)).config == SourceLocation("ecrm.yaml", 5)
    assert check(inputs_of(inventory)).config == SourceLocation("ecrm.yaml", 2)


APP = RepositoryKey(REGISTRY, "app")


def test_the_rule_for_all_others_keeps_everything():
    settings = for_all(config())
    assert settings.rule_for(APP) == config().rule_for(APP)
    inventory = repositories(other=[image("a", days=9000)])
    assert not inputs_of(inventory).plan.deletable.images
    assert settings.fingerprint == config().fingerprint

"""Inputs of the rules of `check`: a few repositories, and the uses of their images."""

from dataclasses import replace
from textwrap import dedent
from typing import Any

from ecrm.check import check as run_check
from ecrm.check import for_all
from ecrm.check.values import CheckInputs, Unread, Violation
from ecrm.config import Config
from ecrm.model.image import Image
from ecrm.model.pattern import Selection
from ecrm.model.reference import Reference
from ecrm.model.scan import Diagnostic, ReadStatus, Scan, SourceReport
from ecrm.model.use import SourceLocation, Use
from ecrm.planning.planner import make_plan, planning_context
from ecrm.workflow.configuration import parse
from tests.values import HOME, NOW, RepositoryIndex, Shelf

RULES = """
    repositories:
      - name: app
        expires: 30d
"""
NAMES = {"clusters": ("prod",), "task_definitions": ("web",)}


def config(check: str = "", rules: str = RULES) -> Config:
    return parse(dedent(rules) + (f"check: {{{check}}}\n" if check else ""), "ecrm.yaml")


def repositories(**images_by_name: list[Image]) -> Shelf:
    """At home, by name."""
    return Shelf(
        {
            HOME: {
                name: RepositoryIndex(tuple(images), {}) for name, images in images_by_name.items()
            }
        }
    )


def in_file(text: str, file: str = "k8s/web.yaml", line: int = 12) -> Use:
    """What a file names: `repo:tag` at home, or a whole reference."""
    name = text if "." in text.rpartition("/")[0] else f"{HOME.host}/{text}"
    place = SourceLocation(file, line)
    return Use(
        Reference.parse(name), "working tree", f"file {file}", f"line {line}", location=place
    )


def source_reports(status: ReadStatus = ReadStatus.READ, **names: Any) -> tuple[SourceReport, ...]:
    """Both services were read; `names` are what ECS met."""
    notes = () if status is ReadStatus.READ else (Diagnostic(status, "ecs:ListClusters: denied"),)
    return (
        SourceReport(HOME, "ecs", 0, notes, names or NAMES),
        SourceReport(HOME, "lambda", 0, (), {"lambda_functions": ("resize",)}),
    )


def inputs_of(
    inventory: Shelf,
    *uses: Use,
    settings: Config | None = None,
    read: tuple[SourceReport, ...] | None = None,
    only: str = "",
    **more: Any,
) -> CheckInputs:
    """As `check` gathers it, but for tags, policies and files: those are in `more`."""
    asked = settings or config()
    scan = Scan(NOW, uses, source_reports() if read is None else read)
    facts = planning_context(scan, inventory, for_all(asked), NOW, keep_all=True)
    facts = replace(facts, overdue=asked.check.overdue.longer_than)
    selection = Selection.of(only.split())
    plan = make_plan(inventory, facts, selection, lambda _: None)
    return CheckInputs(plan, asked, scan, selection, **more)


def violations(rule: str, found: CheckInputs) -> list[Violation]:
    return [violation for violation in run_check(found).violations if violation.rule == rule]


def unread(rule: str, found: CheckInputs) -> list[Unread]:
    return [gap for gap in run_check(found).unread if gap.rule == rule]


def whats(rule: str, found: CheckInputs) -> list[str]:
    return [violation.what for violation in violations(rule, found)]

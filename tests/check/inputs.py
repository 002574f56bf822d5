"""Evidence for the rules of `check`, made of what a few repositories hold and who uses it."""

from dataclasses import replace
from textwrap import dedent
from typing import Any

from ecrm.check import Evidence, Unknown, Violation, for_all
from ecrm.check import check as run_check
from ecrm.config import Config, parse
from ecrm.model.image import Image
from ecrm.model.reference import Reference
from ecrm.model.scan import Note, ReadStatus, Scan, SourceRead
from ecrm.model.use import Place, Use
from ecrm.planning.planner import gather_facts, make_plan
from tests.planning.test_planner import HOME, Held, Shelf
from tests.strategies import NOW

RULES = """
    repositories:
      - name: app
        expires: 30d
"""
NAMES = {"clusters": ("prod",), "task_definitions": ("web",)}


def config(check: str = "", rules: str = RULES) -> Config:
    return parse(dedent(rules) + (f"check: {{{check}}}\n" if check else ""), "ecrm.yaml")


def repositories(**held: list[Image]) -> Shelf:
    """At home, by name."""
    return Shelf({HOME: {name: Held(tuple(images), {}) for name, images in held.items()}})


def in_file(text: str, file: str = "k8s/web.yaml", line: int = 12) -> Use:
    """What a file names: `repo:tag` at home, or a whole reference."""
    name = text if "." in text.rpartition("/")[0] else f"{HOME.host}/{text}"
    place = Place(file, line)
    return Use(Reference.parse(name), "working tree", f"file {file}", f"line {line}", place=place)


def ledger(status: ReadStatus = ReadStatus.READ, **names: Any) -> tuple[SourceRead, ...]:
    """Both services were read; `names` are what ECS met."""
    notes = () if status is ReadStatus.READ else (Note(status, "ecs:ListClusters: denied"),)
    return (
        SourceRead(HOME, "ecs", 0, notes, names or NAMES),
        SourceRead(HOME, "lambda", 0, (), {"lambda_functions": ("resize",)}),
    )


def evidence(
    held: Shelf,
    *uses: Use,
    settings: Config | None = None,
    read: tuple[SourceRead, ...] | None = None,
    only: str | None = None,
    **more: Any,
) -> Evidence:
    """As `check` gathers it, but for tags, policies and files: those are in `more`."""
    asked = settings or config()
    scan = Scan(NOW, uses, ledger() if read is None else read)
    facts = gather_facts(scan, held, for_all(asked), NOW, keep_all=True)
    facts = replace(facts, overdue=asked.check.stale.overdue)
    plan = make_plan(held, facts, only, lambda _: None)
    return Evidence(plan, asked, scan, only, **more)


def violations(rule: str, found: Evidence) -> list[Violation]:
    return [it for it in run_check(found).violations if it.rule == rule]


def unknown(rule: str, found: Evidence) -> list[Unknown]:
    return [it for it in run_check(found).unknown if it.rule == rule]


def whats(rule: str, found: Evidence) -> list[str]:
    return [it.what for it in violations(rule, found)]

"""From options to a request, and from results to the terminal; what several commands share."""

import os
import sys
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from ecrm.cli.options import GUARDS
from ecrm.cli.terminal import progress, say, show
from ecrm.errors import EcrmError, UsageError

if TYPE_CHECKING:
    from ecrm.model.outcome import Outcome
    from ecrm.planning.plan import Plan
    from ecrm.workflow.commands import Request, Run

CONTEXT = {"help_option_names": ["-h", "--help"]}


def request(ctx: click.Context, **options: Any) -> "Request":
    """What the options of a command ask for; those that were not given keep their defaults."""
    from ecrm.model.rule import Action
    from ecrm.workflow.commands import Request
    from ecrm.workflow.run import CONFIG_TEXT

    names = {"concurrency": "workers"} | {it: it for it in ("config", "profile", "region", "cache")}
    settings = {name: ctx.obj[key] for key, name in names.items() if key in ctx.obj}
    if "config" not in settings:
        settings["config_text"] = os.environ.get(CONFIG_TEXT) or None
    files = tuple(chain.from_iterable(options.pop("scanned_files", ())))
    given = {guard: options.pop(guard, None) for guard in GUARDS}
    guards = tuple((guard, value) for guard, value in given.items() if value is not None)
    if "repository" in options:
        options["repository"] = options["repository"] or None
    if action := options.pop("action", None):
        options["action"] = Action(action)
    return Request(**settings, **options, scanned_files=files, guards=guards)


def show_plan(run: "Run", made: "Plan", format_name: str, output: str) -> int:
    """Show it, then what is missing from it; the exit code that this alone would give."""
    from ecrm.reports import PLAN_FORMATS

    show(PLAN_FORMATS[format_name](made), output, run.clients)
    for line in made.unread:
        say(line, "error")
    return 0 if made.complete else 1


def show_outcomes(outcomes: "list[Outcome]", *, to_stdout: bool) -> None:
    """Also after Ctrl-C or an error: what is deleted is deleted."""
    from ecrm.reports.outcomes import outcomes_table

    text = outcomes_table(outcomes)
    if to_stdout:
        show(f"\n{text}")
    else:  # stdout carries the plan as JSON
        say(text)


def ask(question: str, otherwise: str) -> None:
    """Return if the answer is yes; anything else ends the command."""
    progress.clear()
    if not sys.stdin.isatty():
        raise UsageError(f"there is no terminal to ask on; {otherwise}")
    if not click.confirm(question, err=True):
        raise EcrmError("stopped, as you wished; nothing was changed")

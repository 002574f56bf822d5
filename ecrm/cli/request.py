"""From the options of a command to a request."""

import os
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ecrm.workflow.commands import Request

_GUARDS = (
    *("min_age", "max_in_use_drop", "missing_in_use", "nothing_in_use"),
    *("max_images", "max_percent", "max_bytes", "in_use_max_age"),
)


def request(ctx: click.Context, **options: Any) -> "Request":
    """What the options of a command ask for; those that were not given keep their defaults."""
    from ecrm.model.pattern import Selection
    from ecrm.model.rule import Action
    from ecrm.workflow.commands import Request
    from ecrm.workflow.connections import Narrowing
    from ecrm.workflow.request import CONFIG_TEXT

    names = {"concurrency": "workers"} | {
        name: name for name in ("config", "profile", "region", "cache")
    }
    settings = {name: ctx.obj[key] for key, name in names.items() if key in ctx.obj}
    if "config" not in settings:
        settings["config_text"] = os.environ.get(CONFIG_TEXT) or None
    only = Selection.of(chain.from_iterable(options.pop("repositories", ())))
    files = tuple(chain.from_iterable(options.pop("scanned_files", ())))
    accounts, regions = (
        tuple(chain.from_iterable(options.pop(name, ()))) for name in ("accounts", "regions")
    )
    options["narrowing"] = Narrowing(accounts, regions)
    given = {guard: options.pop(guard, None) for guard in _GUARDS}
    guards = tuple((guard, value) for guard, value in given.items() if value is not None)
    if action := options.pop("action", None):
        options["action"] = Action(action)
    return Request(**settings, **options, only=only, scanned_files=files, guards=guards)

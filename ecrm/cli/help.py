"""How help looks: options and commands in groups, and the global options in `ecrm --help` alone."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 120}
SETTINGS = (
    *("config", "profile", "region", "concurrency", "cache"),
    *("log_level", "verbose", "quiet", "log_format", "color"),
)
"""The options that may be given before and after the command."""
_OTHERS = "Options"
_GROUPS: Mapping[str, Sequence[str]] = {
    "Selection": (
        *(
            "repositories",
            "accounts",
            "regions",
            "scan",
            "external_commands",
            "scanned_files",
            "snapshot",
            "now",
        ),
        *("action", "only", "skip", "globs", "file_names", "files_only", "policy", "baseline"),
    ),
    "Output": (
        *("output", "format_name", "out", "groups", "show_all", "top", "sort", "images", "reports"),
        *("write_baseline", "fail_on", "detailed_exitcode", "stats"),
    ),
    "Safety": (
        *("force", "dry_run", "plan_file", "max_plan_age", "journal", "no_guards", "min_age"),
        *("max_in_use_drop", "missing_in_use", "nothing_in_use", "max_images", "max_percent"),
        *("max_bytes", "in_use_max_age"),
    ),
    _OTHERS: (),
    "Global options": SETTINGS,
}
_GROUP_OF = {name: title for title, names in _GROUPS.items() for name in names}


class Command(click.Command):
    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """`titles` are the groups of its commands; without any, they are one list."""

    command_class = Command

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.titles: dict[str, str] = {}

    def add(self, title: str, *commands: click.Command) -> None:
        for command in commands:
            self.add_command(command)
            self.titles[str(command.name)] = title

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with the whole first sentence of its help."""
        del ctx
        groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name, command in self.commands.items():
            summary = command.get_short_help_str(formatter.width * 2)
            groups[self.titles.get(name, "Commands")].append((name, summary))
        widest = max(map(len, self.commands))
        for title, rows in groups.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(widest), summary) for name, summary in rows])


def command(name: str | None = None) -> Callable[[Callable[..., Any]], Command]:
    return click.command(name, cls=Command, context_settings=CONTEXT)


def group(name: str | None = None, **more: Any) -> Callable[[Callable[..., Any]], Group]:
    return click.group(name, cls=Group, context_settings=CONTEXT, **more)


def _write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Of a command's global options only that there are such."""
    groups: dict[str, list[tuple[str, str]]] = {title: [] for title in _GROUPS}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
        if record and not (ctx.parent and parameter.name in SETTINGS):
            groups[_GROUP_OF.get(str(parameter.name), _OTHERS)].append(record)
    for title, rows in groups.items():
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)
    if ctx.parent:
        root = ctx.find_root().info_name
        formatter.write_paragraph()
        formatter.write_text(f"The global options of `{root} --help` may be given, too.")

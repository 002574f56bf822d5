"""The `ecrm` command, and the one place where errors become a line and an exit code."""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from ecrm.cli.cache import cache
from ecrm.cli.check import check
from ecrm.cli.config import config
from ecrm.cli.delete import delete
from ecrm.cli.demo import demo
from ecrm.cli.diff import diff
from ecrm.cli.explain import explain
from ecrm.cli.generate import generate
from ecrm.cli.help import group
from ecrm.cli.iam_policy import iam_policy
from ecrm.cli.journals import journals
from ecrm.cli.kubernetes import kubernetes
from ecrm.cli.options import group_options
from ecrm.cli.plan import plan
from ecrm.cli.report import report
from ecrm.cli.restore import restore
from ecrm.cli.scan import scan
from ecrm.cli.signals import signals
from ecrm.cli.snapshot import snapshot
from ecrm.cli.sources import sources
from ecrm.cli.switches import without_values
from ecrm.cli.targets import targets
from ecrm.cli.terminal import say, show, unwritable_stdout
from ecrm.cli.top import top
from ecrm.cli.version import version, version_line
from ecrm.errors import EcrmError

# By default Python's collector walks all images that a run holds again and again, for a quarter of
# the run's time. They form no circles.
COLLECTOR = (100_000, 50, 100)
# Threads of ours wait for AWS most of the time. What they do in between is short, so that taking
# turns in the middle of it only costs: a tenth of the time of a run that no quota slows down.
_SWITCH_SECONDS = 0.05
_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(version_line())
        ctx.exit()


@group(invoke_without_command=True)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show version.",
)
@group_options
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Delete unused Amazon ECR images, and never an image that is in use.

    ecrm finds the images that ECS, Lambda and other sources use, decides whether to keep or delete
    each image in ECR, and prints the result as a plan. Only `ecrm delete` applies a plan.

    \b
    Start here:
      ecrm demo        show a plan for a sample account; no AWS needed
      ecrm generate    write a first ecrm.yaml for your account
      ecrm plan        show what can be deleted, and why the rest is kept
      ecrm delete      delete it, after asking once

    \b
    Exit codes: 0 done; 1 failed; 2 usage or configuration; 3 check found violations;
    4 some images were not deleted; 5 a guard stopped the run.
    """
    if ctx.invoked_subcommand is None:
        show(ctx.get_help())


cli.add("Look", scan, plan, top, diff, explain, report, check, snapshot, sources, targets)
cli.add("Clean up", delete, restore, journals)
cli.add("Set up", demo, generate, config, iam_policy, kubernetes, cache, version)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    gc.set_threshold(*COLLECTOR)
    sys.setswitchinterval(_SWITCH_SECONDS)
    _open_streams()
    with signals.handled():
        code = run(args)
    sys.exit(code)


def _open_streams() -> None:
    """Where a standard stream was closed (`>&-`), Python has None for it. Messages may then go
    nowhere; a result that cannot be written is an error, as with any other output."""
    for name, mode, flags in (
        ("stdin", "r", os.O_RDONLY),
        ("stdout", "w", os.O_RDONLY),
        ("stderr", "w", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # no arrow that it cannot show may end a run


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code, which is that of a signal if one stopped the run."""
    return signals.exit_code(_run(args))


def _run(args: Sequence[str] | None) -> int:
    """A bug keeps its traceback."""
    try:
        given = sys.argv[1:] if args is None else args
        result = cli.main(
            without_values(given, cli), prog_name="ecrm", standalone_mode=False, obj={}
        )
        sys.stdout.flush()
    except EcrmError as error:
        for line in str(error).splitlines():
            say(line, "error")
        return error.exit_code
    except click.exceptions.Abort:
        by_signal = signals.received not in (0, signal.SIGINT)
        say(f"ecrm: stopped by {signals.name}" if by_signal else "ecrm: stopped")
        return _INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        command = (
            error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "ecrm"
        )
        message = " ".join(error.format_message().split()).rstrip(".")
        say(f"{message}; see: {command} --help", "error")
        return error.exit_code
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        say(str(unwritable_stdout(error)), "error")
        return 1
    return result if isinstance(result, int) else 0

"""The `ecrm` command, and the one place where errors become a line and an exit code."""

import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from ecrm.cli.caching import cache
from ecrm.cli.changing import delete, generate, restore
from ecrm.cli.checking import check
from ecrm.cli.configuring import config
from ecrm.cli.demo import demo
from ecrm.cli.options import group_options
from ecrm.cli.permissions import iam_policy
from ecrm.cli.reading import explain, plan, scan, snapshot, version
from ecrm.cli.terminal import say, unwritable_stdout
from ecrm.errors import EcrmError
from ecrm.model.version import version as running_version

# By default Python's collector walks all images that a run holds again and again, for a quarter of
# the run's time. They form no circles.
COLLECTOR = (100_000, 50, 100)
# Threads of ours wait for AWS most of the time. What they do in between is short, so that taking
# turns in the middle of it only costs: a tenth of the time of a run that no quota slows down.
_SWITCH_SECONDS = 0.05
_INTERRUPTED = 130  # 128 + SIGINT, as shells have it

# fujiwara/ecrm takes a value for its switches as well.
_AS_IN_GO = {
    "--scan=true": "--scan",
    "--scan=false": "--no-scan",
    "--color=true": "--color",
    "--color=false": "--no-color",
    "--force=true": "--force",
}


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"ecrm {running_version()}")
        ctx.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show version.",
)
@group_options
def cli() -> None:
    """Delete stale Amazon ECR images, and never one that is in use.

    ecrm reads what ECS, Lambda and other sources use, and what ECR holds; decides for every image
    whether it stays; shows that as a plan; and, when told to, carries the plan out.

    \b
    Begin here:
      ecrm demo        see a plan for a sample account; no AWS needed
      ecrm generate    write ecrm.yaml from what your account holds
      ecrm plan        see what could be deleted, and why the rest stays
      ecrm delete      delete it, after asking

    \b
    Exit codes: 0 done; 1 failed; 2 usage or configuration; 3 check found violations;
    4 some images were not deleted; 5 a guard stopped the run.
    """


for command in (
    *(generate, config, scan, plan, explain, check, snapshot),
    *(delete, restore, cache, iam_policy, demo, version),
):
    cli.add_command(command)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    gc.set_threshold(*COLLECTOR)
    sys.setswitchinterval(_SWITCH_SECONDS)
    _open_streams()
    sys.exit(run(args))


def _open_streams() -> None:
    """Where a standard stream was closed (`>&-`), Python has None for it, and we have nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # no arrow that it cannot show may end a run


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. A bug keeps its traceback."""
    try:
        told = [_AS_IN_GO.get(it, it) for it in (sys.argv[1:] if args is None else args)]
        result = cli.main(told, prog_name="ecrm", standalone_mode=False, obj={})
        sys.stdout.flush()
    except EcrmError as error:
        for line in str(error).splitlines():
            say(line, "error")
        return error.exit_code
    except click.exceptions.Abort:
        say("ecrm: stopped")
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

"""`ecrm demo`: every command, against a sample account in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import click
from click.core import ParameterSource

from ecrm.aws.ownership import make_own_folder, users_folder
from ecrm.cli.help import CONTEXT, Command
from ecrm.cli.options import COLOR_NAMES, command_options
from ecrm.cli.terminal import progress, say
from ecrm.errors import InputError, OutputError
from ecrm.workflow.state import distrust_of_state


@click.command(
    cls=Command,
    context_settings=CONTEXT | {"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--reset", is_flag=True, help="Start again with the account as it was first.")
@command_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def demo(ctx: click.Context, command: tuple[str, ...], *, reset: bool) -> object:
    """Run a command against a sample account; no AWS needed.

    COMMAND is any command of ecrm with its options, `plan` unless given. What you delete stays
    deleted, so you can restore or explain it; the journals and everything else are in a folder that
    is shown first. --reset starts again.

    \b
      ecrm demo
      ecrm demo delete --yes
      ecrm demo journals
      ecrm demo restore JOURNAL
      ecrm demo --reset
    """
    from ecrm.demo import SAMPLE_CONFIG, sample_account

    command = command or ("plan",)
    progress("creating the sample account")
    with (
        _folder(reset=reset) as folder,
        sample_account(datetime.now(UTC), folder / "deleted.json"),
        _apart(folder),
    ):
        config = folder / "ecrm.yaml" if "generate" in command else SAMPLE_CONFIG
        settings = {
            "config": _given_config(ctx) or str(config),
            "log_level": ctx.obj.get("log_level", "info"),
            "log_format": ctx.obj.get("log_format", "text"),
            "color": COLOR_NAMES[ctx.color],
            "concurrency": 1,  # moto is not made for threads
            "cache": False,
        }
        say("This is a sample account; nothing here is real.")
        say(f"Its files are in {folder}; what you delete stays deleted until: ecrm demo --reset")
        root = ctx.find_root().command
        return root.main(list(command), prog_name="ecrm demo", standalone_mode=False, obj=settings)


@contextmanager
def _folder(*, reset: bool) -> Iterator[Path]:
    """Among the user's state, but apart from that of real accounts; without a home, for one run."""
    state = users_folder(os.environ, "XDG_STATE_HOME", ".local/state")
    if state is None:
        with TemporaryDirectory() as passing:
            yield Path(passing)
        return
    folder = state / "demo"
    try:
        if reset and folder.exists():
            rmtree(folder)
        make_own_folder(folder)
    except OSError as error:
        raise OutputError(f"{folder} could not be written: {error.strerror}") from error
    if why := distrust_of_state(str(folder)):
        raise InputError(why)
    yield folder


def _given_config(ctx: click.Context) -> str | None:
    """What the command line names; the file that ECRM_CONFIG names is for a real account."""
    source = ctx.find_root().get_parameter_source("config")
    if ctx.params["config"] is None and source is ParameterSource.ENVIRONMENT:
        return None
    given: str | None = ctx.obj.get("config")
    return given


@contextmanager
def _apart(folder: Path) -> Iterator[None]:
    """What the user's variables say is about a real account, and what the demo remembers must not
    be taken for what happened there."""
    before = {name: text for name, text in os.environ.items() if name.startswith("ECRM_")}
    for name in before:
        del os.environ[name]
    os.environ["ECRM_STATE_DIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["ECRM_STATE_DIR"]
        os.environ.update(before)

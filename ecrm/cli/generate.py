"""`ecrm generate`: writes a first ecrm.yaml."""

import click

from ecrm.cli.help import command
from ecrm.cli.options import command_options, yes_option
from ecrm.cli.request import request
from ecrm.cli.terminal import ask, progress, say, show
from ecrm.errors import UsageError


@command()
@yes_option("Overwrite the file without asking.")
@click.option(
    "--organization",
    is_flag=True,
    help="Also write `targets`, by which every account of the organization is scanned.",
)
@command_options
@click.pass_context
def generate(ctx: click.Context, force: bool, organization: bool) -> None:
    """Write a first ecrm.yaml for the account.

    Clusters, task definition families, Lambda functions and repositories whose names share a
    prefix become one pattern. The result is shown, and no file is overwritten without asking.
    """
    from pathlib import Path

    from ecrm.aws.storage import is_remote
    from ecrm.workflow import commands as workflow
    from ecrm.workflow.generate import config_text

    wanted = request(ctx)
    if is_remote(wanted.config):
        raise UsageError(f"{wanted.config} is not a file; name a file to write with --config")
    text = config_text(workflow.names(wanted, progress, organization=organization))
    say(text)
    if Path(wanted.config).exists() and not force:
        ask(f"{wanted.config} already exists. Overwrite it?", "--yes overwrites it")
    show(text.rstrip("\n"), wanted.config)
    say(f"wrote {wanted.config}; review it, then run: ecrm plan")

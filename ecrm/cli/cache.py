"""`ecrm cache`: what one run remembers for the next."""

import os

import click

from ecrm.cli.options import CONTEXT, command_options
from ecrm.cli.terminal import say


@click.group(context_settings=CONTEXT)
def cache() -> None:
    """Look after what ecrm remembers from run to run.

    That is only what can never change: the images of a task definition revision, the digests of a
    service revision, the image of a published Lambda version, and which images an index names.
    """


@cache.command(context_settings=CONTEXT)
@command_options
def clear() -> None:
    """Forget all of it.

    The next run asks AWS anew, and remembers again. --no-cache does without for one run.
    """
    from ecrm.aws.cache import cache_folder
    from ecrm.aws.cache import clear as remove

    folder = cache_folder(os.environ)
    removed = remove(folder) if folder else 0
    say(f"removed {removed:,} bytes" if removed else "there was nothing to forget")

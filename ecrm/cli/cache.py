"""`ecrm cache`: immutable data that one run keeps for the next."""

import os

from ecrm.cli.help import CONTEXT, group
from ecrm.cli.options import command_options
from ecrm.cli.terminal import say


@group()
def cache() -> None:
    """Manage the data that ecrm caches between runs.

    Only immutable data is cached: the images of a task definition revision, the digests of a
    service revision, the image of a published Lambda version, and which images an index names.
    With keep_pulled_within it also remembers which manifests ecrm itself has read, since ECR may
    count that as a pull.
    """


@cache.command(context_settings=CONTEXT)
@command_options
def clear() -> None:
    """Delete the cache.

    The next run reads from AWS and fills the cache again. --no-cache skips it for one run.
    """
    from ecrm.aws.cache.folder import cache_folder
    from ecrm.aws.cache.folder import clear as remove

    folder = cache_folder(os.environ)
    removed = remove(folder) if folder else 0
    say(f"removed {removed:,} bytes" if removed else "the cache was already empty")

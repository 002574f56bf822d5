"""Which ecrm this is."""

from importlib import metadata


def version() -> str:
    return metadata.version("ecrm")

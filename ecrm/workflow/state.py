"""Where state is kept between runs: a folder, or a prefix in S3."""

from collections.abc import Mapping
from pathlib import Path

from ecrm.errors import UsageError


def state_folder(environ: Mapping[str, str]) -> str:
    """`$ECRM_STATE_DIR`, a path or `s3://bucket/prefix`; else `$XDG_STATE_HOME/ecrm`, else
    `~/.local/state/ecrm`. It has no trailing slash.

    As the XDG base directory specification asks, a relative `$XDG_STATE_HOME` is ignored.
    """
    if chosen := environ.get("ECRM_STATE_DIR"):
        return chosen.rstrip("/") or chosen
    state_home = Path(environ.get("XDG_STATE_HOME", ""))
    if state_home.is_absolute():
        return str(state_home / "ecrm")
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if not home:
        raise UsageError("no home folder for state; set ECRM_STATE_DIR")
    return str(Path(home) / ".local" / "state" / "ecrm")

"""kubectl, as far as it needs no cluster: it reads objects as the API does, and leaves out what it
does not know."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def needs_kubectl(test: Any) -> Any:
    """It takes its time to start, and is not everywhere."""
    missing = not shutil.which("kubectl")
    return pytest.mark.slow(pytest.mark.skipif(missing, reason="kubectl is not installed")(test))


def without_a_cluster(file: Path) -> subprocess.CompletedProcess[str]:
    """Adds a variable to every pod template of the file, and prints the objects that have one."""
    return subprocess.run(
        ["kubectl", "set", "env", "--local", "-f", str(file), "ADDED=1", "-o", "yaml"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KUBECONFIG": os.devnull},
    )


def assert_within(ours: Any, theirs: Any) -> None:
    """All that ours says, theirs says, too."""
    if isinstance(ours, dict):
        for name, value in ours.items():
            if value not in ({}, None, 0, [], "", False):  # which kubectl leaves out
                assert name in theirs
                assert_within(value, theirs[name])
    elif isinstance(ours, list):
        for value, other in zip(ours, theirs, strict=False):
            assert_within(value, other)
    else:
        assert ours == theirs

"""What the tests of files for CI systems share: their schemas, and shellcheck."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator

ROOT = Path(__file__).parent.parent


def problems(document: Any, schema: str) -> list[str]:
    """What a schema that check-jsonschema ships says against a document."""
    validator = Draft7Validator(get_builtin_schema(f"vendor.{schema}"))
    return [error.message for error in validator.iter_errors(document)]


def shellcheck(text: str, shell: str = "bash") -> str:
    """What shellcheck says against a script."""
    ran = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), f"--shell={shell}", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr

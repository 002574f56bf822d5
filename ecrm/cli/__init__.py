"""The command line: options, prompt, output, exit codes. What to do is in `workflow`."""

from ecrm.cli.main import cli, main

__all__ = ["cli", "main"]

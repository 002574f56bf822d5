"""How long `ecrm --version` and `--help` take, beside an interpreter that imports click."""

import subprocess
import sys
import time

_ROUNDS = 15
CLICK = ("-c", "import click")


def _seconds(*arguments: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def ratio(option: str) -> float:
    """The best of many runs of each, taken in turn."""
    commands = {"ecrm": ("-m", "ecrm", option), "click": CLICK}
    best = dict.fromkeys(commands, float("inf"))
    for _ in range(_ROUNDS):
        for name, arguments in commands.items():
            best[name] = min(best[name], _seconds(*arguments))
    return best["ecrm"] / best["click"]

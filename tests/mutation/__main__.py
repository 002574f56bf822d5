import argparse
import signal
import sys
import time

from tests.mutation.loop import Verdict
from tests.mutation.mutants import equivalents, mutants_of, sample
from tests.mutation.runner import TestsFailError, verdicts
from tests.mutation.suites import SUITES


def main() -> int:
    """0 where enough mutants died, 1 where too many survive, 2 where nobody can tell."""
    asked = _parser().parse_args()
    if sys.gettrace():
        print("not under coverage or a debugger: it hides which tests call what", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # so that children end, too
    harmless = equivalents()
    mutants = [
        mutant
        for name in asked.module or SUITES
        for mutant in mutants_of(name)
        if (mutant.key in harmless) is asked.equivalent
    ]
    if asked.sample is not None:
        mutants = sample(mutants, asked.sample, asked.seed)
    began = time.monotonic()
    try:
        found = verdicts(mutants, lambda mutant: print(f"survived: {mutant}", flush=True))
    except TestsFailError as error:
        print(f"the tests fail without any mutant: {error}", file=sys.stderr)
        return 2
    died = len(mutants) - found[Verdict.SURVIVED]
    print(
        f"died {died} of {len(mutants)}, {found[Verdict.OUT_OF_TIME]} of them out of time, "
        f"in {time.monotonic() - began:.0f} s"
    )
    if asked.equivalent:
        return 1 if died else 0
    return 1 if died * 100 < len(mutants) * asked.floor else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="run every one")
    which.add_argument("--sample", type=int, metavar="N", help="run N, chosen by --seed")
    parser.add_argument(
        "--equivalent", action="store_true", help="run those that are listed to make no difference"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument(
        "--module", action="append", choices=list(SUITES), help="only of this one; may be repeated"
    )
    parser.add_argument(
        "--floor", type=float, default=100, metavar="PERCENT", help="that must die (default: 100)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Does a test fail when the code is wrong? A mutation run over the modules that decide.

    python -m tests.mutation --sample 200 --seed 1
    python -m tests.mutation --module ecrm.retention
    python -m tests.mutation --all

Each mutant is one small mistake in one statement: a comparison that includes its bound, an `any`
that should be an `all`, a call that is left out. A mutant whose tests still pass has survived, and
stands for a mistake that nobody would notice.

    suites.py        which tests answer for which module
    changes.py       the mistakes that can be made in a piece of syntax
    mutants.py       every mutant of a module, its text, and the ones that make no difference
    equivalent.yaml  those that make no difference, each with the reason
    runner.py        from mutants to verdicts
    loop.py          what runs inside pytest
    children.py      work in child processes, with limits
"""

"""`python -m ecrm`, and the `ecrm` command."""

from ecrm.cli import main

if __name__ == "__main__":
    main()

"""The command line from end to end: what is typed, and what is shown, written and deleted."""

"""What to keep and what to delete: uses and images become a plan.

`planner` reads one repository after the other and hands its state to pure functions: `graph`
tells which images belong together, `retention` asks the `reasons` to keep in their order, `plan`
folds the decisions. Guards, explanations, plan files and snapshots work on the plan, a value.
"""

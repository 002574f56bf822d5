"""One short function per command, and what a run needs around it.

`commands` joins the stages of the pipeline; `cleanup` has the order of reviewing and deleting that
the command line and the Lambda function share. `run` and `connections` turn a request into a
configuration, a home and targets. The clock and the environment are read here.
"""

"""Everything that asks ECR or changes it.

In go a target and the name of a repository; out come images, manifests, policies and settings as
values of `model`. `inventory` is the reader that planning uses. `deleter` and `restorer` are the
only modules that can change anything.
"""

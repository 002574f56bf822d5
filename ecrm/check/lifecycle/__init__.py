"""ECR's own lifecycle policies: their rules, the images that they would expire or archive, and
which of those images are needed.

A policy is read into values (`parse_policy`), its rules match images (`evaluate`), ECR carries out
the matches that it can (`carried_out`), and some of those images are ones that ecrm keeps
(`conflicts`; `due_within` are those of the next days). Pure, but for `preview`, which prefers ECR's
own evaluation.

The semantics are those of the Amazon ECR user guide: "Automate the cleanup of images by using
lifecycle policies", "Lifecycle policy properties" and "Examples of lifecycle policies". Where these
leave something open, the reading that warns more is taken, and the docstring says so.
"""

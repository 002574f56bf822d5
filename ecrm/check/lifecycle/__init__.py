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

from ecrm.check.lifecycle.conflict import Conflict, conflicts, due_within
from ecrm.check.lifecycle.evaluation import LifecycleMatch, carried_out, evaluate, next_due
from ecrm.check.lifecycle.policy import (
    CountType,
    LifecyclePolicy,
    LifecycleRule,
    Selection,
    StorageClass,
    TagStatus,
)
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.registry.lifecycle_preview import LifecycleAction

__all__ = [
    "Conflict",
    "CountType",
    "LifecycleAction",
    "LifecycleMatch",
    "LifecyclePolicy",
    "LifecycleRule",
    "Selection",
    "StorageClass",
    "TagStatus",
    "carried_out",
    "conflicts",
    "due_within",
    "evaluate",
    "next_due",
    "parse_policy",
]

"""The keys of `check` in ecrm.yaml: one map, and in it one map for each rule."""

from collections.abc import Callable, Mapping

from ecrm.config.levels import Budget, Checks, Lifecycle, Overdue, Plain
from ecrm.config.schema import Key, Section
from ecrm.config.values import BYTES, COUNT, DURATION, LEVEL, MONEY

_DEFAULTS = Checks()


def _rule(name: str, description: str, build: Callable[..., object], **limits: Key) -> Section:
    text = "how much a violation matters; errors alone fail"
    level = Key(LEVEL, text, default=_DEFAULTS.level(name))
    keys = {"level": level, **limits}
    return Section(description, keys, lambda values: build(**values), is_list=False)


CHECK = Section(
    "what `ecrm check` looks for; it never changes what is deleted",
    {
        "missing_image": _rule(
            "missing_image",
            "images in use or named in a file must be in ECR, and not archived",
            Plain,
        ),
        "pending_deletion": _rule(
            "pending_deletion",
            "the current rules must not delete an image that a file names",
            Plain,
        ),
        "lifecycle": _rule(
            "lifecycle",
            "ECR's own lifecycle policies must spare images that are in use or to be kept",
            Lifecycle,
            within=Key(
                DURATION,
                "an image in use that a policy reaches within this time is a warning",
                default=_DEFAULTS.lifecycle.within,
            ),
        ),
        "overdue": _rule(
            "overdue",
            "deletable images must be deleted in time",
            Overdue,
            max_images=Key(COUNT, "how many images of one repository may be deletable"),
            max_bytes=Key(BYTES, "how many bytes of one repository may be deletable"),
            max_total_images=Key(COUNT, "how many images may be deletable in all"),
            max_total_bytes=Key(BYTES, "how many bytes may be deletable in all"),
            longer_than=Key(
                DURATION,
                "how long an image may have been deletable",
                default=_DEFAULTS.overdue.longer_than,
            ),
        ),
        "budget": _rule(
            "budget",
            "stored images must stay below the limits",
            Budget,
            max_bytes=Key(BYTES, "how many bytes one repository may hold"),
            max_total_bytes=Key(BYTES, "how many bytes all repositories may hold"),
            max_monthly_cost=Key(MONEY, "how much one repository may cost a month, in US dollars"),
            max_total_monthly_cost=Key(
                MONEY, "how much all repositories may cost a month, in US dollars"
            ),
            price=Key(
                MONEY,
                "US dollars for 1 GB (10^9 bytes) a month",
                default=_DEFAULTS.budget.price,
            ),
        ),
        "mutable_tag": _rule(
            "mutable_tag", "a tag in use must not be movable, nor have moved", Plain
        ),
        "unmanaged": _rule(
            "unmanaged",
            "every repository must have a rule, and every entry must match something",
            Plain,
        ),
    },
    lambda values: Checks(**values),
    is_list=False,
)

RULES_OF_CHECK: Mapping[str, str] = {name: rule.description for name, rule in CHECK.keys.items()}
"""The requirement of each rule of `check`, in words."""

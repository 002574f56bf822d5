"""How many calls AWS allows, per account and region. Operations that share a quota share its name.

ECR: Amazon ECR User Guide, "Service quotas", which has no rate for most of what is read or deleted
here: there the first refusal shows the limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """`rate` calls per second after `burst` at once; no rate where AWS publishes none.

    Without `operations` it is of everything of its service that no other quota names.
    """

    service: str
    operations: tuple[str, ...]
    burst: int
    rate: int | None


REGISTRY_QUOTAS: Mapping[str, Quota] = {
    "ecr_put_image": Quota("ecr", ("PutImage",), 10, 10),
    "ecr": Quota("ecr", (), 1, None),
}
"""What every run asks for; the sources declare their own."""

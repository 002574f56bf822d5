"""What a member account needs so that a run can scan it: policies of a role, as IAM writes them."""

import json
import re
from collections.abc import Iterator

from ecrm.aws import Operation
from ecrm.registry import operations as ecr
from ecrm.sources import SOURCES
from ecrm.targets.regions import DESCRIBE_REGIONS

_READS = re.compile(r"[\w-]+:(?:BatchGet|Describe|Get|List|Search)")


def session_policy() -> str:
    """What a scan role may do at most, whatever its own policies allow: the verbs of all that ecrm
    reads. IAM takes no more than 2,048 characters."""
    actions = {_verb(operation.action) for operation in _reads()}
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement}, separators=(",", ":"))


def _reads() -> Iterator[Operation]:
    yield DESCRIBE_REGIONS
    yield from (operation for source in SOURCES for operation in source.operations)
    declared = (value for value in vars(ecr).values() if isinstance(value, Operation))
    yield from (operation for operation in declared if not operation.writes)


def _verb(action: str) -> str:
    """Such as `ecs:Describe*`; whole for a verb with which something that writes may begin."""
    found = _READS.match(action)
    return f"{found[0]}*" if found else action

"""All operations that ecrm declares."""

from ecrm.aws import Operation
from ecrm.aws.storage import GET_PARAMETER
from ecrm.aws.target import GET_CALLER_IDENTITY
from ecrm.registry import operations as ecr
from ecrm.sources import SOURCES

OPERATIONS = tuple(
    dict.fromkeys(
        (
            GET_CALLER_IDENTITY,
            GET_PARAMETER,
            *(value for value in vars(ecr).values() if isinstance(value, Operation)),
            *(operation for source in SOURCES for operation in source.operations),
        )
    )
)

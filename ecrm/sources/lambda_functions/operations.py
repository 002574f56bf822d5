"""What ecrm asks Lambda, and what the answers must hold."""

from ecrm.aws import MARKER, Operation, listing
from ecrm.aws.shapes import TEXT, MapOf, Scalar, optional, record

_ANY = Scalar(lambda value: value)
LIST_FUNCTIONS = listing(
    "lambda",
    "ListFunctions",
    "Functions",
    record(
        FunctionName=TEXT,
        Version=TEXT,
        PackageType=TEXT,
        FunctionArn=optional(TEXT),
        LastModified=optional(TEXT),
        CodeSha256=optional(TEXT),
    ),
    tokens=MARKER,
)
GET_FUNCTION = Operation(
    "lambda",
    "GetFunction",
    record(Code=record(ResolvedImageUri=optional(TEXT), ImageUri=optional(TEXT))),
)
LIST_ALIASES = listing(
    "lambda",
    "ListAliases",
    "Aliases",
    record(
        Name=TEXT,
        FunctionVersion=TEXT,
        RoutingConfig=optional(record(AdditionalVersionWeights=optional(MapOf(_ANY)))),
    ),
    tokens=MARKER,
)
LIST_PROVISIONED_CONCURRENCY_CONFIGS = listing(
    "lambda",
    "ListProvisionedConcurrencyConfigs",
    "ProvisionedConcurrencyConfigs",
    record(FunctionArn=TEXT),
    tokens=MARKER,
)

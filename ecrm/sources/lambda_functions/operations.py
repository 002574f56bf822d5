"""What ecrm asks Lambda, and what the answers must hold."""

from ecrm.aws import MARKER, Operation, listing
from ecrm.aws.shapes import TEXT, MapOf, Scalar, matching, optional, record

PACKAGE_TYPE = matching("Image|Zip", "Image or Zip")
RESOLVED = matching(r"\S+@sha256:[0-9a-f]{64}", "an image by its digest")
VERSION = matching(r"arn:\S+:function:[^:\s]+:[^:\s]+", "the ARN of a version")
_ANY = Scalar(lambda value: value)
LIST_FUNCTIONS = listing(
    "lambda",
    "ListFunctions",
    "Functions",
    record(
        FunctionName=TEXT,
        Version=TEXT,
        PackageType=PACKAGE_TYPE,
        FunctionArn=optional(TEXT),
        LastModified=optional(TEXT),
        CodeSha256=optional(TEXT),
    ),
    tokens=MARKER,
)
GET_FUNCTION = Operation(
    "lambda",
    "GetFunction",
    record(Code=record(ResolvedImageUri=optional(RESOLVED), ImageUri=optional(TEXT))),
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
    record(FunctionArn=VERSION),
    tokens=MARKER,
)

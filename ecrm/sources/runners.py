"""Services that run containers: App Runner, Bedrock AgentCore, EMR Serverless, Lightsail, GameLift.

Whether one of them keeps a copy of an image that it has pulled is not documented, or not for ever,
so all of them need their images.
"""

from ecrm.aws import UPPER_NEXT_TOKEN, Operation, listing
from ecrm.aws.shapes import NUMBER, TEXT, ListOf, MapOf, optional, record
from ecrm.config.quotas import Quota
from ecrm.sources.answers import IMAGE, IMAGE_DIGEST
from ecrm.sources.source import Source
from ecrm.sources.steps import Step, table_source


def _quota(service: str) -> dict[str, Quota]:
    """AWS publishes none."""
    return {service.replace("-", "_"): Quota(service, (), 10, 10)}


LIST_SERVICES = listing(
    "apprunner",
    "ListServices",
    "ServiceSummaryList",
    record(ServiceArn=TEXT, ServiceName=TEXT),
    tokens=UPPER_NEXT_TOKEN,
)
_REPOSITORY = optional(record(ImageIdentifier=IMAGE))
DESCRIBE_SERVICE = Operation(
    "apprunner",
    "DescribeService",
    record(Service=record(SourceConfiguration=record(ImageRepository=_REPOSITORY))),
)

APP_RUNNER = table_source(
    "apprunner",
    "App Runner",
    (
        Step(
            LIST_SERVICES,
            given={"MaxResults": 20},
            then=(
                Step(
                    DESCRIBE_SERVICE,
                    {"ServiceArn": "ServiceArn"},
                    user="App Runner service {ServiceName}",
                    why="its source",
                ),
            ),
        ),
    ),
    counts="the image of every service, also of paused ones",
    calls="1 for each 20 services; 1 for each",
    quotas=_quota("apprunner"),
)

_CONTAINER = optional(record(containerConfiguration=optional(record(containerUri=IMAGE))))
_AGENTS = "bedrock-agentcore-control"
LIST_AGENT_RUNTIMES = listing(
    _AGENTS,
    "ListAgentRuntimes",
    "agentRuntimes",
    record(agentRuntimeId=TEXT, agentRuntimeName=TEXT),
)
LIST_AGENT_RUNTIME_ENDPOINTS = listing(
    _AGENTS,
    "ListAgentRuntimeEndpoints",
    "runtimeEndpoints",
    record(name=TEXT, liveVersion=optional(TEXT), targetVersion=optional(TEXT)),
)
GET_AGENT_RUNTIME = Operation(
    _AGENTS, "GetAgentRuntime", record(agentRuntimeVersion=TEXT, agentRuntimeArtifact=_CONTAINER)
)
LIST_HARNESSES = listing(
    _AGENTS, "ListHarnesses", "harnesses", record(harnessId=TEXT, harnessName=TEXT)
)
GET_HARNESS = Operation(
    _AGENTS, "GetHarness", record(harness=record(environmentArtifact=_CONTAINER))
)


def _agent(why: str, **version: str) -> Step:
    return Step(
        GET_AGENT_RUNTIME,
        {"agentRuntimeId": "agentRuntimeId", **version},
        user="AgentCore runtime {agentRuntimeName}",
        why=why,
    )


AGENT_CORE = table_source(
    "agentcore",
    "Bedrock AgentCore",
    (
        Step(
            LIST_AGENT_RUNTIMES,
            given={"maxResults": 100},
            then=(
                _agent("newest version"),
                Step(
                    LIST_AGENT_RUNTIME_ENDPOINTS,
                    {"agentRuntimeId": "agentRuntimeId"},
                    {"maxResults": 100},
                    then=(
                        _agent("live version of {name}", agentRuntimeVersion="liveVersion"),
                        _agent("target version of {name}", agentRuntimeVersion="targetVersion"),
                    ),
                ),
            ),
        ),
        Step(
            LIST_HARNESSES,
            given={"maxResults": 100},
            then=(
                Step(
                    GET_HARNESS,
                    {"harnessId": "harnessId"},
                    user="AgentCore harness {harnessName}",
                    why="its environment",
                ),
            ),
        ),
    ),
    counts="agent runtimes: the newest version, and those that an endpoint serves; harnesses",
    calls="2; 2 for each agent runtime and 1 for each older version in use; 1 for each harness",
    quotas=_quota(_AGENTS),
)

_OF_IMAGE = optional(record(imageUri=IMAGE, resolvedImageDigest=optional(IMAGE_DIGEST)))
_CONFIGURED = record(
    imageConfiguration=_OF_IMAGE,
    workerTypeSpecifications=optional(MapOf(record(imageConfiguration=_OF_IMAGE))),
)
_ALIVE = ["SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "QUEUED"]
LIST_APPLICATIONS = listing(
    "emr-serverless", "ListApplications", "applications", record(id=TEXT, name=optional(TEXT))
)
GET_APPLICATION = Operation("emr-serverless", "GetApplication", record(application=_CONFIGURED))
LIST_JOB_RUNS = listing(
    "emr-serverless", "ListJobRuns", "jobRuns", record(id=TEXT, applicationId=TEXT, state=TEXT)
)
GET_JOB_RUN = Operation("emr-serverless", "GetJobRun", record(jobRun=_CONFIGURED))

EMR_SERVERLESS = table_source(
    "emr-serverless",
    "EMR Serverless",
    (
        Step(
            LIST_APPLICATIONS,
            given={"maxResults": 50},
            then=(
                Step(
                    GET_APPLICATION,
                    {"applicationId": "id"},
                    user="EMR Serverless application {id}",
                    why="its configuration",
                ),
                Step(
                    LIST_JOB_RUNS,
                    {"applicationId": "id"},
                    {"maxResults": 50, "states": _ALIVE},
                    then=(
                        Step(
                            GET_JOB_RUN,
                            {"applicationId": "applicationId", "jobRunId": "id"},
                            user="EMR Serverless job run {applicationId}/{id}",
                            why="{state}",
                        ),
                    ),
                ),
            ),
        ),
    ),
    counts="the images of applications and their workers, and of job runs that have not ended",
    calls="1 for each 50 applications; 2 for each application; 1 for each job run",
    quotas=_quota("emr-serverless"),
)

_DEPLOYMENT = optional(record(containers=optional(MapOf(record(image=optional(IMAGE))))))
GET_CONTAINER_SERVICES = Operation(
    "lightsail",
    "GetContainerServices",
    record(
        containerServices=ListOf(
            record(
                containerServiceName=TEXT, currentDeployment=_DEPLOYMENT, nextDeployment=_DEPLOYMENT
            )
        )
    ),
    listed="containerServices",
)

LIGHTSAIL = table_source(
    "lightsail",
    "Lightsail",
    (
        Step(
            GET_CONTAINER_SERVICES,
            user="Lightsail container service {containerServiceName}",
            why="its deployments",
        ),
    ),
    counts="the current and the next deployment of every container service",
    calls="1",
    quotas=_quota("lightsail"),
)

_OF_GAME = record(ImageUri=optional(IMAGE), ResolvedImageDigest=optional(IMAGE_DIGEST))
_GROUP = record(
    Name=TEXT,
    VersionNumber=optional(NUMBER),
    GameServerContainerDefinition=optional(_OF_GAME),
    SupportContainerDefinitions=optional(ListOf(_OF_GAME)),
)


def _groups(name: str) -> Operation:
    return listing("gamelift", name, "ContainerGroupDefinitions", _GROUP, tokens=UPPER_NEXT_TOKEN)


LIST_CONTAINER_GROUP_DEFINITIONS = _groups("ListContainerGroupDefinitions")
LIST_CONTAINER_GROUP_DEFINITION_VERSIONS = _groups("ListContainerGroupDefinitionVersions")


def _group(operation: Operation, *asks: str, then: tuple[Step, ...] = ()) -> Step:
    return Step(
        operation,
        dict.fromkeys(asks, "Name"),
        {"Limit": 100},
        user="GameLift container group {Name}",
        why="version {VersionNumber}",
        then=then,
    )


GAMELIFT = table_source(
    "gamelift",
    "GameLift",
    (
        _group(
            LIST_CONTAINER_GROUP_DEFINITIONS,
            then=(_group(LIST_CONTAINER_GROUP_DEFINITION_VERSIONS, "Name"),),
        ),
    ),
    counts="every version of every container group definition",
    calls="1 for each 100 container group definitions; 1 for each",
    quotas=_quota("gamelift"),
)

RUNNERS: tuple[Source, ...] = (APP_RUNNER, AGENT_CORE, EMR_SERVERLESS, LIGHTSAIL, GAMELIFT)

"""Services that build and deploy: CodeBuild, CodePipeline, Elastic Beanstalk, and the runtimes that
somebody makes for Lambda."""

from collections.abc import Iterator

from ecrm.aws import UPPER_NEXT_TOKEN, Operation, listing
from ecrm.aws.shapes import TEXT, ListOf, MapOf, optional, record
from ecrm.config.quotas import Quota
from ecrm.model.reference import Registry
from ecrm.sources.answers import IMAGE
from ecrm.sources.items import SourceItem, uses_of
from ecrm.sources.source import Source
from ecrm.sources.steps import Item, Step, table_source
from ecrm.sources.texts import User, text_uses

LIST_PROJECTS = listing("codebuild", "ListProjects", "projects", TEXT)
BATCH_GET_PROJECTS = Operation(
    "codebuild",
    "BatchGetProjects",
    record(
        projects=ListOf(record(name=TEXT, environment=record(image=IMAGE))),
        projectsNotFound=optional(ListOf(TEXT)),
    ),
    listed="projects",
)

CODEBUILD = table_source(
    "codebuild",
    "CodeBuild",
    (
        Step(
            LIST_PROJECTS,
            then=(
                Step(
                    BATCH_GET_PROJECTS,
                    {"names": "name"},
                    user="CodeBuild project {name}",
                    why="its environment",
                    at_once=100,
                    gone="projectsNotFound",
                    identity="name",
                ),
            ),
        ),
    ),
    counts="the image in which each project builds",
    calls="1 for each 100 projects; 1 more for each 100",
    quotas={"codebuild": Quota("codebuild", (), 10, 10)},
)

LIST_PIPELINES = listing("codepipeline", "ListPipelines", "pipelines", record(name=TEXT))
GET_PIPELINE = Operation(
    "codepipeline",
    "GetPipeline",
    record(
        pipeline=record(
            stages=ListOf(
                record(
                    actions=ListOf(
                        record(
                            name=TEXT,
                            actionTypeId=record(provider=TEXT),
                            configuration=optional(MapOf(TEXT)),
                            commands=optional(ListOf(TEXT)),
                        )
                    )
                )
            )
        )
    ),
)


def _actions(pipeline: Item, user: User, registry: Registry) -> Iterator[SourceItem]:
    """A source action of ECR names a tag in the registry of its own account; the next run pulls
    what that tag means then. All other actions are texts."""
    for stage in pipeline["pipeline"]["stages"]:
        for action in stage["actions"]:
            settings = action["configuration"]
            if action["actionTypeId"]["provider"] == "ECR" and settings.get("RepositoryName"):
                yield from uses_of(
                    f"{registry.host}/{settings['RepositoryName']}:"
                    f"{settings.get('ImageTag') or 'latest'}",
                    source=user.source,
                    user=user.name,
                    why=f"source {action['name']}",
                )
            for text in (*settings.values(), *action["commands"]):
                yield from text_uses(text, user)


CODEPIPELINE = table_source(
    "codepipeline",
    "CodePipeline",
    (
        Step(
            LIST_PIPELINES,
            given={"maxResults": 1000},
            then=(
                Step(
                    GET_PIPELINE,
                    {"name": "name"},
                    user="CodePipeline pipeline {name}",
                    why="its actions",
                    read=_actions,
                ),
            ),
        ),
    ),
    counts="the tags that start pipelines, and images that their actions name",
    calls="1 for each 1,000 pipelines; 1 for each",
    quotas={"codepipeline": Quota("codepipeline", (), 10, 10)},
)

DESCRIBE_APPLICATION_VERSIONS = listing(
    "elasticbeanstalk",
    "DescribeApplicationVersions",
    "ApplicationVersions",
    record(
        ApplicationName=TEXT, VersionLabel=TEXT, ImageSource=optional(record(Uri=optional(IMAGE)))
    ),
    tokens=UPPER_NEXT_TOKEN,
)

ELASTIC_BEANSTALK = table_source(
    "elasticbeanstalk",
    "Elastic Beanstalk",
    (
        Step(
            DESCRIBE_APPLICATION_VERSIONS,
            given={"MaxRecords": 1000},
            user="Elastic Beanstalk application {ApplicationName}",
            why="version {VersionLabel}",
        ),
    ),
    counts="application versions that are an image; not what is in a bundle in S3",
    calls="1 for each 1,000 application versions",
    quotas={"elasticbeanstalk": Quota("elastic-beanstalk", (), 10, 10)},
)

LIST_RUNTIMES = listing(
    "lambda-core", "ListRuntimes", "Items", record(Name=TEXT), tokens=UPPER_NEXT_TOKEN
)
LIST_RUNTIME_VERSIONS = listing(
    "lambda-core",
    "ListRuntimeVersions",
    "Items",
    record(Arn=TEXT, ResolvedUri=IMAGE),
    tokens=UPPER_NEXT_TOKEN,
)

LAMBDA_RUNTIMES = table_source(
    "lambda-runtimes",
    "Lambda runtimes of your own",
    (
        Step(
            LIST_RUNTIMES,
            given={"MaxResults": 100},
            then=(
                Step(
                    LIST_RUNTIME_VERSIONS,
                    {"RuntimeName": "Name"},
                    {"MaxResults": 100},
                    user="Lambda runtime {Name}",
                    why="{Arn}",
                ),
            ),
        ),
    ),
    counts="every version of every runtime",
    calls="1 for each 100 runtimes; 1 for each",
    # They share the 15 calls a second of Lambda's control plane with everything that deploys.
    quotas={"lambda_runtimes": Quota("lambda-core", (), 5, 2)},
)

BUILDERS: tuple[Source, ...] = (CODEBUILD, CODEPIPELINE, ELASTIC_BEANSTALK, LAMBDA_RUNTIMES)

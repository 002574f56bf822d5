"""Daemons of ECS Managed Instances: each new instance pulls their images.

Without a daemon task definition there is no daemon, so clusters are asked only where there is one.
"""

from collections.abc import Iterator

from ecrm.aws import Operation, items, listing
from ecrm.aws.shapes import TEXT, ListOf, optional, record
from ecrm.config.quotas import Quota
from ecrm.sources.answers import IMAGE, IMAGE_DIGEST
from ecrm.sources.ecs.operations import LIST_CLUSTERS
from ecrm.sources.gaps import attempt_where_offered
from ecrm.sources.items import SourceItem
from ecrm.sources.source import Reading, Source
from ecrm.sources.steps import Step, read_steps

_PAGE = {"maxResults": 100}
_EVERY = {"status": "ALL", **_PAGE}
_REVISIONS = 20  # the most that DescribeDaemonRevisions may be asked for

LIST_DAEMON_TASK_DEFINITIONS = listing(
    "ecs", "ListDaemonTaskDefinitions", "daemonTaskDefinitions", record(arn=TEXT)
)
DESCRIBE_DAEMON_TASK_DEFINITION = Operation(
    "ecs",
    "DescribeDaemonTaskDefinition",
    record(
        daemonTaskDefinition=record(
            containerDefinitions=ListOf(record(name=optional(TEXT), image=IMAGE))
        )
    ),
)
LIST_DAEMONS = listing("ecs", "ListDaemons", "daemonSummariesList", record(daemonArn=TEXT))
DESCRIBE_DAEMON = Operation(
    "ecs",
    "DescribeDaemon",
    record(daemon=record(currentRevisions=ListOf(record(arn=TEXT)))),
    listed="daemon.currentRevisions",
)
DESCRIBE_DAEMON_REVISIONS = Operation(
    "ecs",
    "DescribeDaemonRevisions",
    record(
        daemonRevisions=ListOf(
            record(
                daemonRevisionArn=TEXT,
                # Left out until the first task of the revision starts.
                containerImages=optional(
                    ListOf(record(image=optional(IMAGE), imageDigest=optional(IMAGE_DIGEST)))
                ),
            )
        )
    ),
    listed="daemonRevisions",
)

_DEFINITIONS = Step(
    LIST_DAEMON_TASK_DEFINITIONS,
    given=_EVERY,
    then=(
        Step(
            DESCRIBE_DAEMON_TASK_DEFINITION,
            {"daemonTaskDefinition": "arn"},
            user="daemon task definition {arn}",
            why="registered",
            names_some=lambda _: True,
        ),
    ),
)
_CLUSTERS = Step(
    LIST_CLUSTERS,
    given=_PAGE,
    then=(
        Step(
            LIST_DAEMONS,
            {"clusterArn": "name"},
            _PAGE,
            then=(
                Step(
                    DESCRIBE_DAEMON,
                    {"daemonArn": "daemonArn"},
                    then=(
                        Step(
                            DESCRIBE_DAEMON_REVISIONS,
                            {"daemonRevisionArns": "arn"},
                            user="daemon revision {daemonRevisionArn}",
                            why="current",
                            at_once=_REVISIONS,
                            identity="daemonRevisionArn",
                        ),
                    ),
                ),
            ),
        ),
    ),
)


def _read_daemons(reading: Reading) -> Iterator[SourceItem]:
    def read() -> Iterator[SourceItem]:
        listed = items(reading.target.ecs, LIST_DAEMON_TASK_DEFINITIONS, **_EVERY)
        if any(True for _ in listed):
            yield from read_steps(reading, "ecs-daemons", (_DEFINITIONS, _CLUSTERS))

    yield from attempt_where_offered(reading.target, LIST_DAEMON_TASK_DEFINITIONS, read)


ECS_DAEMONS = Source(
    "ecs-daemons",
    "ECS daemons",
    _read_daemons,
    dict.fromkeys(
        (
            LIST_DAEMON_TASK_DEFINITIONS,
            DESCRIBE_DAEMON_TASK_DEFINITION,
            LIST_CLUSTERS,
            LIST_DAEMONS,
            DESCRIBE_DAEMON,
            DESCRIBE_DAEMON_REVISIONS,
        ),
        (),
    ),
    counts="daemon task definitions, and the digests of the current revisions of daemons",
    calls="1; where there are daemons, 1 for each definition, cluster and daemon",
    quotas={
        "ecs_daemons": Quota(
            "ecs",
            (
                "ListDaemonTaskDefinitions",
                "DescribeDaemonTaskDefinition",
                "ListDaemons",
                "DescribeDaemon",
                "DescribeDaemonRevisions",
            ),
            10,
            10,
        )
    },
)

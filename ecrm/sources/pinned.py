"""Whatever starts ECS tasks from a task definition that it names: rules, schedules, pipes and state
machines.

They count when they are disabled, too: somebody may enable them again. Job definitions that they
name need no looking up, since every job definition that can be submitted is in use (`batch`).
"""

from collections.abc import Iterator
from functools import partial
from itertools import product

from ecrm.aws import UPPER_NEXT_TOKEN, Operation, items, listing
from ecrm.aws.shapes import TEXT, optional, record
from ecrm.config.quotas import Quota
from ecrm.sources.answers import DOCUMENT, JSON_DOCUMENT, TASK_DEFINITION
from ecrm.sources.ecs import clusters_in
from ecrm.sources.ecs.operations import LIST_CLUSTERS
from ecrm.sources.gaps import attempt_where_offered
from ecrm.sources.items import SourceItem
from ecrm.sources.source import Reading, Source
from ecrm.sources.steps import Item, Step, read_below, table_source
from ecrm.sources.task_definitions import DESCRIBE_TASK_DEFINITION

_NAMED = optional(record(TaskDefinitionArn=TASK_DEFINITION))
_PAGE = 100
_CLUSTER = ":cluster/"  # in the ARN of what starts tasks

LIST_EVENT_BUSES = listing(
    "events", "ListEventBuses", "EventBuses", record(Name=TEXT), tokens=UPPER_NEXT_TOKEN
)
LIST_RULE_NAMES_BY_TARGET = listing(
    "events", "ListRuleNamesByTarget", "RuleNames", TEXT, tokens=UPPER_NEXT_TOKEN
)
LIST_TARGETS_BY_RULE = listing(
    "events",
    "ListTargetsByRule",
    "Targets",
    record(Id=TEXT, Arn=TEXT, EcsParameters=_NAMED),
    tokens=UPPER_NEXT_TOKEN,
)
LIST_SCHEDULES = listing(
    "scheduler",
    "ListSchedules",
    "Schedules",
    record(Name=TEXT, GroupName=TEXT, Target=record(Arn=TEXT)),
    tokens=UPPER_NEXT_TOKEN,
)
GET_SCHEDULE = Operation(
    "scheduler",
    "GetSchedule",
    record(Target=record(Arn=TEXT, EcsParameters=_NAMED, Input=optional(DOCUMENT))),
)
LIST_PIPES = listing(
    "pipes",
    "ListPipes",
    "Pipes",
    record(Name=TEXT, Target=TEXT),
    tokens=UPPER_NEXT_TOKEN,
)
DESCRIBE_PIPE = Operation(
    "pipes",
    "DescribePipe",
    record(Name=TEXT, TargetParameters=optional(record(EcsTaskParameters=_NAMED))),
)
LIST_STATE_MACHINES = listing(
    "stepfunctions",
    "ListStateMachines",
    "stateMachines",
    record(name=TEXT, stateMachineArn=TEXT),
)
DESCRIBE_STATE_MACHINE = Operation(
    "stepfunctions", "DescribeStateMachine", record(definition=JSON_DOCUMENT)
)
LIST_STATE_MACHINE_VERSIONS = listing(
    "stepfunctions",
    "ListStateMachineVersions",
    "stateMachineVersions",
    record(stateMachineVersionArn=TEXT),
)

_TARGETS = Step(
    LIST_RULE_NAMES_BY_TARGET,
    {"EventBusName": "bus", "TargetArn": "cluster"},
    {"Limit": _PAGE},
    then=(
        Step(
            LIST_TARGETS_BY_RULE,
            {"EventBusName": "bus", "Rule": "name"},
            {"Limit": _PAGE},
            user="EventBridge rule {bus}/{name}",
            why="target {Id}",
            names_some=lambda target: _CLUSTER in target["Arn"],
        ),
    ),
)


def _read_rules(reading: Reading) -> Iterator[SourceItem]:
    """A rule is found by the cluster that it starts tasks in: most rules have nothing to do with
    ECS, and each would take a call."""

    def pairs() -> list[Item]:
        client = reading.target.reading(LIST_EVENT_BUSES.service)
        buses = [bus["Name"] for bus in items(client, LIST_EVENT_BUSES, Limit=_PAGE)]
        clusters = clusters_in(reading)
        return [{"bus": bus, "cluster": cluster} for bus, cluster in product(buses, clusters)]

    read = partial(read_below, reading, "eventbridge", _TARGETS, pairs)
    yield from attempt_where_offered(reading.target, LIST_EVENT_BUSES, read)


EVENTBRIDGE = Source(
    "eventbridge",
    "EventBridge rules",
    _read_rules,
    dict.fromkeys(
        (
            LIST_EVENT_BUSES,
            LIST_CLUSTERS,
            LIST_RULE_NAMES_BY_TARGET,
            LIST_TARGETS_BY_RULE,
            DESCRIBE_TASK_DEFINITION,
        ),
        (),
    ),
    counts="task definitions of rules that start ECS tasks, also of disabled rules",
    calls="1; 1 for each cluster on each event bus, 1 for each rule that starts tasks",
    quotas={"eventbridge": Quota("eventbridge", (), 10, 10)},
)


def _may_start_tasks(schedule: Item) -> bool:
    """A universal target (`aws-sdk`) may be any call, of which only the input says what it does."""
    arn = schedule["Target"]["Arn"]
    return _CLUSTER in arn or ":aws-sdk:" in arn


SCHEDULER = table_source(
    "scheduler",
    "EventBridge Scheduler",
    (
        Step(
            LIST_SCHEDULES,
            given={"MaxResults": _PAGE},
            then=(
                Step(
                    GET_SCHEDULE,
                    {"Name": "Name", "GroupName": "GroupName"},
                    only=_may_start_tasks,
                    user="schedule {GroupName}/{Name}",
                    why="its target",
                    names_some=lambda schedule: _CLUSTER in schedule["Target"]["Arn"],
                ),
            ),
        ),
    ),
    also=(DESCRIBE_TASK_DEFINITION,),
    counts="task definitions and images that schedules name, also disabled ones",
    calls="1 for each 100 schedules; 1 for each that starts ECS tasks or calls an API",
    quotas={"scheduler": Quota("scheduler", (), 10, 10)},
)

PIPES = table_source(
    "pipes",
    "EventBridge Pipes",
    (
        Step(
            LIST_PIPES,
            given={"Limit": _PAGE},
            then=(
                Step(
                    DESCRIBE_PIPE,
                    {"Name": "Name"},
                    only=lambda pipe: _CLUSTER in pipe["Target"],
                    user="pipe {Name}",
                    why="its target",
                    names_some=lambda _: True,
                    identity="Name",
                ),
            ),
        ),
    ),
    also=(DESCRIBE_TASK_DEFINITION,),
    counts="task definitions of pipes that start ECS tasks, also of stopped pipes",
    calls="1 for each 100 pipes; 1 for each that starts ECS tasks",
    quotas={"pipes": Quota("pipes", (), 10, 10)},
)


def _definition(why: str, arn: str) -> Step:
    return Step(
        DESCRIBE_STATE_MACHINE, {"stateMachineArn": arn}, user="state machine {name}", why=why
    )


STEP_FUNCTIONS = table_source(
    "stepfunctions",
    "Step Functions",
    (
        Step(
            LIST_STATE_MACHINES,
            given={"maxResults": 1000},
            then=(_definition("its definition", "stateMachineArn"),),
        ),
    ),
    also=(DESCRIBE_TASK_DEFINITION,),
    counts="task definitions and images that the newest definition of a state machine names",
    calls="1 for each 1,000 state machines; 1 for each",
    quotas={
        # AWS Step Functions Developer Guide, "Service quotas".
        "stepfunctions_describe": Quota("sfn", ("DescribeStateMachine",), 200, 20),
        "stepfunctions_versions": Quota("sfn", ("ListStateMachineVersions",), 100, 1),
        "stepfunctions": Quota("sfn", (), 10, 10),
    },
)

STEP_FUNCTIONS_VERSIONS = table_source(
    "stepfunctions-versions",
    "Step Functions versions",
    (
        Step(
            LIST_STATE_MACHINES,
            given={"maxResults": 1000},
            then=(
                Step(
                    LIST_STATE_MACHINE_VERSIONS,
                    {"stateMachineArn": "stateMachineArn"},
                    {"maxResults": 1000},
                    then=(_definition("{stateMachineVersionArn}", "stateMachineVersionArn"),),
                ),
            ),
        ),
    ),
    also=(DESCRIBE_TASK_DEFINITION,),
    counts="what every published version of a state machine names, for aliases of old versions",
    calls="1 for each 1,000 state machines; 1 for each, at 1 a second; 1 for each version",
    quotas={},
    by_default=False,
)

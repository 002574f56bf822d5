"""An event names what to do explicitly, or it is refused."""

from dataclasses import fields

import pytest

from ecrm.errors import UsageError
from ecrm.lambda_handler.event import Asked, Event, asked, config_place

COMMANDS = ("plan", "delete", "scan")
NO_JSON = "Expecting value: line 1 column 1 (char 0)"
SCHEDULE = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-11-22T01:30:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/ecrm"],
    "detail": {},
}

CLOSED = "config,out,scan,scanned_files,output,journal,report"


def read(event: object = None, **environ: str) -> Asked:
    return asked(event, {"ECRM_EVENT_KEYS": CLOSED} | environ, COMMANDS)


def problems(event: object = None, **environ: str) -> list[str]:
    with pytest.raises(UsageError) as raised:
        read(event, **environ)
    return str(raised.value).splitlines()


@pytest.mark.parametrize(
    "event", [None, {}, SCHEDULE, SCHEDULE | {"detail": "{}"}, SCHEDULE | {"detail": ""}]
)
def test_an_event_that_says_nothing_plans(event):
    assert read(event) == Asked(Event("plan"), None, "/tmp/ecrm", "", "ecrm")


def test_every_key_of_an_event():
    event = {
        "command": "delete",
        "config": "ssm://ecrm",
        "repository": "shop/api",
        "plan": "s3://b/plan.json",
        "out": "s3://b/out.json",
        "scan": False,
        "scanned_files": ["s3://b/1.json", "2.json"],
        "format": "json",
        "output": "s3://b/shown.json",
        "journal": "s3://b/journals",
        "report": "s3://b/reports",
    }
    expected = Event(
        "delete",
        "ssm://ecrm",
        ("shop/api",),
        "s3://b/plan.json",
        "s3://b/out.json",
        False,
        ("s3://b/1.json", "2.json"),
        "json",
        "s3://b/shown.json",
        "s3://b/journals",
        "s3://b/reports",
    )
    assert read(event).event == expected
    assert read(SCHEDULE | {"detail": event}).event == expected


def test_every_variable_means_what_it_means_on_the_command_line():
    request = read(
        None,
        ECRM_COMMAND="delete",
        ECRM_FORCE="true",
        ECRM_CONFIG="s3://b/ecrm.yaml",
        ECRM_CONFIG_YAML="ignored",
        ECRM_REPOSITORY="shop/api",
        ECRM_SCAN="false",
        ECRM_SCANNED_FILES="a.json, s3://b/c.json",
        ECRM_FORMAT="json",
        ECRM_OUTPUT="s3://b/shown.json",
        ECRM_JOURNAL="s3://b/journals",
        ECRM_REPORT="s3://b/reports",
        ECRM_STATE_DIR="s3://b/state/",
        ECRM_SNS_TOPIC_ARN="arn:aws:sns:us-east-1:123456789012:ecrm",
        ECRM_LOG_LEVEL="DEBUG",
        ECRM_LOG_FORMAT="text",
        ECRM_TIME_MARGIN="1m30s",
        AWS_LAMBDA_FUNCTION_NAME="clean",
    )
    assert request == Asked(
        Event(
            command="delete",
            config="s3://b/ecrm.yaml",
            repository=("shop/api",),
            scan=False,
            scanned_files=("a.json", "s3://b/c.json"),
            format="json",
            output="s3://b/shown.json",
            journal="s3://b/journals",
            report="s3://b/reports",
        ),
        None,
        "s3://b/state",
        "arn:aws:sns:us-east-1:123456789012:ecrm",
        "clean",
        "debug",
        "text",
        90.0,
    )


def test_repositories_are_one_text_or_several_in_a_list():
    several = ("shop/*", "tools/ci")
    assert read({"repository": list(several)}).event.repository == several
    assert read({"repository": "shop/*"}).event.repository == ("shop/*",)
    assert read(ECRM_REPOSITORY="shop/*, tools/ci").event.repository == several
    assert problems(ECRM_REPOSITORY="shop/*,") == [
        "ECRM_REPOSITORY is 'shop/*,', in which a repository has no name"
    ]


def test_the_event_comes_before_the_variables_and_an_empty_variable_says_nothing():
    request = read(
        {"command": "plan", "scan": True, "config": "other.yaml"},
        ECRM_COMMAND="delete",
        ECRM_SCAN="no",
        ECRM_CONFIG="s3://b/ecrm.yaml",
        ECRM_CONFIG_YAML="repositories: []",
        ECRM_REPOSITORY="",
        ECRM_LOG_LEVEL="",
    )
    assert request.event == Event("plan", "other.yaml")
    assert (request.config_text, request.log_level) == (None, "info")


def test_the_variable_for_formats_is_for_plans_as_on_the_command_line():
    assert read({"command": "scan"}, ECRM_FORMAT="markdown").event.format == ""
    assert read({"command": "scan", "format": "detail"}).event.format == "detail"
    assert read(None, ECRM_FORMAT="markdown").event.format == "markdown"


def test_a_configuration_may_be_in_a_variable_itself():
    assert read(ECRM_CONFIG_YAML="repositories: []").config_text == "repositories: []"


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ([], "event: is [], not a map of keys such as 'command'"),
        ("plan", "event: is the text \"plan\", not a map of keys such as 'command'"),
        ({"comand": "plan"}, "event: unknown key 'comand'; did you mean 'command'?"),
        (
            {"force": True},
            (
                "event: unknown key 'force'; known are command, config, repository, plan, out, "
                "scan, scanned_files, format, output, journal, report"
            ),
        ),
        ({"scan": "true"}, 'event: scan is the text "true", not true or false'),
        ({"scan": 1}, "event: scan is 1, not true or false"),
        ({"command": None}, "event: command is null, not a text"),
        ({"command": ""}, "event: command is empty; leave it out"),
        ({"command": ["delete"]}, 'event: command is ["delete"], not a text'),
        ({"command": "destroy"}, "command is 'destroy'; known are plan, delete, scan"),
        ({"command": "Delete"}, "command is 'Delete'; known are plan, delete, scan"),
        ({"repository": True}, "event: repository is true, not a list of texts"),
        ({"repository": ""}, "event: repository is empty; leave it out"),
        ({"repository": []}, "event: repository is empty; leave it out"),
        ({"repository": ["a", ""]}, "event: repository is empty; leave it out"),
        ({"repository": ["a", " "]}, "event: repository is empty; leave it out"),
        ({"scanned_files": []}, "event: scanned_files is empty; leave it out"),
        ({"scanned_files": [" "]}, "event: scanned_files is empty; leave it out"),
        ({"plan": " "}, "event: plan is empty; leave it out"),
        (
            {"scanned_files": "a.json"},
            'event: scanned_files is the text "a.json", not a list of texts',
        ),
        ({"scanned_files": ["a", 1]}, 'event: scanned_files is ["a", 1], not a list of texts'),
        ({"config": ["x" * 99]}, f'event: config is ["{"x" * 35}..., not a text'),
        (
            {"plan": "s3://b/plan.json"},
            "a plan to carry out is for the command 'delete', not 'plan'",
        ),
        (SCHEDULE | {"detail": []}, "event: detail is [], not a map of keys such as 'command'"),
        (SCHEDULE | {"detail": "x"}, f"event: detail is no JSON ({NO_JSON})"),
        (SCHEDULE | {"command": "delete"}, "event: unknown key 'command' beside 'detail-type'"),
        (SCHEDULE | {"detail": {"scan": 0}}, "event: scan is 0, not true or false"),
    ],
)
def test_anything_else_is_refused(event, problem):
    assert problems(event) == [problem]


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"ECRM_COMMAND": "true"}, "command is 'true'; known are plan, delete, scan"),
        ({"ECRM_SCAN": "maybe"}, "ECRM_SCAN is 'maybe', not true or false"),
        ({"ECRM_TIME_MARGIN": "90"}, "ECRM_TIME_MARGIN is '90'; write a duration such as 90s"),
        (
            {"ECRM_LOG_LEVEL": "loud"},
            "ECRM_LOG_LEVEL is 'loud'; known are debug, info, notice, warn, error",
        ),
        ({"ECRM_LOG_FORMAT": "xml"}, "ECRM_LOG_FORMAT is 'xml'; known are text, json"),
    ],
)
def test_a_variable_that_makes_no_sense_is_refused(variables, problem):
    assert problems(None, **variables) == [problem]


def test_each_problem_has_a_line():
    assert problems({"scan": "no", "x": 1}, ECRM_COMMAND="drop") == [
        'event: scan is the text "no", not true or false',
        (
            "event: unknown key 'x'; known are command, config, repository, plan, out, scan, "
            "scanned_files, format, output, journal, report"
        ),
        "command is 'drop'; known are plan, delete, scan",
    ]


JOURNAL = "s3://b/journals"
NOT_FORCED = "delete asks nobody here; set ECRM_FORCE=true, as the function needs for fujiwara/ecrm"


@pytest.mark.parametrize("force", ["", "false", "0", "No"])
def test_a_function_that_did_not_delete_for_lack_of_force_does_not_begin_to(force: str):
    variables = {"ECRM_COMMAND": "delete", "ECRM_JOURNAL": JOURNAL, "ECRM_FORCE": force}
    for event in (None, {}, SCHEDULE):
        assert problems(event, **variables) == [NOT_FORCED]


@pytest.mark.parametrize("force", ["true", "1", "YES", "t"])
def test_the_variables_delete_with_force(force: str):
    variables = {"ECRM_COMMAND": "delete", "ECRM_JOURNAL": JOURNAL, "ECRM_FORCE": force}
    assert read(SCHEDULE, **variables).event.command == "delete"


def test_an_event_that_says_delete_deletes_unless_force_is_false():
    assert read({"command": "delete"}, ECRM_JOURNAL=JOURNAL).event.command == "delete"
    for force in ("false", "never"):
        variables = {"ECRM_JOURNAL": JOURNAL, "ECRM_FORCE": force}
        assert problems({"command": "delete"}, **variables) == [NOT_FORCED]
        assert read({"command": "plan"}, **variables).event.command == "plan"


@pytest.mark.parametrize("variables", [{}, {"ECRM_JOURNAL": "/tmp/j"}, {"ECRM_STATE_DIR": "/mnt"}])
def test_deleting_needs_a_journal_that_outlives_the_function(variables):
    assert problems({"command": "delete"}, **variables) == [
        (
            "delete needs a journal that outlives the function; "
            "set ECRM_JOURNAL=s3://bucket/folder, or ECRM_STATE_DIR"
        )
    ]


@pytest.mark.parametrize("name", ["ECRM_JOURNAL", "ECRM_STATE_DIR"])
def test_one_location_in_s3_is_enough_for_deleting(name):
    assert read({"command": "delete"}, **{name: "s3://b/ecrm"}).event.command == "delete"


@pytest.mark.parametrize(
    ("config", "environ", "place"),
    [
        ("", {"LAMBDA_TASK_ROOT": "/var/task/"}, "/var/task/ecrm.yaml"),
        ("prod/ecrm.yaml", {"LAMBDA_TASK_ROOT": "/var/task"}, "/var/task/prod/ecrm.yaml"),
        ("/opt/ecrm.yaml", {"LAMBDA_TASK_ROOT": "/var/task"}, "/opt/ecrm.yaml"),
        ("s3://b/k", {"LAMBDA_TASK_ROOT": "/var/task"}, "s3://b/k"),
        ("ssm://ecrm", {"LAMBDA_TASK_ROOT": "/var/task"}, "ssm://ecrm"),
        ("", {}, "ecrm.yaml"),
    ],
)
def test_a_file_is_looked_for_in_the_package(config, environ, place):
    assert config_place(Event(config=config), environ) == place


def test_how_many_calls_are_in_flight_is_a_whole_number_or_refused():
    assert read(ECRM_CONCURRENCY="4").workers == 4
    for text in ("0", "-1", "many", "1.5"):
        expected = f"ECRM_CONCURRENCY is {text!r}; write a whole number such as 16"
        assert problems(ECRM_CONCURRENCY=text) == [expected]


@pytest.mark.parametrize("files", [",", "a.json,", "a.json,,b.json"])
def test_b40_a_hole_in_a_list_of_scanned_files_is_refused(files):
    with pytest.raises(UsageError, match="in which a file has no name"):
        read(None, ECRM_SCANNED_FILES=files)


def deep() -> list[object]:
    inner: list[object] = []
    for _ in range(100_000):
        inner = [inner]
    return inner


DEEP = deep()


@pytest.mark.parametrize(
    "event",
    [
        DEEP,
        {"command": DEEP},
        {"scanned_files": DEEP},
        {"nonsense": DEEP},
        SCHEDULE | {"detail": DEEP},
        SCHEDULE | {"detail": "[" * 100_000},
        SCHEDULE | {"detail": "9" * 5000},
        {"command": 10**5000},
    ],
    ids=["event", "command", "files", "unknown key", "detail", "text", "number", "long number"],
)
def test_an_event_that_is_too_deep_or_too_long_is_refused_in_one_line(event):
    (problem,) = problems(event)
    assert problem.startswith("event: ")
    assert len(problem) < 300


@pytest.mark.parametrize("text", ["9" * 5000, "9" * 10])
def test_a_number_of_workers_that_nobody_means_is_refused(text):
    (problem,) = problems(ECRM_CONCURRENCY=text)
    assert problem.startswith("ECRM_CONCURRENCY is '999")


# -- what an event may say ------------------------------------------------------------------------

VALUES: dict[str, object] = {
    "config": "s3://b/theirs.yaml",
    "out": "s3://b/out.json",
    "scan": False,
    "scanned_files": ["s3://b/none.json"],
    "output": "s3://b/shown",
    "journal": "s3://b/journals",
    "report": "s3://b/reports",
}


def test_every_key_is_open_or_closed():
    assert [field.name for field in fields(Event)] == [
        *("command", "config", "repository", "plan", "out", "scan", "scanned_files", "format"),
        *("output", "journal", "report"),
    ]
    assert set(VALUES) == set(CLOSED.split(","))


@pytest.mark.parametrize(("key", "value"), VALUES.items())
def test_b47_the_deployment_says_it_unless_it_lets_events(key: str, value: object):
    hint = f"ECRM_EVENT_KEYS={key} would let events say it"
    line = f"event: {key!r} is for the deployment to say; {hint}"
    assert problems({key: value}, ECRM_EVENT_KEYS="") == [line]
    others = ", ".join(name for name in VALUES if name != key)
    assert problems({key: value}, ECRM_EVENT_KEYS=others) == [line]
    assert problems(SCHEDULE | {"detail": {key: value}}, ECRM_EVENT_KEYS="") == [line]
    assert getattr(read({key: value}, ECRM_EVENT_KEYS=f" {key} ,").event, key) is not None


def test_b47_what_every_event_may_say_needs_no_variable():
    event = {"command": "plan", "repository": "shop/api", "format": "json"}
    assert read(event, ECRM_EVENT_KEYS="").event == Event(
        "plan", repository=("shop/api",), format="json"
    )


def test_a_key_that_cannot_be_allowed_is_refused():
    known = "config, out, scan, scanned_files, output, journal, report"
    assert problems(None, ECRM_EVENT_KEYS="config,force") == [
        f"ECRM_EVENT_KEYS names 'force'; it may name {known}"
    ]


def test_b47_a_configuration_that_an_event_named_runs_no_programs():
    assert not read({"config": "s3://b/theirs.yaml"}).external_commands
    assert read(None, ECRM_CONFIG="s3://b/ecrm.yaml").external_commands
    assert not read(None, ECRM_EXTERNAL_COMMANDS="false").external_commands
    assert problems(None, ECRM_EXTERNAL_COMMANDS="never") == [
        "ECRM_EXTERNAL_COMMANDS is 'never', not true or false"
    ]

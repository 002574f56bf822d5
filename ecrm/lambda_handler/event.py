"""What an invocation asks for: its event, and the variables where the event says nothing."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from ecrm.aws import WORKERS
from ecrm.aws.storage import is_remote, is_s3
from ecrm.config import parse_duration
from ecrm.errors import UsageError
from ecrm.lambda_handler.event_keys import is_blank, not_allowed
from ecrm.model.json_text import parse_json
from ecrm.workflow.logs import FORMATS, LEVELS, level_name

_ENVELOPE = frozenset(
    {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
)
_KINDS = {str: "a text", bool: "true or false", list: "a list of texts"}
_TEXTS = {
    "command": "ECRM_COMMAND",
    "config": "ECRM_CONFIG",
    "format": "ECRM_FORMAT",
    "output": "ECRM_OUTPUT",
    "journal": "ECRM_JOURNAL",
    "report": "ECRM_REPORT",
}
_LISTS = {
    "repository": ("ECRM_REPOSITORY", "a repository"),
    "scanned_files": ("ECRM_SCANNED_FILES", "a file"),
}
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"0", "false", "f", "no", "n", "off"})


@dataclass(frozen=True, slots=True)
class Event:
    """The keys that an event may have. Places are paths, `s3://bucket/key` or, for `config`,
    `ssm://parameter`; `report` and `journal` are folders in S3."""

    command: str = "plan"
    config: str = ""
    repository: tuple[str, ...] = ()
    plan: str = ""
    out: str = ""
    scan: bool = True
    scanned_files: tuple[str, ...] = ()
    format: str = ""
    output: str = ""
    journal: str = ""
    report: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """All that decides about an invocation. `margin` is in seconds; None is the default. No program
    of a configuration that an event named runs: `external_commands` is false then."""

    event: Event
    config_text: str | None
    state: str
    topic: str
    function: str
    log_level: str = "info"
    log_format: str = "json"
    margin: float | None = None
    workers: int = WORKERS
    external_commands: bool = True


def asked(event: object, environ: Mapping[str, str], commands: Collection[str]) -> Asked:
    """Raises UsageError with one line for each thing that is wrong."""
    wrong: list[str] = []
    given = _checked(_opened(event), wrong)
    wrong += not_allowed(given, environ, [field.name for field in fields(Event)])
    wanted = Event(**_of_variables(environ, wrong, given) | given)
    if wanted.command in ("scan", "check") and "format" not in given:
        wanted = replace(wanted, format="")  # ECRM_FORMAT is for plans, as on the command line
    if wanted.command == "check" and "output" not in given:
        wanted = replace(wanted, output="")  # ECRM_OUTPUT is for plans and scans
    wrong += _misfits(wanted, environ, commands, by_event="command" in given)
    margin = _margin(environ.get("ECRM_TIME_MARGIN", ""), wrong)
    workers = _workers(environ.get("ECRM_CONCURRENCY", ""), wrong)
    programs = _switch(environ, "ECRM_EXTERNAL_COMMANDS", wrong)
    if wrong:
        raise UsageError("\n".join(wrong))
    text = environ.get("ECRM_CONFIG_YAML") or None
    return Asked(
        event=wanted,
        config_text=None if wanted.config else text,
        state=_state(environ),
        topic=environ.get("ECRM_SNS_TOPIC_ARN", ""),
        function=environ.get("AWS_LAMBDA_FUNCTION_NAME", "ecrm"),
        log_level=level_name(environ.get("ECRM_LOG_LEVEL", "")) or "info",
        log_format=environ.get("ECRM_LOG_FORMAT") or "json",
        margin=margin,
        workers=workers,
        external_commands=programs and "config" not in given,
    )


def _opened(event: object) -> Mapping[str, Any]:
    """The event itself, or what is in the envelope of a schedule. EventBridge Scheduler sends
    `detail` as text."""
    if event is None:
        return {}
    if not isinstance(event, dict):
        raise UsageError(f"event: is {_said(event)}, not a map of keys such as 'command'")
    if "detail-type" not in event:
        return event
    if strange := sorted(event.keys() - _ENVELOPE):
        raise UsageError(f"event: unknown key {strange[0]!r} beside 'detail-type'")
    detail = event.get("detail", {})
    if isinstance(detail, str):
        try:
            detail = parse_json(detail or "{}")
        except ValueError as error:
            raise UsageError(f"event: detail is no JSON ({error})") from error
    if not isinstance(detail, dict):
        raise UsageError(f"event: detail is {_said(detail)}, not a map of keys such as 'command'")
    return detail


def _checked(event: Mapping[str, Any], wrong: list[str]) -> dict[str, Any]:
    """The keys that are known and of the right type; the others are added to `wrong`."""
    kinds: dict[str, type] = {field.name: type(field.default) for field in fields(Event)}
    kinds = {name: list if kind is tuple else kind for name, kind in kinds.items()}
    given: dict[str, Any] = {}
    for key, value in event.items():
        kind = kinds.get(key)
        if key == "repository" and isinstance(value, str):
            value = [value]  # noqa: PLW2901 - one is a list of one
        if kind is None:
            near = get_close_matches(str(key), kinds, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(kinds)}"
            wrong.append(f"event: unknown key {key!r}; {hint}")
        elif not _fits(value, kind):
            wrong.append(f"event: {key} is {_said(value)}, not {_KINDS[kind]}")
        elif is_blank(value):
            wrong.append(f"event: {key} is empty; leave it out")
        else:
            given[key] = tuple(value) if kind is list else value
    return given


def _switch(environ: Mapping[str, str], name: str, wrong: list[str]) -> bool:
    """True where the variable is empty."""
    text = environ.get(name, "").strip().lower()
    if text and text not in _YES | _NO:
        wrong.append(f"{name} is {environ[name]!r}, not true or false")
    return text not in _NO


def _fits(value: Any, kind: type) -> bool:
    """Of just this type: to Python, True is a number as well."""
    if isinstance(value, list):
        return kind is list and all(isinstance(text, str) for text in value)
    return type(value) is kind


def _said(value: object) -> str:
    """As JSON has it, cut where it is long."""
    try:
        shown = json.dumps(value, default=repr)
    except (RecursionError, ValueError):  # a number of thousands of digits, say
        return f"a value of the type {type(value).__name__} that is too deep or too long"
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."  # noqa: PLR2004 - enough to see it
    return f"the text {shown}" if isinstance(value, str) else shown


def _of_variables(
    environ: Mapping[str, str], wrong: list[str], given: Mapping[str, object]
) -> dict[str, Any]:
    """What the variables say of keys that the event leaves out; an empty one says nothing."""
    values: dict[str, Any] = {
        key: text for key, name in _TEXTS.items() if (text := environ.get(name, ""))
    }
    for key, (name, what) in _LISTS.items():
        if text := environ.get(name, ""):
            values[key] = tuple(part.strip() for part in text.split(","))
            if not all(values[key]):
                wrong.append(f"{name} is {text!r}, in which {what} has no name")
    if "scan" not in given:
        values["scan"] = _switch(environ, "ECRM_SCAN", wrong)
    return values


def _misfits(
    event: Event, environ: Mapping[str, str], commands: Collection[str], *, by_event: bool
) -> list[str]:
    """What is of the right type and still makes no sense; `by_event` is who says the command."""
    lines: list[str] = []
    if event.command not in commands:
        lines.append(f"command is {event.command!r}; known are {', '.join(commands)}")
    if event.plan and event.command != "delete":
        lines.append(f"a plan to carry out is for the command 'delete', not {event.command!r}")
    if event.command == "delete" and not _may_delete(environ, by_event=by_event):
        lines.append(
            "delete asks nobody here; set ECRM_FORCE=true, as the function needs for fujiwara/ecrm"
        )
    if event.command == "delete" and not is_s3(event.journal or _state(environ)):
        lines.append(
            "delete needs a journal that outlives the function; "
            "set ECRM_JOURNAL=s3://bucket/folder, or ECRM_STATE_DIR"
        )
    for variable, known in (("ECRM_LOG_LEVEL", LEVELS), ("ECRM_LOG_FORMAT", FORMATS)):
        text = environ.get(variable, "")
        if text and text not in known and level_name(text) not in known:
            lines.append(f"{variable} is {environ[variable]!r}; known are {', '.join(known)}")
    return lines


def _may_delete(environ: Mapping[str, str], *, by_event: bool) -> bool:
    """The function of fujiwara/ecrm does not delete with ECRM_COMMAND alone, so one that never
    deleted must not begin to. An event that says `delete` is explicit, unless ECRM_FORCE is
    false."""
    force = environ.get("ECRM_FORCE", "").strip().lower()
    return force in _YES or (by_event and not force)


def _margin(text: str, wrong: list[str]) -> float | None:
    if not text:
        return None
    try:
        return parse_duration(text).total_seconds()
    except ValueError:
        wrong.append(f"ECRM_TIME_MARGIN is {text!r}; write a duration such as 90s")
        return None


def _workers(text: str, wrong: list[str]) -> int:
    if text and not re.fullmatch(r"0*[1-9][0-9]{0,5}", text):
        wrong.append(f"ECRM_CONCURRENCY is {text!r:.40}; write a whole number such as {WORKERS}")
        return WORKERS
    return int(text or WORKERS)


def _state(environ: Mapping[str, str]) -> str:
    """The only folder of a function that it may write to, which is gone with its environment."""
    return (environ.get("ECRM_STATE_DIR") or "/tmp/ecrm").rstrip("/")  # noqa: S108 - Lambda's own


def config_place(event: Event, environ: Mapping[str, str]) -> str:
    """Where the configuration is; a file is looked for in the folder of the function's code."""
    place, root = event.config or "ecrm.yaml", environ.get("LAMBDA_TASK_ROOT", "")
    if is_remote(place) or place.startswith("/") or not root:
        return place
    return f"{root.rstrip('/')}/{place}"

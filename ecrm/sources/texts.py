"""Texts that AWS keeps and that name images or task definitions: definitions of state machines and
pipelines, inputs of schedules, user data.

JSON is read by its keys, as files of the working tree are; any other text line by line.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.files.mention import Mention, Spot, image, within
from ecrm.sources.files.plain import line_mentions
from ecrm.sources.files.tree import IMAGE_KEYS
from ecrm.sources.items import SourceItem, TaskDefinitionUse

_IMAGE_KEYS = IMAGE_KEYS | {"containeruri", "ecrimageuri", "trainingimage"}
_DEFINITION_KEYS = frozenset({"taskdefinition", "taskdefinitionarn"})
_DYNAMIC = ".$"  # ends a key whose value is a path into the input of the state, or a function
_EXPRESSION = "{%"  # begins a value in JSONata
_LATER = "is chosen when it runs"
_LONGEST_SHOWN = 200
_DEFINITION = re.compile(r"[A-Za-z0-9_-]+(?::[1-9][0-9]*)?")
_ARN = re.compile(rf"arn:[\w-]+:ecs:[\w-]+:\d{{12}}:task-definition/{_DEFINITION.pattern}")


@dataclass(frozen=True, slots=True)
class User:
    """On whose behalf an image is found, as `Use` has it. The ARNs of its task definitions begin
    with `definitions`."""

    source: str
    name: str
    why: str
    definitions: str

    def __str__(self) -> str:
        return f"{self.name} ({self.why})"


def text_uses(text: str, user: User, *, is_json: bool = False) -> Iterator[SourceItem]:
    """The images and task definitions that a text names; what it leaves open is noted. One that
    must be JSON, an object or a list, and is not, is not known."""
    try:
        root = _root(text)
        if root is None and is_json:
            yield Diagnostic(ReadStatus.FAILED, f"{user}: the text is not JSON; try again")
        for found in list(line_mentions(text, Spot(1)) if root is None else _node(root, "", "")):
            if isinstance(found, Mention):
                yield from mention_uses(found, user)
            else:
                yield from definition_uses(found, user)
    except RecursionError:
        yield Diagnostic(ReadStatus.FAILED, f"{user}: the text is nested too deeply to be read")


def definition_uses(text: str, user: User) -> Iterator[SourceItem]:
    """The use of a task definition: an ARN or a family, with a revision or without, which is then
    the newest. What is chosen when it runs nobody can know now, but for the ARNs in its text."""
    here = user.definitions.split(":")[3:5]
    if _DEFINITION.fullmatch(text):
        arn = user.definitions + text
        yield TaskDefinitionUse(arn, user.name, user.why, may_be_gone=True)
    elif _ARN.fullmatch(text) and text.split(":")[3:5] == here:
        yield TaskDefinitionUse(text, user.name, user.why, may_be_gone=True)
    elif _ARN.fullmatch(text):
        yield _note(user, f"{text} is of another account or region")
    else:
        yield _note(user, f"task definition {text} {_LATER}")
        for found in _ARN.finditer(text):
            yield from definition_uses(found[0], user)


def secret_uses(text: str, user: User) -> Iterator[SourceItem]:
    """As `text_uses`, of a text that may hold secrets: nothing of it but image references ever
    leaves this function."""
    for mention in line_mentions(text, Spot(1)):
        if mention.reference:
            yield Use(mention.reference, user.source, user.name, user.why)
        else:
            yield _note(user, "an image in it cannot be resolved")


def mention_uses(mention: Mention, user: User) -> Iterator[SourceItem]:
    """The use that a place of a text makes, and a note on what it leaves open."""
    path = (mention.spot.path,) if mention.spot.path else ()
    if mention.problem:
        where = "".join(f"{step}: " for step in path)
        yield _note(user, f"{where}{mention.text} {mention.problem}")
    if mention.reference:
        yield Use(mention.reference, user.source, user.name, user.why, path)


def _note(user: User, text: str) -> Diagnostic:
    """One line, and not all of a long text."""
    shown = " ".join(text.split())
    shown = f"{shown[:_LONGEST_SHOWN]}..." if len(shown) > _LONGEST_SHOWN else shown
    return Diagnostic(ReadStatus.READ, f"{user}: {shown}")


def _root(text: str) -> Any:
    """None for what is not an object or a list."""
    try:
        root = json.loads(text)
    except ValueError:
        return None
    return root if isinstance(root, (dict, list)) else None


def _node(node: Any, path: str, key: str) -> Iterator[Mention | str]:
    """What is mentioned below; task definitions as text. `key` is the one that leads to the node,
    of whatever object is next above it."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _node(value, f"{path}.{name}" if path else name, name)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _node(value, f"{path}[{number}]", key)
    elif isinstance(node, str) and node:
        spot, name = Spot(1, path), key.removesuffix(_DYNAMIC).lower()
        if name in _DEFINITION_KEYS:
            yield node
        elif name in _IMAGE_KEYS and (key.endswith(_DYNAMIC) or _EXPRESSION in node):
            yield Mention(spot, node, None, _LATER)
            yield from within(node, spot)  # an expression may choose among images that it names
        else:
            yield from (image if name in _IMAGE_KEYS else within)(node, spot)

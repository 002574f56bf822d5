"""The least that IAM must allow, command by command.

What a run calls depends on the configuration: a rule that archives needs another action than one
that deletes, and what is excluded is not read. Names and resource types of the actions are those of
the Service Authorization Reference. Where an action takes no ARN, or all of a kind is read, the
resource is `*`; images are changed only in the repositories that a rule matches, and read only
there unless the command looks at all of them. `sts:GetCallerIdentity` needs no permission.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from ecrm.aws import Operation
from ecrm.config import Config
from ecrm.model.pattern import NamePattern
from ecrm.model.rule import Action, Rule
from ecrm.registry import operations as ecr
from ecrm.sources import SOURCES
from ecrm.workflow.iam_policy.arns import PolicyScope, Statement, allow, repositories
from ecrm.workflow.iam_policy.assuming import AMONG_OTHERS, of_targets
from ecrm.workflow.iam_policy.elsewhere import (
    Besides,
    of_deleting,
    of_every_run,
    of_planning,
    of_restoring,
    of_writing_plans,
)

__all__ = ["Besides", "Command", "PolicyScope", "policy", "role_policy"]


def _actions(*operations: Operation) -> tuple[str, ...]:
    return tuple(operation.action for operation in operations)


_REGISTRY = _actions(ecr.DESCRIBE_REGISTRY, ecr.DESCRIBE_REPOSITORIES)
_REGISTRY_POLICY = _actions(ecr.GET_REGISTRY_POLICY)
_IMAGES = _actions(ecr.BATCH_GET_IMAGE, ecr.DESCRIBE_IMAGES)
_REPOSITORY_POLICY = _actions(ecr.GET_REPOSITORY_POLICY)
_RESOURCE_TAGS = _actions(ecr.LIST_TAGS_FOR_RESOURCE)
_LIFECYCLE = _actions(
    ecr.GET_LIFECYCLE_POLICY, ecr.GET_LIFECYCLE_POLICY_PREVIEW, ecr.START_LIFECYCLE_POLICY_PREVIEW
)
_DELETE = _actions(ecr.BATCH_DELETE_IMAGE)
_MOVE = _actions(ecr.UPDATE_IMAGE_STORAGE_CLASS)
_LAYERS = _actions(ecr.BATCH_CHECK_LAYER_AVAILABILITY, ecr.DESCRIBE_IMAGES)
_PUT = _actions(ecr.PUT_IMAGE)

_ANY_REPOSITORY = NamePattern("*", is_glob=True)


class Command(StrEnum):
    """`plan` stands for `explain` and `generate`, too, which need nothing else."""

    SCAN = "scan"
    PLAN = "plan"
    SNAPSHOT = "snapshot"
    REPORT = "report"
    CHECK = "check"
    DELETE = "delete"
    RESTORE = "restore"


_OF_ALL_REPOSITORIES = (Command.SNAPSHOT, Command.REPORT, Command.CHECK)
"""Other rules can be tried on a snapshot; what no rule matches is reported and checked as well."""


def policy(
    command: Command,
    config: Config | None = None,
    place: PolicyScope | None = None,
    besides: Besides | None = None,
    action: Action | None = None,
) -> dict[str, Any]:
    """The policy document; without a configuration, one that does for any.

    `action` overrides that of every rule, as the option of `plan` and `delete` does. Raises
    UsageError for a place that is not of the form that `Besides` says.
    """
    place, besides = place or PolicyScope(), besides or Besides()
    rules = _any_rules() if config is None else config.repositories
    rules = tuple(replace(rule, action=action) if action else rule for rule in rules)
    if command is Command.RESTORE:
        needed = [*_restoring(rules, place), *of_restoring(place, besides)]
    else:
        needed = [*_reading(command, config, rules, place)]
        needed += of_every_run(place, besides)
    if command in (Command.PLAN, Command.REPORT, Command.DELETE):
        needed += of_planning(place, besides)
    if command is Command.PLAN:
        needed += of_writing_plans(place, besides)
    if command is Command.DELETE:
        needed += [*_deleting(rules, place), *of_deleting(place, besides)]
    if config and config.targets:
        writes = command in (Command.DELETE, Command.RESTORE)
        needed += of_targets(config.targets, place, writes=writes)
    return _document(needed)


def role_policy(
    command: Command, config: Config | None, place: PolicyScope, action: Action | None = None
) -> dict[str, Any]:
    """What a role of an account needs that a run assumes: to be scanned and planned or, for
    `delete` and `restore`, to do that alone, since everything else is done by the scan role."""
    rules = _any_rules() if config is None else config.repositories
    rules = tuple(replace(rule, action=action) if action else rule for rule in rules)
    if command is Command.DELETE:
        return _document(list(_deleting(rules, place)))
    if command is Command.RESTORE:
        return _document(list(_restoring(rules, place)))
    of_many = allow("ReadAmongOthers", AMONG_OTHERS, ["*"])
    return _document([*_reading(command, config, rules, place), of_many])


def _document(statements: list[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _any_rules() -> tuple[Rule, ...]:
    """Every repository, with everything that may happen to an image."""
    return tuple(
        Rule(_ANY_REPOSITORY, timedelta(), action=action)
        for action in (Action.DELETE, Action.ARCHIVE)
    )


def _reading(
    command: Command, config: Config | None, rules: Sequence[Rule], place: PolicyScope
) -> Iterator[Statement]:
    if used := _uses(config):
        yield allow("ReadWhatIsInUse", used, ["*"])
    if command is Command.SCAN:
        return
    everywhere = command in _OF_ALL_REPOSITORIES
    matched = repositories(_any_rules() if everywhere else rules, place)
    shows_pullers = matched and command is not Command.CHECK
    yield allow("ReadRegistry", _REGISTRY + (_REGISTRY_POLICY if shows_pullers else ()), ["*"])
    if matched:
        of_images = _IMAGES + (_REPOSITORY_POLICY if shows_pullers else ())
        yield allow("ReadImages", of_images, matched)
    if matched and command is Command.REPORT and (config is None or config.owners.tag):
        yield allow("ReadOwners", _RESOURCE_TAGS, matched)
    if matched and command is Command.CHECK:
        yield allow("PreviewLifecyclePolicies", _LIFECYCLE, matched)


def _uses(config: Config | None) -> set[str]:
    """Without a configuration, what any may need."""
    return {
        operation.action
        for source in SOURCES
        for operation in (source.operations if config is None else source.called(config))
    }


def _deleting(rules: Sequence[Rule], place: PolicyScope) -> Iterator[Statement]:
    if matched := repositories(rules, place, _deletes):
        yield allow("DeleteImages", _DELETE, matched)
    if matched := repositories(rules, place, _archives):
        yield allow("ArchiveImages", _MOVE, matched)


def _restoring(rules: Sequence[Rule], place: PolicyScope) -> Iterator[Statement]:
    if matched := repositories(rules, place):
        yield allow("ReadImages", _LAYERS, matched)
    if matched := repositories(rules, place, _deletes):
        yield allow("PutImagesBack", _PUT, matched)
    if matched := repositories(rules, place, _archives):
        yield allow("BringImagesBackFromTheArchive", _MOVE, matched)


def _deletes(rule: Rule) -> bool:
    return rule.action is Action.DELETE or rule.delete_archived_after is not None


def _archives(rule: Rule) -> bool:
    return rule.action is Action.ARCHIVE

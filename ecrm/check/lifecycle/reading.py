"""The text of a lifecycle policy as values; what ECR would refuse is refused, in one line.

What ecrm does not know is refused as well: a policy that is only half understood could make
images look safe that are not. The constraints are those of the ECR user guide, "Lifecycle policy
properties", and of its service quotas.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from ecrm.check.lifecycle.policy import (
    CountType,
    LifecyclePolicy,
    LifecycleRule,
    Selection,
    StorageClass,
    TagStatus,
)
from ecrm.errors import InputError
from ecrm.registry.lifecycle_preview import LifecycleAction

E = TypeVar("E", bound=StrEnum)

LONGEST_TEXT = 30_720
"""Characters. The least, 100, is less than any policy that has all it needs."""

_MOST_RULES = 50
_MOST_STARS = 4
_LEAST_DAYS_ARCHIVED = 90
_LISTS = ("tagPrefixList", "tagPatternList")


def parse_policy(text: str, where: str) -> LifecyclePolicy:
    """Raises InputError, with `where` (a file, say) and the rule's priority, for a text that is no
    policy, that ECR would refuse, or that ecrm does not know well enough to tell what it does."""
    if len(text) > LONGEST_TEXT:
        problem = f"is {len(text):,} characters long; ECR takes at most {LONGEST_TEXT:,}"
        raise InputError(f"{where}: {problem}")
    try:
        body = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: is no JSON that ECR would take: {error}") from error
    rules = _Part(where, body, "the policy").only("rules").items("rules")
    if len(rules) > _MOST_RULES:
        raise InputError(f"{where}: has {len(rules)} rules; ECR takes at most {_MOST_RULES}")
    read = [_rule(where, place, entry) for place, entry in enumerate(rules)]
    _refuse_together(where, read)
    return LifecyclePolicy(tuple(sorted(read, key=lambda rule: rule.priority)))


@dataclass(frozen=True, slots=True)
class _Part:
    """One object of the policy, and what messages call it."""

    where: str
    members: Any
    name: str = ""

    def error(self, problem: str) -> InputError:
        return InputError(f"{self.where}: {problem}")

    def only(self, *known: str) -> "_Part":
        if not isinstance(self.members, dict):
            have, wanted = _shown(self.members), ", ".join(known)
            raise self.error(f"{self.name} is {have}; write an object with {wanted}")
        for key in self.members:
            if key not in known:
                what = f"{self.name} has {key!r:.60}, which ecrm does not know"
                raise self.error(f"{what}; remove it, or upgrade ecrm")
        return self

    def items(self, key: str) -> list[Any]:
        found = self.members.get(key)
        if not isinstance(found, list) or not found:
            raise self.error(f"{key} is {_shown(found)}; write a list with at least one entry")
        return found

    def number(self, key: str) -> int:
        found = self.members.get(key)
        if not isinstance(found, int) or isinstance(found, bool) or found < 1:
            raise self.error(f"{key} is {_shown(found)}; write a whole number from 1 on")
        return found

    def text(self, key: str) -> str:
        found = self.members.get(key, "")
        if not isinstance(found, str):
            raise self.error(f"{key} is {_shown(found)}; write a text, or remove it")
        return found

    def word(self, key: str, words: type[E]) -> E:
        found = self.members.get(key)
        if not isinstance(found, str) or found not in list(words):
            choice = " or ".join(words)
            raise self.error(f"{key} is {_shown(found)}; ecrm knows {choice}")
        return words(found)

    def must_be(self, key: str, value: str, when: str) -> None:
        if self.members.get(key) != value:
            raise self.error(f"{key} is {_shown(self.members.get(key))}; write {value} {when}")

    def must_not_be(self, key: str, when: str) -> None:
        if key in self.members:
            raise self.error(f"{key} is not for {when}; remove it")


def _rule(where: str, place: int, members: Any) -> LifecycleRule:
    rule = _Part(f"{where}: rules[{place}]", members, "the rule")
    rule.only("rulePriority", "description", "selection", "action")
    priority = rule.number("rulePriority")
    where = f"{where}: rule {priority}"
    selection = _selection(_Part(where, rule.members.get("selection"), "selection"))
    action = _action(_Part(where, rule.members.get("action"), "action"))
    read = LifecycleRule(priority, selection, action, _Part(where, members).text("description"))
    _refuse_unfit(where, read)
    return read


def _selection(part: _Part) -> Selection:
    part.only("tagStatus", *_LISTS, "storageClass", "countType", "countUnit", "countNumber")
    count_type = part.word("countType", CountType)
    if count_type is CountType.COUNT:
        part.must_not_be("countUnit", count_type)
    else:
        part.must_be("countUnit", "days", f"with {count_type}")
    storage_class = StorageClass.STANDARD
    if "storageClass" in part.members:
        storage_class = part.word("storageClass", StorageClass)
    prefixes, patterns = _tags(part)
    return Selection(
        part.word("tagStatus", TagStatus),
        count_type,
        part.number("countNumber"),
        storage_class,
        prefixes,
        patterns,
    )


def _tags(part: _Part) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The entries of tagPrefixList and of tagPatternList, of which one is given for `tagged`."""
    tag_status = part.word("tagStatus", TagStatus)
    if tag_status is not TagStatus.TAGGED:
        for key in _LISTS:
            part.must_not_be(key, f"tagStatus {tag_status}")
        return (), ()
    given = [key for key in _LISTS if key in part.members]
    if len(given) != 1:
        have = "both tagPrefixList and tagPatternList" if given else "neither list of tags"
        raise part.error(f"has {have}; write one of them with tagStatus tagged")
    entries = tuple(part.items(given[0]))
    for entry in entries:
        if not isinstance(entry, str) or not entry:
            raise part.error(f"{given[0]} has {_shown(entry)}; write texts that are not empty")
        if given[0] == "tagPatternList" and entry.count("*") > _MOST_STARS:
            raise part.error(f"the pattern {entry!r} has more than {_MOST_STARS} wildcards")
    return (entries, ()) if given[0] == "tagPrefixList" else ((), entries)


def _action(part: _Part) -> LifecycleAction:
    part.only("type", "targetStorageClass")
    action = part.word("type", LifecycleAction)
    if action is LifecycleAction.TRANSITION:
        part.must_be("targetStorageClass", "archive", "with the action transition")
    else:
        part.must_not_be("targetStorageClass", "the action expire")
    return action


def _refuse_unfit(where: str, rule: LifecycleRule) -> None:
    """What fits in selection and action, but not together."""
    kind, part = rule.selection.count_type, _Part(where, {})
    of_archive = kind is CountType.TRANSITIONED
    if (rule.selection.storage_class is StorageClass.ARCHIVE) is not of_archive:
        wanted = StorageClass.ARCHIVE if of_archive else StorageClass.STANDARD
        raise part.error(f"storageClass must be {wanted} with {kind}")
    if kind is CountType.PULLED and rule.action is LifecycleAction.EXPIRE:
        raise part.error(f"{kind} cannot expire images; write the action transition")
    if of_archive and rule.action is LifecycleAction.TRANSITION:
        raise part.error(f"{kind} is about archived images; write the action expire")
    if of_archive and rule.selection.number < _LEAST_DAYS_ARCHIVED:
        days = f"countNumber is {rule.selection.number}; write at least {_LEAST_DAYS_ARCHIVED}"
        raise part.error(f"{days}, since archived images stay that many days")


def _refuse_together(where: str, rules: Sequence[LifecycleRule]) -> None:
    if twice := _repeated(rule.priority for rule in rules):
        raise InputError(f"{where}: rulePriority {twice[0]} is given twice; number each rule once")
    for storage_class in StorageClass:
        same = [rule for rule in rules if rule.selection.storage_class is storage_class]
        every = [rule.priority for rule in same if rule.selection.tag_status is TagStatus.ANY]
        untagged = [rule for rule in same if rule.selection.tag_status is TagStatus.UNTAGGED]
        last = max((rule.priority for rule in same), default=0)
        if any(priority != last for priority in every):
            what = f"rule {every[0]}: tagStatus any"
            raise InputError(f"{where}: {what} must have the highest rulePriority, above {last}")
        if len(untagged) > 1:
            what = f"rules {untagged[0].priority} and {untagged[1].priority} select untagged images"
            raise InputError(f"{where}: {what}; ECR takes one; remove the other")
        prefixes = [
            tuple(sorted(rule.selection.prefixes)) for rule in same if rule.selection.prefixes
        ]
        if twice := _repeated(prefixes):
            what = f"tagPrefixList {list(twice[0])} is given twice"
            raise InputError(f"{where}: {what}; put it into one rule")


def _repeated(values: Iterable[Any]) -> list[Any]:
    return [value for value, times in Counter(values).items() if times > 1]


def _shown(value: Any) -> str:
    return "missing" if value is None else f"{value!r:.60}"


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that is given twice JSON readers take this one or that."""
    if twice := _repeated(key for key, _ in pairs):
        raise ValueError(f"{twice[0]!r} is given twice in one object")
    return dict(pairs)

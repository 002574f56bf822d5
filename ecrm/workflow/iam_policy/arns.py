"""ARNs of the repositories that rules match, and statements about them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ecrm.model.pattern import NamePattern, glob_matches
from ecrm.model.rule import Rule

Statement = dict[str, Any]
"""One statement of a policy, as IAM writes it."""

_MAY_NAME_ONE = {False: re.compile(r"[a-z0-9._/-]+"), True: re.compile(r"[a-z0-9._/*?-]+")}


@dataclass(frozen=True, slots=True)
class PolicyScope:
    """Where the run acts; `*` is any account or region."""

    partition: str = "aws"
    account: str = "*"
    region: str = "*"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def allow(sid: str, actions: Iterable[str], resources: Sequence[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}


def repositories(
    rules: Sequence[Rule], place: PolicyScope, which: Callable[[Rule], bool] = lambda _: True
) -> list[str]:
    """ARNs of what these rules match. `*` and `?` mean the same to IAM as to a `name_pattern`.

    A name that no repository can have is left out: a `*` in a `name` would be a glob to IAM.
    """
    names = [
        NamePattern(re.sub(r"\*+", "*", name.text), name.is_glob)
        for name in (rule.name for rule in rules if which(rule))
        if _MAY_NAME_ONE[name.is_glob].fullmatch(name.text)
    ]
    texts = dict.fromkeys(
        name.text for name in names if not any(_covers(other, name) for other in names)
    )
    return [place.arn("ecr", f"repository/{text}") for text in texts]


def _covers(other: NamePattern, name: NamePattern) -> bool:
    """Whether the other pattern makes this one superfluous. Without a `?`, a glob that matches the
    text of another matches all that the other does."""
    return (
        other.is_glob
        and "?" not in other.text
        and other.text != name.text
        and glob_matches(other.text, name.text)
    )

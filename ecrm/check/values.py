"""What `check` looks at, and what it finds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Protocol

from ecrm.config import Config, Level
from ecrm.family import Links
from ecrm.model import Decision, Place, Scan, Use
from ecrm.plan import Plan
from ecrm.reference import Registry

RepositoryKey = tuple[Registry, str]


@dataclass(frozen=True, slots=True)
class Where:
    """What a violation is about: an image (`:tag` or `@digest`) of a repository of a registry, as
    far as those are known; or a key of ecrm.yaml, such as `repositories[2]`."""

    registry: Registry | None = None
    repository: str = ""
    image: str = ""
    key: str = ""

    def __str__(self) -> str:
        registry = f"{self.registry}/" if self.registry else ""
        return self.key or f"{registry}{self.repository}{self.image}"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of `check` is not met.

    Texts are lines for people: `what` is wrong, `why` that is known or matters, and the next step.
    `about` tells it from others of the same rule at the same place. Neither order nor line numbers
    nor the digest behind a tag change the fingerprint, so a file may hold it for long.
    """

    rule: str
    level: Level
    where: Where
    what: str
    why: str
    next_step: str
    about: str = ""
    place: Place | None = None

    @property
    def identity(self) -> str:
        """One line that names this violation and no other."""
        return f"{self.rule}: {self.where}" + (f" {self.about}" if self.about else "")

    @property
    def fingerprint(self) -> str:
        return sha256(self.identity.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a rule could not tell, and why: a run with one is never clean."""

    rule: str
    text: str


class Mutability(Protocol):
    """Which tags of a repository may be moved."""

    def is_mutable(self, tag: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Expiry:
    """ECR's own lifecycle policy would take this image; `action` is ECR's word, and `priority`
    that of the rule. `evidence` says who evaluated the policy."""

    decision: Decision
    priority: int
    action: str
    detail: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rules look at.

    `plan` lists what stays, and is of all repositories: those that no rule of `config` matches
    are planned by one that keeps everything. `only` is set where the run is of one repository.
    `named` are the uses that files make which the plan does not know. `children` gives those of
    the indexes that tags in use have moved to. What could not be read about a repository is a text
    in `unread`, by the rule that needs it.
    """

    plan: Plan
    config: Config
    scan: Scan
    only: str | None = None
    named: tuple[Use, ...] = ()
    mutability: Mapping[RepositoryKey, Mutability] = field(default_factory=dict)
    children: Mapping[RepositoryKey, Links] = field(default_factory=dict)
    expiries: Mapping[RepositoryKey, tuple[Expiry, ...]] = field(default_factory=dict)
    unread: tuple[Unknown, ...] = ()

    @property
    def overdue(self) -> timedelta | None:
        return self.config.check.stale.overdue

    def level(self, rule: str) -> Level:
        return self.config.check.level(rule)


Found = Iterator[Violation | Unknown]


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of a check.

    `violations` are new, most urgent first; `accepted` are those of a baseline, and `resolved` the
    lines of a baseline that nothing meets any more. `unchecked` tells what was passed over on
    purpose, such as templates; it says nothing against a result.
    """

    violations: tuple[Violation, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    unchecked: tuple[str, ...] = ()
    accepted: tuple[Violation, ...] = ()
    resolved: tuple[str, ...] = ()
    levels: Mapping[str, Level] = field(default_factory=dict)
    subject: str = ""

    @property
    def errors(self) -> int:
        return sum(it.level is Level.ERROR for it in self.violations)

    @property
    def warnings(self) -> int:
        return len(self.violations) - self.errors

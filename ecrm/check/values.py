"""What `check` looks at, and what it finds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from ecrm.check.lifecycle import Conflict
from ecrm.config import Config, Level
from ecrm.model.image import Links
from ecrm.model.reference import Registry
from ecrm.model.scan import Scan
from ecrm.model.use import SourceLocation, Use
from ecrm.planning.plan import Plan
from ecrm.registry.tag_mutability import Mutability

RepositoryKey = tuple[Registry, str]

_SHORT = len("@sha256:") + 12


@dataclass(frozen=True, slots=True)
class Where:
    """What a violation is about: an image (`:tag` or `@digest`) of a repository of a registry, as
    far as those are known; or a key of ecrm.yaml, such as `repositories[2]`."""

    registry: Registry | None = None
    repository: str = ""
    image: str = ""
    key: str = ""

    @property
    def short(self) -> str:
        """Without the registry, and with the beginning of a digest only."""
        digest = self.image[:_SHORT] if self.image.startswith("@") else self.image
        return f"{self.repository}{digest}"

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
    location: SourceLocation | None = None

    @property
    def identity(self) -> str:
        """One line that names this violation and no other."""
        return f"{self.rule}: {self.where}" + (f" {self.about}" if self.about else "")

    @property
    def fingerprint(self) -> str:
        return sha256(self.identity.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a rule could not tell, and why: a run with one is never clean. Without a rule it is what
    all of them rest on."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class LifecycleConflicts:
    """What the lifecycle policy of a repository takes of what is needed, now or, with `due`, soon;
    `by` says who evaluated it."""

    conflicts: tuple[Conflict, ...]
    by: str


@dataclass(frozen=True, slots=True)
class CheckInputs:
    """All that the rules look at.

    `plan` lists what stays, and is of all repositories: those that no rule of `config` matches
    are planned by one that keeps everything. `only` is set where the run is of one repository.
    `named` are the uses that files make which the plan does not know, and `passed_over` tells what
    could not be told from files, such as templates. `children` gives those of the indexes that
    tags in use have moved to. `unread` is what could not be read beyond the plan.
    """

    plan: Plan
    config: Config
    scan: Scan
    only: str | None = None
    named: tuple[Use, ...] = ()
    passed_over: tuple[str, ...] = ()
    mutability: Mapping[RepositoryKey, Mutability] = field(default_factory=dict)
    children: Mapping[RepositoryKey, Links] = field(default_factory=dict)
    lifecycle_conflicts: Mapping[RepositoryKey, LifecycleConflicts] = field(default_factory=dict)
    unread: tuple[Unknown, ...] = ()

    def level(self, rule: str) -> Level:
        return self.config.check.level(rule)


Found = Iterator[Violation | Unknown]


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of a check.

    `violations` are new, most urgent first; `accepted` are those of a baseline, and `resolved` the
    lines of a baseline that nothing meets any more. `unchecked` tells what was passed over on
    purpose, such as templates; it says nothing against a result. `config` is where ecrm.yaml speaks
    of checks, or begins.
    """

    violations: tuple[Violation, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    unchecked: tuple[str, ...] = ()
    accepted: tuple[Violation, ...] = ()
    resolved: tuple[str, ...] = ()
    levels: Mapping[str, Level] = field(default_factory=dict)
    targets: tuple[Registry, ...] = ()
    config: SourceLocation | None = None

    @property
    def errors(self) -> int:
        return sum(it.level is Level.ERROR for it in self.violations)

    @property
    def warnings(self) -> int:
        return len(self.violations) - self.errors

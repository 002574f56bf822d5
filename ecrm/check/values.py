"""What `check` looks at, and what it finds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from ecrm.check.lifecycle.conflict import Conflict
from ecrm.config import Config, Level
from ecrm.model.image import Links
from ecrm.model.pattern import ALL, Selection
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.model.scan import Scan
from ecrm.model.use import SourceLocation, Use
from ecrm.planning.plan import Plan
from ecrm.registry.tag_mutability import Mutability


@dataclass(frozen=True, slots=True)
class Where:
    """What a violation is about: a repository, or an image (`:tag` or `@digest`) in it; or a key of
    ecrm.yaml, such as `repositories[2]`."""

    repository: RepositoryKey | None = None
    image: str = ""
    key: str = ""

    def __str__(self) -> str:
        return self.key or f"{self.repository or ''}{self.image}"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of `check` is not met.

    Texts are lines for people: `what` is wrong, `why` that is known or matters, and the next step.
    `about` distinguishes it from others of the same rule at the same place. Neither order nor line
    numbers nor the digest behind a tag change the fingerprint, so a file may hold it for long.
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
        return sha256(self.identity.encode(errors="surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read, so that `rule` could not be checked in full; without a
    rule, something that all rules depend on. The result of a run with one is incomplete."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class LifecycleConflicts:
    """The images that ecrm keeps and that the lifecycle policy of a repository expires or archives,
    now or, with `due`, soon; `evaluated_by` says who evaluated the policy."""

    conflicts: tuple[Conflict, ...]
    evaluated_by: str


@dataclass(frozen=True, slots=True)
class CheckInputs:
    """All that the rules look at.

    `plan` lists kept images, and covers all repositories: those that no rule of `config` matches
    are planned by a rule that keeps everything. `only` are the repositories of the run.
    `file_uses` are uses in files that the plan does not know, and `unchecked` are lines about text
    in files that was skipped, such as templates. `children` lists those of the indexes that tags in
    use have moved to. `unread` is what could not be read beyond the plan.
    """

    plan: Plan
    config: Config
    scan: Scan
    only: Selection = ALL
    file_uses: tuple[Use, ...] = ()
    unchecked: tuple[str, ...] = ()
    mutability: Mapping[RepositoryKey, Mutability] = field(default_factory=dict)
    children: Mapping[RepositoryKey, Links] = field(default_factory=dict)
    lifecycle_conflicts: Mapping[RepositoryKey, LifecycleConflicts] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()

    def name_of(self, key: RepositoryKey) -> str:
        """How messages name the repository."""
        return display_name(key, self.plan.targets)


RuleResults = Iterator[Violation | Unread]


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of a check.

    `violations` are new, most urgent first; `accepted` are those of a baseline, and `resolved` the
    lines of a baseline that no violation matches any more. `unread` makes the result incomplete.
    `unchecked` are lines about text that was skipped on purpose, such as templates; they do not.
    `config` is where ecrm.yaml configures checks, or begins.
    """

    violations: tuple[Violation, ...] = ()
    unread: tuple[Unread, ...] = ()
    unchecked: tuple[str, ...] = ()
    accepted: tuple[Violation, ...] = ()
    resolved: tuple[str, ...] = ()
    levels: Mapping[str, Level] = field(default_factory=dict)
    targets: tuple[Registry, ...] = ()
    config: SourceLocation | None = None

    @property
    def errors(self) -> int:
        return sum(violation.level is Level.ERROR for violation in self.violations)

    @property
    def warnings(self) -> int:
        return len(self.violations) - self.errors

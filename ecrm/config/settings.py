"""ecrm.yaml as frozen values. How they are read and checked is in `schema`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ecrm.config.check import Checks
from ecrm.config.document import ConfigLocation
from ecrm.config.kubernetes import Kubernetes
from ecrm.config.owners import Owners
from ecrm.config.schema import key
from ecrm.config.targets import Targets
from ecrm.config.values import BOOLEAN, BYTES, COUNT, DURATION, PERCENT
from ecrm.model.pattern import NamePattern
from ecrm.model.pricing import Prices, RegionPrice
from ecrm.model.reference import RepositoryKey
from ecrm.model.rule import Rule

DEFAULT_HISTORY = 5
"""Revisions of a family and versions of a function that count as in use where no entry says."""


@dataclass(frozen=True, slots=True)
class History:
    """How much history of the resources that `name` covers counts as in use."""

    name: NamePattern
    keep_count: int = DEFAULT_HISTORY
    exclude: bool = False


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """Whether the source of this name is read; without one, that is up to the source."""

    name: str
    exclude: bool


@dataclass(frozen=True, slots=True)
class ExternalCommand:
    """A program that prints a JSON array of the image URIs it knows to be in use."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    dir: str | None = None
    timeout: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Guards:
    """What stops a run before its first deletion. None is off.

    `min_age`, `max_in_use_drop` (percent), `missing_in_use` and `nothing_in_use` never stop a run
    that sees all users of its images, so they are on by default. `max_percent` is of one
    repository; `max_bytes` and `max_images` are of the whole run. `in_use_max_age` is how old the
    scan may be when a repository's turn comes, `scanned_files_max_age` how old a file of
    --scanned-files may be.
    """

    min_age: timedelta = key(
        DURATION, "nothing pushed within this time ever goes", timedelta(days=1)
    )
    max_in_use_drop: int | None = key(
        PERCENT, "how much less than in the last run may be in use; 100: any less", 50
    )
    missing_in_use: bool = key(
        BOOLEAN,
        "false: empty a repository even if all images of it in use are missing from it",
        default=True,
    )
    nothing_in_use: bool = key(
        BOOLEAN,
        "false: delete images of a registry of which no image at all is in use",
        default=True,
    )
    max_images: int | None = key(COUNT, "how many images one run may delete")
    max_percent: int | None = key(PERCENT, "how much of a repository one run may delete")
    max_bytes: int | None = key(BYTES, "how many bytes one run may delete")
    in_use_max_age: timedelta = key(
        DURATION,
        "what is in use is read again before a deletion when it is older than this",
        timedelta(minutes=10),
    )
    scanned_files_max_age: timedelta | None = key(
        DURATION, "a file of --scanned-files that is older is an error"
    )

    def off(self) -> "Guards":
        """Nothing stops the run. How fresh things must be is no stop, and stays as it is."""
        return Guards(
            min_age=timedelta(0),
            max_in_use_drop=None,
            missing_in_use=False,
            nothing_in_use=False,
            in_use_max_age=self.in_use_max_age,
            scanned_files_max_age=self.scanned_files_max_age,
        )


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of ecrm.yaml. `history` are the entries about resources of the sources, by section,
    such as `clusters`; `sources` say which sources are read. `fingerprint` is the SHA-256 of what
    it means to a plan, in hex.

    `targets` is None where a run is of the account and region of its credentials alone. `files` are
    globs; `rate_limits` are calls per second, by the names of quotas. `locations` are those of the
    sections and of their entries, by key path (`repositories[2]`).
    """

    history: Mapping[str, tuple[History, ...]] = field(default_factory=dict)
    sources: tuple[SourceChoice, ...] = ()
    external_commands: tuple[ExternalCommand, ...] = ()
    files: tuple[str, ...] = ()
    kubernetes: Kubernetes = field(default_factory=Kubernetes)
    repositories: tuple[Rule, ...] = ()
    guards: Guards = Guards()
    rate_limits: Mapping[str, int] = field(default_factory=dict)
    pricing: tuple[RegionPrice, ...] = ()
    owners: Owners = field(default_factory=Owners)
    check: Checks = field(default_factory=Checks)
    targets: Targets | None = None
    fingerprint: str = ""
    warnings: tuple[str, ...] = ()
    locations: Mapping[str, ConfigLocation] = field(default_factory=dict)

    def rule_for(self, key: RepositoryKey) -> Rule | None:
        """The first rule that matches, as in fujiwara/ecrm."""
        matching = (rule for rule in self.repositories if rule.name.matches(key.repository))
        return next(matching, None)

    @property
    def prices(self) -> Prices:
        return Prices(self.pricing)

    def reads(self, source: str, *, unless_excluded: bool = True) -> bool:
        """Whether the source is read, which without a choice it is `unless_excluded`."""
        choices = (choice for choice in self.sources if choice.name == source)
        choice = next(choices, SourceChoice(source, exclude=not unless_excluded))
        return not choice.exclude

    def entries(self, section: str) -> tuple[History, ...]:
        return self.history.get(section, ())

    def entry_for(self, section: str, name: str) -> History | None:
        """The first entry that matches; what no entry matches is read all the same."""
        entries = self.entries(section)
        return next((entry for entry in entries if entry.name.matches(name)), None)

    def reads_any(self, section: str) -> bool:
        """Whether the entries leave anything of a section that is not excluded."""
        for entry in self.entries(section):
            if not entry.exclude:
                return True
            if entry.name.is_glob and not entry.name.text.strip("*"):
                return False
        return True

    def asks_for(self, section: str) -> bool:
        """Whether an entry of a section of which nothing is read otherwise asks for something."""
        return any(entry.keep_count for entry in self.entries(section))

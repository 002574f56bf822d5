"""What a source is: all that the rest of ecrm must know of one kind of user of images."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ecrm.aws import Operation, Target
from ecrm.aws.cache.facts import Namespace
from ecrm.aws.executor import Workers
from ecrm.config import Config, HistorySection
from ecrm.config.quotas import Quota
from ecrm.model.scan import Progress
from ecrm.sources.items import SeenResource, SourceItem
from ecrm.sources.listed import Listed
from ecrm.sources.task_definitions import TaskDefinitions


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source reads with: one target, the threads that work for it, and the task definitions
    and listings that all its sources share. Where it `defers`, a source may yield questions instead
    of asking what is expensive."""

    target: Target
    config: Config
    now: datetime
    progress: Progress
    workers: Workers
    task_definitions: TaskDefinitions
    defers: bool = False
    listed: Listed = field(default_factory=Listed)


def _no_names(_: Target) -> Iterable[SeenResource]:
    return ()


@dataclass(frozen=True, slots=True)
class Source:
    """One service of AWS that can name images. Each source is declared in a module of its own and
    listed in `SOURCES`; IAM policies, `generate`, `check`, the keys of ecrm.yaml, source reports,
    `ecrm sources` and the pace of calls are made of what is declared.

    `read` yields what the target uses; `names` yields only the names that `sections` are about.
    `operations` are all that the source calls, each with the sections whose resources it is needed
    for: where all these are excluded, it is not called. An operation without sections always is.
    `quotas` are by the names that `rate_limits` has for them. `cached` are the facts that may be
    kept from run to run. `title` is what people call the service, `counts` says in words what
    counts as a use, and `calls` how many calls that takes. `by_default` is whether it is read
    where ecrm.yaml does not say.
    """

    name: str
    title: str
    read: Callable[[Reading], Iterable[SourceItem]]
    operations: Mapping[Operation, tuple[str, ...]]
    counts: str
    calls: str
    names: Callable[[Target], Iterable[SeenResource]] = _no_names
    sections: tuple[HistorySection, ...] = ()
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    cached: tuple[Namespace, ...] = ()
    by_default: bool = True

    @property
    def generated(self) -> tuple[HistorySection, ...]:
        """The sections that `generate` writes."""
        return tuple(section for section in self.sections if not section.opt_in)

    def is_read(self, config: Config) -> bool:
        return config.reads(self.name, unless_excluded=self.by_default)

    def called(self, config: Config) -> tuple[Operation, ...]:
        """The operations that reading it needs with this configuration."""
        if not self.is_read(config):
            return ()
        opt_in = {section.name for section in self.sections if section.opt_in}
        read = {
            name
            for sections in self.operations.values()
            for name in sections
            if (config.asks_for(name) if name in opt_in else config.reads_any(name))
        }
        return tuple(
            operation
            for operation, sections in self.operations.items()
            if not sections or read & set(sections)
        )

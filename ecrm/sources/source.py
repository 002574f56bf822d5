"""What a source is: all that the rest of ecrm must know of one kind of user of images."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ecrm.aws import Operation, Target
from ecrm.aws.cache.facts import Namespace
from ecrm.aws.executor import Workers
from ecrm.config import Config, HistorySection
from ecrm.config.quotas import Quota
from ecrm.model.scan import Progress
from ecrm.sources.items import SeenResource, SourceItem
from ecrm.sources.task_definitions import TaskDefinitions


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source reads with: one target, the threads that work for it, and the task definitions
    that all its sources share. Where it `defers`, a source may yield questions instead of asking
    what is expensive."""

    target: Target
    config: Config
    progress: Progress
    workers: Workers
    task_definitions: TaskDefinitions
    defers: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One service of AWS that can name images. Each source is declared in a module of its own and
    listed in `SOURCES`; IAM policies, `generate`, `check`, the keys of ecrm.yaml, source reports
    and the pace of calls are made of what is declared.

    `read` yields what the target uses; `names` yields only the names that `sections` are about.
    `operations` are all that the source calls, each with the sections whose resources it is needed
    for: where all these are excluded, it is not called. An operation without sections always is.
    `quotas` are by the names that `rate_limits` has for them. `cached` are the facts that may be
    kept from run to run. `counts` says in words what counts as a use.
    """

    name: str
    read: Callable[[Reading], Iterable[SourceItem]]
    names: Callable[[Target], Iterable[SeenResource]]
    sections: tuple[HistorySection, ...]
    operations: Mapping[Operation, tuple[str, ...]]
    quotas: Mapping[str, Quota]
    cached: tuple[Namespace, ...]
    counts: str

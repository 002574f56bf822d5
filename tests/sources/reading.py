"""Reads one source of one target, as a scan reads all of them."""

from collections.abc import Callable
from typing import Any

from ecrm.aws import Target
from ecrm.aws.executor import Workers, for_each_target
from ecrm.config import Config
from ecrm.model.use import Use
from ecrm.sources import read_target
from ecrm.sources.items import SourceItem
from ecrm.sources.source import Reading, Source
from ecrm.sources.task_definitions import TaskDefinitions
from tests.values import NOW


def quiet(_: str) -> None:
    """Progress that nobody watches."""


def defined_as(*containers: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What DescribeTaskDefinition answers where every definition has these containers, or one that
    uses no private registry."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        own = {"taskDefinitionArn": asked["taskDefinition"]}
        defined = list(containers) or [{"name": "app", "image": "public.ecr.aws/nobody/cares:1"}]
        return {"taskDefinition": own | {"containerDefinitions": defined}}

    return answer


def reading_of(
    target: Target,
    workers: Workers,
    config: Config | None = None,
    progress: Callable[[str], None] = quiet,
    *,
    defers: bool = False,
) -> Reading:
    definitions = TaskDefinitions(target, progress, workers)
    return Reading(target, config or Config(), NOW, progress, workers, definitions, defers)


def found_by(
    source: Source,
    target: Target,
    config: Config | None = None,
    progress: Callable[[str], None] = quiet,
    *,
    defers: bool = False,
) -> list[SourceItem]:
    [[found]] = for_each_target(
        (target,),
        lambda target, workers: read_target(
            reading_of(target, workers, config, progress, defers=defers), (source,)
        ),
    )
    return [item for item in found if not (isinstance(item, Use) and item.reference.is_elsewhere)]

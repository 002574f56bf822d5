"""AWS Config's aggregators, where ecrm.yaml asks for them: where users of images should be found.

They name no image. An account in which a source met nothing, although AWS Config knows a cluster or
a function there, was not read completely. Config may lag behind by some minutes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from ecrm.aws import UPPER_NEXT_TOKEN, items, listing
from ecrm.aws.shapes import NUMBER, TEXT, MisfitError, Record, Scalar, record
from ecrm.config.quotas import Quota
from ecrm.model.json_text import parse_json
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.sources.gaps import attempt_where_offered
from ecrm.sources.items import Counted, SourceItem, attempt
from ecrm.sources.kubernetes.eks import EKS_CLUSTERS
from ecrm.sources.source import Reading, Source

_NUMBER = "COUNT(*)"
_ROW = Record(MappingProxyType({"accountId": TEXT, "awsRegion": TEXT, _NUMBER: NUMBER}))
_QUERY = f"SELECT accountId, awsRegion, {_NUMBER} WHERE {{}} GROUP BY accountId, awsRegion"
_KNOWN = {
    ("ecs", "clusters"): "resourceType = 'AWS::ECS::Cluster'",
    ("eks", EKS_CLUSTERS): "resourceType = 'AWS::EKS::Cluster'",
    ("lambda", "lambda_functions"): (
        "resourceType = 'AWS::Lambda::Function' AND configuration.packageType = 'Image'"
    ),
}
"""What AWS Config selects, by the source and the section whose names it is about."""


def _row(value: Any) -> dict[str, Any]:
    """A result is a JSON text of its own."""
    try:
        return _ROW.read(parse_json(TEXT.read(value)))
    except ValueError:
        raise MisfitError("{} of AWS's answer is not JSON") from None


DESCRIBE_AGGREGATORS = listing(
    "config",
    "DescribeConfigurationAggregators",
    "ConfigurationAggregators",
    record(ConfigurationAggregatorName=TEXT),
    tokens=UPPER_NEXT_TOKEN,
)
SELECT = listing(
    "config", "SelectAggregateResourceConfig", "Results", Scalar(_row), tokens=UPPER_NEXT_TOKEN
)


def _read(reading: Reading) -> Iterator[SourceItem]:
    ask = partial(_counted, reading)
    yield from attempt_where_offered(reading.target, DESCRIBE_AGGREGATORS, ask)


def _counted(reading: Reading) -> Iterator[SourceItem]:
    client = reading.target.reading("config")
    for aggregator in items(client, DESCRIBE_AGGREGATORS, Limit=100):
        name = aggregator["ConfigurationAggregatorName"]
        for (source, section), condition in _KNOWN.items():
            asked = {"ConfigurationAggregatorName": name, "Expression": _QUERY.format(condition)}
            yield from attempt(partial(_rows, items(client, SELECT, **asked), source, section))


def _rows(found: Iterable[Any], source: str, section: str) -> Iterator[SourceItem]:
    for row in found:
        registry = Registry(row["accountId"], row["awsRegion"])
        yield Counted(registry, source, section, row[_NUMBER])


def not_met(reports: Iterable[SourceReport], counted: Iterable[Counted]) -> Iterator[SourceReport]:
    """The reports, with a failure in each of a source that met nothing of what is counted there."""
    missed: dict[tuple[Registry | None, str], list[tuple[str, Diagnostic]]] = defaultdict(list)
    for one in dict.fromkeys(one for one in counted if one.number):
        what = one.section.replace("_", " ")
        text = f"AWS Config knows {one.number} {what} in {one.registry}, and none was found; "
        note = Diagnostic(ReadStatus.FAILED, f"{text}find out what hides them, or try again")
        missed[one.registry, one.source].append((one.section, note))
    for report in reports:
        if report.names is not None and report.status is ReadStatus.READ:
            found = missed[report.registry, report.source]
            notes = tuple(note for section, note in found if section not in report.names)
            yield replace(report, notes=report.notes + notes)
        else:
            yield report


AGGREGATORS = Source(
    "aws-config",
    "AWS Config aggregators",
    _read,
    dict.fromkeys((DESCRIBE_AGGREGATORS, SELECT), ()),
    counts=(
        "no image: where AWS Config knows clusters of ECS or EKS, or functions with an image, and "
        "none was found, the plan is incomplete"
    ),
    calls="1; 3 for each aggregator",
    quotas={"aws_config": Quota("config", (), 10, 10)},
    by_default=False,
)

"""Metrics as a line of the log, in CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Mapping
from datetime import datetime

from ecrm.lambda_handler.result import Result, numbers
from ecrm.model.printable import printable_json
from ecrm.reports.plans import name_in

NAMESPACE = "ecrm"
MOST_REPOSITORIES = 100
"""How many repositories a line names, those from which most goes first; a line has a limit."""


def metrics_line(result: Result, function: str, at: datetime) -> str:
    """The dimension is the function alone: one for each repository would cost by the repository,
    so these are properties, which CloudWatch Logs Insights finds as well."""
    metrics = {name: (unit, value) for name, unit, value in _metrics(result)}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["FunctionName"]],
        "Metrics": [{"Name": name, "Unit": unit} for name, (unit, _) in metrics.items()],
    }
    whole = {
        "_aws": {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": [directive]},
        "FunctionName": function,
        "Command": result.command,
        "Run": result.name,
        "Repositories": _repositories(result),
        **{name: value for name, (_, value) in metrics.items()},
    }
    return printable_json(json.dumps(whole, ensure_ascii=False))


def _metrics(result: Result) -> list[tuple[str, str, float]]:
    """Name, unit and value; of a plan that was never made nothing is told, not even zero."""
    counted = [
        (f"{what}{_camel(key)}", unit, totals[member])
        for key, totals in numbers(result).items()
        for what, unit, member in (("Images", "Count", "images"), ("Bytes", "Bytes", "bytes"))
    ]
    return [
        *counted,
        ("Calls", "Count", result.calls.total()),
        ("Throttled", "Count", result.throttled),
        ("Seconds", "Seconds", round(result.seconds, 3)),
        ("Complete", "Count", int(result.complete)),
        ("Failed", "Count", int(bool(result.error))),
    ]


def _repositories(result: Result) -> Mapping[str, int]:
    """How many images would go from which repository, where any would."""
    if (plan := result.plan) is None:
        return {}
    deletions = {name_in(plan, where): len(where.deletions) for where in plan.repositories}
    most = sorted(deletions.items(), key=lambda item: (-item[1], item[0]))[:MOST_REPOSITORIES]
    return {name: number for name, number in most if number}


def _camel(key: str) -> str:
    return "".join(part.capitalize() for part in key.split("_"))

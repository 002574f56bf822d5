"""The report and the notification. A failure to send them does not fail the run."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ecrm.aws import Target
from ecrm.aws.errors import translated
from ecrm.aws.storage import write_text
from ecrm.errors import EcrmError
from ecrm.lambda_handler import notice
from ecrm.lambda_handler.event import Asked
from ecrm.lambda_handler.result import Result, summary
from ecrm.model.printable import printable_json
from ecrm.reports import CHECK_FORMATS, PLAN_FORMATS
from ecrm.reports.markdown import bullets
from ecrm.reports.text import escaped

log = logging.getLogger(__name__)


def tell(result: Result, asked: Asked, home: Callable[[], Target], version: str) -> None:
    """The report first, so that the notification can say where it is."""
    if asked.event.report:
        with _survived(result, "report"):
            _report(result, f"{asked.event.report.rstrip('/')}/{result.name}", home, version)
    if asked.topic:
        with _survived(result, "notification"):
            _publish(result, asked.topic, home)


@contextmanager
def _survived(result: Result, what: str) -> Iterator[None]:
    try:
        yield
    except EcrmError as error:
        result.unsent.append(f"{what}: {error}")
        log.warning("the %s could not be sent: %s", what, error)


def _report(result: Result, place: str, home: Callable[[], Target], version: str) -> None:
    text = printable_json(json.dumps(summary(result, version), indent=2, ensure_ascii=False))
    for name, content, content_type in (
        (f"{place}.json", text + "\n", "application/json"),
        (f"{place}.md", markdown(result), "text/markdown"),
    ):
        write_text(name, content, home, content_type)
        result.reports.append(name)


def markdown(result: Result) -> str:
    """What happened, and then the plan."""
    lines = [f"# {escaped(notice.headline(result))}"]
    lines += bullets("Errors", result.error.splitlines())
    lines += bullets("What happened", notice.happened(result))
    lines += bullets("Guards", map(str, result.stops))
    plan = ["", PLAN_FORMATS["markdown"](result.plan)] if result.plan else []
    found = ["", CHECK_FORMATS["markdown"](result.findings)] if result.findings else []
    last = ["", f"**{escaped(notice.headline(result))}**"] if result.unread else []
    return "\n".join([*lines, *plan, *found, *last, ""])


def _publish(result: Result, topic: str, home: Callable[[], Target]) -> None:
    sns = home().sns()
    with translated("sns:Publish"):
        sns.publish(
            TopicArn=topic,
            Subject=notice.subject(result),
            Message=notice.message(result),
            MessageStructure="json",
        )

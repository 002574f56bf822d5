"""How results look: each format is a function from a value to text, and is found here by name."""

from collections.abc import Callable, Sequence

from ecrm.aws.targets import Resolved
from ecrm.check.values import Findings
from ecrm.config import Config
from ecrm.execution.journal.listing import JournalSummary
from ecrm.model.scan import Scan
from ecrm.planning.explain import Answer
from ecrm.planning.plan import Plan
from ecrm.reports.checks import check_json, check_markdown, check_text
from ecrm.reports.explanations import explanations_json, explanations_text
from ecrm.reports.journals import journals_json, journals_table
from ecrm.reports.machine import check_github, check_junit, check_sarif
from ecrm.reports.markdown import plan_markdown
from ecrm.reports.overview import plan_text
from ecrm.reports.plans import plan_json, plan_table
from ecrm.reports.restored import RestoreReport, restored_json, restored_table
from ecrm.reports.scans import scan_detail, scan_table, scan_uris
from ecrm.reports.sources import sources_json, sources_text
from ecrm.reports.targets import targets_json, targets_text
from ecrm.sources.source import Source

PLAN_FORMATS: dict[str, Callable[[Plan], str]] = {
    "text": plan_text,
    "table": plan_table,
    "json": plan_json,
    "markdown": plan_markdown,
}
SCAN_FORMATS: dict[str, Callable[[Scan], str]] = {
    "json": scan_uris,
    "table": scan_table,
    "detail": scan_detail,
}
EXPLANATION_FORMATS: dict[str, Callable[[Sequence[Answer], Sequence[str]], str]] = {
    "text": explanations_text,
    "json": explanations_json,
}
CHECK_FORMATS: dict[str, Callable[[Findings], str]] = {
    "text": check_text,
    "json": check_json,
    "markdown": check_markdown,
    "sarif": check_sarif,
    "junit": check_junit,
    "github": check_github,
}
RESTORED_FORMATS: dict[str, Callable[[RestoreReport], str]] = {
    "table": restored_table,
    "json": restored_json,
}
JOURNALS_FORMATS: dict[str, Callable[[Sequence[JournalSummary]], str]] = {
    "table": journals_table,
    "json": journals_json,
}
SOURCES_FORMATS: dict[str, Callable[[Sequence[Source], Config], str]] = {
    "text": sources_text,
    "json": sources_json,
}
TARGETS_FORMATS: dict[str, Callable[[Sequence[Resolved]], str]] = {
    "text": targets_text,
    "json": targets_json,
}

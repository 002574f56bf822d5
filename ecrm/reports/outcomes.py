"""What AWS answered, per repository."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.planning.plan import Totals
from ecrm.reports.text import count, human_totals, table


def outcomes_table(outcomes: Iterable[Outcome]) -> str:
    """How many images met which answer, and one line for each that is still there."""
    everything = list(outcomes)
    by_repository: dict[str, dict[OutcomeStatus, Totals]] = defaultdict(lambda: defaultdict(Totals))
    for it in everything:
        by_repository[it.repository][it.status] += Totals(1, it.decision.image.size)
    met = [it for it in OutcomeStatus if any(it in totals for totals in by_repository.values())]
    rows = [
        [name, *(human_totals(totals[it]) if it in totals else "" for it in met)]
        for name, totals in sorted(by_repository.items())
    ]
    headers = ["REPOSITORY", *(it.upper() for it in met)]
    return "\n".join([table(rows, headers), "", *_summary(everything)])


def _summary(outcomes: list[Outcome]) -> Iterator[str]:
    for answer in (OutcomeStatus.DELETED, OutcomeStatus.ARCHIVED):
        sizes = [it.decision.image.size for it in outcomes if it.status is answer]
        if sizes or answer is OutcomeStatus.DELETED:
            done = human_totals(Totals(len(sizes), sum(sizes)))
            yield f"{answer.capitalize()} {done} of {count(len(outcomes), 'image')}."
    for it in outcomes:
        if it.status in (OutcomeStatus.FAILED, OutcomeStatus.SKIPPED):
            image = it.decision.image
            tags = f" ({', '.join(image.tags)})" if image.tags else ""
            yield f"{it.status.capitalize()}: {it.repository}@{image.digest}{tags}: {it.detail}"

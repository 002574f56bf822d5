"""What AWS answered, per repository."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ecrm.model.outcome import Answer, Outcome
from ecrm.planning.plan import Tally
from ecrm.reports.text import count, human_tally, table


def outcomes_table(outcomes: Iterable[Outcome]) -> str:
    """How many images met which answer, and one line for each that is still there."""
    everything = list(outcomes)
    by_repository: dict[str, dict[Answer, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for it in everything:
        by_repository[it.repository][it.answer] += Tally(1, it.decision.image.size)
    met = [it for it in Answer if any(it in tallies for tallies in by_repository.values())]
    rows = [
        [name, *(human_tally(tallies[it]) if it in tallies else "" for it in met)]
        for name, tallies in sorted(by_repository.items())
    ]
    headers = ["REPOSITORY", *(it.upper() for it in met)]
    return "\n".join([table(rows, headers), "", *_summary(everything)])


def _summary(outcomes: list[Outcome]) -> Iterator[str]:
    for answer in (Answer.DELETED, Answer.ARCHIVED):
        sizes = [it.decision.image.size for it in outcomes if it.answer is answer]
        if sizes or answer is Answer.DELETED:
            done = human_tally(Tally(len(sizes), sum(sizes)))
            yield f"{answer.capitalize()} {done} of {count(len(outcomes), 'image')}."
    for it in outcomes:
        if it.answer in (Answer.FAILED, Answer.SPARED):
            image = it.decision.image
            tags = f" ({', '.join(image.tags)})" if image.tags else ""
            yield f"{it.answer.capitalize()}: {it.repository}@{image.digest}{tags}: {it.detail}"

"""What `restore` put back, per repository."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from ecrm.execution.restore import Restored, Result
from ecrm.reports.text import count, table


def restored_table(restored: Iterable[Restored]) -> str:
    """How many images met which result, and one line for each that is not quite as it was."""
    everything = list(restored)
    by_repository: dict[str, Counter[Result]] = defaultdict(Counter)
    for it in everything:
        by_repository[it.repository][it.result] += 1
    rows = [
        [name, *(str(results[it]) if results[it] else "" for it in Result)]
        for name, results in sorted(by_repository.items())
    ]
    headers = ["REPOSITORY", "RESTORED", "RESTORING", "THERE ALREADY", "NOT RESTORED"]
    return "\n".join([table(rows, headers), "", *_summary(everything)])


def _summary(restored: list[Restored]) -> Iterator[str]:
    results = Counter(it.result for it in restored)
    yield f"Restored {results[Result.RESTORED]} of {count(len(restored), 'image')}."
    if results[Result.RESTORING]:
        images = count(results[Result.RESTORING], "archived image is", "archived images are")
        yield f"{images} being restored, which takes up to 20 minutes."
    for it in restored:
        if it.detail:
            tags = f" ({', '.join(it.tags)})" if it.tags else ""
            yield f"{it.result.capitalize()}: {it.repository}@{it.digest}{tags}: {it.detail}"

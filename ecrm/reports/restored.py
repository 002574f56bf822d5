"""What `restore` put back, per repository."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator

from ecrm.execution.restore import Restored, Result
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.reports.text import count, table


def restored_table(restored: Iterable[Restored]) -> str:
    """How many images have which result, and one line for each that is not quite as it was."""
    everything = list(restored)
    registries = {image.registry for image in everything}
    by_key: dict[RepositoryKey, Counter[Result]] = defaultdict(Counter)
    for image in everything:
        by_key[image.key][image.result] += 1
    rows = [
        [
            display_name(key, registries),
            *(str(results[result]) if results[result] else "" for result in Result),
        ]
        for key, results in sorted(by_key.items(), key=lambda item: (item[0].repository, item[0]))
    ]
    headers = ["REPOSITORY", "RESTORED", "RESTORING", "THERE ALREADY", "NOT RESTORED"]
    return "\n".join([table(rows, headers), "", *_summary(everything, registries)])


def _summary(restored: list[Restored], registries: Collection[Registry]) -> Iterator[str]:
    results = Counter(image.result for image in restored)
    yield f"Restored {results[Result.RESTORED]} of {count(len(restored), 'image')}."
    if results[Result.RESTORING]:
        images = count(results[Result.RESTORING], "archived image is", "archived images are")
        yield f"{images} being restored, which takes up to 20 minutes."
    for image in restored:
        if image.detail:
            tags = f" ({', '.join(image.tags)})" if image.tags else ""
            name = f"{display_name(image.key, registries)}@{image.digest}{tags}"
            yield f"{image.result.capitalize()}: {name}: {image.detail}"

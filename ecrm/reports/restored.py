"""What `restore` put back, or would put back, per repository."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator

from ecrm.execution.restore import Restored, Result
from ecrm.model.printable import printable_json
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.reports.text import count, page, table

_HEADERS = ["RESTORED", "RESTORING", "THERE ALREADY", "NOT RESTORED"]
_PLANNED = ["TO RESTORE", "TO UNARCHIVE", "THERE ALREADY", "NOT RESTORABLE"]


def restored_json(restored: Iterable[Restored], *, planned: bool = False) -> str:
    """An array with an object per image; `planned` is what would become of it."""
    text = json.dumps(
        [
            {
                "registry": str(image.registry),
                "repository": image.repository,
                "digest": image.digest,
                "tags": list(image.tags),
                "planned": planned,
                "result": str(image.result),
                "changed": image.changed,
                "detail": image.detail,
            }
            for image in restored
        ],
        indent=2,
        ensure_ascii=False,
    )
    return printable_json(text)


def restored_table(restored: Iterable[Restored], *, planned: bool = False, in_all: int = 0) -> str:
    """How many images have which result, and one line for each that is not quite as it was;
    `planned` is what would become of them, and `in_all` how many there were to restore, where a run
    was stopped."""
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
    headers = ["REPOSITORY", *(_PLANNED if planned else _HEADERS)]
    summary = _summary(everything, planned=planned, left=max(0, in_all - len(everything)))
    return page(table(rows, headers), [*summary, *_details(everything, registries)])


def _summary(restored: list[Restored], *, planned: bool, left: int) -> Iterator[str]:
    results = Counter(image.result for image in restored)
    images = count(len(restored) + left, "image")
    is_done = not left and not any(image.changed for image in restored)
    if restored and is_done and results[Result.THERE] == len(restored):
        yield f"All {images} are there already." if len(restored) > 1 else "It is there already."
    elif planned:
        yield f"{results[Result.RESTORED]} of {images} can be restored."
    else:
        rest = f"; {left:,} left" if left else ""
        yield f"Restored {results[Result.RESTORED]} of {images}{rest}."
    if results[Result.RESTORING]:
        archived = count(results[Result.RESTORING], "archived image is", "archived images are")
        when = "to be" if planned else "being"
        yield f"{archived} {when} restored, which takes up to 20 minutes."


def _details(restored: list[Restored], registries: Collection[Registry]) -> Iterator[str]:
    for image in restored:
        if image.detail:
            tags = f" ({', '.join(image.tags)})" if image.tags else ""
            name = f"{display_name(image.key, registries)}@{image.digest}{tags}"
            yield f"{image.result.capitalize()}: {name}: {image.detail}"

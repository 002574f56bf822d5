"""What `restore` put back, or would put back, per repository."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ecrm.execution.restore import Restored, Result
from ecrm.model.printable import printable_json
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.reports.text import count, page, table

_HEADERS = ["RESTORED", "RESTORING", "THERE ALREADY", "NOT RESTORED"]
_PLANNED = ["TO RESTORE", "TO UNARCHIVE", "THERE ALREADY", "NOT RESTORABLE"]


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What became of images or, where it is `planned`, what would become of them. `in_all` is how
    many there were to restore, more than there are `images` where a run was stopped; `unread` are
    lines of the journal."""

    images: Sequence[Restored]
    in_all: int
    unread: Sequence[str] = ()
    planned: bool = False

    @property
    def left(self) -> int:
        return self.in_all - len(self.images)

    @property
    def complete(self) -> bool:
        failed = any(image.result is Result.FAILED for image in self.images)
        return not (self.unread or self.left or failed)


def restored_json(report: RestoreReport) -> str:
    images = [
        {
            "registry": str(image.registry),
            "repository": image.repository,
            "digest": image.digest,
            "tags": list(image.tags),
            "result": str(image.result),
            "changed": image.changed,
            "detail": image.detail,
        }
        for image in report.images
    ]
    body = {
        "ecrm_restore": 1,
        "complete": report.complete,
        "planned": report.planned,
        "left": report.left,
        "unread": list(report.unread),
        "images": images,
    }
    return printable_json(json.dumps(body, indent=2, ensure_ascii=False))


def restored_table(report: RestoreReport) -> str:
    """How many images have which result, and one line for each that is not quite as it was."""
    registries = {image.registry for image in report.images}
    by_key: dict[RepositoryKey, Counter[Result]] = defaultdict(Counter)
    for image in report.images:
        by_key[image.key][image.result] += 1
    rows = [
        [
            display_name(key, registries),
            *(str(results[result]) if results[result] else "" for result in Result),
        ]
        for key, results in sorted(by_key.items(), key=lambda item: (item[0].repository, item[0]))
    ]
    headers = ["REPOSITORY", *(_PLANNED if report.planned else _HEADERS)]
    return page(table(rows, headers), [*_summary(report), *_details(report.images, registries)])


def _summary(report: RestoreReport) -> Iterator[str]:
    results = Counter(image.result for image in report.images)
    images = count(report.in_all, "image")
    if (
        report.in_all
        and results[Result.THERE] == report.in_all
        and not any(image.changed for image in report.images)
    ):
        yield f"All {images} are there already." if report.in_all > 1 else "It is there already."
    elif report.planned:
        yield f"{results[Result.RESTORED]} of {images} can be restored."
    else:
        rest = f"; {report.left:,} left" if report.left else ""
        yield f"Restored {results[Result.RESTORED]} of {images}{rest}."
    if results[Result.RESTORING]:
        archived = count(results[Result.RESTORING], "archived image is", "archived images are")
        when = "to be" if report.planned else "being"
        yield f"{archived} {when} restored, which takes up to 20 minutes."


def _details(restored: Sequence[Restored], registries: Collection[Registry]) -> Iterator[str]:
    for image in restored:
        if image.detail:
            tags = f" ({', '.join(image.tags)})" if image.tags else ""
            name = f"{display_name(image.key, registries)}@{image.digest}{tags}"
            yield f"{image.result.capitalize()}: {name}: {image.detail}"

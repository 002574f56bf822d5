"""An account with something of everything that a run reads, and what of it is deletable.

What is kept and what is deleted is known from how the account is made, without any code of ecrm's.
Every image in use has only one thing that uses it, so that whatever a run fails to read would cost
an image. All are long expired unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.every_service import ANSWERS
from tests.fake_aws import FakeAws, Image, Repository, cosign_tag, days_ago

Key = tuple[str, str]
"""Repository and digest."""

CONFIG = """\
repositories:
  - name_pattern: "cold/*"
    expires: 30d
    action: archive
  - name_pattern: "mirror/*"
    expires: 30d
  - name_pattern: "shop/*"
    expires: 30d
task_definitions:
  - name: many
    keep_count: 2
lambda_functions:
  - name: many
    keep_count: 2
sources:
"""
# Their faults are met in tests/sources/test_every_service.py.
CONFIG += "".join(f"  - {{name: {name}, exclude: true}}\n" for name in ANSWERS)


@dataclass
class Account:
    """`used` are the images in use, by what uses them; `deletable` is what a run deletes, and
    `gone_by_archiving` the part of it that is only archived; `listed` is for a scanned file."""

    aws: FakeAws
    used: dict[str, Image] = field(default_factory=dict)
    deletable: set[Key] = field(default_factory=set)
    archivable: set[Key] = field(default_factory=set)
    listed: list[str] = field(default_factory=list)
    forget: dict[str, Callable[[], object]] = field(default_factory=dict)

    def repository(self, name: str) -> Repository:
        return self.aws.ecr.repository(name)

    def match(self, *images: Image) -> None:
        self.deletable.update(map(key, images))

    def present(self) -> set[Key]:
        """What is there and can be pulled."""
        repositories = self.aws.ecr.repositories.values()
        return {key(image) for held in repositories for image in held if image.status == "ACTIVE"}


def key(image: Image) -> Key:
    return image.repository.name, image.digest


def old(repository: Repository, *tags: str, **facts: Any) -> Image:
    return repository.push(*tags, pushed=days_ago(200), **facts)


def in_use(account: Account) -> set[Key]:
    """What must survive: the images in use, the indexes that they are part of, and what belongs
    to either. To be asked before anything is deleted."""
    todo = list(account.used.values())
    for image in account.used.values():
        todo += found(image, image.repository.parents_of(image))
    return with_all_that_belongs(todo)


def with_all_that_belongs(images: Iterable[Image]) -> set[Key]:
    """These, what they are indexes of, and what refers to any of that."""
    todo = list(images)
    reached: dict[Key, Image] = {}
    while todo:
        image = todo.pop()
        if key(image) not in reached:
            reached[key(image)] = image
            todo += [*found(image, image.children), *_referrers(image)]
    return set(reached)


def found(image: Image, digests: Iterable[str]) -> list[Image]:
    named = (image.repository.find(digest=digest) for digest in digests)
    return [match for match in named if match]


def _referrers(image: Image) -> list[Image]:
    named = {cosign_tag(image, suffix) for suffix in ("", ".sig", ".att", ".sbom")}
    assert isinstance(image.repository, Repository)
    return [
        other
        for other in image.repository
        if other.subject == image.digest or named & set(other.tags)
    ]

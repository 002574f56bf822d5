"""Random repositories, uses and rules, small but with every kind of link between images.

Links by digest (children, subjects) point to images made before, since a manifest holds the digest
of what it names; links by tag point anywhere, in circles too. What a link names may be missing.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

from ecrm.model.decision import Decision
from ecrm.model.image import Image, Kind, Status
from ecrm.model.pattern import NamePattern
from ecrm.model.reference import Reference, Registry
from ecrm.model.rule import Action, Rule
from ecrm.model.use import Use
from ecrm.planning.retention import decide
from ecrm.planning.uses import RepositoryUses
from tests.values import (
    DOCKER_CONFIG,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    HELM,
    NOTATION,
    NOW,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    SOCI_V1,
    SOCI_V2,
    digest,
)

T = TypeVar("T")

REGISTRY = Registry("123456789012", "eu-west-1")


# (imageManifestMediaType, artifactMediaType) as DescribeImages gives them. What cosign and buildx
# make has the artifact type of a container image.
INDEXES = [(OCI_INDEX, None), (DOCKER_LIST, None), (OCI_INDEX, HELM)]
SINGLES = [
    (OCI_MANIFEST, OCI_CONFIG),
    (DOCKER_MANIFEST, DOCKER_CONFIG),
    (DOCKER_MANIFEST, None),
    (OCI_MANIFEST, HELM),
    (OCI_MANIFEST, NOTATION),
    (OCI_MANIFEST, SOCI_V1),
    (OCI_MANIFEST, SOCI_V2),
]
SHAPES = [*INDEXES, *INDEXES, *SINGLES, SINGLES[0], SINGLES[0]]

AGES = [timedelta(days=days) for days in (0, 1, 9, 30, 31, 32, 45, 90)]
OWN_TAGS = ["latest", "v1", "v2", "v3", "v4", "release-1", "release-2"]
SUFFIXES = ["", ".sig", ".att", ".sbom"]
PATTERNS = ["latest", "release-*", "v?", "*.sig", "sha256-*", "*"]


def referrer_tag(subject: str, suffix: str = "") -> str:
    return subject.replace(":", "-") + suffix


GHOSTS = [digest("ghost 1"), digest("ghost 2")]
MOST_IMAGES = 9
NAMES = [digest(f"image {number}") for number in range(MOST_IMAGES)]


def examples(number: int) -> int:
    """How many examples a property tries: all of them in CI; a third of them at the desk, where the
    tests run at every change and each run tries others."""
    return number if os.environ.get("CI") else number // 3


@dataclass(frozen=True)
class Named:
    """What one use names, within the repository."""

    tag: str | None = None
    digest: str | None = None

    def use(self) -> Use:
        reference = Reference(REGISTRY.host, REGISTRY, "app", self.tag, self.digest)
        return Use(reference, "file", f"{self.tag}@{self.digest}", "listed")


@dataclass(frozen=True)
class Case:
    """All that decisions depend on."""

    images: tuple[Image, ...]
    manifests: Mapping[str, tuple[str, ...]]
    named: tuple[Named, ...] = ()
    rule: Rule = field(default_factory=lambda: Rule(NamePattern("app", False), timedelta(days=30)))
    min_age: timedelta = timedelta(0)

    @property
    def uses(self) -> RepositoryUses:
        by_digest: dict[str, tuple[Use, ...]] = {}
        by_tag: dict[str, tuple[Use, ...]] = {}
        for named in self.named:
            if named.digest:
                by_digest[named.digest] = (*by_digest.get(named.digest, ()), named.use())
            if named.tag:
                by_tag[named.tag] = (*by_tag.get(named.tag, ()), named.use())
        return RepositoryUses(by_digest, by_tag)

    def decide(self) -> list[Decision]:
        return decide(self.images, self.manifests, self.uses, self.rule, NOW, min_age=self.min_age)

    def gone(self) -> set[str]:
        """The digests of the images that are not kept."""
        return {decision.image.digest for decision in self.decide() if decision.deletable}

    def with_rule(self, **changes: Any) -> "Case":
        return replace(self, rule=replace(self.rule, **changes))

    def applied(self) -> "Case":
        """The repository after its plan was applied."""
        left = []
        for decision in self.decide():
            if decision.action is Action.KEEP:
                left.append(decision.image)
            elif decision.action is Action.ARCHIVE:
                archived = decision.image._replace(status=Status.ARCHIVED, archived_at=NOW)
                left.append(archived)
        indexes = {image.digest for image in left} & set(self.manifests)
        manifests = {digest: self.manifests[digest] for digest in indexes}
        return replace(self, images=tuple(left), manifests=manifests)


def pick(draw: st.DrawFn, options: Sequence[T]) -> T:
    """One of them, towards the first when an example is made smaller. Faster than `sampled_from`,
    of which each call makes a strategy."""
    return options[draw(up_to(len(options) - 1))]


@cache
def up_to(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most)


def moments() -> list[datetime]:
    return [NOW - age for age in AGES]


# What may have happened to an image besides its push.
FATES: list[dict[str, Any]] = [
    *[{}] * 8,
    *[{"pulled_at": moment} for moment in moments()],
    *[{"activated_at": moment} for moment in moments()],
    *[{"status": Status.ARCHIVED, "archived_at": moment} for moment in moments()],
    {"status": Status.ARCHIVED},
    {"status": Status.ACTIVATING},
    {"status": Status.ACTIVATING, "archived_at": NOW - AGES[-1], "pulled_at": NOW},
]


@st.composite
def repositories(draw: st.DrawFn) -> Case:
    """Images with their links, in no order that means anything. A tag names one image."""
    count = pick(draw, [*range(MOST_IMAGES + 1), *range(4, MOST_IMAGES + 1)])
    owners = draw(tag_owners(count)) if count else {}
    images, manifests = [], {}
    for number in range(count):
        media_type, artifact_type = pick(draw, SHAPES)
        earlier = NAMES[:number]
        image = Image(
            digest=NAMES[number],
            tags=tuple(sorted(tag for tag, owner in owners.items() if owner == number)),
            pushed_at=pick(draw, moments()),
            size=number * 1000,
            media_type=media_type,
            artifact_type=artifact_type,
            subject=pick(draw, [*[None] * 8, *earlier, GHOSTS[0]]),
            **pick(draw, FATES),
        )
        images.append(image)
        if image.kind is Kind.INDEX:
            named = [pick(draw, [None, *earlier, *earlier, *GHOSTS]) for _ in range(3)]
            manifests[image.digest] = tuple(child for child in named if child)
    images.sort(key=lambda image: image.digest)
    return Case(tuple(images), manifests)


@cache
def tag_owners(count: int) -> st.SearchStrategy[dict[str, int]]:
    """Which image each tag is on: tags of its own, and tags that refer to another image."""
    digests = [*NAMES[:count], *NAMES[:count], GHOSTS[0]]
    referring = [referrer_tag(subject, suffix) for subject in digests for suffix in SUFFIXES]
    tags = st.sampled_from(OWN_TAGS) | st.sampled_from(referring)
    return st.dictionaries(tags, up_to(count - 1), max_size=8)


TAGS = [*OWN_TAGS, "absent", referrer_tag(NAMES[0], ".sig"), referrer_tag(NAMES[1])]


@st.composite
def names(draw: st.DrawFn) -> Named:
    """By tag, by digest, or by both; the tag may have moved, and the image may be gone."""
    form = draw(up_to(2))
    tag = pick(draw, TAGS) if form in (0, 2) else None
    return Named(tag, pick(draw, [*NAMES, GHOSTS[0]]) if form in (1, 2) else None)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    patterns = tuple(pick(draw, PATTERNS) for _ in range(draw(up_to(2))))
    return Rule(
        name=NamePattern("app", is_glob=False),
        expires=timedelta(days=pick(draw, (0, 1, 30, 31, 60))),
        keep_count=pick(draw, (0, 1, 2, 3, 0)),
        keep_tag_patterns=patterns,
        keep_pulled_within=pick(draw, (None, timedelta(days=1), timedelta(days=31), None)),
        delete_artifacts=pick(draw, (False, True)),
        action=pick(draw, (Action.DELETE, Action.DELETE, Action.ARCHIVE)),
        delete_archived_after=pick(draw, (None, timedelta(days=31))),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    named = tuple(draw(names()) for _ in range(draw(up_to(2))))
    min_age = timedelta(days=pick(draw, (0, 0, 10)))
    return replace(draw(repositories()), named=named, rule=draw(rules()), min_age=min_age)

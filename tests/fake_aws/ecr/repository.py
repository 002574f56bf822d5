"""A repository as test authors see it: push, tag, archive, and count on real manifests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tests.fake_aws.times import DAY, Moment, epoch

from . import manifest as manifests
from .evaluating import Preview
from .filling import alike
from .image import ACTIVATING, ACTIVE, ARCHIVED, Image, described
from .manifest import OCI_INDEX, OCI_MANIFEST, Descriptor
from .store import Store

DEFAULT_SIZE = 10_000_000
PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x", "linux/ppc64le")
HELM_CHART = "application/vnd.cncf.helm.config.v1+json"
SOCI_INDEX = "application/vnd.amazon.soci.index.v1+json"
SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"


class Repository(Store):
    """Pushing a tag that exists moves it: the old image stays, without the tag."""

    mutability = "MUTABLE"
    mutable_tags: tuple[str, ...] = ()
    policy: str | None = None
    lifecycle_policy: str | None = None
    preview: Preview | None = None
    preview_waits = 1
    resource_tags: Mapping[str, str] = MappingProxyType({})
    _pushes = 0
    _latest = 0.0

    def push(
        self,
        *tags: str,
        pushed: Moment | None = None,
        pulled: Moment | None = None,
        size: int = DEFAULT_SIZE,
        media_type: str = OCI_MANIFEST,
        config_type: str | None = None,
        content: str | None = None,
    ) -> Image:
        """A single container image. Equal `content` gives an equal digest; by default all differ.

        `config_type` makes it something else, a Helm chart say, as `helm push` does.
        """
        text = manifests.image_text(
            self._content(content),
            size,
            base=f"base of {self.name}",
            media_type=media_type,
            config_type=config_type,
        )
        return self._store(text, tags, pushed, pulled)

    def push_index(
        self,
        *tags: str,
        children: Sequence[Image | Descriptor] | None = None,
        pushed: Moment | None = None,
        pulled: Moment | None = None,
        media_type: str = OCI_INDEX,
        attested: bool = False,
        subject: Image | str | None = None,
        artifact_type: str | None = None,
    ) -> Image:
        """An index (nested ones too) or Docker manifest list over `children`.

        Without children it pushes two platform images first. `attested` adds, as buildx does by
        default, one attestation per child. A Descriptor may name a child that does not exist.
        """
        if children is None:
            children = [self.push(pushed=pushed), self.push(pushed=pushed)]
        entries = [_entry(child, place) for place, child in enumerate(children)]
        if attested:
            entries += [self._attestation(child, pushed) for child in children]
        text = manifests.index_text(
            entries,
            content=self._content(None),
            media_type=media_type,
            subject=self._subject(subject),
            artifact_type=artifact_type,
        )
        return self._store(text, tags, pushed, pulled)

    def push_artifact(
        self,
        *tags: str,
        artifact_type: str = SIGNATURE,
        subject: Image | str | None = None,
        pushed: Moment | None = None,
        pulled: Moment | None = None,
        size: int = 2_000,
    ) -> Image:
        """An OCI 1.1 artifact; with a `subject` (an image or just a digest) a referrer.

        A cosign signature of the older kind is only a tag: `push(cosign_tag(image))`.
        """
        text = manifests.image_text(
            self._content(None),
            size,
            base=f"base of {artifact_type}",
            config_type=manifests.EMPTY_CONFIG,
            artifact_type=artifact_type,
            subject=self._subject(subject),
        )
        return self._store(text, tags, pushed, pulled)

    def put_manifest(
        self,
        text: str,
        *tags: str,
        pushed: Moment | None = None,
        media_type: str | None = None,
    ) -> Image:
        """Any manifest text, with no question asked about its layers or children."""
        return self._store(text, tags, pushed, None, media_type)

    def fill(
        self,
        count: int,
        *,
        prefix: str | None = "build-",
        newest: Moment | None = None,
        every: float = DAY,
        size: int = DEFAULT_SIZE,
    ) -> None:
        """`count` images, one pushed each `every` seconds, tagged `<prefix>0` (newest) onward.

        Made for benchmarks: they share their layers and keep no manifest text in memory. With
        `prefix=None` they are untagged.
        """
        latest = self.clock() if newest is None else epoch(newest)
        text = manifests.image_text(self._content(None), size, base=f"base of {self.name}")
        self.add_all(alike(self, text, count, latest, every), prefix)

    def image(self, name: str) -> Image:
        """The image behind a tag or digest; KeyError if there is none."""
        return self._images.get(name) or self._tags[name]

    def tag(self, image: Image, *tags: str) -> None:
        for tag in tags:
            self.move_tag(tag, image)

    def untag(self, *tags: str) -> None:
        """Takes tags away; unlike ECR's own delete this never deletes the image."""
        for tag in tags:
            self.drop_tag(tag)

    def archive(self, image: Image) -> None:
        self.set_status(image, ARCHIVED)

    def start_restore(self, image: Image) -> None:
        self.set_status(image, ACTIVATING)

    def finish_restore(self, image: Image) -> None:
        self.set_status(image, ACTIVE)

    def lose_layers(self, image: Image) -> None:
        """ECR no longer has any layer of this image, deleted or not."""
        for layer in image.layers:
            self._layers.pop(layer, None)

    def _content(self, content: str | None) -> str:
        self._pushes += 1
        return content if content is not None else f"{self.name} push {self._pushes}"

    def _store(
        self,
        text: str,
        tags: tuple[str, ...],
        pushed: Moment | None,
        pulled: Moment | None,
        media_type: str | None = None,
    ) -> Image:
        moment = self._now() if pushed is None else epoch(pushed)
        image = Image(self, manifests.sha256(text), text, moment)
        image.media_type = media_type or ""
        image = self.add(described(image), tags)
        if pulled is not None:
            image.pulled = epoch(pulled)
        return image

    def _now(self) -> float:
        """The clock, but every push is later than the one before it."""
        self._latest = max(epoch(self.clock()), epoch(self._latest + 0.001))
        return self._latest

    def _attestation(self, child: Image | Descriptor, pushed: Moment | None) -> Descriptor:
        made = self.push(pushed=pushed, size=3_000)
        plain = made.descriptor
        extra = manifests.attestation_of(child.digest)
        return Descriptor(plain.media_type, plain.digest, plain.size, extra)

    def _subject(self, subject: Image | str | None) -> Descriptor | None:
        if subject is None or isinstance(subject, Image):
            return subject.descriptor if subject else None
        return Descriptor(OCI_MANIFEST, subject, 1_000)


def cosign_tag(image: Image, suffix: str = ".sig") -> str:
    """`sha256-<hex>.sig`, the tag by which cosign finds what belongs to an image."""
    return image.digest.replace(":", "-") + suffix


def _entry(child: Image | Descriptor, place: int) -> Descriptor:
    plain = child.descriptor if isinstance(child, Image) else child
    extra = manifests.platform(PLATFORMS[place % len(PLATFORMS)])
    return Descriptor(plain.media_type, plain.digest, plain.size, extra)

"""Images in what has keys: ECS task definitions, Lambda functions, Kubernetes, compose files,
CloudFormation, Helm values, Kustomize, and any other YAML or JSON.

Nothing asks which of these a file is. A key that means an image in one of them is read as one
everywhere, and of all other text what names ECR.
"""

import re
from collections.abc import Iterator, Mapping

from ecrm.config.yaml_text import line_of
from ecrm.sources.files.document import (
    Node,
    entries_of,
    is_block,
    items_of,
    names_of,
    raw_of,
    text_of,
)
from ecrm.sources.files.mention import (
    NO_TAG,
    Mention,
    Spot,
    image,
    is_elsewhere,
    is_untagged,
    within,
)
from ecrm.sources.files.plain import line_mentions
from ecrm.sources.files.stack import Stack

IMAGE_KEYS = frozenset({"image", "imageuri", "image_uri", "imageidentifier"})
"""In lower case: containers of ECS, Kubernetes and compose, Lambda's code, App Runner."""

_PLAIN = re.compile(r"[\w-]+")
_TAG_KEYS = ("tag", "imageTag", "image_tag")
_HELM = frozenset({"registry", "repository", "tag", "digest"})
_BESIDE_REPOSITORY = frozenset({"registry", "tag", "digest", "pullPolicy"})
_IMAGE_VOLUME = frozenset({"reference"})
_KUSTOMIZE = frozenset({"name", "newName", "newTag", "digest"})


def tree_mentions(root: Node) -> Iterator[Mention]:
    """Of one document, in its order. Raises RecursionError where it is nested too deeply."""
    yield from _Reader(root).node(root, "", "")


class _Reader:
    """Reads one document; each map and list once, though anchors lead there many times."""

    def __init__(self, root: Node) -> None:
        self._stack = Stack(root)
        self._seen: set[int] = set()
        everywhere = entries_of(entries_of(root).get("global"))
        self._registry = text_of(everywhere.get("imageRegistry"))  # wins in Bitnami's charts

    def node(self, node: Node, path: str, key: str) -> Iterator[Mention]:
        """`key` is the one that leads to the node, of whatever map is next above it."""
        is_text = node.tag.startswith("!") or bool(text_of(node))
        text = self._stack.text(node) or (raw_of(node) if is_text else "")
        spot = Spot(line_of(node), path)
        if text and key.lower() in IMAGE_KEYS:
            yield from image(text, spot)
        elif text and is_block(node):  # a script, or a file within this one
            yield from line_mentions(text, Spot(spot.line + 1, path))
        elif text:
            yield from within(text, spot)
        elif id(node) not in self._seen:
            self._seen.add(id(node))
            if branches := self._stack.branches(node):
                for branch in branches:
                    yield from self.node(branch, path, key)
            elif entries := entries_of(node):
                yield from self._map(node, entries, path, key)
            for number, item in enumerate(items_of(node) if not branches else ()):
                yield from self.node(item, _item(path, number, item), key)

    def _map(
        self, node: Node, entries: Mapping[str, Node], path: str, key: str
    ) -> Iterator[Mention]:
        values = {name: self._text(entry) for name, entry in entries.items()}
        digest, parts = values.get("digest", ""), frozenset[str]()
        for name, line in names_of(node):
            yield from within(name, Spot(line, path))
        if repository := self._repository(values, key):
            parts, spot = _HELM, Spot(line_of(entries["repository"]), path)
            yield from _joined(repository, values.get("tag", ""), digest, spot)
        elif reference := _mounted(values, key):
            parts = _IMAGE_VOLUME
            yield from image(reference, Spot(line_of(entries["reference"]), path))
        elif name := _kustomized(values, key):
            parts, spot = _KUSTOMIZE, Spot(line_of(node), path)
            yield from _joined(name, values.get("newTag", ""), digest, spot)
        tag = next((values[name] for name in _TAG_KEYS if values.get(name)), "")
        for name, entry in entries.items():
            below, value = _below(path, name), values[name]
            if value and name in parts:
                continue
            if tag and value and name.lower() in IMAGE_KEYS and is_untagged(value):
                yield from _joined(value, tag, "", Spot(line_of(entry), below))
            else:
                yield from self.node(entry, below, name)

    def _repository(self, values: Mapping[str, str], key: str) -> str:
        """With its registry; "" for a map that is no image as Helm's values have them."""
        if not values.get("repository") or not (_BESIDE_REPOSITORY & set(values) or _is_image(key)):
            return ""
        registry = self._registry or values.get("registry", "")
        return "/".join(filter(None, (registry, values["repository"])))

    def _text(self, node: Node) -> str:
        text = self._stack.text(node)
        return text_of(node) if text is None else text


def _mounted(values: Mapping[str, str], key: str) -> str:
    """The image of a volume of a pod, `image: {reference: ...}`; "" for a map that is none."""
    return values.get("reference", "") if key == "image" else ""


def _kustomized(values: Mapping[str, str], key: str) -> str:
    """The name that an entry of `images` gives; "" for a map that is none."""
    if {"newName", "newTag"} & set(values) or (key == "images" and "digest" in values):
        return values.get("newName") or values.get("name", "")
    return ""


def _joined(name: str, tag: str, digest: str, spot: Spot) -> Iterator[Mention]:
    """An image whose parts are given one by one."""
    if tag or digest or not is_untagged(name):
        written = name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
        yield from image(written, spot)
    elif not is_elsewhere(name):
        yield Mention(spot, name, None, NO_TAG)


def _is_image(key: str) -> bool:
    return key.lower().endswith("image")


def _below(path: str, name: str) -> str:
    if not _PLAIN.fullmatch(name):
        return f"{path}[{name!a}]"
    return f"{path}.{name}" if path else name


def _item(path: str, number: int, item: Node) -> str:
    """By its name where it has one, as containers do."""
    entries = entries_of(item)
    name = text_of(entries.get("name") or entries.get("Name"))
    return _below(path, name) if name else f"{path}[{number}]"

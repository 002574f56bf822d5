"""The objects of `objects.yaml`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ecrm.sources.kubernetes.client import Resource
from tests.stubs import HOST

FILE = Path(__file__).parent / "objects.yaml"


@dataclass(frozen=True)
class Example:
    """What is read of it is in `uses` as `use = image`, and what is not understood in `notes`."""

    resource: Resource
    uses: tuple[str, ...]
    notes: tuple[str, ...]
    text: str

    @property
    def object(self) -> dict[str, Any]:
        """A copy of its own for each test."""
        return dict(json.loads(self.text))


@cache
def examples() -> tuple[Example, ...]:
    return tuple(map(_example, yaml.load(FILE.read_text(), yaml.CSafeLoader)))


def example(kind: str) -> Example:
    """The first of that kind."""
    return next(each for each in examples() if each.resource.kind == kind)


def written(text: str) -> str:
    """With hosts and digests written out."""
    digits = re.sub(r"<(.)>", lambda found: f"sha256:{found[1] * 64}", text)
    return digits.replace("ECR/", f"{HOST}/")


def _example(each: Mapping[str, Any]) -> Example:
    return Example(
        Resource(**each["resource"]),
        tuple(each["uses"]),
        tuple(each.get("notes", ())),
        written(json.dumps(each["object"])),
    )

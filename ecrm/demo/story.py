"""What the sample account holds, read from account.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ACCOUNT = "123456789012"
REGION = "us-east-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
CLUSTER = "prod"
SIDECAR = "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"

Fields = dict[str, Any]

STORY: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("account.yaml").read_text())


@dataclass(frozen=True, slots=True)
class Sample:
    """One push. `subject` is the name of the sample that a signature or an SBOM is about."""

    name: str
    age: float
    size: float
    tags: tuple[str, ...] = ()
    pulled: float | None = None
    form: str = "image"
    subject: str = ""
    archived: float | None = None


def samples(repository: str) -> list[Sample]:
    """In the order of their pushes, as far as one needs another."""
    return [_sample(row) for row in STORY["repositories"][repository]]


def _sample(row: Any) -> Sample:
    if isinstance(row, dict):
        return Sample(**row)
    name, age, size = row
    return Sample(name, age, size, tags=(name,), pulled=age - 0.2)

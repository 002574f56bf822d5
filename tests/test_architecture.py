"""Imports go one way only, and decisions know neither AWS nor the clock."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "ecrm"

# From the bottom up: a module may import those above it in this list, never those below.
LAYERS = [
    {"errors", "media_types", "pattern", "version", "quotas", "quantities", "logs", "wording"},
    {"reference", "state", "cache", "deadline"},
    {"model"},
    {"config", "family", "uses", "consumers", "mutability", "files"},
    {"retention", "lifecycle"},
    {"plan"},
    {"guards", "explain", "serial", "permissions", "check"},
    {"plan_file"},
    {"aws_errors"},
    {"aws", "places"},
    {"manifests"},
    {"registry"},
    {"putting", "policies"},
    {"holdings"},
    {"sources"},
    {"planning"},
    {"snapshot", "record", "journal"},
    {"apply", "restore"},
    {"formats", "generate", "demo"},
    {"run"},
    {"recheck", "evidence"},
    {"workflow"},
    {"cli", "lambda_handler"},
    {"__main__"},
]
PURE = {
    *("errors", "media_types", "pattern", "quotas", "quantities", "wording", "reference"),
    *("deadline", "model", "config", "family", "uses", "consumers", "mutability", "files"),
    *("retention", "lifecycle", "plan", "guards", "explain", "serial", "permissions", "check"),
    "plan_file",
}
IMPURE = {"boto3", "botocore", "click", "os", "time", "logging", "subprocess", "socket"}


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def stage(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "ecrm":
            names |= {f"ecrm.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides the direction"
            names.add(node.module or "")
    return names


def level(name: str) -> int:
    return next(place for place, layer in enumerate(LAYERS) if name in layer)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way_only(path):
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("ecrm.")}
    upwards = {name for name in ours - {stage(path)} if level(name) >= level(stage(path))}
    assert not upwards


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_decisions_know_neither_aws_nor_the_clock(path):
    if stage(path) in PURE:
        assert not {name.split(".")[0] for name in imports(path)} & IMPURE


def test_only_the_registry_modules_can_change_anything_in_ecr():
    writers = {stage(path) for path in modules() if "writing_ecr()" in path.read_text()}
    assert writers == {"registry", "putting"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_read_in_a_sitting(path):
    assert len(path.read_text().splitlines()) <= 250

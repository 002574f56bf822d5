"""One function: which of its versions can be called, and of which image each is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecrm.aws import Target, call, items
from ecrm.aws.cache.facts import Namespace, arn_pattern
from ecrm.errors import Gone
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.items import SaidToBeGone, SourceItem, uses_of
from ecrm.sources.lambda_functions.operations import (
    GET_FUNCTION,
    LIST_ALIASES,
    LIST_PROVISIONED_CONCURRENCY_CONFIGS,
)

LAMBDA_VERSION = Namespace(
    "LAMBDA_VERSION",
    # With when it was published, and what: a function of the same name counts from 1 again.
    arn_pattern("lambda") + "function:[A-Za-z0-9_-]+:[1-9][0-9]* [0-9T:.+-]+Z? [A-Za-z0-9+/=]+",
    ("ImageUri", "ResolvedImageUri"),
    ("ImageUri", "ResolvedImageUri"),
)
_LATEST = "$LATEST"

Code = Mapping[str, str]
"""Of one version: `ResolvedImageUri` and `ImageUri`, those that there are."""


@dataclass(frozen=True, slots=True)
class Function:
    """`versions` is what ListFunctions tells of each version, by its name; `keep_count` of them
    are in use whoever points to them. `_codes` are the images of those that were asked for, and
    `_aliased` why aliases need some, once that was asked."""

    target: Target
    name: str
    versions: Mapping[str, Mapping[str, Any]]
    keep_count: int
    _codes: dict[str, Code] = field(default_factory=dict)
    _aliased: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        """The versions that are in use only if something points to them. Without any, nothing
        depends on who points where."""
        return self._published[self.keep_count :]

    @property
    def _published(self) -> list[str]:
        """Newest first."""
        return sorted((name for name in self.versions if name.isdigit()), key=int, reverse=True)

    def read(self) -> Iterator[SourceItem]:
        """All that is in use."""
        return self._uses(self._callable(self._pointed_to() if self.outside else {}))

    def read_aliased(self) -> Iterator[SourceItem]:
        """What is in use whether there is provisioned concurrency or not."""
        return self._uses(self._callable(self._by_alias()))

    def read_known(self) -> Iterator[SourceItem]:
        """What is in use whoever points to which version."""
        return self._uses(self._callable({}))

    def read_outside(self) -> Iterator[SourceItem]:
        """The images of the versions that are in use only if something points to them, as uses."""
        return self._uses(dict.fromkeys(self.outside, "outside the window"))

    def _callable(self, pointed_to: Mapping[str, str]) -> dict[str, str]:
        """Why each version that can be called is needed. `$LATEST` takes none of the places of
        `keep_count`, nor does `$LATEST.PUBLISHED`, which a call to a function on managed instances
        reaches, nor a version that something points to."""
        special = {name: name for name in self.versions if not name.isdigit()}
        wanted = {_LATEST: _LATEST} | special | dict(pointed_to)
        newest = [name for name in self._published if name not in wanted][: self.keep_count]
        return wanted | dict.fromkeys(newest, f"one of the newest {self.keep_count} versions")

    def _uses(self, wanted: Mapping[str, str]) -> Iterator[SourceItem]:
        new = [version for version in wanted if version not in self._codes]
        keys = {version: key for version in new if (key := _key(self.versions.get(version)))}
        cached = self.target.cache.get(LAMBDA_VERSION, keys.values(), _cached)
        for version, why in wanted.items():
            key = keys.get(version, "")
            try:
                code = self._codes.get(version) or cached.get(key) or self._code(version, key)
            except Gone as error:  # one version may be, and that says nothing about the others
                yield SaidToBeGone(self.name, str(error))
                continue
            self._codes[version] = code
            if "ResolvedImageUri" not in code:  # the written tag may mean another image by now
                what = f"AWS's answer has no Code.ResolvedImageUri of {self.name}:{version}"
                yield Diagnostic(ReadStatus.FAILED, f"{GET_FUNCTION.action}: {what}; try again")
            for uri in dict.fromkeys(code.values()):
                user = f"function {self.name}:{version}"
                yield from uses_of(uri, source="lambda", user=user, why=why)

    def _code(self, version: str, key: str) -> Code:
        """Cached under `key`, if that is not empty."""
        answer = call(
            self.target.functions, GET_FUNCTION, FunctionName=self.name, Qualifier=version
        )
        code = {member: uri for member, uri in answer["Code"].items() if uri}
        if key and "ResolvedImageUri" in code:
            self.target.cache.put(LAMBDA_VERSION, {key: code})
        return code

    def _pointed_to(self) -> dict[str, str]:
        aliased = self._by_alias()
        return dict.fromkeys(self._provisioned(), "provisioned concurrency") | dict(aliased)

    def _by_alias(self) -> Mapping[str, str]:
        """Asked once."""
        if not self._aliased:
            self._aliased.append(self._read_aliases())
        return self._aliased[0]

    def _read_aliases(self) -> dict[str, str]:
        wanted: dict[str, str] = {}
        for alias in items(self.target.functions, LIST_ALIASES, FunctionName=self.name):
            weights = alias["RoutingConfig"]["AdditionalVersionWeights"]
            for version in (alias["FunctionVersion"], *weights):
                wanted[version] = f"alias {alias['Name']}"
        return wanted

    def _provisioned(self) -> list[str]:
        operation = LIST_PROVISIONED_CONCURRENCY_CONFIGS
        configs = items(self.target.functions, operation, FunctionName=self.name)
        qualifiers = [config["FunctionArn"].rpartition(":")[2] for config in configs]
        return [qualifier for qualifier in qualifiers if qualifier.isdigit()]


def _key(version: Mapping[str, Any] | None) -> str:
    """What identifies a published version for ever: a function that was deleted and made again
    counts its versions from 1 once more. Empty for what may change, as `$LATEST` does."""
    if version is None or not version["Version"].isdigit():
        return ""
    facts = [version[member] for member in ("FunctionArn", "LastModified", "CodeSha256")]
    return " ".join(facts) if all(facts) else ""


def _cached(value: Any) -> dict[str, str]:
    """Raises ValueError for what is not as `_code` makes it."""
    if not all(isinstance(uri, str) for uri in value.values()):
        raise ValueError("no code of a function")
    return dict(value)

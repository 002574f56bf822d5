"""Lambda functions, their versions and aliases, of one account in one region."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.fake_aws.address import Address
from tests.fake_aws.ecr.image import Image
from tests.fake_aws.times import Clock

LATEST = "$LATEST"
ImageName = str | Image


@dataclass(frozen=True)
class Code:
    """Image functions have `uri` as written and the `digest` that Lambda resolved it to."""

    sha256: str
    uri: str | None = None
    digest: str | None = None
    runtime: str | None = None

    @property
    def resolved_uri(self) -> str:
        plain = (self.uri or "").partition("@")[0]
        host, slash, name = plain.rpartition("/")
        return f"{host}{slash}{name.partition(':')[0]}@{self.digest}"


@dataclass(eq=False)
class Version:
    """`$LATEST` or a published version, which keeps its code for ever."""

    function: Function
    number: str
    code: Code
    modified: float
    state: str = "Active"
    state_reason_code: str | None = None

    @property
    def arn(self) -> str:
        return f"{self.function.arn}:{self.number}"

    def fail(self, reason_code: str = "ImageDeleted") -> None:
        """What Lambda does when it cannot fetch the image again."""
        self.state, self.state_reason_code = "Failed", reason_code


@dataclass(frozen=True)
class Alias:
    name: str
    version: str
    weights: dict[str, float]


class Function:
    """`versions` holds $LATEST and the published ones, oldest first."""

    def __init__(self, address: Address, clock: Clock, name: str, code: Code) -> None:
        self.name = name
        self.arn = address.arn("lambda", f"function:{name}")
        self.clock = clock
        self.versions: dict[str, Version] = {LATEST: Version(self, LATEST, code, clock())}
        self.aliases: dict[str, Alias] = {}
        self.provisioned: dict[str, int] = {}
        self._published = 0

    @property
    def latest(self) -> Version:
        return self.versions[LATEST]

    def publish(self) -> Version:
        """A version of what $LATEST is; the newest one again if nothing has changed."""
        newest = list(self.versions.values())[-1]
        if newest.number != LATEST and newest.code == self.latest.code:
            return newest
        self._published += 1
        number = str(self._published)
        self.versions[number] = Version(self, number, self.latest.code, self.clock())
        return self.versions[number]

    def delete_version(self, version: Version) -> None:
        del self.versions[version.number]

    def alias(
        self, name: str, version: Version | str, *, weights: dict[str, float] | None = None
    ) -> Alias:
        """Creates or moves the alias; `weights` send a share of the calls to other versions."""
        number = version.number if isinstance(version, Version) else version
        self.aliases[name] = Alias(name, number, dict(weights or {}))
        return self.aliases[name]

    def provision(self, qualifier: str, executions: int = 1) -> None:
        """Provisioned concurrency on a version or an alias."""
        self.provisioned[qualifier] = executions

    def find(self, qualifier: str) -> Version | None:
        """By version number, `$LATEST` or alias."""
        alias = self.aliases.get(qualifier)
        return self.versions.get(alias.version if alias else qualifier)


class Functions:
    def __init__(
        self, address: Address, clock: Clock, resolve: Callable[[str], str | None]
    ) -> None:
        self.address = address
        self.clock = clock
        self.resolve = resolve
        self.functions: dict[str, Function] = {}

    def function(
        self,
        name: str,
        image: ImageName | None = None,
        *,
        digest: str | None = None,
        runtime: str = "python3.12",
    ) -> Function:
        """Creates a function from an image, or a zip function when there is none.

        Lambda pins the digest that the image means now; `digest` says it for images that the
        fake does not hold. Without either the digest is made up.
        """
        code = self._code(name, image, digest, runtime)
        self.functions[name] = Function(self.address, self.clock, name, code)
        return self.functions[name]

    def update(
        self, function: Function, image: ImageName | None = None, *, digest: str | None = None
    ) -> None:
        """New code for $LATEST. Without an image: the same reference, resolved again."""
        latest = function.latest
        image = latest.code.uri if image is None else image
        code = self._code(function.name, image, digest, latest.code.runtime or "")
        function.versions[LATEST] = replace(latest, code=code, modified=self.clock())

    def _code(self, name: str, image: ImageName | None, digest: str | None, runtime: str) -> Code:
        made_up = hashlib.sha256(f"{name} {image}".encode())
        if image is None:
            return Code(base64.b64encode(made_up.digest()).decode(), runtime=runtime)
        uri = image.reference if isinstance(image, Image) else image
        digest = digest or self.resolve(uri) or f"sha256:{made_up.hexdigest()}"
        return Code(digest.removeprefix("sha256:"), uri, digest)

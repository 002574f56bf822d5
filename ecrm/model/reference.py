"""Text that names an image, in every form that AWS accepts, as one comparable value.

A reference that names a private ECR registry is keyed by (account, region, repository), so the
many host names of one registry (FIPS, dual-stack, China, ...) all mean the same. Host forms are
those of amazon-ecr-credential-helper and of the EKS node image; a host of the same shape with a
suffix that we do not know yet is taken for ECR too, since protecting too much is the safe error.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, NamedTuple, Self

from ecrm.errors import NotAReferenceError

# ECR's own limits: botocore model of PutImage and CreateRepository.
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,299}"
_DIGEST = r"sha256:[0-9a-f]{64}"


class Form(NamedTuple):
    """How a text must look that a file claims to be one of these."""

    what: str
    pattern: str


REPOSITORY_NAME = Form("the name of a repository", rf"(?=.{{2,256}}\Z){_REPOSITORY}")

Digest = Annotated[str, Form("a digest", _DIGEST)]
RepositoryName = Annotated[str, REPOSITORY_NAME]
# ECR documents no characters of a tag, so all that can be seen may be in one.
Tag = Annotated[str, Form("a tag", r"[!-~]{1,300}")]

_ECR_HOST = re.compile(
    r"(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9][a-z0-9-]*)\.[a-z0-9.-]+(?::\d+)?"
)
_REST = re.compile(
    rf"(?P<repository>{_REPOSITORY})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_SHOWN = 400
_SCHEME = re.compile(r"^(?:https?|docker)://")
ANY_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
"""Where other programs write: `docker-pullable://` is Kubernetes', `oci://` Helm's."""

# Registries that are surely not a private ECR registry under another host name, with all hosts
# below them. Docker Hub is also what a reference without a host means.
_DOCKER_HUB = "docker.io"
_OTHER_REGISTRIES = (
    _DOCKER_HUB, "docker.com", "public.ecr.aws", "ecr-public.aws.com", "ghcr.io", "quay.io",
    "gcr.io", "pkg.dev", "azurecr.io", "k8s.io", "mcr.microsoft.com", "registry.gitlab.com",
    "docker.elastic.co", "nvcr.io",
)  # fmt: skip

# The domain of a registry by the beginning of its region's name; AWS's partitions.
_DOMAINS = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}


@dataclass(frozen=True, slots=True, order=True)
class Registry:
    """A private ECR registry, which is also what ecrm runs on: one account in one region."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"

    @property
    def host(self) -> str:
        """The canonical host name, as in `repositoryUri` of DescribeRepositories."""
        domains = (domain for start, domain in _DOMAINS.items() if self.region.startswith(start))
        return f"{self.account}.dkr.ecr.{self.region}.{next(domains, 'amazonaws.com')}"


class RepositoryKey(NamedTuple):
    """One repository; the same name in another registry is another repository."""

    registry: Registry
    repository: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}"


def display_name(key: RepositoryKey, registries: Collection[Registry]) -> str:
    """How texts for people name a repository: by its name alone while `registries`, all that the
    run plans, are its own registry and no other; else with account and region."""
    return key.repository if set(registries) == {key.registry} else str(key)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference names. `registry` is set when the host is one of a private ECR registry;
    `host` is then its canonical one, and as written otherwise."""

    host: str
    registry: Registry | None
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    @lru_cache(maxsize=10_000)  # thousands of tasks run the same few images
    def parse(cls, text: str) -> Self:
        """Read `[scheme://][host/]repository[:tag][@digest]`; raises NotAReferenceError.

        Without tag and digest the tag is `latest`, as for every container tool.
        """
        host, rest = _split_host(_SCHEME.sub("", text.strip()))
        parts = _REST.fullmatch(rest)
        if parts is None:
            named = repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}..."
            raise NotAReferenceError(f"{named} is not an image reference")
        tag, digest = parts["tag"], parts["digest"]
        if tag is None and digest is None:
            tag = "latest"
        ecr = _ECR_HOST.fullmatch(host)
        registry = Registry(ecr[1], ecr[2]) if ecr else None
        canonical = registry.host if registry else host
        return cls(canonical, registry, parts["repository"], tag, digest)

    def may_name(self, registry: Registry) -> bool:
        """Whether an image of this registry can be meant.

        A host that is neither ECR's nor a well-known other registry (a CNAME, a proxy, a VPC
        endpoint) may stand for any ECR registry, so it names the repository wherever it is.
        """
        if self.registry is not None:
            return self.registry == registry
        return not self.is_elsewhere

    @property
    def is_elsewhere(self) -> bool:
        """Whether this names an image that can not be in any private ECR registry."""
        return self.registry is None and _is_another(self.host)

    @property
    def name(self) -> str:
        """`host/repository` with the canonical host, without tag and digest."""
        return f"{self.host}/{self.repository}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    def uris(self) -> tuple[str, ...]:
        """One URI for the tag and one for the digest: fujiwara/ecrm understands no other kind."""
        tag = (f"{self.name}:{self.tag}",) if self.tag else ()
        digest = (f"{self.name}@{self.digest}",) if self.digest else ()
        return tag + digest


def looks_like_ecr(text: str) -> bool:
    """Whether text that cannot be parsed may still be meant for ECR, so that it must not pass."""
    return re.search(r"\.dkr[.-]ecr", text) is not None


def is_of_another_registry(text: str) -> bool:
    """Whether text that cannot be parsed surely names nothing in a private ECR registry: its host
    is written out and a well-known other one, or it is what Docker shows for no name at all."""
    host, rest = _split_host(text)
    return text.startswith("<none>") or (rest != text and _is_another(host))


def _is_another(host: str) -> bool:
    return any(host == other or host.endswith(f".{other}") for other in _OTHER_REGISTRIES)


def _split_host(text: str) -> tuple[str, str]:
    """Docker's own rule: the first component is a host if it has a dot or a port."""
    first, slash, rest = text.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first.lower(), rest
    return _DOCKER_HUB, text


def is_digest(text: str) -> bool:
    return re.fullmatch(_DIGEST, text) is not None

"""Where a cluster is reached, and by what its certificate is known."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from ecrm.errors import InputError

_SCHEMES = ("http", "https")
_PORT = 443
"""Where the URL names none; whatever has another scheme is this machine, which needs no proxy."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` has no slash at its end. `authorities` are the certificates, in PEM, by which alone the
    cluster is known; None for those of the system. `server_name` is the name in its certificate,
    where that is not the one of `url`; `proxy` is what leads there, where the environment shall not
    say. Raises InputError for what cannot be, or must not be, asked."""

    url: str
    authorities: str | None = None
    server_name: str | None = None
    proxy: str = ""

    def __post_init__(self) -> None:
        parts = _split(self.url)
        is_plain = "@" not in parts.netloc and not parts.query
        if parts.scheme not in _SCHEMES or not parts.hostname or not is_plain:
            raise InputError("the server is not the URL of a cluster, such as https://host:6443")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            # Whoever is on the way could hide what runs.
            raise InputError(f"{self.url} is not HTTPS; only this machine is asked without it")
        if self.proxy and _split(self.proxy).scheme not in _SCHEMES:
            raise InputError("a proxy must be http:// or https://")

    @property
    def is_secure(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    def proxy_by(self, environment: Mapping[str, str]) -> str:
        """The proxy to ask, if any; as for kubectl, this machine is asked without one that only the
        environment names, and so is what NO_PROXY lists: `*`, hosts, their domains, addresses and
        networks."""
        if self.proxy:
            return self.proxy
        parts = urlsplit(self.url)
        host, port = str(parts.hostname).rstrip("."), parts.port or _PORT
        proxy = _either(environment, f"{parts.scheme}_proxy")
        if _is_loopback(host) or _is_listed(host, port, _either(environment, "no_proxy")):
            return ""
        return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _either(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return ip_address(host).is_loopback if is_address(host) else host == "localhost"


def _is_listed(host: str, port: int, listed: str) -> bool:
    return any(_matches(host, str(port), entry.strip().lower()) for entry in listed.split(","))


def _matches(host: str, port: str, entry: str) -> bool:
    """As golang.org/x/net/http/httpproxy reads an entry."""
    with suppress(ValueError):
        return ip_address(host) in ip_network(entry, strict=False)
    name, _, own_port = entry.partition(":")
    if own_port not in ("", port):
        return False
    return name == "*" or f".{host}".endswith(f".{name.removeprefix('*').removeprefix('.')}")

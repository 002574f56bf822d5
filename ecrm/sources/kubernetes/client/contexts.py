"""The clusters that contexts of a kubeconfig name.

ecrm refuses what kubectl would take where it could hide what runs: a certificate that is not
verified, and what kubectl itself has given up or what needs somebody at a terminal.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ecrm.errors import AwsError, InputError
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.sources.kubernetes.client.cluster import Cluster
from ecrm.sources.kubernetes.client.credentials import (
    Credentials,
    Identity,
    Renewed,
    basic,
    bearer,
    fixed,
    token_of_file,
)
from ecrm.sources.kubernetes.client.endpoint import Endpoint
from ecrm.sources.kubernetes.client.exec_plugin import VERSIONS, ExecPlugin
from ecrm.sources.kubernetes.client.https import Https
from ecrm.sources.kubernetes.client.kubeconfig import Entry, Kubeconfig

_CLUSTER_CONFIG = "client.authentication.k8s.io/exec"


def context_cluster(
    kubeconfig: Kubeconfig, context: str, *, deadline: Deadline = NO_DEADLINE
) -> Cluster:
    """Asks nobody yet; what is asked later may run a program that the kubeconfig names. Raises
    InputError where the kubeconfig lacks something, or has what ecrm refuses."""
    try:
        entry = _named(kubeconfig.contexts, "context", context)
        cluster = _named(kubeconfig.clusters, "cluster", entry["cluster"])
        user = _named(kubeconfig.users, "user", entry["user"]) if entry["user"] else {}
        endpoint = _endpoint(cluster)
        credentials = _credentials(user, cluster, endpoint)
    except (InputError, AwsError) as error:
        raise InputError(f"context {context} of {kubeconfig}: {error}") from error
    return Cluster(context, Https(context, endpoint, credentials, deadline=deadline))


def _named(entries: Mapping[str, Entry], kind: str, name: str) -> Entry:
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise InputError(f"there is no {kind} {name!r}; there are: {known}")
    return entries[name]


def _endpoint(cluster: Entry) -> Endpoint:
    if cluster["insecure-skip-tls-verify"]:
        raise InputError(
            "insecure-skip-tls-verify would let anybody hide what runs; give the "
            "certificate-authority instead"
        )
    authorities = _content(cluster, "certificate-authority")
    try:
        return Endpoint(
            (cluster["server"] or "").rstrip("/"),
            authorities.decode("ascii") if authorities is not None else None,
            cluster["tls-server-name"],
            cluster["proxy-url"] or "",
        )
    except UnicodeDecodeError:
        raise InputError("the certificate-authority is not a certificate in PEM") from None


def _credentials(user: Entry, cluster: Entry, endpoint: Endpoint) -> Credentials:
    for name in ("auth-provider", "as"):
        if user.get(name):
            raise InputError(f"{name} is not supported; use exec, a token or a certificate")
    certificate, key = _content(user, "client-certificate"), _content(user, "client-key")
    if (certificate is None) != (key is None):
        raise InputError("a client certificate needs its key, and a key its certificate")
    if user.get("token") and user.get("username"):
        raise InputError("a token and a password are two users; give one of them")
    shown = partial(Identity, certificate=certificate, key=key)
    if user.get("tokenFile"):
        return partial(_of_file, Path(user["tokenFile"]), user["token"], shown)
    if user.get("token"):
        return fixed(shown(bearer(user["token"])))
    if user.get("username"):
        return fixed(shown(basic(user["username"], user["password"] or "")))
    if user.get("exec"):
        info = _info(cluster, endpoint) if user["exec"]["provideClusterInfo"] else None
        return Renewed(_plugin(user["exec"], info).issue)
    return fixed(shown())


def _of_file(
    path: Path, fallback: str | None, shown: Callable[..., Identity], _: Identity | None
) -> Identity:
    try:
        return shown(token_of_file(path))
    except AwsError:
        if fallback is None:
            raise
        return shown(bearer(fallback))


def _plugin(entry: Entry, cluster: Mapping[str, Any] | None) -> ExecPlugin:
    command, api_version = entry["command"], entry["apiVersion"]
    if not command:
        raise InputError("its exec plugin has no command")
    if api_version not in VERSIONS:
        known = " or ".join(VERSIONS)
        raise InputError(f"its exec plugin is of {api_version}, not {known}; write it again")
    if entry["interactiveMode"] == "Always":
        raise InputError("its exec plugin must talk to somebody; use one that need not")
    return ExecPlugin(
        (command, *entry["args"]),
        api_version,
        {each["name"]: each["value"] for each in entry["env"]},
        entry["installHint"] or "",
        cluster,
    )


def _info(cluster: Entry, endpoint: Endpoint) -> Mapping[str, Any]:
    """What a plugin is told of the cluster."""
    authorities = (endpoint.authorities or "").encode()
    config = [
        each["extension"] for each in cluster["extensions"] if each["name"] == _CLUSTER_CONFIG
    ]
    info = {
        "server": endpoint.url,
        "tls-server-name": endpoint.server_name,
        "certificate-authority-data": b64encode(authorities).decode(),
        "proxy-url": endpoint.proxy,
        "config": config[0] if config else None,
    }
    return {name: value for name, value in info.items() if value}


def _content(entry: Entry, name: str) -> bytes | None:
    """What the entry holds itself, in base64, or in a file."""
    data, path = entry.get(f"{name}-data"), entry.get(name)
    try:
        if data:
            return b64decode("".join(data.split()), validate=True)
        return Path(path).read_bytes() if path else None
    except ValueError:
        raise InputError(f"{name}-data is not base64") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error

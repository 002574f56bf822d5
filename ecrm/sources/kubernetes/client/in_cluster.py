"""The cluster in which ecrm itself runs, as the service account of its pod."""

import os
from collections.abc import Mapping
from pathlib import Path

from ecrm.errors import InputError
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.sources.kubernetes.client.cluster import Cluster
from ecrm.sources.kubernetes.client.credentials import Identity, token_of_file
from ecrm.sources.kubernetes.client.endpoint import Endpoint
from ecrm.sources.kubernetes.client.https import Https

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster(
    name: str,
    *,
    environment: Mapping[str, str] = os.environ,
    account: Path = _ACCOUNT,
    deadline: Deadline = NO_DEADLINE,
) -> Cluster:
    """Asks nobody yet. `name` is what people call it: a pod is not told. The kubelet replaces the
    token, so it is read for every request. Raises InputError outside of a cluster."""
    host, port = (environment.get(f"KUBERNETES_SERVICE_{each}") for each in ("HOST", "PORT"))
    if not host or not port:
        raise InputError("ecrm does not run in a cluster: KUBERNETES_SERVICE_HOST is not set")
    try:
        authorities = (account / "ca.crt").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        what = "the service account is not mounted; see automountServiceAccountToken"
        raise InputError(f"{account}/ca.crt cannot be read: {what}") from error
    url = f"https://{f'[{host}]' if ':' in host else host}:{port}"

    def who_asks(_: Identity | None) -> Identity:
        return Identity(token_of_file(account / "token"))

    return Cluster(name, Https(name, Endpoint(url, authorities), who_asks, deadline=deadline))

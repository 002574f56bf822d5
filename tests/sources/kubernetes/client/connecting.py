"""Kubeconfigs that lead to the fake cluster, and programs that give credentials."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import pytest

from ecrm.errors import AwsError
from ecrm.sources.kubernetes.client import Cluster
from tests.sources.kubernetes.client.certificates import authority
from tests.sources.kubernetes.client.fake_cluster import FakeCluster
from tests.sources.kubernetes.client.objects import PODS

_SAMPLES = Path(__file__).with_name("kubeconfigs")


def names(cluster: Cluster) -> list[str]:
    return [each["metadata"]["name"] for items in cluster.pages(PODS) for each in items]


def refused(cluster: Cluster) -> str:
    with pytest.raises(AwsError) as caught:
        names(cluster)
    return str(caught.value)


def encoded(content: bytes | str) -> str:
    return b64encode(content if isinstance(content, bytes) else content.encode()).decode()


def sample(name: str, fake: FakeCluster) -> str:
    """One of the kubeconfigs that tools write, which leads to the fake."""
    admin = authority().client("admin")
    return Template((_SAMPLES / f"{name}.yaml").read_text()).substitute(
        server=fake.url,
        authority=encoded(authority().certificate),
        certificate=encoded(admin.certificate),
        key=encoded(admin.key),
    )


def kubeconfig(fake: FakeCluster, user: Mapping[str, Any], **cluster: Any) -> dict[str, Any]:
    """With a context `prod`."""
    own = {
        "server": fake.url,
        "certificate-authority-data": encoded(authority().certificate),
        **cluster,
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "prod",
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": own}],
        "users": [{"name": "u", "user": dict(user)}],
    }


def credential(version: str = "v1", **status: str) -> str:
    return json.dumps(
        {
            "kind": "ExecCredential",
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "status": status,
        }
    )


def program(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(0o755)
    return path

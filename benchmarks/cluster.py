"""Reads a cluster of Kubernetes, each way in a process of its own, which a third one serves:
`python -m benchmarks.cluster serve|ecrm|bare KUBECONFIG [PODS REPLICASETS]`."""

import json
import re
import ssl
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import urllib3
import yaml

from benchmarks.figure import Figure
from ecrm.config import Kubernetes
from ecrm.sources.kubernetes.client.contexts import context_cluster
from ecrm.sources.kubernetes.client.kubeconfig import load
from ecrm.sources.kubernetes.reading import cluster_uses
from ecrm.sources.kubernetes.resources import KUBERNETES_OWN
from tests.sources.kubernetes.client.connecting import kubeconfig
from tests.sources.kubernetes.client.fake_cluster import FakeCluster
from tests.sources.kubernetes.objects import example


class _Read(NamedTuple):
    cpu: float
    megabytes: float
    found: int


def reading(pods: int = 10_000, replica_sets: int = 5_000) -> Iterator[Figure]:
    """CPU, since the time would be mostly that of the server."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config"
        command = [sys.executable, "-m", "benchmarks.cluster"]
        serve = [*command, "serve", str(path), str(pods), str(replica_sets)]
        with subprocess.Popen(serve, stdout=subprocess.PIPE) as server:
            try:
                assert server.stdout
                server.stdout.readline()
                bare, ours = (_run([*command, how, str(path)]) for how in ("bare", "ecrm"))
            finally:
                server.terminate()
    what = f"a cluster of {pods:,} pods and {replica_sets:,} ReplicaSets"
    if bare.found != pods + replica_sets or ours.found < pods:
        raise SystemExit(f"{bare.found} objects and {ours.found} uses were read of {what}")
    how = f"{ours.cpu:.1f} s of {bare.cpu:.1f} s"
    yield Figure(f"{what}: CPU to that of urllib3 and json", ours.cpu / bare.cpu, 3, "x", how)
    how = f"urllib3 and json need {bare.megabytes:.0f} MB"
    yield Figure(f"{what}: memory", ours.megabytes, 200, "MB", how)


def _run(command: list[str]) -> _Read:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        seconds, megabytes, number = process.stdout.read().split()
    return _Read(float(seconds), float(megabytes), int(number))


def _megabytes() -> float:
    """The most that this program took; `ru_maxrss` would begin with what its parent had."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) / 1024


def _serve(path: str, pods: str, replica_sets: str) -> None:
    with FakeCluster() as fake:
        numbers = {"Pod": int(pods), "ReplicaSet": int(replica_sets)}
        for resource in KUBERNETES_OWN.values():
            number = range(numbers.get(resource.kind, 0))
            fake.served[resource] = [
                _numbered(example(resource.kind).text, each) for each in number
            ]
        Path(path).write_text(yaml.safe_dump(kubeconfig(fake, {"token": "t"})))
        print("ready", flush=True)
        time.sleep(3600)  # until it is stopped


def _numbered(text: str, number: int) -> dict[str, Any]:
    """The example with a name, a UID, an owner and images of its own."""
    digits = f"{number:012d}"
    made: dict[str, Any] = json.loads(text.replace("sha256:aaaaaaaaaaaa", f"sha256:{digits}"))
    made["metadata"] |= {"name": f"{made['metadata']['name']}-{number}", "uid": digits}
    for owner in made["metadata"].get("ownerReferences", ()):
        owner["uid"] = f"{number // 10:012d}"
    return made


def _ecrm(path: str) -> int:
    cluster = context_cluster(load(path), "prod")
    return sum(1 for _ in cluster_uses("benchmark", cluster, Kubernetes(), ""))


def _bare(path: str) -> int:
    own = yaml.safe_load(Path(path).read_text())["clusters"][0]["cluster"]
    authority = b64decode(own["certificate-authority-data"]).decode()
    pool = urllib3.PoolManager(ssl_context=ssl.create_default_context(cadata=authority))
    headers = {"Authorization": "Bearer t", "Accept-Encoding": "gzip"}
    number = 0
    for resource in KUBERNETES_OWN.values():
        token: str | None = ""
        while token is not None:
            more = f"&continue={token}" if token else ""
            url = f"{own['server']}{resource.path}?limit=500{more}"
            page = json.loads(pool.request("GET", url, headers=headers).data)
            number += len(page["items"])
            token = page["metadata"].get("continue")
    return number


def main() -> None:
    how, path, *numbers = sys.argv[1:]
    if how == "serve":
        _serve(path, *numbers)
    began = time.process_time()
    found = (_ecrm if how == "ecrm" else _bare)(path)
    print(time.process_time() - began, _megabytes(), found)


if __name__ == "__main__":
    main()

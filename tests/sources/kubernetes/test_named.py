"""Clusters that ecrm.yaml names."""

from pathlib import Path

import pytest

from ecrm.config import Kubernetes
from ecrm.model.deadline import NO_DEADLINE
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.items import SourceItem
from ecrm.sources.kubernetes import named
from ecrm.sources.kubernetes.named import named_clusters
from tests.sources.kubernetes.api import Api
from tests.sources.kubernetes.objects import example


def read(config: Kubernetes, *, contexts: bool = True) -> dict[str, list[SourceItem]]:
    found = named_clusters(config, NO_DEADLINE, contexts=contexts)
    return {name: list(items()) for name, items in found}


def test_without_names_none_is_read():
    assert read(Kubernetes()) == {}


def test_each_context_is_read_and_so_is_the_cluster_around(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(named, "load", lambda path: path)
    monkeypatch.setattr(
        named, "context_cluster", lambda found, name, **_: Api([example("Job")]).cluster(name)
    )
    monkeypatch.setattr(named, "in_cluster", lambda name, **_: Api([example("Job")]).cluster(name))
    found = read(Kubernetes(contexts=("a", "b"), in_cluster=True))
    assert {
        name: [item.user for item in items if isinstance(item, Use)]
        for name, items in found.items()
    } == {
        "context a": ["CronJob shop/nightly in a"],
        "context b": ["CronJob shop/nightly in b"],
        "in-cluster": ["CronJob shop/nightly in in-cluster"],
    }
    assert {item.source for items in found.values() for item in items if isinstance(item, Use)} == {
        "kubernetes"
    }


def test_a_kubeconfig_that_is_not_there_is_a_hole(tmp_path: Path):
    path = str(tmp_path / "none")
    [[note]] = read(Kubernetes(contexts=("a",), kubeconfig=path)).values()
    assert note == Diagnostic(
        ReadStatus.FAILED,
        f"{path}: there is no kubeconfig; to leave it out, remove a from kubernetes.contexts",
    )


def test_outside_of_a_cluster_there_is_none_around(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    [[note]] = read(Kubernetes(in_cluster=True)).values()
    assert isinstance(note, Diagnostic)
    assert note.status is ReadStatus.FAILED
    assert note.text.endswith("is not set; to leave it out, remove kubernetes.in_cluster")


def test_without_contexts_only_the_cluster_around_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(named, "in_cluster", lambda name, **_: Api().cluster(name))
    found = read(Kubernetes(contexts=("a",), in_cluster=True), contexts=False)
    assert found == {
        "context a": [
            Diagnostic(ReadStatus.EXCLUDED, "not read, because of --no-external-commands")
        ],
        "in-cluster": [],
    }

"""The section `kubernetes`."""

import pytest

from ecrm.config import Kubernetes
from ecrm.errors import ConfigError
from ecrm.model.pattern import NamePattern
from ecrm.workflow.configuration import parse


def read(text: str) -> Kubernetes:
    return parse(f"repositories: [{{name: a, expires: 1d}}]\n{text}", "ecrm.yaml").kubernetes


@pytest.mark.parametrize("text", ["", "kubernetes:", "kubernetes: {}"])
def test_by_default_all_clusters_of_eks_are_read_with_all_their_history_and_no_others(text):
    found = read(text)
    assert found == Kubernetes((), None, False, (), None, (), ())
    assert found.reads_cluster("prod")


def test_everything_can_be_set():
    text = """
kubernetes:
  contexts: [a, b]
  kubeconfig: config
  in_cluster: true
  exclude_clusters: ["sandbox-*", old]
  history: 0
  resources: [example.com/games]
  exclude_resources: [argoproj.io/rollouts]
"""
    found = read(text)
    assert found == Kubernetes(
        ("a", "b"),
        "config",
        True,
        (NamePattern("sandbox-*", is_glob=True), NamePattern("old", is_glob=True)),
        0,
        ("example.com/games",),
        ("argoproj.io/rollouts",),
    )
    names = ("sandbox-1", "old", "older", "prod")
    assert list(map(found.reads_cluster, names)) == [False, False, True, True]


@pytest.mark.parametrize(
    "name", ["pods", "argoproj.io", "argoproj.io/", "argoproj.io/v1/rollouts", "a.io/Rollouts", "x"]
)
@pytest.mark.parametrize("key", ["resources", "exclude_resources"])
def test_a_custom_resource_is_a_group_and_a_plural(key, name):
    with pytest.raises(ConfigError) as caught:
        read(f"kubernetes: {{{key}: [{name}]}}")
    assert str(caught.value) == (
        f"ecrm.yaml:2: kubernetes.{key}[0]: {name!r} is not a custom resource; write its group and "
        "its plural, such as argoproj.io/rollouts"
    )


def test_what_is_read_is_part_of_what_a_plan_was_made_with():
    prints = {
        parse(f"repositories: []\nkubernetes: {{{keys}}}", "ecrm.yaml").fingerprint
        for keys in ("", "history: 1", "contexts: [a]", "exclude_clusters: [a]")
    }
    assert len(prints) == 4

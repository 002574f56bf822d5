"""What is read of a whole cluster, from its pages to uses."""

import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from ecrm.config import Kubernetes
from ecrm.errors import AwsError
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.items import SourceItem
from ecrm.sources.kubernetes.client import Answer, Cluster, Resource
from ecrm.sources.kubernetes.reading import cluster_uses
from ecrm.sources.kubernetes.resources import KUBERNETES_OWN, WELL_KNOWN, custom_resources
from tests.sources.kubernetes.api import Api, forbidden
from tests.sources.kubernetes.client.objects import answer
from tests.sources.kubernetes.objects import example, examples, written

PODS = KUBERNETES_OWN["", "pods"]
REPLICA_SETS = KUBERNETES_OWN["apps", "replicasets"]
ROLLOUTS = Resource("argoproj.io", "v1alpha1", "rollouts", "Rollout")


def read(api: Api, config: Kubernetes | None = None) -> list[SourceItem]:
    return list(cluster_uses("eks", api.cluster(), config or Kubernetes(), "ask somebody"))


def images(items: list[SourceItem]) -> set[str]:
    return {str(item.reference) for item in items if isinstance(item, Use)}


def notes(items: list[SourceItem]) -> list[str]:
    return [
        item.text
        for item in items
        if isinstance(item, Diagnostic) and item.status is not ReadStatus.READ
    ]


def test_all_that_a_cluster_needs_is_found():
    items = read(Api(examples()))
    expected = {written(line.partition(" = ")[2]) for each in examples() for line in each.uses}
    assert images(items) == expected
    assert notes(items) == []


def test_of_an_empty_cluster_its_own_lists_and_no_others_are_read():
    api = Api()
    assert read(api) == []
    assert [path for path in api.asked if path != "/apis"] == [
        resource.path for resource in KUBERNETES_OWN.values()
    ]


def test_the_many_pods_of_a_controller_need_its_images_once():
    api, pod = Api(), example("Pod")
    for number in range(3):
        name = {**pod.object["metadata"], "name": f"web-{number}"}
        api.add(PODS, [{**pod.object, "metadata": name}] * 2)
    assert [str(item) for item in read(api)] == [str(item) for item in read(Api([pod]))]


def test_images_of_other_registries_are_not_even_held():
    assert not [item for item in read(Api(examples())) if is_elsewhere(item)]


def is_elsewhere(item: SourceItem) -> bool:
    return isinstance(item, Use) and item.reference.is_elsewhere


class TestCustomResources:
    def test_well_known_ones_are_read_where_they_are_installed(self):
        names = set(custom_resources(Kubernetes()))
        assert names == {tuple(name.split("/")) for name in WELL_KNOWN}

    def test_others_are_read_where_ecrm_yaml_names_them(self):
        games = Resource("example.com", "v1", "games", "Game")
        item = {
            "metadata": {"name": "chess", "namespace": "shop"},
            "spec": {"image": written("ECR/chess:v1")},
        }
        api = Api()
        api.add(games, [item])
        assert images(read(api)) == set()
        assert images(read(api, Kubernetes(resources=("example.com/games",)))) == {
            written("ECR/chess:v1")
        }

    def test_what_ecrm_yaml_excludes_is_not_asked_for(self):
        api = Api([example("Rollout")])
        assert read(api, Kubernetes(exclude_resources=("argoproj.io/rollouts",))) == []
        assert ROLLOUTS.path not in api.asked

    def test_one_that_is_named_twice_is_read_once(self):
        names = list(custom_resources(Kubernetes(resources=("keda.sh/scaledjobs", "a.io/b"))))
        assert len(names) == len(set(names))
        assert ("a.io", "b") in names


class TestHistory:
    def revisions(self, api: Api) -> None:
        found = example("ReplicaSet").object
        for number in (9, 10, 11):
            annotations = {"deployment.kubernetes.io/revision": str(number)}
            metadata = {**found["metadata"], "name": f"web-{number}", "annotations": annotations}
            containers = [{"name": "web", "image": written(f"ECR/shop/web:v{number}")}]
            template = {"spec": {"containers": containers}}
            spec = {**found["spec"], "template": template}
            api.add(REPLICA_SETS, [{**found, "metadata": metadata, "spec": spec}])

    @pytest.mark.parametrize(("history", "expected"), [(None, 3), (2, 2), (0, 0)])
    def test_of_what_the_cluster_keeps_so_many_of_the_newest_count(self, history, expected):
        api = Api()
        self.revisions(api)
        found = images(read(api, Kubernetes(history=history)))
        newest = [written(f"ECR/shop/web:v{number}") for number in (11, 10, 9)]
        assert found == set(newest[:expected])


class TestHoles:
    def test_what_may_not_be_listed_is_one_note_and_all_else_is_read(self):
        api = Api(examples())
        for resource in (PODS, ROLLOUTS):
            api.refusals[resource.path] = forbidden(resource)
        items = read(api)
        [note] = notes(items)
        assert note == (
            "cluster prod: ecrm may not list pods in apiGroup '', list rollouts in apiGroup "
            "'argoproj.io'; `ecrm kubernetes manifest` prints the role that allows it; ask somebody"
        )
        assert written("ECR/shop/hello:v1") in images(items)
        assert written("ECR/shop/api:v4") not in images(items)

    def test_a_cluster_that_fails_is_asked_nothing_else(self):
        """Each call may take as long as the first."""
        asked = []

        def get(path: str) -> Answer:
            asked.append(path)
            raise AwsError("cluster prod: cannot be reached")

        items = list(cluster_uses("eks", Cluster("prod", get), Kubernetes(), "ask somebody"))
        assert items == [
            Diagnostic(ReadStatus.FAILED, "cluster prod: cannot be reached; ask somebody")
        ]
        assert len(asked) == 1

    @pytest.mark.parametrize("path", ["/apis", "/api/v1/pods", "/apis/argoproj.io/v1alpha1"])
    def test_an_answer_that_is_none_is_a_hole(self, path):
        api = Api(examples())
        api.refusals[path] = answer({"kind": "Table"})
        [note] = notes(read(api))
        assert note.startswith("cluster prod: ")
        assert note.endswith("; ask somebody")

    def test_what_was_denied_before_a_cluster_failed_is_said_too(self):
        api = Api()
        api.refusals[PODS.path] = forbidden(PODS)
        api.refusals[REPLICA_SETS.path] = answer({}, 500)
        assert len(notes(read(api))) == 2


def test_memory_is_that_of_one_page():
    """The objects of a cluster of any size become uses while they are read."""
    pod = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": written("ECR/shop/web:v1")}]},
        "status": {"message": "x" * 10_000},
    }

    class Paged(Cluster):
        def pages(self, resource: Resource) -> Iterator[Sequence[Mapping[str, Any]]]:
            for page in range(20 if resource == PODS else 0):
                message = f"{page}" * 10_000
                yield [{**pod, "status": {"message": message + str(n)}} for n in range(50)]

    api = Api()
    tracemalloc.start()
    items = list(cluster_uses("eks", Paged("prod", api.get), Kubernetes(), ""))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert images(items) == {written("ECR/shop/web:v1")}
    assert peak < 20 * 50 * 10_000 / 4

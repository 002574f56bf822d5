"""Which images one object of a cluster needs, and what is no answer of a cluster."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.kubernetes.client import Resource
from ecrm.sources.kubernetes.history import Revision
from ecrm.sources.kubernetes.objects import object_uses
from ecrm.sources.kubernetes.resources import KUBERNETES_OWN, WELL_KNOWN
from tests.sources.kubernetes.client.kubectl import assert_within, needs_kubectl, without_a_cluster
from tests.sources.kubernetes.objects import Example, example, examples, written

FAILED = ReadStatus.FAILED
PODS = KUBERNETES_OWN["", "pods"]


def read(resource: Resource, item: object) -> Revision:
    return object_uses("eks", "prod", resource, item)


def uses(revision: Revision) -> list[str]:
    found = [use for use in revision.uses if isinstance(use, Use)]
    return [f"{use} = {use.reference}" for use in found if not use.reference.is_elsewhere]


def notes(revision: Revision) -> list[Diagnostic]:
    return [item for item in revision.uses if isinstance(item, Diagnostic)]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.resource.kind)
def test_each_kind_needs_its_images(example: Example):
    revision = read(example.resource, example.object)
    assert sorted(uses(revision)) == sorted(map(written, example.uses))
    assert notes(revision) == [Diagnostic(ReadStatus.READ, written(note)) for note in example.notes]
    assert {use.source for use in revision.uses if isinstance(use, Use)} == {"eks"}


def test_there_is_an_example_of_every_kind_and_of_every_group_of_custom_resources():
    found = {(each.resource.group, each.resource.plural) for each in examples()}
    assert set(KUBERNETES_OWN) == {name for name in found if "." not in name[0]}
    assert {name.partition("/")[0] for name in WELL_KNOWN} <= {group for group, _ in found}
    assert all(each.resource == KUBERNETES_OWN.get(key(each), each.resource) for each in examples())


def key(each: Example) -> tuple[str, str]:
    return each.resource.group, each.resource.plural


@needs_kubectl
def test_the_examples_are_what_kubernetes_knows(tmp_path: Path):
    """Those of its own kinds that have a pod template, but for what is newer than kubectl."""
    kinds = {"Pod", "ReplicationController", "Deployment", "ReplicaSet", "StatefulSet"}
    kinds |= {"DaemonSet", "Job", "CronJob"}
    ours = [
        {"apiVersion": each.resource.api_version, "kind": each.resource.kind, **each.object}
        for each in examples()
        if each.resource.kind in kinds
    ]
    for each in ours:
        each["metadata"].pop("managedFields", None)  # kubectl shows none
    for container in ours[0]["status"]["containerStatuses"]:
        for mount in container.get("volumeMounts", ()):
            mount.pop("volumeStatus", None)
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all(ours))
    done = without_a_cluster(file)
    assert done.stderr == ""
    theirs = list(yaml.safe_load_all(done.stdout))
    assert len(theirs) == len(ours)
    for own, other in zip(ours, theirs, strict=True):
        assert_within(own, other)


class TestImageId:
    """The `imageID` of a container, as each runtime writes it."""

    @pytest.mark.parametrize(
        ("image_id", "also"),
        [
            ("ECR/shop/web@<1>", ["ECR/shop/web:v3@<1>"]),  # containerd, CRI-O
            ("docker-pullable://ECR/shop/web@<1>", ["ECR/shop/web:v3@<1>"]),
            ("ECR/shop/web:v3@<1>", ["ECR/shop/web:v3@<1>"]),
            ("docker://ECR/shop/web@<1>", ["ECR/shop/web:v3@<1>"]),
            ("ECR/other@<1>", ["ECR/shop/web:v3@<1>", "ECR/other@<1>"]),
            ("docker.io/library/web@<1>", ["ECR/shop/web:v3@<1>"]),
            ("", []),  # not pulled yet
            ("<1>", []),  # loaded into containerd
            ("docker://<1>", []),  # built on the node
            ("1" * 64, []),  # loaded into CRI-O
        ],
    )
    def test_what_was_pulled_counts_besides_what_is_written(self, image_id, also):
        revision = read(example("Pod").resource, running("ECR/shop/web:v3", image_id))
        images = [line.partition(" = ")[2] for line in uses(revision)]
        assert images == [written(image) for image in ("ECR/shop/web:v3", *also)]
        assert notes(revision) == []

    def test_the_digest_of_an_image_that_is_written_with_another_counts_too(self):
        revision = read(example("Pod").resource, running("ECR/shop/web@<2>", "ECR/shop/web@<1>"))
        images = [line.partition(" = ")[2] for line in uses(revision)]
        assert images == [written("ECR/shop/web@<2>"), written("ECR/shop/web@<1>")]

    @pytest.mark.parametrize(
        "image_id", ["web", "ECR/shop/web:v3", "sha512:12", "ECR/shop/web@sha256:1"]
    )
    def test_what_is_of_no_known_form_is_a_hole(self, image_id):
        [note] = notes(read(example("Pod").resource, running("ECR/shop/web:v3", image_id)))
        assert note == Diagnostic(
            FAILED,
            "Pod shop/web in prod (running pod), container web: its imageID is of no known form: "
            f"{written(image_id)!r}",
        )

    @pytest.mark.parametrize(("image_id", "holes"), [("web", 0), ("ECR/shop/web", 1)])
    def test_of_an_image_of_another_registry_that_matters_only_where_it_names_ecr(
        self, image_id, holes
    ):
        revision = read(example("Pod").resource, running("nginx:1", image_id))
        assert len(notes(revision)) == holes

    def test_of_an_image_that_nobody_could_pull_it_matters(self):
        statuses = [note.status for note in notes(read(PODS, running("$(IMAGE)", "web")))]
        assert statuses == [ReadStatus.READ, FAILED]

    def test_an_image_that_nobody_could_pull_is_a_hole_where_it_runs(self):
        revision = read(example("Pod").resource, running("ECR/SHOP", "ECR/shop/web@<1>"))
        assert [note.status for note in notes(revision)] == [FAILED]
        assert uses(revision) == [
            written("Pod shop/web in prod (running pod) → container web = ECR/shop/web@<1>")
        ]


def running(image: str, image_id: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": written(image)}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": "web", "imageID": written(image_id)}],
        },
    }


class TestEvidence:
    """Who needs an image, and why."""

    def test_a_pod_may_have_no_phase(self):
        pod = {**running("ECR/web:v1", ""), "status": {}}
        assert uses(read(PODS, pod)) == [
            written("Pod shop/web in prod (pod) → container web = ECR/web:v1")
        ]

    def test_an_owner_that_does_not_control_an_object_is_not_its_user(self):
        pod = running("ECR/web:v1", "")
        pod["metadata"]["ownerReferences"] = [
            {"apiVersion": "v1", "kind": "Gateway", "name": "edge", "uid": "1"},
        ]
        [use] = uses(read(PODS, pod))
        assert use.startswith("Pod shop/web in prod")

    def test_a_replica_set_without_a_number_has_a_template(self):
        replica_set = example("ReplicaSet").object
        replica_set["metadata"] |= {"annotations": {}, "ownerReferences": []}
        assert uses(read(example("ReplicaSet").resource, replica_set)) == [
            written(
                "ReplicaSet shop/web-86c57db685 in prod (pod template) → container web = "
                "ECR/shop/web:v2"
            )
        ]

    def test_a_custom_resource_may_belong_to_no_namespace(self):
        item = {"metadata": {"name": "build"}, "spec": {"image": written("ECR/ci/build:v1")}}
        kind = Resource(
            "argoproj.io", "v1alpha1", "clusterworkflowtemplates", "ClusterWorkflowTemplate"
        )
        assert uses(read(kind, item)) == [
            written(
                "ClusterWorkflowTemplate build in prod (clusterworkflowtemplates.argoproj.io) → "
                "spec.image = ECR/ci/build:v1"
            )
        ]

    def test_an_annotation_of_a_custom_resource_may_name_an_image(self):
        annotations = {"agent": written("ECR/agent:v1")}
        item = {"metadata": {"name": "a", "namespace": "shop", "annotations": annotations}}
        assert uses(read(example("Rollout").resource, item)) == [
            written(
                "Rollout shop/a in prod (rollouts.argoproj.io) → metadata.annotations.agent = "
                "ECR/agent:v1"
            )
        ]

    def test_a_revision_that_nobody_owns_may_hold_anything(self):
        revision = example("ControllerRevision").object
        del revision["metadata"]["ownerReferences"]
        [use] = uses(read(example("ControllerRevision").resource, revision))
        assert use.startswith("ControllerRevision shop/agent-5b9f7c in prod (controllerrevisions")


class TestWhatIsNoAnswer:
    """And never an object without images."""

    @pytest.mark.parametrize(
        ("kind", "path", "value", "problem"),
        [
            ("Pod", "spec", None, "the object has spec null"),
            ("Pod", "spec.containers", None, "the object has spec.containers null"),
            ("Pod", "spec.containers", {}, "spec.containers of the object is a map and not a list"),
            ("Pod", "spec.initContainers", None, "the object has spec.initContainers null"),
            ("Pod", "spec.volumes", 5, "spec.volumes of the object is a number and not a list"),
            ("Pod", "status", [], "status of the object is a list and not a map"),
            (
                "Pod",
                "status.containerStatuses",
                None,
                "the object has status.containerStatuses null",
            ),
            ("Deployment", "spec.template.spec", None, "the object has spec.template.spec null"),
            (
                "ReplicaSet",
                "spec.replicas",
                "3",
                "spec.replicas of the object is a text and not a whole number",
            ),
            ("ControllerRevision", "revision", None, "the object has revision null"),
            (
                "ControllerRevision",
                "data.spec",
                "",
                "data.spec of the object is a text and not a map",
            ),
            (
                "CronJob",
                "spec.jobTemplate.spec.template",
                1,
                "spec.jobTemplate.spec.template of the object is a number and not a map",
            ),
            ("PodTemplate", "template", None, "the object has template null"),
        ],
    )
    def test_a_member_of_another_type_is_a_hole_that_names_object_and_member(
        self, kind, path, value, problem
    ):
        found = example(kind).object
        place, *way = path.split(".")[::-1]
        inner = found
        for member in way[::-1]:
            inner = inner[member]
        inner[place] = value
        name = f"{found['metadata']['namespace']}/{found['metadata']['name']}"
        assert read(example(kind).resource, found) == Revision(
            (Diagnostic(FAILED, f"prod: {kind} {name}: {problem}; try again"),)
        )

    @pytest.mark.parametrize("item", [None, [], {}, {"metadata": None}, {"metadata": {"name": 1}}])
    @pytest.mark.parametrize("kind", ["Pod", "Rollout"])
    def test_what_has_no_name_is_a_hole(self, kind, item):
        revision = read(example(kind).resource, item)
        [note] = notes(revision)
        assert note.status is FAILED
        assert note.text.startswith(f"prod: {kind}: ")
        assert revision.uses == (note,)

    def test_a_custom_resource_that_is_nested_too_deeply_is_a_hole(self):
        found = example("Rollout").object
        inner = found["spec"]
        for _ in range(5000):
            inner["x"] = inner = {}
        assert read(example("Rollout").resource, found).uses == (
            Diagnostic(
                FAILED,
                "Rollout shop/api in prod (rollouts.argoproj.io): is nested too deeply to be read",
            ),
        )


class TestPlaceInTheHistory:
    def test_of_a_replica_set_it_is_the_revision_of_its_deployment(self):
        found = read(example("ReplicaSet").resource, example("ReplicaSet").object)
        assert found.place == ("0f5b0a6c-1a41-4be7-8a8c-9ef7a0b0f0aa", 6)
        assert not found.runs

    def test_of_a_replica_set_of_a_rollout_it_is_that_of_the_rollout(self):
        replica_set = example("ReplicaSet").object
        replica_set["metadata"]["annotations"] = {"rollout.argoproj.io/revision": "4"}
        assert read(example("ReplicaSet").resource, replica_set).place == (
            "0f5b0a6c-1a41-4be7-8a8c-9ef7a0b0f0aa",
            4,
        )

    @pytest.mark.parametrize("change", [{"annotations": {}}, {"ownerReferences": []}])
    def test_without_a_number_or_an_owner_there_is_none(self, change):
        replica_set = example("ReplicaSet").object
        replica_set["metadata"] |= change
        assert read(example("ReplicaSet").resource, replica_set).place is None

    @pytest.mark.parametrize(
        ("spec", "status"), [({"replicas": 1}, {}), ({"replicas": None}, {}), ({}, {"replicas": 1})]
    )
    def test_a_replica_set_that_has_pods_runs(self, spec, status):
        replica_set = example("ReplicaSet").object
        replica_set["spec"] |= spec
        replica_set["status"] |= status
        assert read(example("ReplicaSet").resource, replica_set).runs

    def test_of_a_controller_revision_it_is_its_own_number(self):
        found = read(example("ControllerRevision").resource, example("ControllerRevision").object)
        assert found.place == ("d2b2", 1)

    def test_the_revision_of_a_controller_of_somebody_else_has_none(self):
        other = next(each for each in examples() if "CloneSet" in each.text)
        assert read(other.resource, other.object).place is None

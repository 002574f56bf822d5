"""One object of a cluster: which images it needs.

Kubernetes' own kinds are read by their shapes, and everything else by the reader that `files` uses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ecrm.aws.shapes import MisfitError, Record
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.files.document import node_of
from ecrm.sources.files.tree import tree_mentions
from ecrm.sources.kubernetes.client.cluster import Resource
from ecrm.sources.kubernetes.history import Revision
from ecrm.sources.kubernetes.pod import Needs, pod_uses, spec_uses
from ecrm.sources.kubernetes.shapes import (
    CONTROLLER_REVISION,
    CRON_JOB,
    NAMED,
    POD,
    POD_TEMPLATE,
    REPLICA_SET,
    REVISION_DATA,
    WORKLOAD,
)
from ecrm.sources.texts import User, mention_uses

Object = Mapping[str, Any]
_REVISIONS = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TEMPLATE = "pod template"


@dataclass(frozen=True, slots=True)
class Place:
    """An object of a cluster. `source` and `cluster` are what uses of it say."""

    source: str
    cluster: str
    resource: Resource
    metadata: Object

    @property
    def controller(self) -> Object | None:
        """The owner that manages it. A pod that a node's own files define belongs to the node,
        which is none."""
        owners = (owner for owner in self.metadata["ownerReferences"] if owner["controller"])
        return next((owner for owner in owners if owner["kind"] != "Node"), None)

    def needs(self, why: str, *, is_one_of_many: bool = False) -> Needs:
        """On behalf of the controller, of which this object is a part; where it `is_one_of_many`
        its own name says nothing."""
        kind, name, owner = self.resource.kind, self.metadata["name"], self.controller
        path = (f"{kind} {name}",) if owner and not is_one_of_many else ()
        if owner:
            kind, name = owner["kind"], owner["name"]
        user = f"{kind} {_named(self.metadata['namespace'], name)} in {self.cluster}"
        return Needs(self.source, user, why, path)


def object_uses(source: str, cluster: str, resource: Resource, item: object) -> Revision:
    """What the object needs, as a revision of its controller where it is one."""
    name = ""
    try:
        metadata = NAMED.read(item)["metadata"]
        name = f" {_named(metadata['namespace'], metadata['name'])}"
        place = Place(source, cluster, resource, metadata)
        read = _READERS.get((resource.group, resource.plural), _custom)
        return read(item, place)
    except MisfitError as error:
        what = f"{cluster}: {resource.kind}{name}: {error.about('the object')}"
        return Revision((Diagnostic(ReadStatus.FAILED, f"{what}; try again"),))


def _named(namespace: str | None, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def _pod(item: object, place: Place) -> Revision:
    pod = POD.read(item)
    phase = (pod["status"]["phase"] or "").lower()
    needs = place.needs(f"{phase} pod".strip(), is_one_of_many=True)
    return Revision(tuple(pod_uses(pod, needs)))


def _replica_set(item: object, place: Place) -> Revision:
    """Without a number of replicas, Kubernetes takes 1."""
    replica_set = REPLICA_SET.read(item)
    annotations = place.metadata["annotations"]
    number = next((annotations[name] for name in _REVISIONS if name in annotations), "")
    needs = place.needs(f"revision {number}" if number else _TEMPLATE)
    owner = place.controller
    return Revision(
        tuple(spec_uses(replica_set["spec"]["template"]["spec"], needs)),
        (owner["uid"], int(number)) if owner and number.isdecimal() else None,
        runs=replica_set["spec"]["replicas"] != 0 or bool(replica_set["status"]["replicas"]),
    )


def _controller_revision(item: object, place: Place) -> Revision:
    """Of a controller of Kubernetes' own the data is a template, and of any other anything."""
    number, owner = CONTROLLER_REVISION.read(item)["revision"], place.controller
    if owner is None or not owner["apiVersion"].startswith("apps/"):
        return _custom(item, place)
    template = REVISION_DATA.read(item)["data"]["spec"]["template"]
    needs = place.needs(f"revision {number}")
    return Revision(tuple(spec_uses(template["spec"], needs)), (owner["uid"], number))


def _templated(shape: Record, *way: str) -> Callable[[object, Place], Revision]:
    """Of objects of this shape, in which that is the way to a template."""

    def read(item: object, place: Place) -> Revision:
        found = shape.read(item)
        for member in way:
            found = found[member]
        return Revision(tuple(spec_uses(found["spec"], place.needs(_TEMPLATE))))

    return read


def _custom(item: object, place: Place) -> Revision:
    """All that it says, also in its status: what has begun may run what it no longer asks for."""
    needs = place.needs(str(place.resource))
    user = User(needs.source, needs.user, needs.why, "")
    try:
        mentions = list(tree_mentions(node_of(_without_applied(item))))
    except RecursionError:
        text = f"{user}: is nested too deeply to be read"
        return Revision((Diagnostic(ReadStatus.FAILED, text),))
    return Revision(tuple(use for mention in mentions for use in mention_uses(mention, user)))


def _without_applied(item: Any) -> Object:
    """Of its metadata, only annotations can name images; one is what kubectl keeps of how the
    object once was."""
    annotations = item["metadata"].get("annotations") or {}
    kept = {name: value for name, value in annotations.items() if name != _APPLIED}
    return {**item, "metadata": {"annotations": kept}}


_WORKLOAD = _templated(WORKLOAD, "spec", "template")
_READERS: Mapping[tuple[str, str], Callable[[object, Place], Revision]] = {
    ("", "pods"): _pod,
    ("", "replicationcontrollers"): _WORKLOAD,
    ("", "podtemplates"): _templated(POD_TEMPLATE, "template"),
    ("apps", "deployments"): _WORKLOAD,
    ("apps", "replicasets"): _replica_set,
    ("apps", "statefulsets"): _WORKLOAD,
    ("apps", "daemonsets"): _WORKLOAD,
    ("apps", "controllerrevisions"): _controller_revision,
    ("batch", "jobs"): _WORKLOAD,
    ("batch", "cronjobs"): _templated(CRON_JOB, "spec", "jobTemplate", "spec", "template"),
}

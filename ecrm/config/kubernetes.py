"""The section `kubernetes`: which clusters are read, and what in them."""

import re
from dataclasses import dataclass

from ecrm.config.document import Node
from ecrm.config.schema import key
from ecrm.config.values import BOOLEAN, COUNT, GLOB, TEXT, Reader, list_of
from ecrm.model.pattern import NamePattern

_RESOURCE = r"[a-z0-9-]+(?:\.[a-z0-9-]+)+/[a-z0-9]+"


def _custom_resource(node: Node) -> str:
    text = TEXT.read(node)
    if not re.fullmatch(_RESOURCE, text):
        what = f"{text!r} is not a custom resource; write its group and its plural"
        raise node.location.error(f"{what}, such as argoproj.io/rollouts")
    return text


_CUSTOM_RESOURCE = Reader(
    "a custom resource such as argoproj.io/rollouts",
    _custom_resource,
    schema={"type": "string", "pattern": f"^{_RESOURCE}$"},
)


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """The clusters that are read besides those of EKS, and what is read in all of them.

    `contexts` are of `kubeconfig`, or of where kubectl looks; `history` is None for all that a
    cluster keeps; resources are `group/plural`.
    """

    contexts: tuple[str, ...] = key(
        list_of(TEXT), "contexts of a kubeconfig whose clusters are read, too", ()
    )
    kubeconfig: str | None = key(
        TEXT, "the file that has them; without it, that of KUBECONFIG or ~/.kube/config"
    )
    in_cluster: bool = key(
        BOOLEAN,
        "true: read the cluster that ecrm runs in, as its service account",
        default=False,
    )
    exclude_clusters: tuple[NamePattern, ...] = key(
        list_of(GLOB),
        "globs of EKS clusters that are not read; what only they use is not protected",
        (),
    )
    history: int | None = key(
        COUNT,
        "how many of the newest revisions of a Deployment, StatefulSet, DaemonSet or Rollout count "
        "as in use; without it, all that the cluster keeps",
    )
    resources: tuple[str, ...] = key(
        list_of(_CUSTOM_RESOURCE), "custom resources that name images, besides well-known ones", ()
    )
    exclude_resources: tuple[str, ...] = key(
        list_of(_CUSTOM_RESOURCE), "well-known custom resources that are not read", ()
    )

    def reads_cluster(self, name: str) -> bool:
        """Whether the EKS cluster is read."""
        return not any(pattern.matches(name) for pattern in self.exclude_clusters)

"""What is listed in a cluster: all that its role must allow."""

from collections.abc import Iterator, Mapping

from ecrm.config import Kubernetes
from ecrm.sources.kubernetes.client.cluster import Resource

KUBERNETES_OWN: Mapping[tuple[str, str], Resource] = {
    (resource.group, resource.plural): resource
    for resource in (
        Resource("", "v1", "pods", "Pod"),
        Resource("", "v1", "replicationcontrollers", "ReplicationController"),
        Resource("", "v1", "podtemplates", "PodTemplate"),
        Resource("apps", "v1", "deployments", "Deployment"),
        Resource("apps", "v1", "replicasets", "ReplicaSet"),
        Resource("apps", "v1", "statefulsets", "StatefulSet"),
        Resource("apps", "v1", "daemonsets", "DaemonSet"),
        Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),
        Resource("batch", "v1", "jobs", "Job"),
        Resource("batch", "v1", "cronjobs", "CronJob"),
    )
}
"""By group and plural; every cluster serves them."""

WELL_KNOWN: tuple[str, ...] = (
    # Argo Rollouts, Argo Workflows
    "argoproj.io/rollouts",
    "argoproj.io/experiments",
    "argoproj.io/analysisruns",
    "argoproj.io/analysistemplates",
    "argoproj.io/clusteranalysistemplates",
    "argoproj.io/workflows",
    "argoproj.io/cronworkflows",
    "argoproj.io/workflowtemplates",
    "argoproj.io/clusterworkflowtemplates",
    # Knative
    "serving.knative.dev/services",
    "serving.knative.dev/configurations",
    "serving.knative.dev/revisions",
    # Tekton
    "tekton.dev/tasks",
    "tekton.dev/clustertasks",
    "tekton.dev/stepactions",
    "tekton.dev/pipelines",
    "tekton.dev/taskruns",
    "tekton.dev/pipelineruns",
    # KEDA
    "keda.sh/scaledjobs",
)
"""Custom resources that name images, as `group/plural`; read where they are installed."""


def custom_resources(config: Kubernetes) -> Iterator[tuple[str, str]]:
    """(group, plural) of those that are read."""
    for name in dict.fromkeys((*WELL_KNOWN, *config.resources)):
        if name not in config.exclude_resources:
            group, plural = name.split("/")
            yield group, plural

"""The least that a cluster must allow ecrm, as objects to apply.

Whoever may list all of that may read what is deployed, and no Secrets, ConfigMaps or logs. Every
user may ask a cluster which resources it serves (`system:discovery`).
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import yaml

from ecrm.config import Config, Kubernetes
from ecrm.sources import SOURCES
from ecrm.sources.kubernetes.resources import KUBERNETES_OWN, custom_resources

Object = dict[str, Any]
GROUP = "ecrm"
"""The Kubernetes group that an access entry of EKS puts ecrm's role into."""
_RBAC = "rbac.authorization.k8s.io"
_FOLDER = "/etc/ecrm"
_USER = 65532
_STEPS = """\
# What ecrm lists in a cluster, and nothing else. Of EKS, once in each cluster:
#   ecrm kubernetes manifest | kubectl apply -f -
#   aws eks create-access-entry --cluster-name CLUSTER --kubernetes-groups {group} \\
#     --principal-arn {role}
# Anywhere else, let the user of the context be in the group {group}.
"""
_JOB_STEPS = """\
# A job that scans the cluster it runs in, every hour, and writes to {output};
# whoever plans reads that with --scanned-files. Its role needs s3:PutObject there, no more.
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A CronJob that scans the cluster it runs in and writes to `output`, in S3. `role` is the IAM
    role of its service account, if that is how it is given one; `image` has ecrm in it."""

    image: str
    output: str
    role: str | None = None
    region: str | None = None


def role(config: Kubernetes) -> Object:
    """It allows exactly what is listed."""
    resources: dict[str, list[str]] = defaultdict(list)
    for group, plural in (*KUBERNETES_OWN, *custom_resources(config)):
        resources[group].append(plural)
    rules = [
        {"apiGroups": [group], "resources": plurals, "verbs": ["list"]}
        for group, plurals in resources.items()
    ]
    return {**_named(f"{_RBAC}/v1", "ClusterRole"), "rules": rules}


def for_group(config: Config) -> list[Object]:
    """For whoever is in the group, from outside of the cluster."""
    subject = {"apiGroup": _RBAC, "kind": "Group", "name": GROUP}
    return [role(config.kubernetes), _binding(subject)]


def for_job(config: Config, job: Job) -> list[Object]:
    """All that the CronJob needs, in a namespace of its own."""
    annotations = {"eks.amazonaws.com/role-arn": job.role} if job.role else {}
    account = _named("v1", "ServiceAccount", namespace="ecrm", annotations=annotations)
    return [
        _named("v1", "Namespace"),
        account,
        role(config.kubernetes),
        _binding({"kind": "ServiceAccount", "name": "ecrm", "namespace": "ecrm"}),
        {**_named("v1", "ConfigMap", namespace="ecrm"), "data": {"ecrm.yaml": _settings(config)}},
        {**_named("batch/v1", "CronJob", namespace="ecrm"), "spec": _cron_job(job)},
    ]


def manifest_text(config: Config, role_arn: str | None, job: Job | None) -> str:
    """YAML for `kubectl apply`, with the steps in its first lines."""
    if job:
        steps, objects = _JOB_STEPS.format(output=job.output), for_job(config, job)
    else:
        shown = role_arn or "arn:aws:iam::ACCOUNT:role/ecrm"
        steps, objects = _STEPS.format(group=GROUP, role=shown), for_group(config)
    documents = (yaml.dump(each, Dumper=_Dumper, sort_keys=False, width=100) for each in objects)
    return steps + "".join(f"---\n{document}" for document in documents)


def _named(api_version: str, kind: str, **metadata: Any) -> Object:
    more = {name: value for name, value in metadata.items() if value}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "ecrm", **more}}


def _binding(subject: Object) -> Object:
    reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "ecrm"}
    binding = _named(f"{_RBAC}/v1", "ClusterRoleBinding")
    return {**binding, "roleRef": reference, "subjects": [subject]}


def _settings(config: Config) -> str:
    """The ecrm.yaml of the job: this cluster, and nothing of AWS, which others read."""
    own = config.kubernetes
    kubernetes = {
        "in_cluster": True,
        "history": own.history,
        "resources": list(own.resources),
        "exclude_resources": list(own.exclude_resources),
    }
    given = {name: value for name, value in kubernetes.items() if value not in (None, [])}
    sources = [{"name": source.name, "exclude": True} for source in SOURCES if source.by_default]
    return yaml.safe_dump({"kubernetes": given, "sources": sources}, sort_keys=False)


def _cron_job(job: Job) -> Object:
    environment = {"HOME": "/tmp", **({"AWS_REGION": job.region} if job.region else {})}  # noqa: S108
    container = {
        "name": "ecrm",
        "image": job.image,
        "command": ["ecrm", "scan", "-c", f"{_FOLDER}/ecrm.yaml", "-o", job.output],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "config", "mountPath": _FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        ],
    }
    pod = {
        "serviceAccountName": "ecrm",
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,  # may read the token by which EKS gives the role
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "config", "configMap": {"name": "ecrm"}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    template = {"template": {"spec": pod}}
    return {
        "schedule": "17 * * * *",
        "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": {"backoffLimit": 2, "activeDeadlineSeconds": 1800, **template}},
    }


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as such."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _Dumper.represent_text)

"""Answers of a cluster, as small as they can be."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ecrm.sources.kubernetes.client import Answer, Resource

PODS = Resource("", "v1", "pods", "Pod")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
ROLLOUTS = Resource("argoproj.io", "v1alpha1", "rollouts", "Rollout")


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode())


def page(
    resource: Resource, items: Sequence[Mapping[str, Any]], more: str = "", left: int | None = None
) -> dict[str, Any]:
    """As the API writes it: without the members that are empty."""
    metadata: dict[str, Any] = {"resourceVersion": "1204"}
    if more:
        metadata["continue"] = more
    if left is not None:
        metadata["remainingItemCount"] = left
    kind = f"{resource.kind}List"
    return {
        "kind": kind,
        "apiVersion": resource.api_version,
        "metadata": metadata,
        "items": list(items),
    }


def named(*names: str) -> list[dict[str, Any]]:
    return [{"metadata": {"name": name, "namespace": "shop"}} for name in names]


def refusal(code: int, reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def status(code: int, reason: str, message: str) -> Answer:
    return answer(refusal(code, reason, message), code)


def group(name: str, *versions: str) -> dict[str, Any]:
    """As `/apis` lists it, the preferred version first."""
    listed = [{"groupVersion": f"{name}/{each}", "version": each} for each in versions]
    return {"name": name, "versions": listed[::-1], "preferredVersion": listed[0]}


def groups(*listed: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(listed)}


def resources(version: str, *kinds: tuple[str, str], verbs: Sequence[str] = ("get", "list")) -> Any:
    listed = [
        {"name": plural, "singularName": "", "namespaced": True, "kind": kind, "verbs": list(verbs)}
        for plural, kind in kinds
    ]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": listed}

"""One cluster of Kubernetes: the resources that it serves, and their objects page by page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any
from urllib.parse import urlencode

from ecrm.aws.shapes import Record
from ecrm.errors import AwsError
from ecrm.sources.kubernetes.client.answers import (
    GROUPS,
    PAGE,
    RESOURCES,
    Answer,
    ExpiredError,
    Question,
    read,
)

Get = Callable[[str], Answer]
"""Asks a cluster for a path with its query, such as `/api/v1/pods?limit=500`; may be called by many
threads at once. Raises AwsError where the cluster cannot be reached."""

_PAGE = 500
_ALWAYS_SERVED = "apps"
_STARTS = 3
"""How often a list is begun that expires before its end; etcd keeps it for five minutes."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that an API serves, such as group `apps`, version `v1`, plural `deployments` and
    kind `Deployment`. The group of what is as old as Kubernetes itself is the empty text."""

    group: str
    version: str
    plural: str
    kind: str

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """As objects have it in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        """Of its objects in all namespaces."""
        return f"{'/apis' if self.group else '/api'}/{self.api_version}/{self.plural}"


@dataclass(frozen=True)
class Cluster:
    """`name` is for people: that of EKS, of a context, or of the cluster that ecrm runs in.

    Whatever is asked raises AwsError: AccessDenied, which names verb, resource and group; Gone for
    a resource that is not served; and AwsError itself where the cluster cannot be reached, does not
    accept the credentials, or answers what is not understood.
    """

    name: str
    get: Get

    def pages(self, resource: Resource) -> Iterator[Sequence[Mapping[str, Any]]]:
        """All objects of the resource, in all namespaces, without `managedFields`.

        A page may be empty and still be followed by others. A list that expires on the way begins
        again from its first page, so that an object may come twice. Memory holds one page, as long
        as the caller keeps none.
        """
        for start in count(1):
            try:
                yield from self._pages(resource)
            except ExpiredError:
                if start == _STARTS:
                    raise
            else:
                return

    def find(self, group: str, plural: str) -> Resource | None:
        """The resource in the version that the cluster prefers; None where it does not serve it,
        as where a CRD is not installed."""
        return next(self._served(group, plural), None)

    def _served(self, group: str, plural: str) -> Iterator[Resource]:
        for version in self._groups.get(group, ()):
            path = f"/apis/{group}/{version}" if group else f"/api/{version}"
            for resource in self._discovered(path, "APIResourceList", RESOURCES)["resources"]:
                if resource["name"] == plural and "list" in resource["verbs"]:
                    yield Resource(group, version, plural, resource["kind"])

    @cached_property
    def _groups(self) -> Mapping[str, Sequence[str]]:
        """The versions of each group that the cluster serves, the preferred one first."""
        versions: dict[str, Sequence[str]] = {"": ("v1",)}
        for group in self._discovered("/apis", "APIGroupList", GROUPS)["groups"]:
            ordered = (group["preferredVersion"], *group["versions"])
            versions[group["name"]] = tuple(dict.fromkeys(each["version"] for each in ordered))
        if _ALWAYS_SERVED not in versions:
            what = f"the answer has no group {_ALWAYS_SERVED}, which every cluster serves"
            raise AwsError(f"{Question(self.name, 'get', '/apis')}: {what}; try again")
        return versions

    def _discovered(self, path: str, kind: str, shape: Record) -> dict[str, Any]:
        return read(Question(self.name, "get", path), self.get(path), kind, shape)

    def _pages(self, resource: Resource) -> Iterator[Sequence[Mapping[str, Any]]]:
        question = Question(self.name, "list", resource.plural, resource.group)
        seen: set[str] = set()
        more: dict[str, str] = {}
        while True:
            query = urlencode({"limit": _PAGE, **more})
            page = self._page(question, resource, f"{resource.path}?{query}")
            token = page["metadata"]["continue"]
            if token in seen:
                what = "the answer names the same next page a second time"
                raise AwsError(f"{question}: {what}; try again")
            yield page.pop("items")  # so that only the caller holds them while the next is read
            if not token:
                return
            seen.add(token)
            more = {"continue": token}

    def _page(self, question: Question, resource: Resource, path: str) -> dict[str, Any]:
        page = read(question, self.get(path), f"{resource.kind}List", PAGE)
        own = (resource.api_version, resource.kind)
        kinds = {(each.get("apiVersion"), each.get("kind")) for each in page["items"]}
        problem = ""
        if page["apiVersion"] != resource.api_version or not kinds <= {own, (None, None)}:
            problem = f"holds what is not of {' '.join(own)}"
        elif page["metadata"]["remainingItemCount"] and not page["metadata"]["continue"]:
            problem = "leaves out objects, and names no next page"
        if problem:
            raise AwsError(f"{question}: the answer {problem}; try again")
        return page

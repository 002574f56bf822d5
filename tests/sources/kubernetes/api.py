"""A cluster that answers from a table: what `Cluster.get` asks, without a network."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ecrm.sources.kubernetes.client import Answer, Cluster, Resource
from ecrm.sources.kubernetes.resources import KUBERNETES_OWN
from tests.sources.kubernetes.client.objects import answer, group, groups, page, resources, status
from tests.sources.kubernetes.objects import Example


class Api:
    """Serves Kubernetes' own resources, and others where objects of them are added. `pages` are by
    the path of a list, each with the objects of one page; `refusals` are answered in their place.
    """

    def __init__(self, objects: Iterable[Example] = ()) -> None:
        self.asked: list[str] = []
        self.refusals: dict[str, Answer] = {}
        self.resources = list(KUBERNETES_OWN.values())
        self.pages: dict[str, list[list[Mapping[str, Any]]]] = defaultdict(list)
        for each in objects:
            self.add(each.resource, [each.object])

    def add(self, resource: Resource, objects: Sequence[Mapping[str, Any]]) -> None:
        """One more page."""
        if resource not in self.resources:
            self.resources.append(resource)
        self.pages[resource.path].append(list(objects))

    def cluster(self, name: str = "prod") -> Cluster:
        return Cluster(name, self.get)

    def get(self, path: str) -> Answer:
        name, _, query = path.partition("?")
        self.asked.append(name)
        if name in self.refusals:
            return self.refusals[name]
        if name == "/apis":
            served = {(each.group, each.version) for each in self.resources if each.group}
            return answer(groups(*(group(*each) for each in sorted(served))))
        here = [each for each in self.resources if each.path.rpartition("/")[0] == name]
        if here:
            kinds = [(each.plural, each.kind) for each in here]
            return answer(resources(here[0].api_version, *kinds))
        resource = next((each for each in self.resources if each.path == name), None)
        if resource is None:
            return status(404, "NotFound", "the server could not find the requested resource")
        return answer(self._page(resource, int(query.partition("continue=")[2] or 0)))

    def _page(self, resource: Resource, number: int) -> dict[str, Any]:
        pages = self.pages[resource.path]
        more = str(number + 1) if number + 1 < len(pages) else ""
        return page(resource, pages[number] if pages else [], more)


def forbidden(resource: Resource) -> Answer:
    message = f'{resource} is forbidden: User "ecrm" cannot list resource "{resource.plural}"'
    return status(403, "Forbidden", message)

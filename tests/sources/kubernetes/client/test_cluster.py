"""A cluster's lists are read to their end, or not at all."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from ecrm.errors import AccessDenied, AwsError, Gone
from ecrm.sources.kubernetes.client import Answer, Cluster, Resource
from tests.sources.kubernetes.client.objects import (
    DEPLOYMENTS,
    PODS,
    ROLLOUTS,
    answer,
    group,
    groups,
    named,
    page,
    resources,
    status,
)


class Script:
    """Gives each path its answers, one after the other; all of them must be asked for."""

    def __init__(self, *answers: tuple[str, Answer]) -> None:
        self.left = list(answers)

    def __call__(self, path: str) -> Answer:
        expected, given = self.left.pop(0)
        assert path == expected
        return given


def first(resource: Resource = PODS) -> str:
    return f"{resource.path}?limit=500"


def listed(resource: Resource, *answers: tuple[str, Answer]) -> list[str]:
    script = Script(*answers)
    pages = Cluster("prod", script).pages(resource)
    names = [each["metadata"]["name"] for items in pages for each in items]
    assert not script.left
    return names


def refused(resource: Resource, given: Answer) -> AwsError:
    with pytest.raises(AwsError) as caught:
        list(Cluster("prod", lambda _: given).pages(resource))
    return caught.value


def test_a_list_is_read_page_by_page_to_its_end():
    names = listed(
        PODS,
        ("/api/v1/pods?limit=500", answer(page(PODS, named("a", "b"), "eyJ2 &=", 1))),
        ("/api/v1/pods?limit=500&continue=eyJ2+%26%3D", answer(page(PODS, [], "two", 1))),
        ("/api/v1/pods?limit=500&continue=two", answer(page(PODS, named("c")))),
    )
    assert names == ["a", "b", "c"]


def test_resources_of_groups_have_paths_of_their_own():
    path = "/apis/apps/v1/deployments?limit=500"
    assert listed(DEPLOYMENTS, (path, answer(page(DEPLOYMENTS, named("a"))))) == ["a"]
    assert (str(DEPLOYMENTS), str(PODS)) == ("deployments.apps", "pods")


def test_objects_are_whole_but_for_managed_fields():
    pod = {
        "metadata": {
            "name": "a",
            "managedFields": [{"manager": "kubectl"}],
            "labels": {"app": "a"},
        },
        "spec": {"containers": [{"image": "app:v1"}]},
    }
    given = answer(page(PODS, [pod]))
    [[found]] = Cluster("prod", lambda _: given).pages(PODS)
    assert found == {
        "metadata": {"name": "a", "labels": {"app": "a"}},
        "spec": {"containers": [{"image": "app:v1"}]},
    }


def test_no_page_is_asked_for_before_it_is_wanted():
    script = Script((first(), answer(page(PODS, named("a"), "two"))))
    assert next(Cluster("prod", script).pages(PODS))


def test_only_the_caller_holds_a_page_while_the_next_is_read():
    """Memory is that of a page, however many there are."""
    bodies = [answer(page(PODS, named("a"), "two")), answer(page(PODS, named("b")))]
    held: list[object] = [[]]
    counts: list[int] = []

    def get(_: str) -> Answer:
        counts.append(sys.getrefcount(held[0]))
        return bodies.pop(0)

    pages = Cluster("prod", get).pages(PODS)
    held[0] = next(pages)
    assert next(pages)
    assert counts[0] == counts[1]


def test_a_list_that_expires_begins_again():
    """Whoever reads it sees what came before once more, rather than less."""
    expired = status(410, "Expired", "The provided continue parameter is too old.")
    names = listed(
        PODS,
        (first(), answer(page(PODS, named("a"), "two"))),
        (f"{first()}&continue=two", expired),
        (first(), answer(page(PODS, named("a", "b"), "two"))),
        (f"{first()}&continue=two", answer(page(PODS, named("c")))),
    )
    assert names == ["a", "a", "b", "c"]


def test_a_list_that_always_expires_is_an_error():
    script = Script(
        *[
            (first(), answer(page(PODS, named("a"), "two"))),
            (f"{first()}&continue=two", status(410, "Expired", "too old")),
        ]
        * 3
    )
    with pytest.raises(AwsError, match=r"cluster prod: list pods: the list has expired: too old"):
        list(Cluster("prod", script).pages(PODS))
    assert not script.left


def test_a_list_without_an_end_is_an_error():
    error = refused(PODS, answer(page(PODS, named("a"), "two")))
    assert str(error) == (
        "cluster prod: list pods: the answer names the same next page a second time; try again"
    )


def test_a_denial_names_verb_resource_and_group():
    error = refused(
        DEPLOYMENTS,
        status(403, "Forbidden", 'deployments.apps is forbidden: User "x" cannot\nlist resource'),
    )
    assert isinstance(error, AccessDenied)
    assert error.action == "list deployments in apiGroup 'apps'"
    assert str(error) == (
        "cluster prod: list deployments.apps is denied; allow list deployments in apiGroup 'apps': "
        'deployments.apps is forbidden: User "x" cannot list resource'
    )


def test_a_resource_that_is_not_served_is_gone():
    error = refused(ROLLOUTS, Answer(404, b"404 page not found\n"))
    assert isinstance(error, Gone)
    assert str(error) == (
        "cluster prod: list rollouts.argoproj.io: the cluster has none: 404 page not found"
    )


NOT_ACCEPTED = (
    "the cluster does not accept the credentials (EKS needs an access entry for the role that asks)"
)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            status(401, "Unauthorized", "Unauthorized"),
            f"{NOT_ACCEPTED}: Unauthorized",
        ),
        (
            Answer(503, b"<html>" + b"x" * 1000),
            f"the cluster answers 503: <html>{'x' * 294}; try again later",
        ),
        (
            Answer(500, b"\xff"),
            "the cluster answers 500: \N{REPLACEMENT CHARACTER}; try again later",
        ),
        (Answer(500, b"[" * 9999), f"the cluster answers 500: {'[' * 300}; try again later"),
        (Answer(302, b"[1]"), "the cluster answers 302: [1]; try again later"),
    ],
)
def test_other_refusals_say_what_was_answered(given: Answer, text: str):
    assert str(refused(PODS, given)) == f"cluster prod: list pods: {text}"


NOT_A_TEXT = "items[0].%s of the answer is a number and not a text"
WHOLE = page(PODS, named("a"))


def without(member: str) -> dict[str, Any]:
    return {name: value for name, value in WHOLE.items() if name != member}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (WHOLE | {"items": None}, "the answer has items null"),
        (WHOLE | {"items": {}}, "items of the answer is a map and not a list"),
        (without("items"), "the answer has no items"),
        (without("metadata"), "the answer has no metadata"),
        (without("kind"), "the answer has no kind"),
        (without("apiVersion"), "the answer has no apiVersion"),
        (WHOLE | {"metadata": []}, "metadata of the answer is a list and not a map"),
        (WHOLE | {"metadata": {"continue": 7}}, "metadata.continue of the answer is a number and"),
        (WHOLE | {"kind": "List"}, "the answer is of kind List and not PodList"),
        (WHOLE | {"kind": "Table"}, "the answer is of kind Table and not PodList"),
        (WHOLE | {"apiVersion": "v2"}, "the answer holds what is not of v1 Pod"),
        (WHOLE | {"items": [None]}, "items[0] of the answer is null and not a map"),
        (WHOLE | {"items": [{}]}, "the answer has no items[0].metadata"),
        (WHOLE | {"items": [{"metadata": {}}]}, "the answer has no items[0].metadata.name"),
        (
            WHOLE | {"items": [{"metadata": {"name": "a", "namespace": 7}}]},
            NOT_A_TEXT % "metadata.namespace",
        ),
        (WHOLE | {"items": [{"kind": 7, **named("a")[0]}]}, NOT_A_TEXT % "kind"),
        (WHOLE | {"items": [{"apiVersion": 7, **named("a")[0]}]}, NOT_A_TEXT % "apiVersion"),
        (
            WHOLE | {"items": [{"kind": "Node", "apiVersion": "v1", **named("a")[0]}]},
            "the answer holds what is not of v1 Pod",
        ),
        (
            WHOLE | {"metadata": {"remainingItemCount": 3}},
            "the answer leaves out objects, and names no next page",
        ),
        (["a"], "answer of the answer is a list and not a map"),
    ],
)
def test_what_is_no_whole_page_of_the_resource_is_an_error(body: object, problem: str):
    error = refused(PODS, answer(body))
    assert type(error) is AwsError
    assert str(error).startswith(f"cluster prod: list pods: {problem}")
    assert str(error).endswith("; try again")


@pytest.mark.parametrize("body", [b"", b"<html>", answer(WHOLE).body[:-9], b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_an_error(body: bytes):
    assert str(refused(PODS, Answer(200, body))) == (
        "cluster prod: list pods: the answer is not JSON; "
        "check the network and proxies, and try again"
    )


def test_items_may_say_their_kind_as_those_of_crds_do():
    items = [{"kind": "Rollout", "apiVersion": "argoproj.io/v1alpha1", **named("a")[0]}]
    assert listed(ROLLOUTS, (first(ROLLOUTS), answer(page(ROLLOUTS, items)))) == ["a"]
    items += named("b")
    assert listed(ROLLOUTS, (first(ROLLOUTS), answer(page(ROLLOUTS, items)))) == ["a", "b"]


def discovering(**answers: object) -> Callable[[str], Answer]:
    given = {"/apis": groups(group("apps", "v1"), group("argoproj.io", "v1alpha1", "v1"))}
    return lambda path: answer((given | answers)[path])


def test_a_crd_is_found_in_the_version_that_the_cluster_prefers():
    cluster = Cluster(
        "prod",
        discovering(
            **{
                "/apis/argoproj.io/v1alpha1": resources(
                    "argoproj.io/v1alpha1", ("rollouts/status", "Rollout"), ("rollouts", "Rollout")
                ),
                "/apis/argoproj.io/v1": resources(
                    "argoproj.io/v1", ("rollouts", "Rollout"), ("workflows", "Workflow")
                ),
            }
        ),
    )
    assert cluster.find("argoproj.io", "rollouts") == ROLLOUTS
    assert cluster.find("argoproj.io", "workflows") == Resource(
        "argoproj.io", "v1", "workflows", "Workflow"
    )
    assert cluster.find("argoproj.io", "cronworkflows") is None


def test_a_group_that_no_crd_brought_is_nothing():
    assert Cluster("prod", discovering()).find("tekton.dev", "tasks") is None


def test_the_group_without_a_name_is_found_too():
    listing = resources("v1", ("pods", "Pod"))
    assert Cluster("prod", discovering(**{"/api/v1": listing})).find("", "pods") == PODS


def test_what_cannot_be_listed_is_nothing():
    listing = resources("v1", ("bindings", "Binding"), verbs=("create",))
    assert Cluster("prod", discovering(**{"/api/v1": listing})).find("", "bindings") is None


def test_groups_are_asked_for_once():
    asked: list[str] = []
    get = discovering()

    def counted(path: str) -> Answer:
        asked.append(path)
        return get(path)

    cluster = Cluster("prod", counted)
    assert [cluster.find(name, "x") for name in ("tekton.dev", "keda.sh")] == [None, None]
    assert asked == ["/apis"]


@pytest.mark.parametrize(
    ("path", "given", "problem"),
    [
        ("/apis", answer(groups()), "the answer has no group apps, which every cluster serves"),
        ("/apis", answer({"kind": "APIGroupList", "groups": None}), "the answer has groups null"),
        ("/apis", answer({"kind": "Status", "groups": []}), "the answer is of kind Status and not"),
        ("/apis", Answer(404, b"no"), "the cluster has none: no"),
        ("/apis/argoproj.io/v1alpha1", Answer(503, b"no"), "the cluster answers 503: no"),
        ("/apis/argoproj.io/v1alpha1", answer({"kind": "APIResourceList"}), "the answer has no"),
    ],
)
def test_what_is_no_discovery_does_not_mean_that_a_crd_is_absent(
    path: str, given: Answer, problem: str
):
    get = discovering()
    cluster = Cluster("prod", lambda asked: given if asked == path else get(asked))
    with pytest.raises(AwsError) as caught:
        cluster.find("argoproj.io", "rollouts")
    assert str(caught.value).startswith(f"cluster prod: get {path}: {problem}")

"""What sources and registry remember from run to run: what is final, and nothing else."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ecrm.aws.cache.caching import Cache
from ecrm.aws.cache.facts import Namespace
from ecrm.errors import AwsError
from ecrm.model.image import Status
from ecrm.model.scan import Diagnostic
from ecrm.model.use import Use
from ecrm.registry.manifests import INDEX, children
from ecrm.sources.ecs import ECS
from ecrm.sources.ecs.revisions import SERVICE_REVISION
from ecrm.sources.lambda_functions import LAMBDA
from ecrm.sources.lambda_functions.function import LAMBDA_VERSION
from ecrm.sources.task_definitions import TASK_DEFINITION
from tests.sources.reading import defined_as, found_by
from tests.stubs import ACCOUNT, HOST, REGION, Params, Stubs
from tests.values import OCI_INDEX, digest, numbered

ECS_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
LAMBDA_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
DEFINITION = f"{ECS_ARN}:task-definition/web:1"
REVISION = f"{ECS_ARN}:service-revision/prod/web/7"


@pytest.fixture
def aws(tmp_path: Any) -> Iterator[Stubs]:
    """An account whose target remembers."""
    with Stubs() as stubs, Cache.open(tmp_path) as cache:
        stubs.target = replace(stubs.target, cache=cache)
        yield stubs


def known(aws: Stubs, namespace: Namespace, *keys: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.target.cache.get(namespace, keys, lambda value: value)
    return found


# Children of an index


def manifest(*numbers: int, **more: object) -> str:
    return json.dumps({"manifests": [{"digest": digest(number)} for number in numbers], **more})


def given(aws: Stubs, *manifests: tuple[str, str]) -> None:
    """ECR gives these manifests under these digests."""
    answer = {
        "images": [
            {"imageId": {"imageDigest": named}, "imageManifest": text} for named, text in manifests
        ]
    }
    aws.otherwise("BatchGetImage", answer)


def read_children(aws: Stubs, *digests: str, **more: Any) -> dict[str, tuple[str, ...]]:
    indexes = [
        numbered(0, media_type=OCI_INDEX)._replace(digest=index_digest, **more)
        for index_digest in digests
    ]
    return dict(children(aws.target, "app", indexes))


def test_children_by_a_manifest_that_has_its_digest_are_remembered(aws):
    text = manifest(1, 2)
    given(aws, (digest(text), text))
    for _ in range(2):
        assert read_children(aws, digest(text)) == {digest(text): (digest(1), digest(2))}
    assert len(aws.asked("BatchGetImage")) == 1


def test_b35_a_manifest_that_has_another_digest_is_not_known_and_not_remembered(aws):
    given(aws, (digest(9), manifest(1)))
    with pytest.raises(AwsError, match="AWS's answer is another manifest"):
        read_children(aws, digest(9))
    assert known(aws, INDEX, digest(9)) == {}


def test_what_is_remembered_is_not_asked_for_and_the_rest_is(aws):
    first, second = manifest(1), manifest(2)
    given(aws, (digest(first), first))
    read_children(aws, digest(first))
    given(aws, (digest(second), second))
    found = read_children(aws, digest(first), digest(second))
    assert found == {digest(first): (digest(1),), digest(second): (digest(2),)}
    asked = [call["imageIds"] for call in aws.asked("BatchGetImage")]
    assert asked == [[{"imageDigest": digest(text)}] for text in (first, second)]


def test_an_archived_index_is_asked_for_apart_and_remembered_as_well(aws):
    text = manifest(1)
    given(aws, (digest(text), text))
    for _ in range(2):
        found = read_children(aws, digest(text), status=Status.ARCHIVED)
        assert found == {digest(text): (digest(1),)}
    assert len(aws.asked("BatchGetImage")) == 1


@pytest.mark.parametrize("value", [[1, 2], [digest(2), 1], [1, digest(2)]])
def test_children_that_are_not_all_texts_are_not_taken_from_the_cache(aws, value):
    text = manifest(1)
    aws.target.cache.put(INDEX, {digest(text): value})
    given(aws, (digest(text), text))
    assert read_children(aws, digest(text)) == {digest(text): (digest(1),)}


# Service revisions and task definitions


def container(name: str, number: int | None = None) -> Params:
    """Of a service revision; resolved where there is a number."""
    recorded = {} if number is None else {"imageDigest": digest(number)}
    return {"containerName": name, "image": f"{HOST}/{name}:v1", **recorded}


def service(
    aws: Stubs, *resolved: Params, defined: tuple[str, ...] | None = ("web", "log")
) -> None:
    """A service with one revision, and these containers in its definition; None: it is gone."""
    aws.otherwise("ListTasks", {"taskArns": []})
    aws.otherwise("ListTaskDefinitionFamilies", {"families": []})
    aws.otherwise("ListClusters", {"clusterArns": [f"{ECS_ARN}:cluster/prod"]})
    aws.otherwise("ListServices", {"serviceArns": [f"{ECS_ARN}:service/prod/web"]})
    found = {
        "serviceArn": f"{ECS_ARN}:service/prod/web",
        "serviceName": "web",
        "deployments": [],
        "currentServiceRevisions": [{"arn": REVISION}],
    }
    aws.otherwise("DescribeServices", {"services": [found]})
    revision = {
        "serviceRevisionArn": REVISION,
        "taskDefinition": DEFINITION,
        "containerImages": list(resolved),
    }
    aws.otherwise("DescribeServiceRevisions", {"serviceRevisions": [revision]})
    if defined is None:
        aws.otherwise_refuse("DescribeTaskDefinition", "ServerException", "oops")
        return
    containers = [{"name": name, "image": f"{HOST}/{name}:v1"} for name in defined]
    aws.otherwise("DescribeTaskDefinition", defined_as(*containers))


def ecs(aws: Stubs) -> set[str]:
    found = found_by(ECS, aws.target)
    return {str(use.reference) for use in found if isinstance(use, Use)}


def pinned(name: str, number: int) -> str:
    return f"{HOST}/{name}:v1@{digest(number)}"


def test_a_service_revision_of_which_every_container_is_resolved_is_remembered(aws):
    service(aws, container("web", 1), container("log", 2))
    expected = {f"{HOST}/web:v1", f"{HOST}/log:v1", pinned("web", 1), pinned("log", 2)}
    for _ in range(2):
        assert ecs(aws) == expected
    assert len(aws.asked("DescribeServiceRevisions")) == 1
    assert len(aws.asked("DescribeTaskDefinition")) == 1


@pytest.mark.parametrize(
    "half",
    [
        (container("web", 1), container("log")),
        (container("web"), container("log", 2)),
        (container("web"), container("log")),
        (container("web", 1), {"containerName": "log"}),
        ({"containerName": "web"}, container("log", 2)),
        (container("web", 1),),
        (container("web", 1), container("log", 2), container("more", 3)),
        (),
    ],
    ids=[
        "the second has no digest",
        "the first has no digest",
        "none has a digest",
        "the second has nothing",
        "the first has nothing",
        "one of two",
        "three of two",
        "none of two",
    ],
)
def test_a_service_revision_that_is_resolved_in_part_is_read_again(aws, half):
    """ECS resolves an image when its first task starts: the rest comes later."""
    service(aws, *half)
    ecs(aws)
    assert known(aws, SERVICE_REVISION, REVISION) == {}
    service(aws, container("web", 1), container("log", 2))
    assert {pinned("web", 1), pinned("log", 2)} <= ecs(aws)
    assert len(aws.asked("DescribeServiceRevisions")) == 2


def test_a_service_revision_whose_definition_cannot_be_read_is_read_again(aws):
    """Nobody knows how many containers it should have."""
    service(aws, container("web", 1), defined=None)
    ecs(aws)
    assert known(aws, SERVICE_REVISION, REVISION) == {}


def test_a_definition_that_could_not_be_read_is_asked_for_by_the_next_run(aws):
    service(aws, container("web", 1), defined=None)
    found = found_by(ECS, aws.target)
    assert [diagnostic.text for diagnostic in found if isinstance(diagnostic, Diagnostic)] == [
        "ecs:DescribeTaskDefinition: ServerException: oops"
    ]
    service(aws, container("web", 1), defined=("web", "other"))
    assert f"{HOST}/other:v1" in ecs(aws)


# Lambda versions


def function(aws: Stubs, *versions: str, arn: str = f"{LAMBDA_ARN}:thumbs", **more: Any) -> None:
    """A function with these versions, whose ARNs are `arn` and theirs, and an image of each."""
    row = {
        "FunctionName": "thumbs",
        "PackageType": "Image",
        "LastModified": "2026-01-02T03:04:05.678+0000",
        "CodeSha256": "0a1b",
    }
    rows = [
        row | {"Version": version, "FunctionArn": f"{arn}:{version}"} | more for version in versions
    ]
    aws.otherwise("ListFunctions", {"Functions": rows})

    def code(asked: Params) -> Params:
        number = int(asked["Qualifier"]) if asked["Qualifier"].isdigit() else 0
        uris = {"ImageUri": f"{HOST}/a:v1", "ResolvedImageUri": f"{HOST}/a@{digest(number)}"}
        return {"Code": uris}

    aws.otherwise("GetFunction", code)


def lambdas(aws: Stubs) -> set[str]:
    found = found_by(LAMBDA, aws.target)
    return {str(use.reference) for use in found if isinstance(use, Use)}


def qualifiers(aws: Stubs) -> list[str]:
    return [call["Qualifier"] for call in aws.asked("GetFunction")]


def test_a_published_version_is_remembered_and_latest_is_not(aws):
    function(aws, "$LATEST", "1")
    expected = {f"{HOST}/a:v1", f"{HOST}/a@{digest(0)}", f"{HOST}/a@{digest(1)}"}
    for _ in range(2):
        assert lambdas(aws) == expected
    assert sorted(qualifiers(aws)) == ["$LATEST", "$LATEST", "1"]


@pytest.mark.parametrize(
    "more",
    [
        {"FunctionArn": f"{LAMBDA_ARN}:thumbs"},
        {"FunctionArn": f"{LAMBDA_ARN}:2026"},
        {"FunctionArn": ""},
        {"LastModified": ""},
        {"CodeSha256": ""},
    ],
    ids=["an ARN without version", "a number as name", "no ARN", "no time", "no code"],
)
def test_a_version_that_nothing_identifies_for_ever_is_read_again(aws, more):
    """An ARN without a version is that of all of them, and a name may be given again."""
    function(aws, "1", **more)
    for _ in range(2):
        lambdas(aws)
    assert qualifiers(aws).count("1") == 2


@pytest.mark.parametrize(
    "more",
    [{"LastModified": "2026-02-02T03:04:05.678+0000"}, {"CodeSha256": "ffff"}],
    ids=["published later", "of other code"],
)
def test_a_version_that_was_made_again_is_read_again(aws, more):
    function(aws, "1")
    lambdas(aws)
    function(aws, "1", **more)
    lambdas(aws)
    assert qualifiers(aws).count("1") == 2


def test_a_version_whose_image_is_not_resolved_is_read_again(aws):
    function(aws, "1")
    aws.otherwise("GetFunction", {"Code": {"ImageUri": f"{HOST}/a:v1"}})
    for _ in range(2):
        assert lambdas(aws) == {f"{HOST}/a:v1"}
    assert qualifiers(aws).count("1") == 2


@pytest.mark.parametrize("value", [(5, 5), ("a", 5), (5, "a")])
def test_a_version_whose_image_is_not_all_text_is_not_taken_from_the_cache(aws, value):
    key = f"{LAMBDA_ARN}:thumbs:1 2026-01-02T03:04:05.678+0000 0a1b"
    uris = dict(zip(("ImageUri", "ResolvedImageUri"), value, strict=True))
    aws.target.cache.put(LAMBDA_VERSION, {key: uris})
    function(aws, "1")
    assert f"{HOST}/a@{digest(1)}" in lambdas(aws)
    assert qualifiers(aws).count("1") == 1


@pytest.mark.parametrize("wrong", ["image", "taskDefinition"])
def test_a_service_revision_that_is_not_all_text_is_not_taken_from_the_cache(aws, wrong):
    image: dict[str, Any] = container("web", 1)
    kept: dict[str, Any] = {"taskDefinition": DEFINITION, "containerImages": [image, image]}
    (kept if wrong in kept else image)[wrong] = 5
    aws.target.cache.put(SERVICE_REVISION, {REVISION: kept})
    service(aws, container("web", 1), container("log", 2))
    assert {pinned("web", 1), pinned("log", 2)} <= ecs(aws)


@pytest.mark.parametrize("number", [0, 1])
def test_a_task_definition_that_is_not_all_text_is_not_taken_from_the_cache(aws, number):
    kept: list[dict[str, Any]] = [
        {"name": name, "image": f"{HOST}/a:v1"} for name in ("web", "log")
    ]
    kept[number]["image"] = 5
    aws.target.cache.put(TASK_DEFINITION, {DEFINITION: kept})
    service(aws, container("web", 1))
    assert {f"{HOST}/web:v1", f"{HOST}/log:v1"} <= ecs(aws)
    assert len(aws.asked("DescribeTaskDefinition")) == 1


# A failure is not remembered


def test_an_index_that_cannot_be_read_raises_and_the_next_run_asks_again(aws):
    aws.otherwise_refuse("BatchGetImage", "ServerException", "oops")
    text = manifest(1)
    with pytest.raises(AwsError):
        read_children(aws, digest(text))
    given(aws, (digest(text), text))
    assert read_children(aws, digest(text)) == {digest(text): (digest(1),)}

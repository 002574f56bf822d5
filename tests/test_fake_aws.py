"""The fake AWS answers as AWS does, seen through real boto3 clients."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
)
from botocore.parsers import ResponseParserError

from tests.fake_aws import (
    DOCKER_LIST,
    FOREVER,
    HELM_CHART,
    OCI_INDEX,
    OCI_MANIFEST,
    PUBLISHED,
    SIGNATURE,
    Address,
    Descriptor,
    FakeAws,
    Fault,
    Image,
    Rate,
    Repository,
    buckets,
    cosign_tag,
    days_ago,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION = boto3.Session()
NO_RETRIES = Config(retries={"total_max_attempts": 1}, read_timeout=5, max_pool_connections=20)


def client(aws: FakeAws, service: str, **where: str) -> Any:
    return SESSION.client(service, config=NO_RETRIES, **aws.client_args(**where))


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws(sockets=True) as fake:
        yield fake


@pytest.fixture
def shop(aws: FakeAws) -> Repository:
    return aws.ecr.repository("shop/api")


@pytest.fixture
def ecr(aws: FakeAws) -> Any:
    return client(aws, "ecr")


@pytest.fixture
def ecs(aws: FakeAws) -> Any:
    return client(aws, "ecs")


@pytest.fixture
def functions(aws: FakeAws) -> Any:
    return client(aws, "lambda")


def refused(call: Any, **params: Any) -> tuple[str, str]:
    """Code and message of the error that the call ends with."""
    with pytest.raises(ClientError) as error:
        call(**params)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def by_digest(*images: Image) -> list[dict[str, str]]:
    return [{"imageDigest": image.digest} for image in images]


def paged(client: Any, operation: str, member: str, **params: Any) -> list[Any]:
    pages = client.get_paginator(operation).paginate(**params)
    return [item for page in pages for item in page[member]]


# -- ECR: what is there -------------------------------------------------------------------------


def test_repositories_come_in_pages_with_their_uri(aws: FakeAws, ecr: Any) -> None:
    for number in range(230):
        aws.ecr.repository(f"app-{number:03d}")
    found = paged(ecr, "describe_repositories", "repositories")
    assert [item["repositoryName"] for item in found] == [f"app-{n:03d}" for n in range(230)]
    assert found[0]["repositoryUri"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/app-000"
    assert len(aws.calls.of("ecr", "DescribeRepositories")) == 3
    assert len(ecr.describe_repositories(maxResults=1000)["repositories"]) == 230
    named = ecr.describe_repositories(repositoryNames=["app-007"])["repositories"]
    assert named[0]["imageTagMutability"] == "MUTABLE"


def test_an_unknown_repository_is_refused_in_awss_words(ecr: Any) -> None:
    for call, params in (
        (ecr.describe_repositories, {"repositoryNames": ["nope"]}),
        (ecr.describe_images, {"repositoryName": "nope"}),
        (ecr.batch_delete_image, {"repositoryName": "nope", "imageIds": [{"imageTag": "x"}]}),
    ):
        assert refused(call, **params) == (
            "RepositoryNotFoundException",
            "The repository with name 'nope' does not exist in the registry with id '123456789012'",
        )


def test_china_has_a_host_name_of_its_own(aws: FakeAws) -> None:
    repository = aws.account("333333333333", "cn-north-1").ecr.repository("app")
    assert repository.uri == "333333333333.dkr.ecr.cn-north-1.amazonaws.com.cn/app"
    assert repository.arn == "arn:aws-cn:ecr:cn-north-1:333333333333:repository/app"


def test_images_are_listed_newest_first_in_pages_of_100(
    aws: FakeAws, shop: Repository, ecr: Any
) -> None:
    images = [shop.push(f"v{age}", pushed=days_ago(age)) for age in range(250)]
    found = paged(ecr, "describe_images", "imageDetails", repositoryName="shop/api")
    assert [item["imageDigest"] for item in found] == [image.digest for image in images]
    assert len(aws.calls) == 3
    assert len(ecr.describe_images(repositoryName="shop/api")["imageDetails"]) == 100


def test_a_page_of_images_has_1000_entries_at_most(shop: Repository, ecr: Any) -> None:
    shop.fill(1200)
    page = ecr.describe_images(repositoryName="shop/api", maxResults=1000)
    assert len(page["imageDetails"]) == 1000
    rest = ecr.describe_images(repositoryName="shop/api", nextToken=page["nextToken"])
    assert "nextToken" in rest
    code, _ = refused(ecr.describe_images, repositoryName="shop/api", maxResults=1001)
    assert code == "ValidationException"


def test_a_token_keeps_its_place_while_images_come_and_go(shop: Repository, ecr: Any) -> None:
    images = [shop.push(pushed=days_ago(age)) for age in range(6)]
    page = ecr.describe_images(repositoryName="shop/api", maxResults=3)
    shop.remove(images[2])
    shop.remove(images[3])
    shop.push("brand-new")
    rest = ecr.describe_images(repositoryName="shop/api", nextToken=page["nextToken"])
    assert [item["imageDigest"] for item in rest["imageDetails"]] == [
        images[4].digest,
        images[5].digest,
    ]


def test_a_token_belongs_to_one_listing(shop: Repository, ecr: Any) -> None:
    shop.fill(2)
    token = ecr.describe_images(repositoryName="shop/api", maxResults=1)["nextToken"]
    for wrong in (token, "rubbish"):
        code, _ = refused(ecr.list_images, repositoryName="shop/api", nextToken=wrong)
        assert code == "InvalidParameterException"


def test_an_image_shows_every_field_that_it_has(shop: Repository, ecr: Any) -> None:
    image = shop.push("v1", "prod", pushed=days_ago(3), pulled=days_ago(1), size=5_000_000)
    shop.push_artifact(subject=image, pushed=days_ago(4))
    details, signature = ecr.describe_images(repositoryName="shop/api")["imageDetails"]
    assert details["imageTags"] == ["v1", "prod"]
    assert details["imageSizeInBytes"] == 5_000_000
    assert details["imagePushedAt"].timestamp() == image.pushed
    assert details["lastRecordedPullTime"].timestamp() == image.pulled
    assert details["imageManifestMediaType"] == OCI_MANIFEST
    assert details["artifactMediaType"] == "application/vnd.oci.image.config.v1+json"
    assert details["imageStatus"] == "ACTIVE"
    assert not {"subjectManifestDigest", "lastArchivedAt", "lastActivatedAt"} & details.keys()
    assert signature["subjectManifestDigest"] == image.digest
    assert signature["artifactMediaType"] == SIGNATURE
    assert not {"imageTags", "lastRecordedPullTime"} & signature.keys()


def test_an_index_has_no_artifact_type_and_the_size_of_its_largest_child(
    shop: Repository, ecr: Any
) -> None:
    children = [shop.push(size=3_000_000), shop.push(size=4_000_000)]
    index = shop.push_index("v1", children=children, attested=True)
    shown = ecr.describe_images(repositoryName="shop/api", imageIds=[{"imageTag": "v1"}])
    details = shown["imageDetails"][0]
    assert details["imageDigest"] == index.digest
    assert details["imageSizeInBytes"] == 4_000_000
    assert "artifactMediaType" not in details
    entries = json.loads(index.manifest)["manifests"]
    assert [entry["digest"] for entry in entries[:2]] == [child.digest for child in children]
    notes = entries[2]["annotations"]
    assert notes["vnd.docker.reference.type"] == "attestation-manifest"
    assert notes["vnd.docker.reference.digest"] == children[0].digest
    assert len(shop) == 5


def test_moving_a_tag_leaves_the_old_image_untagged(shop: Repository, ecr: Any) -> None:
    old = shop.push("v1", pushed=days_ago(9))
    new = shop.push("v1", pushed=days_ago(1))
    found = ecr.describe_images(repositoryName="shop/api")["imageDetails"]
    assert [(item["imageDigest"], item.get("imageTags")) for item in found] == [
        (new.digest, ["v1"]),
        (old.digest, None),
    ]


def test_the_digest_is_the_hash_of_the_manifest(shop: Repository) -> None:
    for image in (shop.push("v1"), shop.push_index("v2"), shop.push_artifact(subject="sha256:00")):
        assert image.digest == "sha256:" + sha256(image.manifest.encode()).hexdigest()
    assert shop.push("a", content="same") is shop.push("b", content="same")


def test_images_are_filtered_by_tag_and_by_status(shop: Repository, ecr: Any) -> None:
    tagged, untagged, archived = shop.push("v1"), shop.push(), shop.push("old")
    shop.archive(archived)

    def digests(**wanted: str) -> set[str]:
        answer = ecr.describe_images(repositoryName="shop/api", filter=wanted)
        listed = ecr.list_images(repositoryName="shop/api", filter=wanted)["imageIds"]
        found = {item["imageDigest"] for item in answer["imageDetails"]}
        assert found == {item["imageDigest"] for item in listed}
        return found

    assert digests() == {tagged.digest, untagged.digest}
    assert digests(tagStatus="TAGGED") == {tagged.digest}
    assert digests(tagStatus="UNTAGGED") == {untagged.digest}
    assert digests(imageStatus="ARCHIVED") == {archived.digest}
    assert digests(imageStatus="ANY", tagStatus="TAGGED") == {tagged.digest, archived.digest}


def test_one_missing_image_id_fails_the_whole_describe_call(shop: Repository, ecr: Any) -> None:
    image = shop.push("v1")
    ids = [*by_digest(image), {"imageTag": "gone"}]
    code, message = refused(ecr.describe_images, repositoryName="shop/api", imageIds=ids)
    assert code == "ImageNotFoundException"
    assert "imageTag:'gone'" in message


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("batch_check_layer_availability", {"layerDigests": ["sha256:0"] * 101}),
        ("describe_images", {"imageIds": [{"imageTag": "v1"}], "maxResults": 1}),
    ],
)
def test_what_ecr_cannot_take_is_an_invalid_parameter(
    shop: Repository, ecr: Any, operation: str, params: dict[str, Any]
) -> None:
    shop.push("v1")
    code, _ = refused(getattr(ecr, operation), repositoryName="shop/api", **params)
    assert code == "InvalidParameterException"


def test_list_images_has_one_row_per_tag(shop: Repository, ecr: Any) -> None:
    image, bare = shop.push("a", "b", pushed=days_ago(1)), shop.push(pushed=days_ago(2))
    rows = paged(
        ecr,
        "list_images",
        "imageIds",
        repositoryName="shop/api",
        PaginationConfig={"PageSize": 1},
    )
    assert sorted((row["imageDigest"], row.get("imageTag", "")) for row in rows) == sorted(
        [(image.digest, "a"), (image.digest, "b"), (bare.digest, "")]
    )


def test_referrers_are_listed_by_subject_and_type(shop: Repository, ecr: Any) -> None:
    subject = shop.push("v1")
    for _ in range(25):
        shop.push_artifact(subject=subject)
    bill = shop.push_artifact(subject=subject, artifact_type="application/spdx+json")
    wanted = {"repositoryName": "shop/api", "subjectId": by_digest(subject)[0]}
    first = ecr.list_image_referrers(**wanted)
    assert len(first["referrers"]) == 20
    assert len(ecr.list_image_referrers(**wanted, nextToken=first["nextToken"])["referrers"]) == 6
    only = ecr.list_image_referrers(**wanted, filter={"artifactTypes": ["application/spdx+json"]})
    assert [item["digest"] for item in only["referrers"]] == [bill.digest]
    assert refused(ecr.list_image_referrers, **wanted, maxResults=51)[0] == "ValidationException"


# -- ECR: reading manifests ---------------------------------------------------------------------


def test_manifests_come_back_word_for_word_and_failures_one_by_one(
    shop: Repository, ecr: Any
) -> None:
    image, other = shop.push("v1"), shop.push("v2")
    gone = {"imageDigest": "sha256:" + "0" * 64}
    mixed = {"imageDigest": image.digest, "imageTag": "v2"}
    answer = ecr.batch_get_image(
        repositoryName="shop/api",
        imageIds=[
            {"imageTag": "v1"},
            gone,
            mixed,
            {"imageDigest": "rubbish"},
            {"imageTag": "-x"},
            {},
            *by_digest(other),
        ],
    )
    assert [item["imageManifest"] for item in answer["images"]] == [image.manifest, other.manifest]
    assert answer["images"][0]["imageId"] == {"imageDigest": image.digest, "imageTag": "v1"}
    assert [item["failureCode"] for item in answer["failures"]] == [
        "ImageNotFound",
        "ImageTagDoesNotMatchDigest",
        "InvalidImageDigest",
        "InvalidImageTag",
        "MissingDigestAndTag",
    ]
    assert answer["failures"][0]["imageId"] == gone


def test_a_manifest_of_a_type_that_is_not_accepted_is_not_handed_out(
    shop: Repository, ecr: Any
) -> None:
    index = shop.push_index("v1", media_type=DOCKER_LIST)

    def found(*accepted: str) -> int:
        answer = ecr.batch_get_image(
            repositoryName="shop/api", imageIds=by_digest(index), acceptedMediaTypes=accepted
        )
        return len(answer["images"])

    assert (found(OCI_INDEX), found(OCI_INDEX, DOCKER_LIST)) == (0, 1)


@pytest.mark.parametrize("operation", ["batch_get_image", "batch_delete_image", "describe_images"])
def test_a_call_takes_100_image_ids_at_most(shop: Repository, ecr: Any, operation: str) -> None:
    shop.fill(101)
    ids = by_digest(*shop)
    code, message = refused(getattr(ecr, operation), repositoryName="shop/api", imageIds=ids)
    assert code == "InvalidParameterException"
    assert "less than or equal to 100" in message
    assert len(shop) == 101
    getattr(ecr, operation)(repositoryName="shop/api", imageIds=ids[:100])


def test_reading_a_manifest_counts_as_a_pull_unless_the_reader_is_excluded(
    aws: FakeAws, shop: Repository, ecr: Any
) -> None:
    image = shop.push("v1")
    reader = client(aws, "sts").get_caller_identity()["Arn"]

    def read() -> None:
        ecr.batch_get_image(repositoryName="shop/api", imageIds=by_digest(image))

    aws.ecr.pull_time_exclusions.append(reader)
    assert ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [reader]
    read()
    aws.ecr.pull_time_exclusions.clear()
    aws.world.reading_counts_as_pull = False
    read()
    assert image.pulled is None
    aws.world.reading_counts_as_pull = True
    aws.world.clock = lambda: 1_800_000_000.0
    read()
    assert image.pulled == 1_800_000_000


# -- ECR: deleting ------------------------------------------------------------------------------


def test_deleting_by_digest_removes_the_image_with_all_its_tags(shop: Repository, ecr: Any) -> None:
    image, bare = shop.push("v1", "prod"), shop.push()
    answer = ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(image, bare))
    assert answer["imageIds"] == [
        {"imageDigest": image.digest, "imageTag": "v1"},
        {"imageDigest": image.digest, "imageTag": "prod"},
        {"imageDigest": bare.digest},
    ]
    assert answer["failures"] == []
    assert len(shop) == 0


def test_deleting_by_tag_removes_the_tag_and_the_image_with_the_last_one(
    shop: Repository, ecr: Any
) -> None:
    image = shop.push("v1", "prod")
    answer = ecr.batch_delete_image(repositoryName="shop/api", imageIds=[{"imageTag": "v1"}])
    assert answer["imageIds"] == [{"imageDigest": image.digest, "imageTag": "v1"}]
    assert image.tags == ("prod",)
    assert image in shop
    ecr.batch_delete_image(repositoryName="shop/api", imageIds=[{"imageTag": "prod"}])
    assert image not in shop


def test_a_tag_that_has_moved_does_not_match_the_digest(shop: Repository, ecr: Any) -> None:
    old = shop.push("v1")
    shop.push("v1")
    ids = [{"imageDigest": old.digest, "imageTag": "v1"}, {"imageTag": "never-was"}]
    answer = ecr.batch_delete_image(repositoryName="shop/api", imageIds=ids)
    assert answer["imageIds"] == []
    assert [(item["imageId"], item["failureCode"]) for item in answer["failures"]] == [
        (ids[0], "ImageTagDoesNotMatchDigest"),
        (ids[1], "ImageNotFound"),
    ]
    assert len(shop) == 2


def test_a_child_cannot_be_deleted_in_the_same_call_as_its_index(
    shop: Repository, ecr: Any
) -> None:
    child = shop.push()
    index = shop.push_index("v1", children=[child])
    answer = ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(index, child))
    assert answer["imageIds"] == [{"imageDigest": index.digest, "imageTag": "v1"}]
    assert answer["failures"][0]["failureCode"] == "ImageReferencedByManifestList"
    assert index.digest in answer["failures"][0]["failureReason"]
    again = ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(child))
    assert again["failures"] == []


def test_a_child_of_two_indexes_remains_until_both_are_gone(shop: Repository, ecr: Any) -> None:
    child = shop.push("child")
    outer = shop.push_index("outer", children=[shop.push_index("inner", children=[child])])
    second = shop.push_index("second", children=[child])
    inner = shop.image("inner")

    def delete(*images: Image) -> list[str]:
        answer = ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(*images))
        return [item["failureCode"] for item in answer["failures"]]

    assert delete(inner, child) == ["ImageReferencedByManifestList"] * 2
    assert delete(outer) == delete(inner) == []
    assert delete(child) == ["ImageReferencedByManifestList"]
    by_tag = [{"imageTag": "child"}]
    refusal = ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_tag)
    assert len(refusal["failures"]) == 1
    assert delete(second) == delete(child) == []


# -- ECR: pushing, archiving, settings ----------------------------------------------------------


def test_a_deleted_image_can_be_restored_while_its_layers_are_there(
    shop: Repository, ecr: Any
) -> None:
    image = shop.push("v1")
    shop.remove(image)
    answer = ecr.put_image(
        repositoryName="shop/api",
        imageManifest=image.manifest,
        imageManifestMediaType=image.media_type,
        imageDigest=image.digest,
        imageTag="v1",
    )
    assert answer["image"]["imageId"] == {"imageDigest": image.digest, "imageTag": "v1"}
    assert shop.image("v1").size == image.size
    shop.remove(image)
    shop.collect_layers()
    code, message = refused(ecr.put_image, repositoryName="shop/api", imageManifest=image.manifest)
    assert code == "LayersNotFoundException"
    assert next(iter(image.layers)) in message


def test_layers_that_another_image_names_are_not_collected(shop: Repository, ecr: Any) -> None:
    gone, kept = shop.push("v1"), shop.push("v2")
    shop.remove(gone)
    shop.collect_layers()
    answer = ecr.batch_check_layer_availability(
        repositoryName="shop/api", layerDigests=[*gone.layers, *kept.layers]
    )
    states = {item["layerDigest"]: item["layerAvailability"] for item in answer["layers"]}
    lost = gone.layers.keys() - kept.layers.keys()
    assert len(lost) == 2
    assert {layer for layer, state in states.items() if state == "UNAVAILABLE"} == lost
    shop.lose_layers(kept)
    answer = ecr.batch_check_layer_availability(
        repositoryName="shop/api", layerDigests=[*kept.layers]
    )
    assert {item["layerAvailability"] for item in answer["layers"]} == {"UNAVAILABLE"}


def test_an_index_is_refused_until_its_children_are_there(shop: Repository, ecr: Any) -> None:
    child = shop.push()
    index = shop.push_index("v1", children=[child])
    shop.remove(index)
    shop.remove(child)
    wanted = {"repositoryName": "shop/api", "imageManifest": index.manifest}
    code, message = refused(ecr.put_image, **wanted)
    assert code == "ReferencedImagesNotFoundException"
    assert child.digest in message
    ecr.put_image(repositoryName="shop/api", imageManifest=child.manifest)
    ecr.put_image(**wanted, imageTag="v1")
    assert shop.image("v1").size == child.size


def test_pushing_an_image_again_only_adds_a_tag(shop: Repository, ecr: Any) -> None:
    image, other = shop.push("v1"), shop.push("v2")
    wanted = {"repositoryName": "shop/api", "imageManifest": image.manifest}
    assert refused(ecr.put_image, **wanted)[0] == "ImageAlreadyExistsException"
    assert refused(ecr.put_image, **wanted, imageTag="v1")[0] == "ImageAlreadyExistsException"
    ecr.put_image(**wanted, imageTag="v2")
    assert (image.tags, other.tags) == (("v1", "v2"), ())


def test_an_immutable_tag_does_not_move(aws: FakeAws, ecr: Any) -> None:
    fixed = aws.ecr.repository(
        "fixed", mutability="IMMUTABLE_WITH_EXCLUSION", mutable_tags=["dev-*"]
    )
    image = fixed.push("v1", "dev-1")
    wanted = {"repositoryName": "fixed", "imageManifest": fixed.push().manifest}
    assert refused(ecr.put_image, **wanted, imageTag="v1")[0] == "ImageTagAlreadyExistsException"
    ecr.put_image(**wanted, imageTag="dev-1")
    assert image.tags == ("v1",)
    shown = ecr.describe_repositories()["repositories"][0]
    assert shown["imageTagMutabilityExclusionFilters"] == [
        {"filterType": "WILDCARD", "filter": "dev-*"}
    ]


def test_a_manifest_that_is_not_what_it_claims_is_refused(shop: Repository, ecr: Any) -> None:
    image = shop.push()
    wrong = {"imageManifest": image.manifest, "imageDigest": "sha256:" + "0" * 64}
    code, _ = refused(ecr.put_image, repositoryName="shop/api", **wrong)
    assert code == "ImageDigestDoesNotMatchException"
    for text in ("no json", "[]", '{"layers": [1]}'):
        code, _ = refused(ecr.put_image, repositoryName="shop/api", imageManifest=text)
        assert code == "InvalidParameterException"


def test_an_archived_image_is_hidden_unreadable_and_can_be_restored(
    shop: Repository, ecr: Any
) -> None:
    image = shop.push("v1")
    wanted = {"repositoryName": "shop/api", "imageId": {"imageTag": "v1"}}
    answer = ecr.update_image_storage_class(**wanted, targetStorageClass="ARCHIVE")
    assert answer["imageStatus"] == "ARCHIVED"
    assert ecr.describe_images(repositoryName="shop/api")["imageDetails"] == []
    read = ecr.batch_get_image(repositoryName="shop/api", imageIds=by_digest(image))
    assert [item["failureCode"] for item in read["failures"]] == ["ImageInaccessible"]
    code, _ = refused(ecr.update_image_storage_class, **wanted, targetStorageClass="ARCHIVE")
    assert code == "ImageStorageClassUpdateNotSupportedException"
    answer = ecr.update_image_storage_class(**wanted, targetStorageClass="STANDARD")
    assert answer["imageStatus"] == "ACTIVATING"
    shop.finish_restore(image)
    shown = ecr.describe_images(repositoryName="shop/api")["imageDetails"][0]
    assert shown["lastActivatedAt"] >= shown["lastArchivedAt"]
    code, _ = refused(
        ecr.update_image_storage_class,
        repositoryName="shop/api",
        imageId={"imageTag": "nope"},
        targetStorageClass="ARCHIVE",
    )
    assert code == "ImageNotFoundException"


def test_pushing_an_archived_image_again_restores_it_at_once(shop: Repository, ecr: Any) -> None:
    image = shop.push("v1")
    shop.archive(image)
    ecr.put_image(repositoryName="shop/api", imageManifest=image.manifest, imageTag="v1")
    assert image.status == "ACTIVE"


def test_policies_are_missing_until_they_are_set(aws: FakeAws, shop: Repository, ecr: Any) -> None:
    named = {"repositoryName": "shop/api"}
    assert refused(ecr.get_registry_policy)[0] == "RegistryPolicyNotFoundException"
    assert refused(ecr.get_repository_policy, **named)[0] == "RepositoryPolicyNotFoundException"
    assert refused(ecr.get_lifecycle_policy, **named)[0] == "LifecyclePolicyNotFoundException"
    aws.ecr.policy = shop.policy = shop.lifecycle_policy = '{"Version": "2012-10-17"}'
    assert ecr.get_registry_policy()["policyText"] == aws.ecr.policy
    assert ecr.get_repository_policy(**named)["policyText"] == aws.ecr.policy
    assert ecr.get_lifecycle_policy(**named)["lifecyclePolicyText"] == aws.ecr.policy


def test_the_registry_shows_where_it_replicates_to_and_whether_deletions_follow(
    aws: FakeAws, ecr: Any
) -> None:
    aws.ecr.replicate(Address("222222222222", "eu-west-1"), prefix="shop/", deletes=True)
    shown = ecr.describe_registry()
    assert shown["registryId"] == "123456789012"
    assert shown["replicationConfiguration"]["rules"] == [
        {
            "destinations": [{"region": "eu-west-1", "registryId": "222222222222"}],
            "repositoryFilters": [{"filter": "shop/", "filterType": "PREFIX_MATCH"}],
            "deleteReplication": {"enabled": True},
        }
    ]


# -- ECS ----------------------------------------------------------------------------------------


def test_a_service_pins_the_digest_that_its_tag_meant(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    old = shop.push("stable")
    service = aws.ecs.cluster("prod").service("web", aws.ecs.task_definition("web", old), desired=1)
    shop.push("stable")
    service.scale(3)
    arns = paged(ecs, "list_tasks", "taskArns", cluster="prod", serviceName="web")
    tasks = ecs.describe_tasks(cluster="prod", tasks=arns)["tasks"]
    assert [task["containers"][0]["imageDigest"] for task in tasks] == [old.digest] * 3
    assert {task["group"] for task in tasks} == {"service:web"}
    shown = ecs.describe_services(cluster="prod", services=["web"])["services"][0]
    revisions = [item["arn"] for item in shown["currentServiceRevisions"]]
    found = ecs.describe_service_revisions(serviceRevisionArns=revisions)["serviceRevisions"]
    image = f"{shop.uri}:stable"
    assert found[0]["containerImages"] == [
        {"containerName": "app", "image": image, "imageDigest": old.digest}
    ]


def test_without_version_consistency_new_tasks_follow_the_tag(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    shop.push("stable")
    definition = aws.ecs.task_definition(
        "web", f"{shop.uri}:stable", version_consistency="disabled"
    )
    service = aws.ecs.cluster().service("web", definition, desired=1)
    new = shop.push("stable")
    service.scale(2)
    tasks = ecs.describe_tasks(tasks=[task.arn for task in service.tasks])["tasks"]
    assert tasks[1]["containers"][0]["imageDigest"] == new.digest
    revision = service.deployments[0].revision
    assert revision is not None
    assert revision.digests() == {}


def test_an_unfinished_deployment_runs_beside_the_old_one(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    first = aws.ecs.task_definition("web", shop.push("v1"))
    second = aws.ecs.task_definition("web", shop.push("v2"))
    service = aws.ecs.cluster("prod").service("web", first)

    def shown() -> dict[str, Any]:
        services = ecs.describe_services(cluster="prod", services=[service.arn])["services"]
        found: dict[str, Any] = services[0]
        return found

    service.deploy(second, finished=False)
    assert [(item["status"], item["taskDefinition"]) for item in shown()["deployments"]] == [
        ("PRIMARY", second.arn),
        ("ACTIVE", first.arn),
    ]
    assert len(shown()["currentServiceRevisions"]) == 2
    assert shown()["runningCount"] == 2
    service.roll_back()
    assert shown()["taskDefinition"] == first.arn
    service.deploy(second)
    assert [item["taskDefinition"] for item in shown()["deployments"]] == [second.arn]
    records = ecs.list_service_deployments(cluster="prod", service="web")["serviceDeployments"]
    assert [item["status"] for item in records] == [
        "SUCCESSFUL",
        "ROLLBACK_SUCCESSFUL",
        "SUCCESSFUL",
    ]
    details = ecs.describe_service_deployments(
        serviceDeploymentArns=[item["serviceDeploymentArn"] for item in records]
    )["serviceDeployments"]
    assert (
        details[1]["rollback"]["serviceRevisionArn"] == details[2]["targetServiceRevision"]["arn"]
    )
    assert shown()["currentServiceDeployment"] == records[0]["serviceDeploymentArn"]


def test_external_services_show_only_task_sets(aws: FakeAws, shop: Repository, ecs: Any) -> None:
    blue = aws.ecs.task_definition("web", shop.push("blue"))
    green = aws.ecs.task_definition("web", shop.push("green"))
    service = aws.ecs.cluster().service("web", blue, controller="EXTERNAL")
    service.task_set(green)
    service.scale(2)
    shown = ecs.describe_services(services=["web"])["services"][0]
    assert "taskDefinition" not in shown
    assert shown["deployments"] == []
    assert [(item["status"], item["taskDefinition"]) for item in shown["taskSets"]] == [
        ("PRIMARY", blue.arn),
        ("ACTIVE", green.arn),
    ]
    assert [item["runningCount"] for item in shown["taskSets"]] == [2, 1]
    service.end_task_set(service.task_sets[0])
    assert [(item.status, item.definition) for item in service.task_sets] == [("PRIMARY", green)]


def test_a_service_of_the_old_days_shows_no_revisions(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    definition = aws.ecs.task_definition("web", shop.push("v1"))
    cluster = aws.ecs.cluster("prod")
    cluster.service("web", definition, revisions=False).scale(0)
    shown = ecs.describe_services(cluster="prod", services=["web"])["services"][0]
    assert not {"currentServiceRevisions", "currentServiceDeployment"} & shown.keys()
    assert (shown["desiredCount"], shown["runningCount"]) == (0, 0)
    assert shown["deployments"][0]["taskDefinition"] == definition.arn
    cluster.status = "INACTIVE"
    assert ecs.list_clusters()["clusterArns"] == []


def test_tasks_show_all_containers_and_stopped_ones_are_asked_for(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    cluster = aws.ecs.cluster("prod")
    image = shop.push("v1")
    definition = aws.ecs.task_definition("batch", image, "docker.io/library/redis:7")
    running, pending, stopped = cluster.run(definition, count=3, started_by="cron")
    pending.pending()
    stopped.stop()
    assert ecs.list_tasks(cluster="prod", family="batch")["taskArns"] == [running.arn, pending.arn]
    assert ecs.list_tasks(cluster="prod", desiredStatus="STOPPED")["taskArns"] == [stopped.arn]
    answer = ecs.describe_tasks(cluster="prod", tasks=[running.id, pending.arn, "0" * 32])
    assert [
        (part["name"], part["image"], part.get("imageDigest"))
        for task in answer["tasks"]
        for part in task["containers"]
    ] == [
        ("app", image.by_tag, image.digest),
        ("sidecar-1", "docker.io/library/redis:7", None),
        ("app", image.by_tag, None),
        ("sidecar-1", "docker.io/library/redis:7", None),
    ]
    assert [item["reason"] for item in answer["failures"]] == ["MISSING"]
    assert answer["failures"][0]["arn"].startswith("arn:aws:ecs:us-east-1:123456789012:task/prod/")


def test_ecs_lists_come_in_pages(aws: FakeAws, ecs: Any) -> None:
    cluster = aws.ecs.cluster("prod")
    definitions = [aws.ecs.task_definition("web", "nginx") for _ in range(120)]
    for number in range(25):
        cluster.service(f"s{number}", definitions[-1], desired=0)
    cluster.run(definitions[0], count=130)
    for number in range(101):
        aws.ecs.cluster(f"c{number}")
    assert len(paged(ecs, "list_clusters", "clusterArns")) == 102
    assert len(paged(ecs, "list_services", "serviceArns", cluster="prod")) == 25
    assert len(paged(ecs, "list_tasks", "taskArns", cluster="prod")) == 130
    listed = paged(ecs, "list_task_definitions", "taskDefinitionArns", sort="DESC")
    assert listed == [definition.arn for definition in reversed(definitions)]
    counted = [call.operation for call in aws.calls]
    assert [counted.count(name) for name in ("ListClusters", "ListServices", "ListTasks")] == [
        2,
        3,
        2,
    ]


@pytest.mark.parametrize(
    ("operation", "member", "most"),
    [
        ("describe_clusters", "clusters", 100),
        ("describe_services", "services", 10),
        ("describe_tasks", "tasks", 100),
        ("describe_service_revisions", "serviceRevisionArns", 20),
    ],
)
def test_ecs_describes_a_limited_number_at_a_time(
    aws: FakeAws, ecs: Any, operation: str, member: str, most: int
) -> None:
    aws.ecs.cluster()
    names = [f"name-{number}" for number in range(most + 1)]
    code, _ = refused(getattr(ecs, operation), **{member: names})
    assert code == "InvalidParameterException"
    failures = getattr(ecs, operation)(**{member: names[:-1]})["failures"]
    assert {item["reason"] for item in failures} == {"MISSING"}
    assert len(failures) == most


def test_ecs_refuses_what_is_not_there(aws: FakeAws, ecs: Any) -> None:
    cluster = aws.ecs.cluster("prod")
    assert refused(ecs.list_tasks, cluster="nope")[0] == "ClusterNotFoundException"
    code, _ = refused(ecs.list_tasks, cluster=cluster.arn, serviceName="nope")
    assert code == "ServiceNotFoundException"
    code, message = refused(ecs.describe_task_definition, taskDefinition="nope:1")
    assert (code, message) == ("ClientException", "Unable to describe task definition.")
    assert refused(ecs.list_services, cluster="prod", maxResults=101)[0] == (
        "InvalidParameterException"
    )


def test_a_deregistered_definition_remains_describable_and_is_listed_while_in_use(
    aws: FakeAws, ecs: Any
) -> None:
    used, unused, current = (aws.ecs.task_definition("web", f"nginx:{n}") for n in (1, 2, 3))
    aws.ecs.cluster().run(used)
    for definition in (used, unused):
        ecs.deregister_task_definition(taskDefinition=definition.name)
    assert ecs.list_task_definitions(familyPrefix="web")["taskDefinitionArns"] == [current.arn]
    assert ecs.list_task_definitions(status="INACTIVE")["taskDefinitionArns"] == [used.arn]
    shown = ecs.describe_task_definition(taskDefinition=unused.arn)["taskDefinition"]
    assert (shown["status"], shown["containerDefinitions"][0]["image"]) == ("INACTIVE", "nginx:2")
    newest = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
    assert newest["revision"] == 3


def test_families_are_listed_by_status(aws: FakeAws, ecs: Any) -> None:
    aws.ecs.task_definition("web", "nginx")
    aws.ecs.deregister(aws.ecs.task_definition("old", "nginx"))

    def families(**wanted: str) -> list[str]:
        found: list[str] = ecs.list_task_definition_families(**wanted)["families"]
        return found

    assert families() == ["web"]
    assert families(status="INACTIVE") == ["old"]
    assert families(status="ALL") == ["old", "web"]
    assert families(status="ALL", familyPrefix="w") == ["web"]


def test_a_deleted_service_is_no_longer_listed_and_its_revisions_are_gone(
    aws: FakeAws, ecs: Any
) -> None:
    cluster = aws.ecs.cluster()
    service = cluster.service("web", aws.ecs.task_definition("web", "nginx"))
    revision = service.deployments[0].revision
    assert revision is not None
    service.delete()
    assert ecs.list_services()["serviceArns"] == []
    assert ecs.describe_services(services=["web"])["services"][0]["status"] == "INACTIVE"
    answer = ecs.describe_service_revisions(serviceRevisionArns=[revision.arn])
    assert answer["failures"] == [{"arn": revision.arn, "reason": "MISSING"}]
    clusters = ecs.describe_clusters()["clusters"]
    assert clusters[0]["runningTasksCount"] == 0


# -- Lambda and STS -----------------------------------------------------------------------------


def test_lambda_pins_the_digest_for_every_version(
    aws: FakeAws, shop: Repository, functions: Any
) -> None:
    first = shop.push("live")
    function = aws.lambda_.function("resize", first)
    version = function.publish()
    assert function.publish() is version
    second = shop.push("live")
    shown = functions.get_function(FunctionName="resize")
    assert shown["Code"]["ImageUri"] == f"{shop.uri}:live"
    assert shown["Code"]["ResolvedImageUri"] == first.by_digest
    aws.lambda_.update(function)
    listed = functions.list_versions_by_function(FunctionName="resize")["Versions"]
    assert [(item["Version"], item["CodeSha256"]) for item in listed] == [
        ("$LATEST", second.digest[7:]),
        ("1", first.digest[7:]),
    ]
    assert {item["PackageType"] for item in listed} == {"Image"}


def test_a_function_is_found_by_name_arn_and_qualifier(
    aws: FakeAws, shop: Repository, functions: Any
) -> None:
    old = shop.push("v1")
    function = aws.lambda_.function("resize", old)
    function.alias("live", function.publish())
    aws.lambda_.update(function, shop.push("v2"))

    def digest(name: str, **qualifier: str) -> str:
        uri: str = functions.get_function(FunctionName=name, **qualifier)["Code"][
            "ResolvedImageUri"
        ]
        return uri.partition("@")[2]

    for name in ("resize:live", f"{function.arn}:1", "123456789012:function:resize:1"):
        assert digest(name) == old.digest
    assert digest(function.arn, Qualifier="live") == old.digest
    assert digest(function.arn) == function.latest.code.digest != old.digest
    code, message = refused(functions.get_function, FunctionName="resize", Qualifier="9")
    assert code == "ResourceNotFoundException"
    assert message.endswith(":function:resize:9")


def test_functions_come_50_a_page_whatever_is_asked_for(aws: FakeAws, functions: Any) -> None:
    for number in range(60):
        aws.lambda_.function(f"f{number:02d}", "image", digest="sha256:" + "1" * 64).publish()
    page = functions.list_functions(MaxItems=10_000)
    assert len(page["Functions"]) == 50
    assert page["Functions"][0]["FunctionArn"].endswith(":function:f00")
    every = paged(functions, "list_functions", "Functions", FunctionVersion="ALL")
    assert len(every) == 120
    assert [item["Version"] for item in every[:2]] == ["$LATEST", "1"]


def test_zip_functions_aliases_and_provisioned_concurrency(aws: FakeAws, functions: Any) -> None:
    function = aws.lambda_.function("plain")
    version = function.publish()
    function.alias("live", version, weights={"2": 0.1})
    function.provision("live", 5)
    shown = functions.get_function(FunctionName="plain")
    assert shown["Configuration"]["PackageType"] == "Zip"
    assert shown["Code"]["RepositoryType"] == "S3"
    alias = functions.list_aliases(FunctionName=function.arn)["Aliases"][0]
    assert alias["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.1}}
    assert functions.list_aliases(FunctionName="plain", FunctionVersion="2")["Aliases"] == []
    configs = functions.list_provisioned_concurrency_configs(FunctionName="plain")
    assert configs["ProvisionedConcurrencyConfigs"][0]["FunctionArn"] == f"{function.arn}:live"
    version.fail()
    failed = functions.get_function(FunctionName="plain", Qualifier="1")["Configuration"]
    assert (failed["State"], failed["StateReasonCode"]) == ("Failed", "ImageDeleted")


def test_the_caller_is_who_the_access_key_says(aws: FakeAws) -> None:
    identity = client(aws, "sts", account="222222222222").get_caller_identity()
    assert identity["Account"] == "222222222222"
    assert identity["Arn"] == "arn:aws:iam::222222222222:user/ecrm"
    aws.world.map_key("AKIAANOTHERONE", "222222222222")
    args = aws.client_args() | {"aws_access_key_id": "AKIAANOTHERONE"}
    assert SESSION.client("sts", **args).get_caller_identity()["Account"] == "222222222222"


def test_an_assumed_role_acts_in_its_own_account(aws: FakeAws) -> None:
    aws.account("222222222222").ecr.repository("theirs")
    role = "arn:aws:iam::222222222222:role/ecrm"
    keys = client(aws, "sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    args = {
        "endpoint_url": aws.url,
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
        "region_name": "us-east-1",
    }
    assert SESSION.client("sts", **args).get_caller_identity()["Arn"] == (
        "arn:aws:sts::222222222222:assumed-role/ecrm/me"
    )
    repositories = SESSION.client("ecr", **args).describe_repositories()["repositories"]
    assert [item["repositoryName"] for item in repositories] == ["theirs"]
    with pytest.raises(ClientError, match="ValidationError"):
        client(aws, "sts").assume_role(RoleArn="r" * 20, RoleSessionName="me")


def test_accounts_and_regions_do_not_see_each_other(aws: FakeAws) -> None:
    for account, region in (
        ("123456789012", "us-east-1"),
        ("123456789012", "eu-west-1"),
        ("222222222222", "us-east-1"),
    ):
        owner = aws.account(account, region)
        owner.ecr.repository(f"{region}-{account}")
        owner.ecs.cluster(f"{region}-{account}")
        owner.lambda_.function(f"{region}-{account}")
    places: list[dict[str, str]] = [{}, {"region": "eu-west-1"}, {"account": "222222222222"}]
    for place in places:
        name = f"{place.get('region', 'us-east-1')}-{place.get('account', '123456789012')}"
        ecr, ecs, functions = (client(aws, part, **place) for part in ("ecr", "ecs", "lambda"))
        found = ecr.describe_repositories()["repositories"]
        assert [item["repositoryName"] for item in found] == [name]
        assert ecs.list_clusters()["clusterArns"][0].endswith(f"cluster/{name}")
        assert [item["FunctionName"] for item in functions.list_functions()["Functions"]] == [name]
    assert {(call.account, call.region) for call in aws.calls} == {
        ("123456789012", "us-east-1"),
        ("123456789012", "eu-west-1"),
        ("222222222222", "us-east-1"),
    }


def test_registry_id_names_another_accounts_registry(aws: FakeAws, ecr: Any) -> None:
    image = aws.account("222222222222").ecr.repository("theirs").push("v1")
    shown = ecr.describe_images(registryId="222222222222", repositoryName="theirs")
    assert shown["imageDetails"][0]["imageDigest"] == image.digest
    assert refused(ecr.describe_images, repositoryName="theirs")[0] == "RepositoryNotFoundException"


# -- weather ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "fault", "code", "status"),
    [
        ("ecr describe_repositories", Fault.throttle(), "ThrottlingException", 400),
        ("ecs list_clusters", Fault.throttle(), "ThrottlingException", 400),
        ("lambda list_functions", Fault.throttle(), "TooManyRequestsException", 429),
        ("sts get_caller_identity", Fault.throttle(), "Throttling", 400),
        ("ecr describe_repositories", Fault.server_error(), "ServerException", 500),
        ("lambda list_functions", Fault.server_error(), "ServiceException", 500),
        ("ecr describe_repositories", Fault.expired(), "ExpiredTokenException", 400),
        ("sts get_caller_identity", Fault.expired(), "ExpiredToken", 403),
        ("ecs list_clusters", Fault.error("Odd", "very", 418), "Odd", 418),
    ],
)
def test_a_fault_answers_in_the_services_own_terms(
    aws: FakeAws, call: str, fault: Fault, code: str, status: int
) -> None:
    service, _, operation = call.partition(" ")
    aws.fault(service, "*", fault)
    with pytest.raises(ClientError) as error:
        getattr(client(aws, service), operation)()
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert (aws.calls[0].status, aws.calls[0].error) == (status, code)
    getattr(client(aws, service), operation)()


def test_a_denial_names_the_caller_the_action_and_the_resource(aws: FakeAws, ecr: Any) -> None:
    aws.fault("ecr", "DescribeImages", Fault.denied(), times=FOREVER)
    aws.fault("lambda", "ListFunctions", Fault.denied(reason="with an explicit deny"))
    for _ in range(2):
        code, message = refused(ecr.describe_images, repositoryName="shop/api")
        assert code == "AccessDeniedException"
        assert message == (
            "User: arn:aws:iam::123456789012:user/ecrm is not authorized to perform: "
            "ecr:DescribeImages on resource: "
            "arn:aws:ecr:us-east-1:123456789012:repository/shop/api "
            "because no identity-based policy allows the ecr:DescribeImages action"
        )
    code, message = refused(client(aws, "lambda").list_functions)
    assert code == "AccessDeniedException"
    assert message.endswith("lambda:ListFunctions on resource: * with an explicit deny")


def test_a_fault_hits_the_calls_that_it_is_aimed_at(aws: FakeAws, ecr: Any) -> None:
    for name in ("a1", "b1"):
        aws.ecr.repository(name)
    aws.fault("ecr", "ListImages", Fault.throttle(), at=2, times=2)
    aws.fault(
        "ecr",
        "DescribeImages",
        Fault.throttle(),
        when=lambda params: params["repositoryName"] == "b1",
    )
    aws.fault("ecr", "*", Fault.server_error(), region="eu-west-1", times=FOREVER)

    def outcome(operation: str, name: str) -> bool:
        try:
            getattr(ecr, operation)(repositoryName=name)
        except ClientError:
            return False
        return True

    assert [outcome("list_images", "a1") for _ in range(4)] == [True, False, False, True]
    assert [outcome("describe_images", name) for name in ("a1", "b1", "b1")] == [True, False, True]
    assert dict(aws.calls.throttled) == {"ecr:ListImages": 2, "ecr:DescribeImages": 1}
    code, _ = refused(client(aws, "ecr", region="eu-west-1").describe_repositories)
    assert code == "ServerException"
    aws.clear_weather()
    client(aws, "ecr", region="eu-west-1").describe_repositories()


def test_a_connection_drops_before_or_after_the_operation(
    aws: FakeAws, shop: Repository, ecr: Any
) -> None:
    first, second = shop.push(), shop.push()
    aws.fault("ecr", "BatchDeleteImage", Fault.drop())
    aws.fault("ecr", "BatchDeleteImage", Fault.drop_after(), at=2)
    for image in (first, second):
        with pytest.raises(ConnectionClosedError):
            ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(image))
    assert (first in shop, second in shop) == (True, False)
    assert [call.status for call in aws.calls.writes] == [0, 0]


@pytest.mark.parametrize("fault", [Fault.cut(), Fault.truncate()])
def test_half_an_answer_is_to_botocore_an_answer_without_members(
    aws: FakeAws, shop: Repository, ecr: Any, functions: Any, fault: Fault
) -> None:
    """No error and no retry: whoever reads with `.get(member, [])` sees an empty account."""
    shop.push()
    aws.fault("*", "*", fault, times=FOREVER)
    assert ecr.describe_images(repositoryName="shop/api").keys() == {"ResponseMetadata"}
    assert functions.list_functions().keys() == {"ResponseMetadata"}
    with pytest.raises(ResponseParserError):
        client(aws, "sts").get_caller_identity()
    aws.clear_weather()
    assert ecr.describe_images(repositoryName="shop/api")["imageDetails"]


def test_an_empty_page_leads_on_to_what_was_asked_for(
    aws: FakeAws, shop: Repository, ecr: Any, functions: Any
) -> None:
    shop.fill(25)
    aws.lambda_.function("plain")
    for at in (1, 2, 4):
        aws.fault("ecr", "DescribeImages", Fault.empty_page(), at=at)
    found = paged(
        ecr,
        "describe_images",
        "imageDetails",
        repositoryName="shop/api",
        PaginationConfig={"PageSize": 10},
    )
    assert len({item["imageDigest"] for item in found}) == len(found) == 25
    assert len(aws.calls) == 6
    aws.fault("lambda", "ListFunctions", Fault.empty_page())
    assert len(paged(functions, "list_functions", "Functions")) == 1


def test_one_id_of_a_batch_fails_and_the_others_do_not(
    aws: FakeAws, shop: Repository, ecr: Any, ecs: Any
) -> None:
    first, second = shop.push(), shop.push()
    aws.fault("ecr", "BatchDeleteImage", Fault.failure("KmsError", "no key", of=second.digest))
    answer = ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(first, second))
    assert answer["imageIds"] == by_digest(first)
    assert answer["failures"] == [
        {
            "imageId": {"imageDigest": second.digest},
            "failureCode": "KmsError",
            "failureReason": "no key",
        }
    ]
    assert second in shop
    service = aws.ecs.cluster().service("web", aws.ecs.task_definition("web", "nginx"))
    aws.fault("ecs", "DescribeServices", Fault.failure("ACCESS_DENIED"))
    answer = ecs.describe_services(services=[service.arn])
    assert answer["services"] == []
    assert answer["failures"] == [{"arn": service.arn, "reason": "ACCESS_DENIED"}]


def test_the_account_changes_in_the_middle_of_a_run(
    aws: FakeAws, shop: Repository, ecr: Any
) -> None:
    shop.push("v1")
    aws.before("ecr", "ListImages", at=2, do=lambda: shop.push("v2"))
    aws.after("ecr", "ListImages", at=2, do=lambda: shop.push("v3"))
    counts = [len(ecr.list_images(repositoryName="shop/api")["imageIds"]) for _ in range(3)]
    assert counts == [1, 2, 3]


def test_what_fails_in_a_hook_fails_the_test() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    def scenario() -> None:
        with FakeAws(sockets=True) as aws:
            aws.before("ecr", "DescribeRepositories", do=broken)
            assert refused(client(aws, "ecr").describe_repositories)[0] == "InternalFailure"

    with pytest.raises(ZeroDivisionError):
        scenario()


def test_a_call_that_is_held_holds_up_no_other(aws: FakeAws, ecr: Any) -> None:
    together = threading.Barrier(8, timeout=30)
    aws.hold(together.wait, "ecr", "DescribeRepositories")
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(ecr.describe_repositories) for _ in range(8)]
        assert [call.result()["repositories"] for call in calls] == [[]] * 8


def test_latency_is_slept_before_each_such_answer(
    aws: FakeAws, ecr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr("tests.fake_aws.fake.time", SimpleNamespace(sleep=naps.append))
    aws.slow(0.1, "ecr", "DescribeRepositories")
    ecr.describe_repositories()
    ecr.describe_registry()
    ecr.describe_repositories()
    assert naps == [0.1, 0.1]


class StillClock:
    """Stands in for `time` where buckets fill: they must not fill because a machine is slow."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StillClock:
    still = StillClock()
    monkeypatch.setattr(buckets, "time", still)
    return still


def test_actions_in_a_row_share_one_bucket_per_account_and_region(
    aws: FakeAws, ecs: Any, clock: StillClock
) -> None:
    aws.limit([Rate("ecs", ("ListClusters", "DescribeClusters"), burst=2, per_second=20)])
    ecs.list_clusters()
    ecs.describe_clusters()
    assert refused(ecs.list_clusters)[0] == "ThrottlingException"
    client(aws, "ecs", region="eu-west-1").list_clusters()
    ecs.list_task_definitions()
    clock.now += 0.06
    ecs.list_clusters()
    assert aws.calls.throttled == {"ecs:ListClusters": 1}


@pytest.mark.usefixtures("clock")
def test_the_published_rates_hold_lambda_to_15_a_second(aws: FakeAws, functions: Any) -> None:
    aws.limit(PUBLISHED)
    aws.lambda_.function("plain")
    for _ in range(15):
        functions.list_functions()
    assert refused(functions.list_functions)[0] == "TooManyRequestsException"
    functions.get_function(FunctionName="plain")


# -- the record, the process, the cost ----------------------------------------------------------


def test_every_request_is_recorded_in_order(aws: FakeAws, shop: Repository, ecr: Any) -> None:
    image = shop.push()
    ecr.describe_images(repositoryName="shop/api", maxResults=7)
    ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(image))
    assert aws.calls.names == ["ecr:DescribeImages", "ecr:BatchDeleteImage"]
    assert aws.calls[0].parameters == {"repositoryName": "shop/api", "maxResults": 7}
    assert [call.operation for call in aws.calls.writes] == ["BatchDeleteImage"]


def test_an_operation_that_the_fake_does_not_know_is_refused(ecr: Any, functions: Any) -> None:
    assert refused(ecr.create_repository, repositoryName="new")[0] == "UnknownOperationException"
    assert refused(functions.list_layers)[0] == "UnknownOperationException"


def test_clients_find_it_through_the_environment(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.account("222222222222", "eu-west-1").ecr.repository("theirs")
    for name, value in aws.env("222222222222", "eu-west-1").items():
        monkeypatch.setenv(name, value)
    repositories = boto3.Session().client("ecr").describe_repositories()["repositories"]
    assert repositories[0]["repositoryArn"].startswith("arn:aws:ecr:eu-west-1:222222222222:")


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.fake_aws", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            args = {
                "endpoint_url": process.stdout.readline().strip(),
                "region_name": "us-east-1",
                "aws_access_key_id": "any",
                "aws_secret_access_key": "secret",
            }
            found = SESSION.client("ecr", **args).describe_repositories()["repositories"]
        finally:
            process.terminate()
    assert [item["repositoryName"] for item in found] == ["shop/api", "shop/charts", "shop/worker"]


def test_a_thousand_images_are_listed_without_making_their_manifests(
    aws: FakeAws, shop: Repository, ecr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.fill(1000)
    image = shop.image("build-999")
    assert image.digest == "sha256:" + sha256(image.manifest.encode()).hexdigest()
    with monkeypatch.context() as patch:
        patch.setattr(type(image), "manifest", property(lambda _: pytest.fail("made a manifest")))
        page = ecr.describe_images(repositoryName="shop/api", maxResults=1000)
    assert len(page["imageDetails"]) == 1000
    assert shop.put_manifest(image.manifest) is image
    shop.fill(1, newest=days_ago(0))
    shop.fill(1, prefix=None)
    assert shop.image("build-0").tags == ("build-0",)
    assert sum(1 for image in shop if not image.tags) == 2
    assert "nextToken" not in page


def test_builders_make_what_build_tools_make(shop: Repository) -> None:
    chart = shop.push("1.0.0", config_type=HELM_CHART)
    signature = shop.push(cosign_tag(chart))
    ghost = Descriptor(OCI_MANIFEST, "sha256:" + "0" * 64, 100)
    broken = shop.push_index("broken", children=[ghost])
    assert chart.artifact_type == HELM_CHART
    assert signature.by_tag.endswith(f":sha256-{chart.digest[7:]}.sig")
    assert (broken.children, broken.size) == ((ghost.digest,), 0)
    assert next(iter(shop)).digest == broken.digest
    shop.tag(chart, "stable")
    shop.untag("1.0.0")
    assert (chart.tags, chart.reference) == (("stable",), f"{shop.uri}:stable")
    assert repr(shop.image("stable")).endswith("stable>")


# -- what ecrm keeps and tells: S3, SSM, SNS --------------------------------------------------


def test_an_object_is_read_as_it_was_put(aws: FakeAws):
    aws.s3.bucket("kept")
    aws.world.clock = lambda: 1_800_000_000.0
    s3 = client(aws, "s3")
    s3.put_object(Bucket="kept", Key="a/ä b.json", Body="größe".encode(), ContentType="text/x")
    answer = s3.get_object(Bucket="kept", Key="a/ä b.json")
    assert (answer["Body"].read().decode(), answer["ContentType"]) == ("größe", "text/x")
    assert answer["LastModified"].timestamp() == 1_800_000_000
    assert aws.s3.texts("kept") == {"a/ä b.json": "größe"}


@pytest.mark.parametrize(("bucket", "code"), [("kept", "NoSuchKey"), ("another", "NoSuchBucket")])
def test_what_is_not_in_s3_is_said_so(aws: FakeAws, bucket: str, code: str):
    aws.s3.bucket("kept")
    with pytest.raises(ClientError) as refused:
        client(aws, "s3").get_object(Bucket=bucket, Key="none")
    assert refused.value.response["Error"]["Code"] == code


def test_an_object_that_must_be_new_is_refused_where_one_is(aws: FakeAws):
    aws.s3.put("kept", "a", "first")
    with pytest.raises(ClientError) as refused:
        client(aws, "s3").put_object(Bucket="kept", Key="a", Body=b"second", IfNoneMatch="*")
    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    assert aws.s3.texts("kept") == {"a": "first"}


def test_objects_are_listed_a_thousand_at_a_time(aws: FakeAws):
    for number in range(1001):
        aws.s3.put("kept", f"a/{number:04d}", "")
    aws.s3.put("kept", "b", "")
    pages = client(aws, "s3").get_paginator("list_objects_v2").paginate(Bucket="kept", Prefix="a/")
    found = [[stored["Key"] for stored in page["Contents"]] for page in pages]
    assert [len(page) for page in found] == [1000, 1]
    assert found[1] == ["a/1000"]


def test_a_secret_parameter_is_shown_to_who_asks_for_decryption(aws: FakeAws):
    aws.ssm.put("/ecrm/config", "secret", secret=True)
    ssm = client(aws, "ssm")
    shown = [
        ssm.get_parameter(Name="/ecrm/config", WithDecryption=decrypted)["Parameter"]["Value"]
        for decrypted in (True, False)
    ]
    assert shown[0] == "secret"
    assert shown[1] != "secret"
    for name, code in (("/none", "ParameterNotFound"), ("a/b", "ValidationException")):
        with pytest.raises(ClientError) as refused:
            ssm.get_parameter(Name=name)
        assert refused.value.response["Error"]["Code"] == code


def test_a_topic_remembers_what_was_published(aws: FakeAws):
    arn = "arn:aws:sns:us-east-1:123456789012:ecrm"
    messages = aws.sns.topic(arn)
    sns = client(aws, "sns")
    assert sns.publish(TopicArn=arn, Subject="ecrm: done", Message="2 < 3 & ä")["MessageId"]
    assert messages == [("ecrm: done", "2 < 3 & ä")]


@pytest.mark.parametrize(
    ("subject", "message"), [("x" * 101, "m"), ("ä", "m"), ("two\nlines", "m"), ("s", "m" * 262145)]
)
def test_a_topic_refuses_what_sns_refuses(aws: FakeAws, subject: str, message: str):
    arn = "arn:aws:sns:us-east-1:123456789012:ecrm"
    aws.sns.topic(arn)
    with pytest.raises(ClientError) as refused:
        client(aws, "sns").publish(TopicArn=arn, Subject=subject, Message=message)
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"

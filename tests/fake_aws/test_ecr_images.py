"""What the fake ECR lists and reads, seen through real boto3 clients."""

import json
from hashlib import sha256
from typing import Any

import pytest

from tests.fake_aws import (
    DOCKER_LIST,
    OCI_INDEX,
    OCI_MANIFEST,
    SIGNATURE,
    FakeAws,
    Repository,
    days_ago,
)
from tests.fake_aws.driving import by_digest, client, paged, refused

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

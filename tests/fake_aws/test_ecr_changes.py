"""Deleting, pushing, archiving and settings of the fake ECR, through real boto3 clients."""

from typing import Any

from tests.fake_aws import Address, FakeAws, Image, Repository
from tests.fake_aws.driving import by_digest, refused

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

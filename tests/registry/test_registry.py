"""ECR: every page, every field, every failure, and the account on every call."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from ecrm.errors import AccessDenied, AwsError, Gone
from ecrm.model.image import Image, Kind, Status
from ecrm.model.media_types import INDEX_MEDIA_TYPES
from ecrm.registry.access import Puller, Pullers
from ecrm.registry.conditions import Limit
from ecrm.registry.deleter import Deleter, Refusal
from ecrm.registry.images import images, repositories
from ecrm.registry.inventory import Inventory
from ecrm.registry.manifests import children, manifests
from tests.stubs import ACCOUNT, REGISTRY, Stubs
from tests.values import OCI_INDEX, OCI_MANIFEST, digest, numbered

PUSHED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PULLED = datetime(2026, 2, 3, tzinfo=UTC)
ARCHIVED = datetime(2026, 2, 4, tzinfo=UTC)
ACTIVATED = datetime(2026, 2, 5, tzinfo=UTC)

EVERYWHERE = {"registryId": ACCOUNT}
REPOSITORY = EVERYWHERE | {"repositoryName": "shop/api"}
ALL_IMAGES = REPOSITORY | {"filter": {"imageStatus": "ANY"}, "maxResults": 1000}
ALL_REPOSITORIES = EVERYWHERE | {"maxResults": 1000}


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


def ids(*numbers: int) -> list[dict[str, str]]:
    return [{"imageDigest": digest(number)} for number in numbers]


def repository(name: str) -> dict[str, str]:
    return {"repositoryName": name}


def detail(number: int, **more: object) -> dict[str, Any]:
    return {"imageDigest": digest(number), "imagePushedAt": PUSHED, **more}


def index(*numbers: int) -> str:
    return json.dumps({"manifests": [{"digest": digest(number)} for number in numbers]})


def read(manifest: str, name: str = "") -> dict[str, Any]:
    return {"imageId": {"imageDigest": name or digest(manifest)}, "imageManifest": manifest}


def failure(number: int, code: str, reason: str) -> dict[str, Any]:
    return {"imageId": ids(number)[0], "failureCode": code, "failureReason": reason}


def children_of(
    aws: Stubs, *manifests: str, gone: Sequence[int] = (), status: Status = Status.ACTIVE
) -> dict[str, tuple[str, ...]]:
    """Of the indexes with these manifests, and of some that ECR gives no manifest of."""
    digests = [*map(digest, manifests), *map(digest, gone)]
    indexes = [
        Image(index_digest, (), PUSHED, 0, OCI_INDEX, status=status) for index_digest in digests
    ]
    return dict(children(aws.target, "shop/api", indexes))


def asked_for(aws: Stubs) -> list[list[str]]:
    return [
        [image["imageDigest"] for image in params["imageIds"]]
        for params in aws.asked("BatchGetImage")
    ]


# Repositories


def test_repositories_of_all_pages_are_listed_by_name(aws):
    first = {"repositories": [repository("shop/b"), repository("shop/c")], "nextToken": "2"}
    aws.answer("DescribeRepositories", first, **ALL_REPOSITORIES)
    aws.answer(
        "DescribeRepositories",
        {"repositories": [repository("shop/a")]},
        **ALL_REPOSITORIES,
        nextToken="2",
    )
    assert list(repositories(aws.target)) == ["shop/a", "shop/b", "shop/c"]


def test_a_page_without_repositories_is_followed_by_the_next(aws):
    """B31."""
    aws.answer("DescribeRepositories", {"repositories": [], "nextToken": "2"}, **ALL_REPOSITORIES)
    page = {"repositories": [repository("shop/a")]}
    aws.answer("DescribeRepositories", page, **ALL_REPOSITORIES, nextToken="2")
    assert list(repositories(aws.target)) == ["shop/a"]


def test_repositories_that_may_not_be_listed_are_an_error(aws):
    aws.refuse("DescribeRepositories", "AccessDeniedException", "not you", **ALL_REPOSITORIES)
    with pytest.raises(AccessDenied, match="ecr:DescribeRepositories is denied"):
        repositories(aws.target)


def test_one_repository_is_asked_for_by_its_name(aws):
    answer = {"repositories": [repository("shop/api")]}
    aws.answer("DescribeRepositories", answer, **EVERYWHERE, repositoryNames=["shop/api"])
    assert list(repositories(aws.target, "shop/api")) == ["shop/api"]


def test_a_repository_that_is_not_there_is_none(aws):
    code = "RepositoryNotFoundException"
    aws.refuse("DescribeRepositories", code, **EVERYWHERE, repositoryNames=["shop/api"])
    assert list(repositories(aws.target, "shop/api")) == []


# Images


def test_images_of_every_status_are_asked_for_in_the_largest_pages(aws):
    """B32."""
    aws.answer("DescribeImages", {"imageDetails": [detail(1)], "nextToken": "2"}, **ALL_IMAGES)
    aws.answer(
        "DescribeImages", {"imageDetails": [], "nextToken": "3"}, **ALL_IMAGES, nextToken="2"
    )
    aws.answer("DescribeImages", {"imageDetails": [detail(2)]}, **ALL_IMAGES, nextToken="3")
    assert [image.digest for image in images(aws.target, "shop/api")] == [digest(1), digest(2)]


def test_every_field_that_decides_is_read(aws):
    row = detail(
        1,
        imageTags=["v2", "v1"],
        imageSizeInBytes=42_000_000,
        imageManifestMediaType=OCI_MANIFEST,
        artifactMediaType="application/vnd.oci.image.config.v1+json",
        subjectManifestDigest=digest(9),
        lastRecordedPullTime=PULLED,
        imageStatus="ARCHIVED",
        lastArchivedAt=ARCHIVED,
        lastActivatedAt=ACTIVATED,
    )
    aws.answer("DescribeImages", {"imageDetails": [row]}, **ALL_IMAGES)
    assert images(aws.target, "shop/api") == [
        Image(
            digest=digest(1),
            tags=("v1", "v2"),
            pushed_at=PUSHED,
            size=42_000_000,
            media_type=OCI_MANIFEST,
            artifact_type="application/vnd.oci.image.config.v1+json",
            subject=digest(9),
            pulled_at=PULLED,
            status=Status.ARCHIVED,
            archived_at=ARCHIVED,
            activated_at=ACTIVATED,
        )
    ]


def test_a_row_with_nothing_but_digest_and_push_time_is_an_untagged_image(aws):
    """B31."""
    aws.answer("DescribeImages", {"imageDetails": [detail(1)]}, **ALL_IMAGES)
    [image] = images(aws.target, "shop/api")
    assert image == Image(digest(1), (), PUSHED)
    assert (image.kind, image.status, image.pulled_at) == (Kind.IMAGE, Status.ACTIVE, None)


def test_the_age_is_that_of_the_push(aws):
    """B28."""
    aws.answer("DescribeImages", {"imageDetails": [detail(1)]}, **ALL_IMAGES)
    assert images(aws.target, "shop/api")[0].pushed_at == PUSHED


@pytest.mark.parametrize(
    ("media_type", "artifact_type", "kind"),
    [
        (OCI_INDEX, None, Kind.INDEX),
        ("application/vnd.docker.distribution.manifest.list.v2+json", None, Kind.INDEX),
        (OCI_MANIFEST, "application/vnd.docker.container.image.v1+json", Kind.IMAGE),
        (OCI_MANIFEST, "application/vnd.amazon.soci.index.v1+json", Kind.SOCI_INDEX),
        (OCI_MANIFEST, "application/vnd.cncf.helm.config.v1+json", Kind.ARTIFACT),
    ],
)
def test_the_media_types_tell_what_an_image_is(aws, media_type, artifact_type, kind):
    row = detail(1, imageManifestMediaType=media_type)
    if artifact_type:
        row["artifactMediaType"] = artifact_type
    aws.answer("DescribeImages", {"imageDetails": [row]}, **ALL_IMAGES)
    assert images(aws.target, "shop/api")[0].kind is kind


@pytest.mark.parametrize("missing", ["imageDigest", "imagePushedAt"])
def test_an_image_without_what_decides_cannot_be_judged(aws, missing):
    row = detail(1)
    del row[missing]
    aws.answer("DescribeImages", {"imageDetails": [row]}, **ALL_IMAGES)
    with pytest.raises(AwsError) as error:
        images(aws.target, "shop/api")
    message = f"AWS's answer has no imageDetails[0].{missing}; try again"
    assert str(error.value) == f"ecr:DescribeImages: {message}"


def test_an_image_of_a_status_that_is_new_to_us_cannot_be_judged(aws):
    row = detail(1, imageStatus="MELTED")
    aws.answer("DescribeImages", {"imageDetails": [row]}, **ALL_IMAGES)
    with pytest.raises(AwsError, match="an image has the unknown status MELTED"):
        images(aws.target, "shop/api")


def test_a_repository_that_vanished_is_gone(aws):
    aws.refuse("DescribeImages", "RepositoryNotFoundException", "no such", **ALL_IMAGES)
    with pytest.raises(Gone, match="ecr:DescribeImages: RepositoryNotFoundException: no such"):
        images(aws.target, "shop/api")


def test_a_later_page_that_fails_fails_the_repository(aws):
    """B11."""
    aws.answer("DescribeImages", {"imageDetails": [detail(1)], "nextToken": "2"}, **ALL_IMAGES)
    aws.refuse("DescribeImages", "ServerException", "oops", **ALL_IMAGES, nextToken="2")
    with pytest.raises(AwsError, match="ecr:DescribeImages: ServerException: oops"):
        images(aws.target, "shop/api")


# Manifests


def test_the_children_are_those_that_the_manifest_names(aws):
    """B1."""
    two, none = index(11, 12), index()
    aws.otherwise("BatchGetImage", {"images": [read(two), read(none)]})
    assert children_of(aws, two, none) == {digest(two): (digest(11), digest(12)), digest(none): ()}


def test_manifests_are_asked_for_by_digest_in_the_form_they_were_pushed_in(aws):
    """B17."""
    aws.otherwise("BatchGetImage", {"images": [read(index())]})
    children_of(aws, index())
    [params] = aws.asked("BatchGetImage")
    accepted = params.pop("acceptedMediaTypes")
    assert params == REPOSITORY | {"imageIds": [{"imageDigest": digest(index())}]}
    assert set(accepted) >= INDEX_MEDIA_TYPES


@pytest.mark.parametrize(
    ("number", "expected"), [(0, []), (1, [1]), (99, [99]), (100, [100]), (101, [100, 1])]
)
def test_manifests_are_read_a_hundred_a_call(aws, number, expected):
    """B4."""
    texts = {digest(index(place)): index(place) for place in range(number)}

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        return {"images": [read(texts[image_id["imageDigest"]]) for image_id in params["imageIds"]]}

    aws.otherwise("BatchGetImage", answer)
    assert len(children_of(aws, *texts.values())) == number
    assert [len(chunk) for chunk in asked_for(aws)] == expected


def test_an_index_that_is_gone_meanwhile_has_no_children(aws):
    """B21."""
    answer = {
        "images": [read(index(11))],
        "failures": [failure(2, "ImageNotFound", "Requested image not found")],
    }
    aws.otherwise("BatchGetImage", answer)
    aws.otherwise_refuse("DescribeImages", "ImageNotFoundException")
    assert children_of(aws, index(11), gone=[2]) == {digest(index(11)): (digest(11),)}


def test_b36_an_index_that_ecr_still_describes_is_not_gone(aws):
    """Its images would look as if no index held them."""
    answer = {"images": [read(index(11))], "failures": [failure(2, "ImageNotFound", "no")]}
    aws.otherwise("BatchGetImage", answer)
    aws.answer(
        "DescribeImages",
        {"imageDetails": []},
        registryId=REGISTRY.account,
        repositoryName="shop/api",
        imageIds=[{"imageDigest": digest(2)}],
        filter={"imageStatus": "ANY"},
    )
    with pytest.raises(AwsError) as error:
        children_of(aws, index(11), gone=[2])
    assert str(error.value) == (
        f"ecr:BatchGetImage: shop/api@{digest(2)}: ImageNotFound; but AWS still names it; try again"
    )


@pytest.mark.parametrize(
    "code",
    [
        "InvalidImageDigest",
        "KmsError",
        "UpstreamAccessDenied",
        "UpstreamTooManyRequests",
        "UpstreamUnavailable",
        "ImageInaccessible",
    ],
)
def test_a_manifest_that_cannot_be_read_raises(aws, code):
    """B11."""
    answer = {"images": [read(index())], "failures": [failure(2, code, "it is so")]}
    aws.otherwise("BatchGetImage", answer)
    with pytest.raises(AwsError) as error:
        children_of(aws, index(), gone=[2])
    assert str(error.value) == f"ecr:BatchGetImage: shop/api@{digest(2)}: it is so"


def test_a_manifest_that_the_answer_leaves_out_raises(aws):
    """B11."""
    aws.otherwise("BatchGetImage", {"images": [read(index())]})
    with pytest.raises(AwsError) as error:
        children_of(aws, index(), gone=[2])
    assert str(error.value) == (
        f"ecr:BatchGetImage: shop/api@{digest(2)}: AWS's answer leaves it out"
    )


def test_a_failure_in_a_later_chunk_raises(aws):
    """B11."""
    texts = {digest(index(number)): index(number) for number in range(101)}

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        wanted = params["imageIds"]
        if len(wanted) < 100:
            return {"images": []}
        return {"images": [read(texts[image_id["imageDigest"]]) for image_id in wanted]}

    aws.otherwise("BatchGetImage", answer)
    with pytest.raises(AwsError, match="AWS's answer leaves it out"):
        children_of(aws, *texts.values())


def test_b35_a_manifest_that_has_another_digest_than_asked_for_raises(aws):
    aws.otherwise("BatchGetImage", {"images": [read(index(), digest(index(11)))]})
    with pytest.raises(AwsError) as error:
        children_of(aws, index(11))
    assert str(error.value) == (
        f"ecr:BatchGetImage: shop/api@{digest(index(11))}: AWS's answer is another manifest, "
        f"{digest(index())}; try again"
    )


def test_b35_so_does_one_of_an_archived_index(aws):
    aws.otherwise("BatchGetImage", {"images": [read(index(), digest(index(11)))]})
    with pytest.raises(AwsError, match="AWS's answer is another manifest"):
        children_of(aws, index(11), status=Status.ARCHIVED)


@pytest.mark.parametrize("member", ["imageId", "imageManifest"])
def test_b35_an_answer_without_the_manifest_or_its_name_raises(aws, member):
    answer = read(index())
    del answer[member]
    aws.otherwise("BatchGetImage", {"images": [answer]})
    with pytest.raises(AwsError, match=rf"AWS's answer has no images\[0\].{member}; try again"):
        children_of(aws, index())


def test_the_digest_of_a_signed_manifest_of_schema_1_is_that_of_its_payload(aws):
    """Its signatures stand in the same object, after what they sign."""
    signed = '{\n   "schemaVersion": 1,\n   "name": "shop/api"'
    tail = "\n}"
    payload = signed + tail

    def encoded(content: str) -> str:
        return urlsafe_b64encode(content.encode()).decode().rstrip("=")

    facts = {"formatLength": len(signed), "formatTail": encoded(tail), "time": "2026-01-01"}
    signatures = json.dumps([{"protected": encoded(json.dumps(facts)), "signature": "x"}])
    text = f'{signed},\n   "signatures": {signatures}\n}}'
    assert json.loads(text)["name"] == "shop/api"
    aws.otherwise("BatchGetImage", {"images": [read(text, digest(payload))]})
    wanted = numbered(1)._replace(digest=digest(payload))
    assert manifests_of(aws, wanted) == ({digest(payload): text}, {})


@pytest.mark.parametrize("protected", ["", "!", "e30", "WzFd", "eyJmb3JtYXRMZW5ndGgiOiAieCJ9"])
def test_a_signature_that_is_not_understood_proves_nothing(aws, protected):
    text = json.dumps({"schemaVersion": 1, "signatures": [{"protected": protected}]})
    aws.otherwise("BatchGetImage", {"images": [read(text, digest(1))]})
    found, unknown = manifests_of(aws, numbered(1))
    assert (found, list(unknown)) == ({}, [digest(1)])
    assert "AWS's answer is another manifest" in unknown[digest(1)]


@pytest.mark.parametrize(
    "manifest",
    [
        "no JSON",
        '{"manifests": [',
        "[]",
        "7",
        '{"schemaVersion": 2, "config": {}, "layers": []}',
        '{"manifests": {"digest": "sha256:1"}}',
        '{"manifests": [{"size": 7}]}',
        '{"manifests": ["sha256:1"]}',
        '{"manifests": [{"digest": 7}]}',
        '{"manifests": [{"digest": "sha256:1"}]}',
        f'{{"manifests": [{{"digest": "sha512:{"a" * 128}"}}]}}',
        f'{{"manifests": [{{"digest": "{digest(10).upper()}"}}]}}',
    ],
)
def test_a_manifest_that_is_no_index_raises(aws, manifest):
    """B11."""
    aws.otherwise("BatchGetImage", {"images": [read(manifest)]})
    with pytest.raises(AwsError) as error:
        children_of(aws, manifest)
    start = f"shop/api@{digest(manifest)}: the manifest is not an index ("
    assert str(error.value).startswith(start)
    assert "\n" not in str(error.value)


def test_an_index_whose_list_is_null_has_no_children(aws):
    """B31."""
    null = '{"manifests": null}'
    aws.otherwise("BatchGetImage", {"images": [read(null)]})
    assert children_of(aws, null) == {digest(null): ()}


def test_attestations_of_size_zero_are_children_like_others(aws):
    """B34."""
    manifest = json.dumps(
        {
            "mediaType": OCI_INDEX,
            "manifests": [
                {"digest": digest(11), "size": 0, "platform": {"os": "linux"}},
                {"digest": digest(12), "annotations": {"vnd.docker.reference.type": "a"}},
            ],
        }
    )
    aws.otherwise("BatchGetImage", {"images": [read(manifest)]})
    assert children_of(aws, manifest) == {digest(manifest): (digest(11), digest(12))}


def test_an_archived_index_that_ecr_does_not_give_is_no_reason_to_keep_everything(aws):
    """Its children are safe: ECR refuses to delete a child of an index that is there."""
    answer = {
        "images": [read(index(11))],
        "failures": [failure(2, "ImageInaccessible", "it is archived")],
    }
    aws.otherwise("BatchGetImage", answer)
    found = children_of(aws, index(11), gone=[2], status=Status.ARCHIVED)
    assert found == {digest(index(11)): (digest(11),)}


# Images of a media type that ecrm does not know


NEXT = "application/vnd.oci.image.index.v2+json"


def listed(aws: Stubs, manifest: str, **more: object) -> list[Image]:
    """The images of a repository that holds an ordinary one, and one of a type of its own."""
    odd = detail(1, imageManifestMediaType=NEXT, **more) | {"imageDigest": digest(manifest)}
    rows = [odd, detail(2, imageManifestMediaType=OCI_MANIFEST)]
    aws.answer("DescribeImages", {"imageDetails": rows}, **ALL_IMAGES)
    return Inventory([aws.target]).images(REGISTRY, "shop/api")


def test_b35_an_index_of_an_unknown_media_type_makes_the_repository_unread(aws):
    aws.otherwise("BatchGetImage", {"images": [read(index(2))]})
    with pytest.raises(AwsError) as error:
        listed(aws, index(2))
    assert str(error.value) == (
        f"shop/api@{digest(index(2))}: an index of the media type {NEXT}, which ecrm does not "
        "know; upgrade ecrm"
    )
    [params] = aws.asked("BatchGetImage")
    assert params["imageIds"] == [{"imageDigest": digest(index(2))}]
    assert NEXT in params["acceptedMediaTypes"]


def test_another_manifest_of_an_unknown_media_type_is_an_image(aws):
    aws.otherwise("BatchGetImage", {"images": [read("{}")]})
    assert [image.digest for image in listed(aws, "{}")] == [digest("{}"), digest(2)]


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [("no JSON", "is not JSON"), ("[]", "is not an object"), ("7", "is not an object")],
)
def test_b35_a_manifest_that_may_be_an_index_is_not_known(aws, manifest, problem):
    aws.otherwise("BatchGetImage", {"images": [read(manifest)]})
    with pytest.raises(AwsError, match=f"the manifest {problem}"):
        listed(aws, manifest)


def test_an_archived_image_of_an_unknown_media_type_may_not_be_readable(aws):
    """ECR refuses to delete a child of an index that is there."""
    answer = {"images": [], "failures": [failure(1, "ImageInaccessible", "it is archived")]}
    aws.otherwise("BatchGetImage", answer)
    assert len(listed(aws, "{}", imageStatus="ARCHIVED")) == 2


def test_where_all_media_types_are_known_no_manifest_is_read(aws):
    rows = [
        detail(1, imageManifestMediaType=OCI_INDEX),
        detail(2, imageManifestMediaType=OCI_MANIFEST),
    ]
    aws.answer("DescribeImages", {"imageDetails": rows}, **ALL_IMAGES)
    assert len(Inventory([aws.target]).images(REGISTRY, "shop/api")) == 2


# Manifests of what is deleted, for the journal


def manifests_of(aws: Stubs, *wanted: Image) -> tuple[dict[str, str], dict[str, str]]:
    return Deleter(aws.target).manifests("shop/api", wanted)


def test_manifests_of_deletable_images_are_read_verbatim_in_the_form_they_were_pushed_in(aws):
    manifest = '{ "schemaVersion": 2,\n "config": {} }'
    odd = "application/vnd.example.odd+json"
    aws.otherwise("BatchGetImage", {"images": [read(manifest), read("{}")]})
    plain = numbered(1)._replace(digest=digest(manifest))
    found = manifests_of(aws, plain, numbered(2, media_type=odd)._replace(digest=digest("{}")))
    assert found == ({digest(manifest): manifest, digest("{}"): "{}"}, {})
    [params] = aws.asked("BatchGetImage")
    assert set(params["acceptedMediaTypes"]) > INDEX_MEDIA_TYPES | {odd, OCI_MANIFEST}


def test_b35_a_manifest_that_cannot_be_read_or_is_another_is_not_known_and_the_rest_is(aws):
    good, other = numbered(2)._replace(digest=digest("{}")), read("{ }") | {"imageId": ids(3)[0]}
    refusal = failure(1, "KmsError", "no key")
    aws.otherwise("BatchGetImage", {"images": [read("{}"), other], "failures": [refusal]})
    found, unknown = manifests_of(aws, numbered(1), good, numbered(3), numbered(4))
    assert found == {digest("{}"): "{}"}
    assert {image: why.rpartition(": ")[2] for image, why in unknown.items()} == {
        digest(1): "no key",
        digest(3): f"AWS's answer is another manifest, {digest('{ }')}; try again",
        digest(4): "AWS's answer leaves it out",
    }


def test_an_image_that_is_gone_or_archived_may_have_no_manifest(aws):
    archived = numbered(2)._replace(status=Status.ARCHIVED)
    answers = {
        digest(1): {"images": [], "failures": [failure(1, "ImageNotFound", "not found")]},
        digest(2): {"images": [], "failures": [failure(2, "ImageInaccessible", "archived")]},
    }
    aws.otherwise("BatchGetImage", lambda params: answers[params["imageIds"][0]["imageDigest"]])
    assert manifests_of(aws, numbered(1), archived) == ({}, {})


# Archiving


def test_an_image_is_archived_by_digest_in_the_account_of_the_target(aws):
    aws.answer(
        "UpdateImageStorageClass",
        {"imageStatus": "ARCHIVED"},
        **REPOSITORY,
        imageId=ids(1)[0],
        targetStorageClass="ARCHIVE",
    )
    Deleter(aws.target).archive("shop/api", digest(1))


NOT_THIS_ONE = "ImageStorageClassUpdateNotSupportedException"


def test_an_image_that_is_archived_already_is_archived(aws):
    """As where AWS's first answer got lost."""
    aws.otherwise_refuse("UpdateImageStorageClass", NOT_THIS_ONE, "not this one")
    aws.answer(
        "DescribeImages",
        {"imageDetails": [detail(1, imageStatus="ARCHIVED")]},
        **REPOSITORY,
        imageIds=ids(1),
        filter={"imageStatus": "ARCHIVED"},
    )
    Deleter(aws.target).archive("shop/api", digest(1))


@pytest.mark.parametrize(
    "found", [{}, {"imageDetails": [detail(1, imageStatus="ACTIVE")]}], ids=["none", "active"]
)
def test_an_image_that_cannot_be_archived_is_an_error(aws, found):
    aws.otherwise_refuse("UpdateImageStorageClass", NOT_THIS_ONE, "not this one")
    aws.otherwise("DescribeImages", found)
    with pytest.raises(AwsError) as error:
        Deleter(aws.target).archive("shop/api", digest(1))
    assert str(error.value) == f"ecr:UpdateImageStorageClass: {NOT_THIS_ONE}: not this one"


def test_where_it_cannot_be_known_whether_an_image_is_archived_the_first_error_counts(aws):
    aws.otherwise_refuse("UpdateImageStorageClass", NOT_THIS_ONE, "not this one")
    aws.otherwise_refuse("DescribeImages", "ImageNotFoundException", "no")
    with pytest.raises(AwsError, match=NOT_THIS_ONE):
        Deleter(aws.target).archive("shop/api", digest(1))


@pytest.mark.parametrize(
    ("code", "kind"),
    [("AccessDeniedException", AccessDenied), ("RepositoryNotFoundException", Gone)],
)
def test_what_may_not_be_archived_or_is_gone_is_not_looked_up(aws, code, kind):
    aws.otherwise_refuse("UpdateImageStorageClass", code)
    with pytest.raises(kind):
        Deleter(aws.target).archive("shop/api", digest(1))
    assert aws.asked("DescribeImages") == []


# Who else may use the images


def test_replication_rules_are_those_of_the_registry(aws):
    rule = {
        "destinations": [{"region": "eu-west-1", "registryId": "210987654321"}],
        "repositoryFilters": [{"filter": "shop/", "filterType": "PREFIX_MATCH"}],
        "deleteReplication": {"enabled": True},
    }
    aws.answer("DescribeRegistry", {"replicationConfiguration": {"rules": [rule]}})
    [found] = Inventory([aws.target]).replications(REGISTRY)
    assert str(found.destination) == "210987654321/eu-west-1"
    assert (found.covers("shop/api"), found.covers("tools/ci"), found.deletes) == (
        True,
        False,
        True,
    )


def test_b35_a_replication_filter_of_an_unknown_type_is_not_known(aws):
    rule = {
        "destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}],
        "repositoryFilters": [{"filter": "shop", "filterType": "SUFFIX_MATCH"}],
    }
    aws.answer("DescribeRegistry", {"replicationConfiguration": {"rules": [rule]}})
    with pytest.raises(AwsError) as error:
        Inventory([aws.target]).replications(REGISTRY)
    assert str(error.value) == (
        f"ecr:DescribeRegistry: {REGISTRY}: a repository filter is of the type SUFFIX_MATCH, "
        "which ecrm does not know; upgrade ecrm"
    )


def test_a_registry_without_replication_has_no_rules(aws):
    """B31."""
    aws.answer("DescribeRegistry", {"replicationConfiguration": {"rules": []}})
    assert Inventory([aws.target]).replications(REGISTRY) == ()


def puller(account: str) -> Puller:
    return Puller(f"account {account}", (Limit.to_account(account),))


def policy(account: str) -> str:
    allowed = {"Effect": "Allow", "Action": "ecr:BatchGetImage", "Principal": {"AWS": account}}
    return json.dumps({"Statement": [allowed]})


def test_those_whom_a_policy_of_the_repository_or_registry_lets_pull_are_reported(aws):
    """B26."""
    aws.answer("GetRegistryPolicy", {"policyText": policy("111111111111")})
    aws.answer("GetRepositoryPolicy", {"policyText": policy("222222222222")}, **REPOSITORY)
    inventory = Inventory([aws.target])
    assert inventory.cross_account_pullers(REGISTRY, "shop/api") == Pullers(
        (puller("222222222222"), puller("111111111111"))
    )
    aws.refuse("GetRepositoryPolicy", "RepositoryPolicyNotFoundException", "none", **REPOSITORY)
    assert inventory.cross_account_pullers(REGISTRY, "shop/api").known == (puller("111111111111"),)
    assert len(aws.asked("GetRegistryPolicy")) == 1


def test_where_there_are_no_policies_nobody_else_may_pull(aws):
    aws.otherwise_refuse("GetRegistryPolicy", "RegistryPolicyNotFoundException")
    aws.otherwise_refuse("GetRepositoryPolicy", "RepositoryPolicyNotFoundException")
    assert Inventory([aws.target]).cross_account_pullers(REGISTRY, "shop/api") == Pullers()


def test_a_registry_policy_that_may_not_be_read_is_asked_once_and_hides_no_other_policy(aws):
    aws.otherwise_refuse("GetRegistryPolicy", "AccessDeniedException")
    aws.otherwise("GetRepositoryPolicy", {"policyText": policy("222222222222")})
    inventory = Inventory([aws.target])
    for name in ("shop/api", "shop/web"):
        known, (why,) = inventory.cross_account_pullers(REGISTRY, name)
        assert known == (puller("222222222222"),)
        assert why.startswith("ecr:GetRegistryPolicy is denied; allow it")
    assert len(aws.asked("GetRegistryPolicy")) == 1


def test_a_repository_policy_that_may_not_be_read_hides_not_what_the_registry_says(aws):
    aws.otherwise("GetRegistryPolicy", {"policyText": policy("111111111111")})
    aws.otherwise_refuse("GetRepositoryPolicy", "AccessDeniedException")
    known, (why,) = Inventory([aws.target]).cross_account_pullers(REGISTRY, "shop/api")
    assert known == (puller("111111111111"),)
    assert why.startswith("ecr:GetRepositoryPolicy is denied; allow it")


# Deleting


def delete(aws: Stubs, *numbers: int) -> tuple[frozenset[str], tuple[Refusal, ...]]:
    return Deleter(aws.target).delete("shop/api", [digest(number) for number in numbers])


def test_deletion_is_by_digest_in_the_account_of_the_target(aws):
    """B25."""
    wanted = {"imageIds": ids(1, 2)}
    aws.answer("BatchDeleteImage", {"imageIds": ids(1, 2)}, **REPOSITORY, **wanted)
    assert delete(aws, 1, 2) == (frozenset({digest(1), digest(2)}), ())


def test_what_aws_refuses_is_not_counted_as_deleted(aws):
    """B3."""
    reason = "Requested image referenced by manifest list"
    answer = {
        "imageIds": ids(1),
        "failures": [
            failure(2, "ImageReferencedByManifestList", reason),
            failure(3, "ImageNotFound", "Requested image not found"),
        ],
    }
    aws.answer("BatchDeleteImage", answer, **REPOSITORY, imageIds=ids(1, 2, 3))
    deleted, refused = delete(aws, 1, 2, 3)
    assert deleted == {digest(1)}
    assert refused == (
        Refusal(digest(2), "ImageReferencedByManifestList", reason),
        Refusal(digest(3), "ImageNotFound", "Requested image not found"),
    )


def test_an_image_with_several_tags_is_answered_once_for_each_and_deleted_once(aws):
    """B5."""
    answer = {"imageIds": [ids(1)[0] | {"imageTag": tag} for tag in ("a", "b")]}
    aws.answer("BatchDeleteImage", answer, **REPOSITORY, imageIds=ids(1))
    assert delete(aws, 1) == (frozenset({digest(1)}), ())


def test_an_answer_without_lists_says_nothing_about_any_image(aws):
    """B35. So ECR is asked whether the image is still there."""
    aws.answer("BatchDeleteImage", {}, **REPOSITORY, imageIds=ids(1))
    aws.answer("DescribeImages", {"imageDetails": [detail(1)]}, **ALL_IMAGES)
    with pytest.raises(AwsError, match="ecr:BatchDeleteImage: AWS's answer has no imageIds"):
        delete(aws, 1)


def test_a_refusal_without_words_is_still_a_refusal(aws):
    answer = {"imageIds": ids(2), "failures": [{"imageId": ids(1)[0]}]}
    aws.answer("BatchDeleteImage", answer, **REPOSITORY, imageIds=ids(1, 2))
    assert delete(aws, 1, 2) == (frozenset({digest(2)}), (Refusal(digest(1), "", ""),))


def test_a_refused_call_deletes_nothing_and_names_the_permission(aws):
    aws.refuse(
        "BatchDeleteImage", "AccessDeniedException", "not you", **REPOSITORY, imageIds=ids(1)
    )
    with pytest.raises(AccessDenied) as error:
        delete(aws, 1)
    assert error.value.action == "ecr:BatchDeleteImage"


LOST = ("ServerException", "the answer got lost")


def test_where_the_answer_gets_lost_and_no_image_is_there_any_more_all_are_deleted(aws):
    """B24."""
    aws.refuse("BatchDeleteImage", *LOST, **REPOSITORY, imageIds=ids(1, 2))
    aws.answer("DescribeImages", {"imageDetails": [detail(3)]}, **ALL_IMAGES)
    assert delete(aws, 1, 2) == (frozenset({digest(1), digest(2)}), ())


def test_where_the_answer_gets_lost_and_an_image_is_still_there_that_is_an_error(aws):
    """B3."""
    aws.refuse("BatchDeleteImage", *LOST, **REPOSITORY, imageIds=ids(1, 2))
    aws.answer("DescribeImages", {"imageDetails": [detail(2)]}, **ALL_IMAGES)
    with pytest.raises(AwsError, match="ecr:BatchDeleteImage: ServerException: the answer got"):
        delete(aws, 1, 2)


def test_where_the_answer_gets_lost_and_nothing_can_be_looked_up_that_is_an_error(aws):
    """B3."""
    aws.refuse("BatchDeleteImage", *LOST, **REPOSITORY, imageIds=ids(1))
    aws.refuse("DescribeImages", "ServerException", "oops", **ALL_IMAGES)
    with pytest.raises(AwsError, match="ecr:BatchDeleteImage: ServerException: the answer got"):
        delete(aws, 1)


def test_a_repository_that_vanished_before_a_deletion_is_gone(aws):
    code = "RepositoryNotFoundException"
    aws.refuse("BatchDeleteImage", code, "no", **REPOSITORY, imageIds=ids(1))
    with pytest.raises(Gone):
        delete(aws, 1)


def test_what_is_still_there_is_looked_up_among_all_images_archived_ones_too(aws):
    rows = [detail(1), detail(2, imageStatus="ARCHIVED"), detail(3)]
    aws.answer("DescribeImages", {"imageDetails": rows}, **ALL_IMAGES)
    wanted = [digest(2), digest(3), digest(4)]
    assert Deleter(aws.target).still_there("shop/api", wanted) == {digest(2), digest(3)}


def test_no_call_to_ecr_that_can_name_the_account_leaves_it_out(aws):
    """B25."""
    aws.otherwise("DescribeRepositories", {"repositories": []})
    aws.otherwise("DescribeImages", {"imageDetails": []})
    aws.otherwise("BatchDeleteImage", {"imageIds": ids(1)})
    aws.otherwise("GetRepositoryPolicy", {"policyText": "{}"})
    aws.otherwise("UpdateImageStorageClass", {"imageStatus": "ARCHIVED"})
    aws.otherwise("DescribeRegistry", {"replicationConfiguration": {"rules": []}})
    aws.otherwise("GetRegistryPolicy", {"policyText": "{}"})
    aws.otherwise("BatchGetImage", {"images": [read(index())]})
    inventory, deleter = Inventory([aws.target]), Deleter(aws.target)
    assert inventory.registries == (REGISTRY,)
    assert inventory.repositories(REGISTRY) == []
    assert inventory.images(REGISTRY, "shop/api") == []
    empty = numbered(1)._replace(digest=digest(index()))
    inventory.children(REGISTRY, "shop/api", [empty])
    inventory.replications(REGISTRY)
    inventory.cross_account_pullers(REGISTRY, "shop/api")
    deleter.manifests("shop/api", [empty])
    deleter.delete("shop/api", [digest(1)])
    deleter.still_there("shop/api", [digest(1)])
    deleter.archive("shop/api", digest(1))
    model = aws.target.ecr.meta.service_model
    for operation, params in aws.calls:
        if "registryId" in model.operation_model(operation).input_shape.members:
            assert params["registryId"] == ACCOUNT, operation
    assert len(aws.calls) == 10


# Manifests, whoever asks


def test_manifests_are_accepted_in_every_form_that_ecr_keeps(aws):
    """In another form than it was pushed in, a manifest has another digest."""
    aws.otherwise("BatchGetImage", {"images": [read("{}")]})
    assert manifests(aws.target, "shop/api", [digest("{}")]) == {digest("{}"): "{}"}
    [params] = aws.asked("BatchGetImage")
    assert params["acceptedMediaTypes"] == [
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
    ]


def test_a_manifest_that_is_refused_raises_unless_the_caller_can_do_without(aws):
    refused = {"images": [], "failures": [failure(1, "KmsError", "no key")]}
    aws.otherwise("BatchGetImage", refused)
    with pytest.raises(AwsError, match="no key"):
        manifests(aws.target, "shop/api", [digest(1)])
    assert manifests(aws.target, "shop/api", [digest(1)], strict=False) == {}

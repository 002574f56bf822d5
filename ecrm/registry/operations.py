"""The operations of ECR that ecrm calls, and what ECR must answer."""

from ecrm.aws import Operation, listing
from ecrm.aws.shapes import DIGEST, FLAG, NUMBER, TEXT, TIME, ListOf, Optional, optional, record

_FILTER = record(filterType=TEXT, filter=TEXT)
_IMAGE_ID = record(imageDigest=DIGEST)
_FAILURE = record(
    imageId=optional(record(imageDigest=optional(TEXT))),
    failureCode=optional(TEXT),
    failureReason=optional(TEXT),
)

DESCRIBE_REGISTRY = Operation(
    "ecr",
    "DescribeRegistry",
    record(
        replicationConfiguration=record(
            rules=ListOf(
                record(
                    destinations=ListOf(record(region=TEXT, registryId=optional(TEXT))),
                    repositoryFilters=optional(ListOf(_FILTER)),
                    deleteReplication=optional(record(enabled=FLAG)),
                )
            )
        )
    ),
)
DESCRIBE_REPOSITORIES = listing(
    "ecr",
    "DescribeRepositories",
    "repositories",
    record(
        repositoryName=TEXT,
        imageTagMutability=optional(TEXT),
        imageTagMutabilityExclusionFilters=optional(ListOf(_FILTER)),
    ),
)
DESCRIBE_IMAGES = listing(
    "ecr",
    "DescribeImages",
    "imageDetails",
    record(
        imageDigest=DIGEST,
        imageTags=optional(ListOf(TEXT)),  # left out where there are none
        imagePushedAt=TIME,
        imageSizeInBytes=optional(NUMBER),
        imageManifestMediaType=optional(TEXT),
        artifactMediaType=optional(TEXT),
        subjectManifestDigest=optional(DIGEST),
        lastRecordedPullTime=optional(TIME),
        imageStatus=optional(TEXT),
        lastArchivedAt=optional(TIME),
        lastActivatedAt=optional(TIME),
    ),
)
DESCRIBE_PULL_THROUGH_CACHE_RULES = listing(
    "ecr",
    "DescribePullThroughCacheRules",
    "pullThroughCacheRules",
    record(
        ecrRepositoryPrefix=TEXT,
        upstreamRegistryUrl=TEXT,
        upstreamRegistry=optional(TEXT),
        upstreamRepositoryPrefix=optional(TEXT),
    ),
)
GET_REGISTRY_POLICY = Operation("ecr", "GetRegistryPolicy", record(policyText=TEXT))
GET_REPOSITORY_POLICY = Operation("ecr", "GetRepositoryPolicy", record(policyText=TEXT))
LIST_TAGS_FOR_RESOURCE = Operation(
    "ecr", "ListTagsForResource", record(tags=ListOf(record(Key=TEXT, Value=TEXT)))
)
GET_LIFECYCLE_POLICY = Operation("ecr", "GetLifecyclePolicy", record(lifecyclePolicyText=TEXT))
START_LIFECYCLE_POLICY_PREVIEW = Operation(
    "ecr",
    "StartLifecyclePolicyPreview",
    record(status=TEXT, lifecyclePolicyText=optional(TEXT)),
)
"""Named as if it changed something: it asks ECR what a policy would do, and does none of it."""
_PREVIEWED = record(
    imageDigest=DIGEST,
    appliedRulePriority=optional(NUMBER),
    action=record(type=TEXT),
)
GET_LIFECYCLE_POLICY_PREVIEW = Operation(
    "ecr",
    "GetLifecyclePolicyPreview",
    record(
        status=TEXT,
        lifecyclePolicyText=optional(TEXT),
        previewResults=Optional(ListOf(_PREVIEWED)),  # None while the preview is in progress
        nextToken=optional(TEXT),
    ),
    listed="previewResults",
)
BATCH_GET_IMAGE = Operation(
    "ecr",
    "BatchGetImage",
    record(
        images=ListOf(record(imageId=_IMAGE_ID, imageManifest=TEXT)),
        failures=optional(ListOf(_FAILURE)),
    ),
)
BATCH_CHECK_LAYER_AVAILABILITY = Operation(
    "ecr",
    "BatchCheckLayerAvailability",
    record(
        layers=ListOf(record(layerDigest=TEXT, layerAvailability=TEXT)),
        failures=optional(ListOf(record(layerDigest=TEXT, failureCode=optional(TEXT)))),
    ),
)
BATCH_DELETE_IMAGE = Operation(
    "ecr",
    "BatchDeleteImage",
    record(imageIds=ListOf(_IMAGE_ID), failures=optional(ListOf(_FAILURE))),
    writes=True,
)
UPDATE_IMAGE_STORAGE_CLASS = Operation(
    "ecr", "UpdateImageStorageClass", record(imageStatus=TEXT), writes=True
)
PUT_IMAGE = Operation("ecr", "PutImage", record(image=record(imageId=_IMAGE_ID)), writes=True)

"""Every ECR operation that the fake knows."""

from __future__ import annotations

from collections.abc import Callable

from tests.fake_aws.account import Account, Json

from . import deleting, describing, fetching, lifecycle, pushing, settings

OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {
    "BatchCheckLayerAvailability": fetching.batch_check_layer_availability,
    "BatchDeleteImage": deleting.batch_delete_image,
    "BatchGetImage": fetching.batch_get_image,
    "DescribeImages": describing.describe_images,
    "DescribePullThroughCacheRules": settings.describe_pull_through_cache_rules,
    "DescribeRegistry": settings.describe_registry,
    "DescribeRepositories": describing.describe_repositories,
    "GetLifecyclePolicy": lifecycle.get_lifecycle_policy,
    "GetLifecyclePolicyPreview": lifecycle.get_lifecycle_policy_preview,
    "GetRegistryPolicy": settings.get_registry_policy,
    "GetRepositoryPolicy": settings.get_repository_policy,
    "ListImageReferrers": describing.list_image_referrers,
    "ListImages": describing.list_images,
    "ListPullTimeUpdateExclusions": settings.list_pull_time_update_exclusions,
    "ListTagsForResource": settings.list_tags_for_resource,
    "PutImage": pushing.put_image,
    "StartLifecyclePolicyPreview": lifecycle.start_lifecycle_policy_preview,
    "UpdateImageStorageClass": settings.update_image_storage_class,
}

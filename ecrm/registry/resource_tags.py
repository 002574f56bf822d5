"""The AWS resource tags of a repository, which are not the tags of its images."""

from collections.abc import Mapping

from ecrm.aws import Target, call
from ecrm.registry.operations import LIST_TAGS_FOR_RESOURCE


def resource_tags(target: Target, repository: str) -> Mapping[str, str]:
    """Raises AwsError; ECR answers about one repository a call."""
    arn = target.arn("ecr", f"repository/{repository}")
    answer = call(target.ecr, LIST_TAGS_FOR_RESOURCE, resourceArn=arn)
    return {row["Key"]: row["Value"] for row in answer["tags"]}

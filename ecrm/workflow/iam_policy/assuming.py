"""What the identity of a run needs so that it can list accounts and assume their roles."""

from collections.abc import Iterator

from ecrm.aws.targets import organizations
from ecrm.aws.targets.regions import DESCRIBE_REGIONS
from ecrm.aws.targets.roles import ASSUME_ROLE, role_arn
from ecrm.config.target_values import SELF
from ecrm.config.targets import Targets
from ecrm.registry.operations import DESCRIBE_PULL_THROUGH_CACHE_RULES
from ecrm.workflow.iam_policy.arns import PolicyScope, Statement, allow

AMONG_OTHERS = (DESCRIBE_PULL_THROUGH_CACHE_RULES.action, DESCRIBE_REGIONS.action)
"""What is asked of an account only where the run has others as well."""


def of_targets(targets: Targets, place: PolicyScope, *, writes: bool) -> Iterator[Statement]:
    """Only the first role of a chain is assumed by the run itself."""
    yield allow("ReadAmongOthers", AMONG_OTHERS, ["*"])
    if targets.organization and not targets.organization.role:
        yield allow(
            "ListAccounts", [operation.action for operation in organizations.OPERATIONS], ["*"]
        )
    if roles := dict.fromkeys(_first_roles(targets, place, writes=writes)):
        yield allow("AssumeRoles", [ASSUME_ROLE.action], list(roles))


def _first_roles(targets: Targets, place: PolicyScope, *, writes: bool) -> Iterator[str]:
    named = [(place.account, targets.organization.role)] if targets.organization else []
    named += [("*", targets.scan.role)]
    named += [(entry.id, entry.access.role) for entry in targets.accounts]
    if writes:
        named += [
            (place.account if registry.account == SELF else registry.account, registry.role)
            for registry in targets.registries
        ]
    for account, role in named:
        if role:
            yield role_arn(role[0], place.partition, account)

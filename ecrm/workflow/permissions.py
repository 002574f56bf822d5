"""The IAM policies of a run, and of the roles that it assumes, by ecrm.yaml."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ecrm.aws.storage import is_remote
from ecrm.config import Config
from ecrm.config.targets import Access
from ecrm.model.rule import Action
from ecrm.workflow.configuration import load
from ecrm.workflow.iam_policy import Besides, Command, PolicyScope, policy, role_policy
from ecrm.workflow.iam_policy.roles import Trust, stack_set, trust_policy
from ecrm.workflow.request import Request

_SCAN_ROLE = "ecrm-scan"


def policy_of_run(
    command: Command,
    config: str | None,
    place: PolicyScope,
    besides: Besides,
    action: Action | None = None,
) -> dict[str, Any]:
    """The least policy for a command, without asking AWS. `config` names a file, or where in S3 or
    SSM it is; then, and where it is None and there is no ecrm.yaml, the policy fits any."""
    if config and is_remote(config):
        besides = replace(besides, config=config)
    return policy(command, _configuration(config), place, besides, action)


def role_of_account(
    form: str,
    command: Command,
    config: str | None,
    place: PolicyScope,
    *,
    trust: Trust,
    action: Action | None = None,
) -> dict[str, Any]:
    """What an account needs so that a run can scan it: the policy of its `role`, the `trust` policy
    of that, or a template for a `stackset` with both. What `trust` does not say, and the name of
    the role, are those of `targets.scan`."""
    known = _configuration(config)
    scan = known.targets.scan if known and known.targets else Access()
    policy = role_policy(command, known, place, action)
    if form == "role":
        return policy
    trust = replace(trust, external_id=trust.external_id or scan.external_id)
    trusted = trust_policy(trust, place.partition)
    if form == "trust":
        return trusted
    name = scan.role[-1].partition(":role/")[2] or scan.role[-1] if scan.role else _SCAN_ROLE
    return stack_set(name, trusted, policy)


def _configuration(config: str | None) -> Config | None:
    """That of the file, by default of ecrm.yaml if there is one; None for one in S3 or SSM."""
    usual = Request().config
    there = config or (usual if Path(usual).exists() else None)
    return load(there) if there and not is_remote(there) else None

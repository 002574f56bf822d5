"""Credentials of an account, by assuming one role after the other.

They are asked for when first needed and renewed before they expire, since a chain of roles lasts an
hour at most. All regions of an account share them. Only public means of botocore are used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ecrm.aws import Operation, Target, call
from ecrm.aws.errors import translated
from ecrm.aws.parsing import plain_json_session
from ecrm.aws.shapes import TEXT, TIME, record
from ecrm.errors import AwsError

if TYPE_CHECKING:
    import boto3

_CREDENTIALS = record(AccessKeyId=TEXT, SecretAccessKey=TEXT, SessionToken=TEXT, Expiration=TIME)
ASSUME_ROLE = Operation(
    "sts", "AssumeRole", record(Credentials=_CREDENTIALS, AssumedRoleUser=record(Arn=TEXT))
)
"""Changes nothing: it answers with credentials."""
SESSION_NAME = "ecrm"
"""What CloudTrail shows unless the configuration says otherwise."""
_ACCOUNT_PART = 4


@dataclass(frozen=True, slots=True)
class Role:
    """A role to assume; `policy` is the text of a session policy, which only takes away."""

    arn: str
    session_name: str
    external_id: str | None = None
    policy: str | None = None

    @property
    def account(self) -> str:
        return self.arn.split(":")[_ACCOUNT_PART]


def role_arn(role: str, partition: str, account: str) -> str:
    """Of the name, path/name or ARN of a role."""
    return role if role.startswith("arn:") else f"arn:{partition}:iam::{account}:role/{role}"


def by_roles(start: Target, roles: Sequence[Role]) -> Any:
    """The credentials of the last role, beginning with those of `start`, in whose region STS is
    asked; they are botocore's."""
    from botocore.credentials import DeferredRefreshableCredentials  # noqa: PLC0415 - takes long

    credentials = start.credentials
    for role in roles:
        refresh = partial(_assume, replace(start, credentials=credentials), role)
        credentials = DeferredRefreshableCredentials(refresh, "assume-role")
    return credentials


def of_profile(profile: str) -> Any:
    """The credentials of a profile. Raises AwsError for one that is not there or has none."""
    import boto3  # noqa: PLC0415 - takes longer to import than all of ecrm

    with translated("sts:GetCallerIdentity"):
        session = boto3.Session(profile_name=profile, botocore_session=plain_json_session())
        if (credentials := session.get_credentials()) is None:
            raise AwsError(f"the profile {profile} has no credentials")
        return credentials


def _assume(start: Target, role: Role) -> dict[str, str]:
    """As botocore's credentials want them. Raises AwsError, also for an identity that is not the
    one that was asked for."""
    optional = {"ExternalId": role.external_id, "Policy": role.policy}
    answer = call(
        start.reading("sts"),
        ASSUME_ROLE,
        RoleArn=role.arn,
        RoleSessionName=role.session_name,
        **{name: value for name, value in optional.items() if value is not None},
    )
    got = answer["AssumedRoleUser"]["Arn"]
    if got.split(":")[_ACCOUNT_PART : _ACCOUNT_PART + 1] != [role.account]:
        raise AwsError(f"sts:AssumeRole: asked for {role.arn} and got {got}")
    credentials = answer["Credentials"]
    return {
        "access_key": credentials["AccessKeyId"],
        "secret_key": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
        "expiry_time": credentials["Expiration"].isoformat(),
    }


def session_with(profile: str, credentials: Any) -> "boto3.Session":
    """One whose only credentials are these; its settings are those of the profile."""
    import boto3  # noqa: PLC0415 - takes longer to import than all of ecrm
    import botocore.session  # noqa: PLC0415 - as boto3
    from botocore.credentials import CredentialProvider, CredentialResolver  # noqa: PLC0415

    class Provider(CredentialProvider):  # type: ignore[misc]
        METHOD = "ecrm"

        def load(self) -> Any:
            return credentials

    session = botocore.session.get_session()
    session.register_component("data_loader", _loader())
    session.register_component("credential_provider", CredentialResolver([Provider()]))
    named = None if profile == "default" else profile
    return boto3.Session(profile_name=named, botocore_session=plain_json_session(session))


@cache
def _loader() -> Any:
    """One for all sessions, since it keeps what it has read of AWS's models: reading them takes
    most of the time of making a client."""
    import botocore.session  # noqa: PLC0415 - as boto3

    return botocore.session.get_session().get_component("data_loader")

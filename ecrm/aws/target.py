"""One account in one region, and the clients that act there."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ecrm.aws.calls import Client
from ecrm.aws.meter import Meter
from ecrm.aws.pace import Pacer
from ecrm.aws.parsing import slim_session
from ecrm.aws.watch import Watch, read_only
from ecrm.aws_errors import translated
from ecrm.cache import Cache, NoCache
from ecrm.errors import AwsError
from ecrm.reference import Registry
from ecrm.version import version

if TYPE_CHECKING:
    import boto3

_ATTEMPTS = 8
_CONNECT_SECONDS = 10
_READ_SECONDS = 60
# As botocore's endpoints.json has them.
_DOMAINS = (
    *(".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"),
    *(".api.amazonwebservices.com.cn", ".api.amazonwebservices.eu", ".c2s.ic.gov"),
    *(".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov"),
)
WORKERS = 16
"""How many calls of one kind are in flight at once, unless told otherwise."""

_making_clients = Lock()  # a boto3 session may make only one client at a time


@dataclass(frozen=True)
class Target:
    """One account in one region, and the clients that act there.

    `workers` is how many calls of one kind may be in flight at once.
    """

    registry: Registry
    session: "boto3.Session"
    workers: int = WORKERS
    pacer: Pacer = field(default_factory=Pacer)
    meter: Meter = field(default_factory=Meter)
    cache: Cache = field(default_factory=NoCache)

    def __str__(self) -> str:
        return str(self.registry)

    @cached_property
    def ecr(self) -> Client:
        return read_only(self._client("ecr"))

    @cached_property
    def ecs(self) -> Client:
        return read_only(self._client("ecs"))

    @cached_property
    def functions(self) -> Client:
        return read_only(self._client("lambda"))

    @property
    def is_aws(self) -> bool:
        """Whether these are AWS's own endpoints, and nothing that stands in for them."""
        endpoints = [it.meta.endpoint_url for it in (self.ecr, self.ecs, self.functions)]
        return all((urlsplit(it).hostname or "").endswith(_DOMAINS) for it in endpoints)

    def s3(self) -> Client:
        """For what ecrm itself keeps there: journals."""
        return self._client("s3")

    def writing_ecr(self) -> Client:
        """The one client that can change anything; only `delete` and `restore` ask for it."""
        return self._client("ecr")

    def _client(self, service: str) -> Client:
        client = _client(self.session, service, self.workers)
        Watch(self.pacer, self.meter).over(client)
        return client


def connect(
    profile: str | None = None,
    region: str | None = None,
    *,
    workers: int = WORKERS,
    rates: Mapping[str, int] | None = None,
) -> Target:
    """The account and region that the usual AWS settings name, with these two put first.

    `rates` are quotas that AWS raised, in calls per second by their names (see `quotas`).
    """
    import boto3  # noqa: PLC0415 - takes longer to import than all of ecrm

    with translated("sts:GetCallerIdentity"):
        # boto3 alone of AWS's tools does not read AWS_REGION.
        region = region or os.environ.get("AWS_REGION") or None
        session = boto3.Session(
            profile_name=profile, region_name=region, botocore_session=slim_session()
        )
        if session.region_name is None:
            raise AwsError("no region: give --region, or set AWS_REGION or a profile's region")
        meter = Meter()
        sts = _client(session, "sts", workers)
        Watch(pacer := Pacer(rates), meter).over(sts)
        account = sts.get_caller_identity().get("Account")
        if not account:
            raise AwsError("sts:GetCallerIdentity: AWS's answer names no account; try again")
    return Target(Registry(account, session.region_name), session, workers, pacer, meter)


@cache
def _user_agent() -> str:
    """Given whole, since botocore would put it together anew for every call, which takes longer
    than to send it."""
    import boto3  # noqa: PLC0415 - as above

    return f"ecrm/{version()} Boto3/{boto3.__version__} Python/{platform.python_version()}"


def _client(session: "boto3.Session", service: str, workers: int) -> Client:
    from botocore.config import Config  # noqa: PLC0415 - as boto3

    with _making_clients:
        settings = session._session  # noqa: SLF001 - what the user set wins; nothing public tells
        retries = {
            # Not "adaptive", which would pace what is paced already.
            "mode": settings.get_config_variable("retry_mode") or "standard",
            "total_max_attempts": settings.get_config_variable("max_attempts") or _ATTEMPTS,
        }
        return session.client(
            service,
            config=Config(
                retries=retries,
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                max_pool_connections=2 * workers,  # ECS is asked for two kinds of things at once
                user_agent=_user_agent(),
            ),
        )

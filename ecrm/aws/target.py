"""One account in one region, and the clients that act there."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ecrm.aws.cache.caching import Cache, NoCache
from ecrm.aws.calls import Client, call
from ecrm.aws.clients import make_client
from ecrm.aws.counter import CallCounter
from ecrm.aws.errors import translated
from ecrm.aws.hooks import Hooks, in_time, read_only
from ecrm.aws.operation import Operation
from ecrm.aws.parsing import plain_json_session
from ecrm.aws.rate_limits import RateLimiter
from ecrm.aws.shapes import TEXT, record
from ecrm.aws.shared import SharedClients
from ecrm.errors import AwsError
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.model.image import OwnReading
from ecrm.model.reference import Registry

if TYPE_CHECKING:
    import boto3

# As botocore's endpoints.json has them.
_DOMAINS = (
    *(".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"),
    *(".api.amazonwebservices.com.cn", ".api.amazonwebservices.eu", ".c2s.ic.gov"),
    *(".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov"),
)
WORKERS = 16
"""How many calls of one kind are in flight at once, unless told otherwise."""

GET_CALLER_IDENTITY = Operation("sts", "GetCallerIdentity", record(Account=TEXT))


@dataclass(frozen=True)
class Target:
    """One account in one region, and the clients that act there, which send nothing after the
    deadline. Those for what ecrm itself keeps or tells may.

    `workers` is how many calls of one kind may be in flight at once; `is_aws` says whether AWS is
    what is there, and nothing that stands in for it. `own_readings` and, from run to run, `memory`
    are for what ecrm itself did there. `writer` gives the session that changes images, if that is
    another. With `credentials`, which are botocore's, the clients for reading are `shared`.
    """

    registry: Registry
    session: "boto3.Session"
    workers: int = WORKERS
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)
    call_counter: CallCounter = field(default_factory=CallCounter)
    cache: Cache = field(default_factory=NoCache)
    memory: Cache = field(default_factory=NoCache)
    own_readings: dict[tuple[str, str], OwnReading] = field(default_factory=dict)
    deadline: Deadline = NO_DEADLINE
    is_aws: bool = False
    writer: "Callable[[], boto3.Session] | None" = None
    credentials: Any = None
    shared: SharedClients | None = None
    _reading: dict[str, Client] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __str__(self) -> str:
        return str(self.registry)

    @property
    def ecr(self) -> Client:
        return self.reading("ecr")

    @property
    def ecs(self) -> Client:
        return self.reading("ecs")

    @property
    def functions(self) -> Client:
        return self.reading("lambda")

    def reading(self, service: str) -> Client:
        """A client of the service, by boto3's name of it, that refuses whatever is no read."""
        if service not in self._reading:
            self._reading.setdefault(service, self._new_reading(service))
        return self._reading[service]

    def _new_reading(self, service: str) -> Client:
        if self.shared and self.credentials:
            return self.shared.reading(service, self.registry.region, self)
        return read_only(self._in_time(service, self.session))

    @cached_property
    def partition(self) -> str | None:
        """Such as `aws-cn`; None for a region that is newer than botocore."""
        from botocore.exceptions import UnknownRegionError  # noqa: PLC0415 - as boto3

        try:
            found: str = self.session.get_partition_for_region(self.registry.region)
        except UnknownRegionError:
            return None
        return found

    def may_have(self, service: str) -> bool:
        """False where botocore knows the regions of the service, and this is none of them."""
        if self.partition is None:
            return True
        regions = self.session.get_available_regions(service, self.partition)
        return not regions or self.registry.region in regions

    def arn(self, service: str, resource: str) -> str:
        here = f"{self.registry.region}:{self.registry.account}"
        return f"arn:{self.partition or 'aws'}:{service}:{here}:{resource}"

    def s3(self) -> Client:
        """For what ecrm itself keeps there: journals, reports, configurations."""
        return self._client("s3")

    def ssm(self) -> Client:
        """For configurations that are kept as parameters."""
        return self._client("ssm")

    def sns(self) -> Client:
        """For telling people what a run did."""
        return self._client("sns")

    def writing_ecr(self) -> Client:
        """The one client that can change anything; only `delete` and `restore` ask for it."""
        return self._in_time("ecr", self.writer() if self.writer else self.session)

    def _in_time(self, service: str, session: "boto3.Session") -> Client:
        client = self._client(service, session)
        in_time(client, self.deadline)
        return client

    def _client(self, service: str, session: "boto3.Session | None" = None) -> Client:
        connections = _connections(self.workers)
        client = make_client(
            session or self.session, service, self.registry.region, connections, self.deadline
        )
        Hooks(self.rate_limiter, self.call_counter).over(client)
        return client


def _connections(workers: int) -> int:
    return 2 * workers  # ECS is asked for two kinds of things at once


def connect(
    profile: str | None = None,
    region: str | None = None,
    *,
    workers: int = WORKERS,
    deadline: Deadline = NO_DEADLINE,
) -> Target:
    """The account and region that the usual AWS settings name, with these two put first."""
    import boto3  # noqa: PLC0415 - takes longer to import than all of ecrm

    with translated("sts:GetCallerIdentity"):
        # boto3 alone of AWS's tools does not read AWS_REGION.
        region = region or os.environ.get("AWS_REGION") or None
        session = boto3.Session(
            profile_name=profile, region_name=region, botocore_session=plain_json_session()
        )
        if not session.region_name:
            raise AwsError("no region: give --region, or set AWS_REGION or a profile's region")
        call_counter = CallCounter()
        sts = make_client(session, "sts", session.region_name, _connections(workers), deadline)
        Hooks(RateLimiter(), call_counter).over(sts)
        account = call(sts, GET_CALLER_IDENTITY)["Account"]
    return Target(
        Registry(account, session.region_name),
        session,
        workers,
        call_counter=call_counter,
        deadline=deadline,
        is_aws=_is_aws(sts),
    )


def _is_aws(client: Client) -> bool:
    """An endpoint of one's own may be given for all services or for some."""
    own = any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ)
    return not own and (urlsplit(client.meta.endpoint_url).hostname or "").endswith(_DOMAINS)

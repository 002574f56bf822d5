"""One account in one region, and the clients that act there."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ecrm.aws.cache.caching import Cache, NoCache
from ecrm.aws.calls import Client, call
from ecrm.aws.counter import CallCounter
from ecrm.aws.errors import translated
from ecrm.aws.hooks import Hooks, read_only
from ecrm.aws.operation import Operation
from ecrm.aws.parsing import plain_json_session
from ecrm.aws.rate_limits import RateLimiter
from ecrm.aws.shapes import TEXT, record
from ecrm.errors import AwsError
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.model.image import OwnReading
from ecrm.model.reference import Registry
from ecrm.model.version import version

if TYPE_CHECKING:
    import boto3

_ATTEMPTS = 8
_CONNECT_SECONDS = 10
# As botocore's endpoints.json has them.
_DOMAINS = (
    *(".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"),
    *(".api.amazonwebservices.com.cn", ".api.amazonwebservices.eu", ".c2s.ic.gov"),
    *(".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov"),
)
WORKERS = 16
"""How many calls of one kind are in flight at once, unless told otherwise."""

GET_CALLER_IDENTITY = Operation("sts", "GetCallerIdentity", record(Account=TEXT))

_making_clients = Lock()  # a boto3 session may make only one client at a time


@dataclass(frozen=True)
class Target:
    """One account in one region, and the clients that act there, which send nothing after the
    deadline. Those for what ecrm itself keeps or tells may.

    `workers` is how many calls of one kind may be in flight at once; `is_aws` says whether AWS is
    what is there, and nothing that stands in for it. `own_readings` and, from run to run, `memory`
    are for what ecrm itself did there.
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
            self._reading.setdefault(service, read_only(self._in_time(service)))
        return self._reading[service]

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
        return self._in_time("ecr")

    def _in_time(self, service: str) -> Client:
        client = self._client(service)

        def check(**_: object) -> None:
            self.deadline.check_send()

        name = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-send.{name}", check)
        return client

    def _client(self, service: str) -> Client:
        client = _client(self.session, service, self.workers, self.deadline)
        Hooks(self.rate_limiter, self.call_counter).over(client)
        return client


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
        sts = _client(session, "sts", workers, deadline)
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


@cache
def _user_agent() -> str:
    """Given whole, since botocore would put it together anew for every call, which takes longer
    than to send it."""
    import boto3  # noqa: PLC0415 - as above

    return f"ecrm/{version()} Boto3/{boto3.__version__} Python/{platform.python_version()}"


@contextmanager
def _usable_settings() -> Iterator[None]:
    """Of a variable or profile that makes no sense botocore raises a bare ValueError."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as boto3

    try:
        yield
    except BotoCoreError:
        raise
    except ValueError as error:
        what = "check AWS_ENDPOINT_URL, AWS_MAX_ATTEMPTS and the profile"
        raise AwsError(f"a setting of AWS makes no sense: {error}; {what}") from error


def _client(session: "boto3.Session", service: str, workers: int, deadline: Deadline) -> Client:
    from botocore.config import Config  # noqa: PLC0415 - as boto3

    with _making_clients, _usable_settings():
        settings = session._session  # noqa: SLF001 - what the user set wins; nothing public tells
        # Not get_config_variable: its default is "legacy" in older botocores.
        mode = os.environ.get("AWS_RETRY_MODE") or settings.get_scoped_config().get("retry_mode")
        attempts = settings.get_config_variable("max_attempts")
        retries = {
            # Not "adaptive", which would pace what is paced already.
            "mode": mode or "standard",
            "total_max_attempts": _ATTEMPTS if attempts is None else attempts,
        }
        client = session.client(
            service,
            config=Config(
                retries=retries,
                connect_timeout=min(_CONNECT_SECONDS, deadline.read_seconds),
                read_timeout=deadline.read_seconds,
                max_pool_connections=2 * workers,  # ECS is asked for two kinds of things at once
                user_agent=_user_agent(),
            ),
        )
        _check_url(client.meta.endpoint_url)
        return client


def _check_url(url: str) -> None:
    """Raises ValueError for one that botocore would stumble over when it sends."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.port == 0:
        raise ValueError(f"Invalid endpoint: {url}")

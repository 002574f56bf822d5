"""Clients for reading that the accounts of a run share, one for each service and region.

Making a client takes longer than dozens of calls. What differs between two accounts is who signs,
whose turn it is and who counts; a shared client asks that of whoever is calling, which a context
variable says. All of it is by public means of botocore: credentials of a provider of our own, and
events.
"""

from collections.abc import Callable
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast

from ecrm.aws.calls import Client
from ecrm.aws.clients import make_client
from ecrm.aws.counter import CallCounter
from ecrm.aws.hooks import Hooks, in_time, read_only
from ecrm.aws.rate_limits import RateLimiter
from ecrm.model.deadline import Deadline

if TYPE_CHECKING:
    import boto3


class Caller(Protocol):
    """On whose behalf a call is made; `credentials` are botocore's."""

    @property
    def credentials(self) -> Any: ...

    @property
    def rate_limiter(self) -> RateLimiter: ...

    @property
    def call_counter(self) -> CallCounter: ...


_caller: ContextVar[Caller] = ContextVar("_caller")


class SharedClients:
    """`new_session` makes a session that signs with the credentials that it is given."""

    def __init__(
        self,
        new_session: "Callable[[Any], boto3.Session]",
        connections: int,
        deadline: Deadline,
    ) -> None:
        self._new_session = new_session
        self._session: boto3.Session | None = None
        self._connections = connections
        self._deadline = deadline
        self._clients: dict[tuple[str, str], Client] = {}
        self._making = Lock()

    def reading(self, service: str, region: str, caller: Caller) -> Client:
        """A client that calls on behalf of the caller and refuses whatever is no read."""
        with self._making:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._new(service, region)
            return _OnBehalf(self._clients[service, region], caller)

    def _new(self, service: str, region: str) -> Client:
        if self._session is None:
            self._session = self._new_session(_CallersCredentials())
        client = make_client(self._session, service, region, self._connections, self._deadline)
        limiter, counter = _Callers("rate_limiter"), _Callers("call_counter")
        Hooks(cast("RateLimiter", limiter), cast("CallCounter", counter)).over(client)
        in_time(client, self._deadline)
        return read_only(client)


class _CallersCredentials:
    """What botocore wants of credentials when it signs, in the thread that calls."""

    method = "ecrm"
    account_id = None

    def get_frozen_credentials(self) -> Any:
        return _caller.get().credentials.get_frozen_credentials()

    def get_deferred_property(self, _: str) -> Callable[[], None]:
        """Only endpoints of DynamoDB depend on one, the id of the account."""
        return lambda: None


class _Callers:
    """That member of whoever is calling."""

    def __init__(self, member: str) -> None:
        self._member = member

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(_caller.get(), self._member), name)


class _OnBehalf:
    """Stands in for a client of botocore's."""

    def __init__(self, client: Client, caller: Caller) -> None:
        self._client = client
        self._caller = caller
        self.meta = client.meta

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(**params: object) -> Any:
            token = _caller.set(self._caller)
            try:
                return method(**params)
            finally:
                _caller.reset(token)

        return call

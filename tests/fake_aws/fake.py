"""The fake itself: state, weather and the record of calls, behind a URL on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from .account import Account
from .buckets import Buckets, Rate
from .dispatch import Dispatcher
from .ecr.registry import Registry
from .ecs.control import Ecs
from .faults import Fault
from .functions.functions import Functions
from .modelled import Others
from .organizations import Organization
from .s3 import S3
from .server import Server
from .sns import Topics
from .ssm import Parameters
from .sts import Role
from .times import Clock
from .weather import ANY, FOREVER, Aim, Hook
from .world import DEFAULT_ACCOUNT, DEFAULT_REGION, World, access_key


class FakeAws:
    """`with FakeAws() as aws:` starts the server; leaving raises what went wrong inside it.

    `ecr`, `ecs`, `lambda_`, `s3`, `ssm`, `sns` and `others` (every other service) are those of
    account 123456789012 in us-east-1; `account` gives the other accounts. With `sockets` it is
    called over HTTP within this process, too (see `inline`). Build state before the calls, in a
    hook, or `with aws.lock`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        sockets: bool = False,
        clock: Clock = time.time,
        reading_counts_as_pull: bool = True,
    ) -> None:
        self.world = World(clock, reading_counts_as_pull=reading_counts_as_pull)
        self._dispatcher = Dispatcher(self.world)
        self._port = port
        self._sockets = sockets
        self._server: Server | None = None
        self.lock = self._dispatcher.lock
        self.calls = self._dispatcher.calls

    def __enter__(self) -> Self:
        self._server = Server(self._port, self._dispatcher.respond, sockets=self._sockets)
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None
        bugs = self._dispatcher.bugs
        if bugs and kind is None:
            raise bugs[0]

    # -- state ------------------------------------------------------------------------------

    def account(self, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> Account:
        return self.world.account(account, region)

    def organization(self, management: str = DEFAULT_ACCOUNT) -> Organization:
        """An organization with that account in it; whoever else belongs to it is to be added."""
        self.world.organization = found = Organization(management)
        found.add(management, "management")
        return found

    def role(self, account: str, name: str, **trust: Any) -> Role:
        """A role of the account that may be assumed; `trust` says by whom (see `sts.Role`)."""
        partition = self.account(account).address.partition
        role = self.world.roles[f"arn:{partition}:iam::{account}:role/{name}"] = Role(**trust)
        return role

    def disable(self, account: str, *regions: str) -> None:
        """These regions are not enabled in the account."""
        self.world.not_enabled[account] = regions

    @property
    def ecr(self) -> Registry:
        return self.account().ecr

    @property
    def ecs(self) -> Ecs:
        return self.account().ecs

    @property
    def s3(self) -> S3:
        return self.account().s3

    @property
    def ssm(self) -> Parameters:
        return self.account().ssm

    @property
    def sns(self) -> Topics:
        return self.account().sns

    @property
    def others(self) -> Others:
        return self.account().others

    @property
    def lambda_(self) -> Functions:
        return self.account().lambda_

    # -- how clients get here ---------------------------------------------------------------

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the fake serves only inside its `with` block")
        return self._server.url

    def env(self, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> dict[str, str]:
        """Variables that lead any AWS client here, as that account, and nowhere else."""
        self.account(account, region)
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": access_key(account),
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_MAX_ATTEMPTS": "2",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def client_args(
        self, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION
    ) -> dict[str, str]:
        """Keyword arguments for `boto3.client` or `Session.client`."""
        self.account(account, region)
        return {
            "endpoint_url": self.url,
            "aws_access_key_id": access_key(account),
            "aws_secret_access_key": "secret",
            "region_name": region,
        }

    # -- weather ----------------------------------------------------------------------------

    def fault(self, service: str, operation: str, fault: Fault, **aim: Any) -> None:
        """The `at`-th call from now on, and `times` of them (FOREVER), meet the fault.

        Further keywords: `account`, `region`, `when` (see Aim). `*` stands for any service or
        operation. If several are due for a call, the first that was placed is taken.
        """
        self._dispatcher.faults.add(Aim(service, operation, **aim), fault)

    def before(self, service: str, operation: str, do: Hook, **aim: Any) -> None:
        """Calls `do()` just before the operation is carried out, with everything else held up."""
        self._dispatcher.before.add(Aim(service, operation, **aim), do)

    def after(self, service: str, operation: str, do: Hook, **aim: Any) -> None:
        """Calls `do()` when the operation has taken effect, before its answer is sent."""
        self._dispatcher.after.add(Aim(service, operation, **aim), do)

    def slow(self, seconds: float, service: str = ANY, operation: str = ANY) -> None:
        """Every such call takes that much longer."""
        self.hold(lambda: time.sleep(seconds), service, operation)

    def hold(self, wait: Hook, service: str = ANY, operation: str = ANY) -> None:
        """Every such call is answered only after `wait()`, which holds up no other call."""
        self._dispatcher.holds.add(Aim(service, operation, times=FOREVER), wait)

    def limit(self, rates: Iterable[Rate]) -> None:
        """Throttles as AWS does, by PUBLISHED or by rates of one's own."""
        self._dispatcher.buckets.limit(rates)

    def draw(self, service: str, operation: str) -> bool:
        """Somebody else makes such a call, of which only the quota takes notice; whether it was
        within it."""
        address = self.account().address
        with self.lock:
            return self._dispatcher.buckets.allows(
                address.account, address.region, (service, operation)
            )

    def clear_weather(self) -> None:
        """No faults, hooks, latency or rates any more."""
        parts = self._dispatcher
        for aimed in (parts.faults, parts.before, parts.after, parts.holds):
            aimed.clear()
        parts.buckets = Buckets()

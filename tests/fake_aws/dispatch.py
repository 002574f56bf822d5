"""From a request to its answer: weather, rates, the operation, and the record of it all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from . import organizations, regions, s3, sns, ssm, sts
from .account import Account, Json
from .buckets import Buckets
from .calls import Call, Calls
from .ecr import operations as ecr
from .ecs import operations as ecs
from .errors import AwsError, HalfAnswerError, NoAnswerError
from .faults import Fault, throttled
from .functions import operations as functions
from .protocol import Reply, Request, parse, render, render_error
from .s3 import Headers
from .weather import Aimed, Hook
from .world import World

SERVICES: dict[str, dict[str, Callable[[Account, Json], Json]]] = {
    "ec2": regions.OPERATIONS,
    "ecr": ecr.OPERATIONS,
    "ecs": ecs.OPERATIONS,
    "lambda": functions.OPERATIONS,
    "organizations": organizations.OPERATIONS,
    "s3": s3.OPERATIONS,
    "sns": sns.OPERATIONS,
    "ssm": ssm.OPERATIONS,
    "sts": sts.OPERATIONS,
}


class Dispatcher:
    """One lock around state: operations and hooks run one at a time, waiting does not."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lock = threading.RLock()
        self.calls = Calls()
        self.buckets = Buckets()
        self.faults: Aimed[Fault] = Aimed()
        self.before: Aimed[Hook] = Aimed()
        self.after: Aimed[Hook] = Aimed()
        self.holds: Aimed[Hook] = Aimed()
        self.bugs: list[Exception] = []

    def respond(self, method: str, path: str, headers: Headers, body: bytes) -> Reply | None:
        """The reply to an HTTP request; None when the connection is to be dropped."""
        try:
            request = self._known(parse(method, path, headers, body))
        except AwsError as error:
            return render_error(error.service or "ecr", error)
        call = self._noted(request)
        try:
            reply = render(request, self._answer(request))
        except AwsError as error:
            call.error = error.code
            reply = render_error(request.service, error)
        except HalfAnswerError as half:
            reply = render(request, half.content).cut(half.part, announced=half.announced)
        except NoAnswerError:
            return None
        except Exception as bug:  # noqa: BLE001 - a failed assertion in a hook, say: kept for the test
            self.bugs.append(bug)
            reply = render_error(request.service, AwsError("InternalFailure", repr(bug), 500))
        call.status = reply.status
        return reply

    def _known(self, request: Request) -> Request:
        with self.lock:
            caller = self.world.caller(request.access_key, request.region, request.service)
        return replace(request, account=caller.address.account, identity=caller.identity)

    def _noted(self, request: Request) -> Call:
        call = Call(
            request.service,
            request.operation,
            request.account,
            request.region,
            request.parameters,
        )
        with self.lock:
            self.calls.append(call)
        return call

    def _answer(self, request: Request) -> Json:
        for wait in self.holds.for_call(request):
            wait()
        faults = self.faults.for_call(request)
        if faults:
            return faults[0].apply(request, self._carry_out)
        with self.lock:
            name = (request.service, request.operation)
            allowed = self.buckets.allows(request.account, request.region, name)
        if not allowed:
            raise throttled(request)
        return self._carry_out(request)

    def _carry_out(self, request: Request) -> Json:
        operation = SERVICES.get(request.service, {}).get(request.operation)
        with self.lock:
            for hook in self.before.for_call(request):
                hook()
            account = self.world.caller(request.access_key, request.region)
            if operation:
                content = operation(account, request.parameters)
            else:
                name = (request.service, request.operation)
                content = account.others.called(*name, request.parameters)
            for hook in self.after.for_call(request):
                hook()
            return content

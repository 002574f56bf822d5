"""botocore without what it repeats for every client and every call.

A run of ecrm is short, and makes sessions and clients of its own. Most of its time would go into
what is the same each time: reading AWS's models, building classes and rules from them, looking up
names of events, and signing requests that nobody checks. What is tried again is tried at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

import botocore.auth
import botocore.client
import botocore.endpoint
import botocore.errorfactory
import botocore.hooks
import botocore.loaders
import botocore.regions
import botocore.session
import botocore.useragent
import botocore.waiter
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.hooks import NodeList
from botocore.model import ServiceModel

LOADER = botocore.loaders.create_loader()
_NO_WAITING = SimpleNamespace(**vars(time) | {"sleep": lambda _: None})
_PATHS = tuple(LOADER.search_paths)


@contextmanager
def shared_botocore() -> Iterator[None]:
    """Not to be nested; what runs inside must not change what botocore has read."""
    aliaser, auth = botocore.hooks.EventAliaser, botocore.auth.SigV4Auth
    trie = botocore.hooks._PrefixTrie
    sanitized = botocore.useragent.sanitize_user_agent_string_component
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", _loader)
        patch.setattr(aliaser, "_alias_event_name", _by_name(aliaser._alias_event_name))
        patch.setattr(botocore.useragent, sanitized.__name__, cache(sanitized))
        patch.setattr(botocore.client, "ServiceModel", _one_of_each(ServiceModel))
        patch.setattr(botocore.regions, "EndpointProvider", _one_of_each(EndpointProvider))
        patch.setattr(
            botocore.errorfactory.ClientExceptionsFactory,
            "_create_client_exceptions",
            _once(botocore.errorfactory.ClientExceptionsFactory._create_client_exceptions),
        )
        patch.setattr(trie, "_recursive_copy", lambda _, attributes: dict(attributes))
        patch.setattr(trie, "append_item", _of_its_own(trie.append_item))
        patch.setattr(trie, "remove_item", _of_its_own(trie.remove_item))
        patch.setattr(botocore.hooks, "accepts_kwargs", lambda _: True)  # all handlers do
        patch.setattr(botocore.endpoint, "time", _NO_WAITING)
        patch.setattr(botocore.waiter, "time", _NO_WAITING)
        patch.setattr(auth, "canonical_request", lambda *_: "")
        patch.setattr(auth, "signature", lambda *_: "0" * 64)
        patch.setattr(auth, "headers_to_sign", lambda *_: {"host": ""})
        yield


def _loader(_: object = None) -> botocore.loaders.Loader:
    LOADER.search_paths[:] = _PATHS  # every boto3 session adds one
    return LOADER


def _by_name(alias: Any) -> Any:
    """The aliases of events are the same in all sessions."""
    known: dict[str, str] = {}

    def alias_event_name(self: botocore.hooks.EventAliaser, event: str) -> str:
        if event not in known:
            known[event] = alias(self, event)
        return known[event]

    return alias_event_name


def _of_its_own(change: Any) -> Any:
    """Copies of a trie of handlers, one for each client, share its nodes. Who changes one has those
    on the way to it copied first."""

    def copied(node: Any) -> Any:
        values = node["values"] and NodeList(*map(list, node["values"]))
        return node | {"children": dict(node["children"]), "values": values}

    def changed(self: Any, key: str, *more: Any, **named: Any) -> None:
        self._root = node = copied(self._root)
        for part in key.split("."):
            if part not in node["children"]:
                break
            node["children"][part] = copied(node["children"][part])
            node = node["children"][part]
        change(self, key, *more, **named)

    return changed


def _once(create: Any) -> Any:
    """The classes of the errors of a service are the same for every client."""
    made: dict[str, Any] = {}

    def create_once(self: object, model: ServiceModel) -> Any:
        if model.service_name not in made:
            made[model.service_name] = create(self, model)
        return made[model.service_name]

    return create_once


def _one_of_each(kind: Any) -> Any:
    """Makes each thing once, by the data of the loader that it is made from."""
    made: dict[int, tuple[Any, Any]] = {}

    def make(*args: Any, **named: Any) -> Any:
        data = args[0] if args else named["ruleset_data"]
        if id(data) not in made:
            made[id(data)] = data, kind(*args, **named)  # the data, too: its id must not be reused
        return made[id(data)][1]

    return make

"""One account in one region: everything the services answer from."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from .ecr.registry import Registry
from .ecr.repository import Repository
from .ecs.control import Ecs
from .functions.functions import Functions
from .modelled import Others
from .s3 import S3
from .sns import Topics
from .ssm import Parameters

if TYPE_CHECKING:
    from .address import Address
    from .world import World

Json = dict[str, Any]


class Account:
    """State to build on, service by service, and who its access key says one is."""

    def __init__(self, address: Address, world: World) -> None:
        self.address = address
        self.world = world
        self.identity = f"arn:{address.partition}:iam::{address.account}:user/ecrm"
        self.ecr = Registry(address, world.clock)
        self.ecs = Ecs(address, world.clock, world.digest_of)
        self.lambda_ = Functions(address, world.clock, world.digest_of)
        self.s3 = S3()
        self.ssm = Parameters()
        self.sns = Topics()
        self.others = Others()

    def __repr__(self) -> str:
        return f"<Account {self.address.account} {self.address.region}>"

    def seen_by(self, identity: str) -> Account:
        """The same account (the state is shared) as a caller with another identity has it."""
        other = copy.copy(self)
        other.identity = identity
        return other

    def registry(self, params: Json) -> Registry:
        """The registry that `registryId` names in this region, by default one's own.

        Whoever may call may reach every registry: permissions are the business of faults.
        """
        owner = params.get("registryId", self.address.account)
        return self.world.account(owner, self.address.region).ecr


def repository_of(account: Account, params: Json) -> Repository:
    return account.registry(params).existing(params["repositoryName"])

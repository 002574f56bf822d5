"""All accounts and regions, who may call as whom, and what an image reference means now."""

from __future__ import annotations

import re
import time
from math import inf

from .account import Account
from .address import Address
from .errors import AwsError
from .organizations import Organization
from .sts import Role
from .times import Clock

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
_REFERENCE = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.[^/]+/"
    r"(?P<name>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class World:
    """Accounts come into being, empty, when someone first names them."""

    def __init__(self, clock: Clock = time.time, *, reading_counts_as_pull: bool = True) -> None:
        self.clock = clock
        self.reading_counts_as_pull = reading_counts_as_pull
        self._accounts: dict[Address, Account] = {}
        self._keys: dict[str, tuple[str, str | None]] = {}
        self._expiries: dict[str, float] = {}
        self.organization: Organization | None = None
        self.roles: dict[str, Role] = {}
        self.not_enabled: dict[str, tuple[str, ...]] = {}

    def account(self, account: str, region: str) -> Account:
        address = Address(account, region)
        if address not in self._accounts:
            self._accounts[address] = Account(address, self)
            self._keys.setdefault(access_key(account), (account, None))
        return self._accounts[address]

    def issue_key(self, account: str, identity: str, expires: float) -> str:
        """An access key id that calls as `identity` in `account` until it expires."""
        key = f"ASIA{len(self._keys):016d}"
        self._keys[key] = (account, identity)
        self._expiries[key] = expires
        return key

    def regions(self, account: str) -> tuple[list[str], list[str]]:
        """Those that are enabled in the account, and those that are not."""
        disabled = self.not_enabled.get(account, ())
        named = {address.region for address in self._accounts} - set(disabled)
        return sorted(named), sorted(disabled)

    def map_key(self, key: str, account: str) -> None:
        """One more access key id of that account."""
        self._keys[key] = (account, None)

    def caller(self, key: str, region: str, service: str = "") -> Account:
        """The account behind an access key id; unknown keys call as the default account, but
        session keys only as whom they were issued to. A region that is not enabled knows nobody."""
        if key.startswith("ASIA") and key not in self._keys:
            text = "The security token included in the request is invalid"
            raise AwsError("UnrecognizedClientException", text, 403, service)
        if self.clock() >= self._expiries.get(key, inf):
            text = "The security token included in the request is expired"
            raise AwsError("ExpiredTokenException", text, 403, service)
        owner, identity = self._keys.get(key, (DEFAULT_ACCOUNT, None))
        if region in self.not_enabled.get(owner, ()):
            text = "The security token included in the request is invalid"
            raise AwsError("UnrecognizedClientException", text, 403, service)
        account = self.account(owner, region)
        return account.seen_by(identity) if identity else account

    def digest_of(self, reference: str) -> str | None:
        """What an image reference means at this moment, None if no registry here holds it."""
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            return None
        if match["digest"]:
            return match["digest"]
        account = self._accounts.get(Address(match["account"], match["region"]))
        repository = account.ecr.repositories.get(match["name"]) if account else None
        image = repository.find(tag=match["tag"] or "latest") if repository else None
        return image.digest if image else None


def access_key(account: str) -> str:
    """The access key id of an account, by convention."""
    return f"AKIA{account}"

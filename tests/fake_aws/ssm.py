"""AWS Systems Manager: parameters. A secret one is shown only to who asks for decryption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import AwsError

if TYPE_CHECKING:
    from .account import Account

Json = dict[str, Any]
_SECRET = "SecureString"


@dataclass
class Parameters:
    """Name -> type and value."""

    values: dict[str, tuple[str, str]] = field(default_factory=dict)

    def put(self, name: str, value: str, *, secret: bool = False) -> None:
        self.values[name] = (_SECRET if secret else "String"), value


def get_parameter(account: Account, params: Json) -> Json:
    name = params["Name"]
    if "/" in name and not name.startswith("/"):
        raise AwsError("ValidationException", "Parameter name must be a fully qualified name.")
    if name not in account.ssm.values:
        raise AwsError("ParameterNotFound", "")
    kind, value = account.ssm.values[name]
    shown = value if kind != _SECRET or params.get("WithDecryption") else "AQICAHcipher"
    at = account.world.clock()
    return {"Parameter": {"Name": name, "Type": kind, "Value": shown, "LastModifiedDate": at}}


OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {"GetParameter": get_parameter}

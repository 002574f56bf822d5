"""Cheap parsing of AWS's answers, by botocore's own means of registering a parser.

botocore walks every answer along its model and makes every time a local one, which for a page of
1,000 images takes ten times as long as all else about the call. It also takes null for an absent
member, a text for a list of its letters, and a body that is not JSON for an empty answer. So the
answers of declared operations are handed out as the JSON that they are, and `call` reads them by
their shapes. Errors, other calls and other protocols are parsed by botocore as ever.
"""

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ecrm.aws.operation import Operation, being_called
from ecrm.errors import AwsError

if TYPE_CHECKING:
    import botocore.session

_PROTOCOLS = frozenset({"json", "rest-json"})


def plain_json_session(
    session: "botocore.session.Session | None" = None,
) -> "botocore.session.Session":
    """A session, by default a new one, whose clients parse so."""
    import botocore.session  # noqa: PLC0415 - takes longer to import than all of ecrm

    session = session or botocore.session.get_session()
    factory = session.get_component("response_parser_factory")
    session.register_component("response_parser_factory", _Factory(factory))
    return session


class _Factory:
    """Stands in for botocore's ResponseParserFactory."""

    def __init__(self, botocores: Any) -> None:
        self._botocores = botocores

    def set_parser_defaults(self, **defaults: Any) -> None:
        self._botocores.set_parser_defaults(**defaults)

    def create_parser(self, protocol_name: str) -> Any:
        parser = self._botocores.create_parser(protocol_name)
        return _Parser(parser) if protocol_name in _PROTOCOLS else parser


class _Parser:
    """Stands in for botocore's parsers of JSON."""

    def __init__(self, botocores: Any) -> None:
        self._botocores = botocores

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """Raises AwsError for a success whose body is not JSON: it must not look empty."""
        operation = being_called()
        if operation is None or response["status_code"] >= 300:  # noqa: PLR2004
            return self._botocores.parse(response, shape)
        answer = _load(response["body"], operation)
        # ResponseMetadata, which botocore needs.
        return answer | self._botocores.parse({**response, "body": b"{}"}, shape)


def _load(body: bytes, operation: Operation) -> dict[str, Any]:
    answer = None
    with suppress(ValueError):
        answer = json.loads(body.decode())
    if not isinstance(answer, dict):
        raise AwsError(f"{operation.action}: AWS's answer was cut off; try again")
    return answer

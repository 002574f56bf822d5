"""Lambda of the sample account: functions with images, versions and aliases.

moto shows the last image that a function had for all of its versions, so the reads of Lambda are
answered here, once moto has decided whether the caller may ask.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from moto.awslambda.responses import LambdaResponse

from ecrm.demo.images import pushed
from ecrm.demo.story import ACCOUNT, HOST, REGION, STORY, Fields

_Answer = Callable[[Any], str]


def answering(now: datetime) -> AbstractContextManager[object]:
    """While this is entered, moto's Lambda holds what the story says."""
    functions = STORY["functions"]
    versions = {name: _versions(name, function, now) for name, function in functions.items()}

    def list_functions(request: Any) -> str:
        all_versions = request.querystring.get("FunctionVersion") == ["ALL"]
        found = [
            version["Configuration"]
            for of_function in versions.values()
            for name, version in of_function.items()
            if all_versions or name == "$LATEST"
        ]
        return json.dumps({"Functions": found})

    def list_aliases(request: Any) -> str:
        aliases = functions[request.path.split("/")[-2]]["aliases"].items()
        found = [{"Name": name, "FunctionVersion": version} for name, version in aliases]
        return json.dumps({"Aliases": found})

    def get_function(request: Any) -> str:
        name = request.path.rpartition("/")[2]
        qualifier = request.querystring.get("Qualifier", ["$LATEST"])[0]
        version = functions[name]["aliases"].get(qualifier, qualifier)
        return json.dumps(versions[name][version])

    return patch.multiple(
        LambdaResponse,
        list_functions=list_functions,
        list_aliases=list_aliases,
        get_function=get_function,
    )


def _versions(name: str, function: Fields, now: datetime) -> dict[str, Fields]:
    """The answer of GetFunction for each version."""
    images = pushed(function["repository"])
    numbered = [*enumerate(function["versions"], start=1), ("$LATEST", function["versions"][-1])]
    return {
        str(version): {
            "Configuration": {
                "FunctionName": name,
                "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:{version}",
                "Version": str(version),
                "PackageType": "Image",
                "CodeSha256": images[tag].digest.removeprefix("sha256:"),
                "LastModified": _deployed(now - timedelta(days=images[tag].sample.age)),
            },
            "Code": {
                "ImageUri": f"{HOST}/{function['repository']}:{tag}",
                "ResolvedImageUri": f"{HOST}/{function['repository']}@{images[tag].digest}",
            },
        }
        for version, tag in numbered
    }


def _deployed(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")

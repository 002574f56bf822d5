"""Lambda functions that run from an image.

Lambda fetches a version's image again after weeks without a call, so a version that can be called
needs its image for ever. `ImageUri` is what somebody wrote; `ResolvedImageUri` is what runs.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from ecrm.aws import Target, call, map_concurrently, pages
from ecrm.aws.cache import Namespace
from ecrm.config import DEFAULT_HISTORY, Config, entry_for
from ecrm.errors import Gone, NotOffered
from ecrm.model.scan import Diagnostic, Progress, ReadStatus
from ecrm.sources.items import Found, SeenResource, attempt, uses_of

_LATEST = "$LATEST"
_URIS = ("ResolvedImageUri", "ImageUri")

Versions = Mapping[str, Mapping[str, Any]]
"""Of one function: what ListFunctions tells of each version, by its name."""


def lambda_uses(target: Target, config: Config, progress: Progress) -> Iterator[Found]:
    """`$LATEST`, the newest `keep_count` versions, and every version that an alias, its routing or
    provisioned concurrency points to, of every function of package type Image."""
    functions: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for page in pages(target.functions, "ListFunctions", FunctionVersion="ALL"):
        for it in page.get("Functions", ()):
            if it.get("PackageType") == "Image":
                functions[it["FunctionName"]][it["Version"]] = it
    progress(f"Lambda: {len(functions)} functions with an image")
    readers = []
    for name, versions in sorted(functions.items()):
        yield SeenResource("lambda_functions", name)
        entry = entry_for(config.lambda_functions, name)
        if entry and entry.exclude:
            yield Diagnostic(ReadStatus.EXCLUDED, f"function {name}: excluded by lambda_functions")
        else:
            keep_count = entry.keep_count if entry else DEFAULT_HISTORY
            readers.append(partial(_read_function, target, name, versions, keep_count))
    for found in map_concurrently(attempt, readers, target.workers):
        yield from found


def _read_function(
    target: Target, name: str, versions: Versions, keep_count: int
) -> Iterator[Found]:
    """`$LATEST` takes none of the places of `keep_count`, nor does `$LATEST.PUBLISHED`, which a
    call to a function on managed instances reaches, nor a version that something points to."""
    published = sorted((it for it in versions if it.isdigit()), key=int, reverse=True)
    wanted = {_LATEST: _LATEST} | {it: it for it in versions if not it.isdigit()}
    if len(published) > keep_count:  # only then can a version depend on who points to it
        wanted |= _pointed_to(target, name)
    newest = [version for version in published if version not in wanted][:keep_count]
    wanted |= dict.fromkeys(newest, f"one of the newest {keep_count} versions")
    keys = {version: key for version in wanted if (key := _key(versions.get(version, {})))}
    known = target.cache.get(Namespace.LAMBDA_VERSION, keys.values(), _cached)
    for version, why in wanted.items():
        key = keys.get(version, "")
        with suppress(Gone):  # one version may be, and that says nothing about the others
            code = known.get(key) or _code(target, name, version, key)
            if not code:
                text = f"lambda:GetFunction: {name}:{version} names no image"
                yield Diagnostic(ReadStatus.FAILED, text)
            for uri in dict.fromkeys(code.values()):
                user = f"function {name}:{version}"
                yield from uses_of(uri, source="lambda", user=user, why=why)


def _code(target: Target, name: str, version: str, key: str) -> dict[str, str]:
    """`_URIS`, as far as AWS tells them; remembered under `key`, where there is one."""
    answer = call(target.functions, "GetFunction", FunctionName=name, Qualifier=version)
    code = {uri: text for uri in _URIS if (text := answer.get("Code", {}).get(uri))}
    if key and "ResolvedImageUri" in code:
        target.cache.put(Namespace.LAMBDA_VERSION, {key: code})
    return code


def _key(version: Mapping[str, Any]) -> str:
    """What identifies a published version for ever: a function that was deleted and made again
    counts its versions from 1 once more. Empty for what may change, as `$LATEST` does."""
    facts = [str(version.get(it, "")) for it in ("FunctionArn", "LastModified", "CodeSha256")]
    return " ".join(facts) if version.get("Version", "").isdigit() and all(facts) else ""


def _cached(value: Any) -> dict[str, str]:
    """Raises ValueError for what is not as `_code` makes it."""
    if not all(isinstance(uri, str) for uri in value.values()):
        raise ValueError("no code of a function")
    return dict(value)


def _pointed_to(target: Target, name: str) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for page in pages(target.functions, "ListAliases", FunctionName=name):
        for alias in page.get("Aliases", ()):
            weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            for version in (alias["FunctionVersion"], *weights):
                wanted[version] = f"alias {alias['Name']}"
    for version in _provisioned(target, name):
        wanted.setdefault(version, "provisioned concurrency")
    return wanted


def _provisioned(target: Target, name: str) -> list[str]:
    try:
        listing = pages(target.functions, "ListProvisionedConcurrencyConfigs", FunctionName=name)
        configs = [it for page in listing for it in page.get("ProvisionedConcurrencyConfigs", ())]
    except NotOffered:  # where it does not exist, nobody has any
        return []
    qualifiers = [config["FunctionArn"].rpartition(":")[2] for config in configs]
    return [qualifier for qualifier in qualifiers if qualifier.isdigit()]

"""Lambda functions that run from an image.

Lambda fetches a version's image again after weeks without a call, so a version that can be called
needs its image for ever. `ImageUri` is what somebody wrote; `ResolvedImageUri` is what runs.
"""

import operator
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

from ecrm.aws import MARKER, Operation, Target, call, items, listing
from ecrm.aws.cache.facts import Namespace, arn_pattern
from ecrm.aws.shapes import TEXT, MapOf, Scalar, optional, record
from ecrm.config import DEFAULT_HISTORY, HistorySection
from ecrm.config.quotas import Quota
from ecrm.config.schema import Key
from ecrm.config.values import BOOLEAN
from ecrm.errors import Gone
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.items import (
    SaidToBeGone,
    SeenResource,
    SourceItem,
    attempt,
    look_twice,
    uses_of,
)
from ecrm.sources.source import Reading, Source

_ANY = Scalar("anything", lambda value: value)
LIST_FUNCTIONS = listing(
    "lambda",
    "ListFunctions",
    "Functions",
    record(
        FunctionName=TEXT,
        Version=TEXT,
        PackageType=TEXT,
        FunctionArn=optional(TEXT),
        LastModified=optional(TEXT),
        CodeSha256=optional(TEXT),
    ),
    tokens=MARKER,
)
GET_FUNCTION = Operation(
    "lambda",
    "GetFunction",
    record(Code=record(ResolvedImageUri=optional(TEXT), ImageUri=optional(TEXT))),
)
LIST_ALIASES = listing(
    "lambda",
    "ListAliases",
    "Aliases",
    record(
        Name=TEXT,
        FunctionVersion=TEXT,
        RoutingConfig=optional(record(AdditionalVersionWeights=optional(MapOf(_ANY)))),
    ),
    tokens=MARKER,
)
LIST_PROVISIONED_CONCURRENCY_CONFIGS = listing(
    "lambda",
    "ListProvisionedConcurrencyConfigs",
    "ProvisionedConcurrencyConfigs",
    record(FunctionArn=TEXT),
    tokens=MARKER,
)

LAMBDA_VERSION = Namespace(
    "LAMBDA_VERSION",
    # With when it was published, and what: a function of the same name counts from 1 again.
    arn_pattern("lambda") + "function:[A-Za-z0-9_-]+:[1-9][0-9]* [0-9T:.+-]+Z? [A-Za-z0-9+/=]+",
    ("ImageUri", "ResolvedImageUri"),
    ("ImageUri", "ResolvedImageUri"),
)
_LATEST = "$LATEST"

Versions = Mapping[str, Mapping[str, Any]]
"""Of one function: what ListFunctions tells of each version, by its name."""


def read_functions(reading: Reading) -> Iterator[SourceItem]:
    """`$LATEST`, the newest `keep_count` versions, and every version that an alias, its routing or
    provisioned concurrency points to, of every function of package type Image."""
    return look_twice(partial(_read_functions, reading))


def _read_functions(reading: Reading, wanted: Collection[str] | None) -> Iterator[SourceItem]:
    functions: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    target = reading.target
    for version in items(target.functions, LIST_FUNCTIONS, FunctionVersion="ALL"):
        name = version["FunctionName"]
        if version["PackageType"] == "Image" and (wanted is None or name in wanted):
            functions[version["FunctionName"]][version["Version"]] = version
    reading.progress(f"Lambda: {len(functions)} functions with an image")
    readers = []
    for name, versions in sorted(functions.items()):
        yield SeenResource("lambda_functions", name)
        entry = reading.config.entry_for("lambda_functions", name)
        if entry and entry.exclude:
            yield Diagnostic(ReadStatus.EXCLUDED, f"function {name}: excluded by lambda_functions")
        else:
            keep_count = entry.keep_count if entry else DEFAULT_HISTORY
            read = partial(_read_function, target, name, versions, keep_count)
            readers.append(partial(attempt, read, name))
    for found in reading.workers.map(operator.call, readers):
        yield from found


def _read_function(
    target: Target, name: str, versions: Versions, keep_count: int
) -> Iterator[SourceItem]:
    """`$LATEST` takes none of the places of `keep_count`, nor does `$LATEST.PUBLISHED`, which a
    call to a function on managed instances reaches, nor a version that something points to."""
    published = sorted(
        (version for version in versions if version.isdigit()), key=int, reverse=True
    )
    wanted = {_LATEST: _LATEST} | {
        version: version for version in versions if not version.isdigit()
    }
    if len(published) > keep_count:  # only then can a version depend on who points to it
        wanted |= _pointed_to(target, name)
    newest = [version for version in published if version not in wanted][:keep_count]
    wanted |= dict.fromkeys(newest, f"one of the newest {keep_count} versions")
    keys = {version: key for version in wanted if (key := _key(versions.get(version)))}
    known = target.cache.get(LAMBDA_VERSION, keys.values(), _cached)
    for version, why in wanted.items():
        key = keys.get(version, "")
        try:
            code = known.get(key) or _code(target, name, version, key)
        except Gone as error:  # one version may be, and that says nothing about the others
            yield SaidToBeGone(name, str(error))
            continue
        if not code:
            text = f"lambda:GetFunction: {name}:{version} names no image"
            yield Diagnostic(ReadStatus.FAILED, text)
        for uri in dict.fromkeys(code.values()):
            user = f"function {name}:{version}"
            yield from uses_of(uri, source="lambda", user=user, why=why)


def _code(target: Target, name: str, version: str, key: str) -> dict[str, str]:
    """`ResolvedImageUri` and `ImageUri`, those that there are; cached under `key`, if not empty."""
    answer = call(target.functions, GET_FUNCTION, FunctionName=name, Qualifier=version)
    code = {member: uri for member, uri in answer["Code"].items() if uri}
    if key and "ResolvedImageUri" in code:
        target.cache.put(LAMBDA_VERSION, {key: code})
    return code


def _key(version: Mapping[str, Any] | None) -> str:
    """What identifies a published version for ever: a function that was deleted and made again
    counts its versions from 1 once more. Empty for what may change, as `$LATEST` does."""
    if version is None or not version["Version"].isdigit():
        return ""
    facts = [version[member] for member in ("FunctionArn", "LastModified", "CodeSha256")]
    return " ".join(facts) if all(facts) else ""


def _cached(value: Any) -> dict[str, str]:
    """Raises ValueError for what is not as `_code` makes it."""
    if not all(isinstance(uri, str) for uri in value.values()):
        raise ValueError("no code of a function")
    return dict(value)


def _pointed_to(target: Target, name: str) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for alias in items(target.functions, LIST_ALIASES, FunctionName=name):
        weights = alias["RoutingConfig"]["AdditionalVersionWeights"]
        for version in (alias["FunctionVersion"], *weights):
            wanted[version] = f"alias {alias['Name']}"
    for version in _provisioned(target, name):
        wanted.setdefault(version, "provisioned concurrency")
    return wanted


def _provisioned(target: Target, name: str) -> list[str]:
    configs = items(target.functions, LIST_PROVISIONED_CONCURRENCY_CONFIGS, FunctionName=name)
    qualifiers = [config["FunctionArn"].rpartition(":")[2] for config in configs]
    return [qualifier for qualifier in qualifiers if qualifier.isdigit()]


def names(target: Target) -> Iterator[SeenResource]:
    """Of all functions of package type Image."""
    for function in items(target.functions, LIST_FUNCTIONS):
        if function["PackageType"] == "Image":
            yield SeenResource("lambda_functions", function["FunctionName"])


_FUNCTIONS = ("lambda_functions",)

LAMBDA = Source(
    name="lambda",
    read=read_functions,
    names=names,
    sections=(
        HistorySection(
            "lambda_functions",
            noun="Lambda function",
            about="Lambda functions; all are read, this says how far back",
            versions="versions of the function",
            matches="Lambda function with an image",
            more={
                "keep_aliase": Key(
                    BOOLEAN,
                    "obsolete: what an alias points to is always kept",
                    obsolete=True,
                    warning=lambda _: "is obsolete, aliases are always kept; remove it",
                )
            },
        ),
    ),
    operations={
        LIST_FUNCTIONS: (),
        GET_FUNCTION: _FUNCTIONS,
        LIST_ALIASES: _FUNCTIONS,
        LIST_PROVISIONED_CONCURRENCY_CONFIGS: _FUNCTIONS,
    },
    # AWS Lambda Developer Guide, "Quotas". The rate of the control plane is shared with everything
    # that deploys functions, so only a third of it is taken.
    quotas={
        "lambda_get_function": Quota("lambda", ("GetFunction",), 100, 100),
        "lambda": Quota("lambda", (), 5, 5),
    },
    cached=(LAMBDA_VERSION,),
    counts=(
        "`$LATEST`, the newest versions, and every version that an alias, its routing or "
        "provisioned concurrency points to, of every function with an image"
    ),
)

"""Lambda functions that run from an image.

Lambda fetches a version's image again after weeks without a call, so a version that can be called
needs its image for ever. `ImageUri` is what somebody wrote; `ResolvedImageUri` is what runs.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from ecrm.aws import Target, call, gather, pages
from ecrm.config import DEFAULT_HISTORY, Config, entry_for
from ecrm.errors import Gone, NotOffered
from ecrm.model import Note, Progress, ReadStatus
from ecrm.sources.found import Found, Met, attempt, uses_of

_LATEST = "$LATEST"


def lambda_uses(target: Target, config: Config, progress: Progress) -> Iterator[Found]:
    """`$LATEST`, the newest `keep_count` versions, and every version that an alias, its routing or
    provisioned concurrency points to, of every function of package type Image."""
    versions: dict[str, list[str]] = defaultdict(list)
    for page in pages(target.functions, "ListFunctions", FunctionVersion="ALL"):
        for function in page.get("Functions", ()):
            if function.get("PackageType") == "Image":
                versions[function["FunctionName"]].append(function["Version"])
    progress(f"Lambda: {len(versions)} functions with an image")
    readers = []
    for name in sorted(versions):
        yield Met("lambda_functions", name)
        entry = entry_for(config.lambda_functions, name)
        if entry and entry.exclude:
            yield Note(ReadStatus.EXCLUDED, f"function {name}: excluded by lambda_functions")
        else:
            keep_count = entry.keep_count if entry else DEFAULT_HISTORY
            readers.append(partial(_read_function, target, name, versions[name], keep_count))
    for found in gather(attempt, readers):
        yield from found


def _read_function(
    target: Target, name: str, versions: Sequence[str], keep_count: int
) -> Iterator[Found]:
    """`$LATEST` takes none of the places of `keep_count`, nor does `$LATEST.PUBLISHED`, which a
    call to a function on managed instances reaches, nor a version that something points to."""
    published = sorted((it for it in versions if it.isdigit()), key=int, reverse=True)
    wanted = {_LATEST: _LATEST} | {it: it for it in versions if not it.isdigit()}
    if len(published) > keep_count:  # only then can a version depend on who points to it
        wanted |= _pointed_to(target, name)
    newest = [version for version in published if version not in wanted][:keep_count]
    wanted |= dict.fromkeys(newest, f"one of the newest {keep_count} versions")
    for version, why in wanted.items():
        with suppress(Gone):  # one version may be, and that says nothing about the others
            yield from _uses_of_version(target, name, version, why)


def _uses_of_version(target: Target, name: str, version: str, why: str) -> Iterator[Found]:
    answer = call(target.functions, "GetFunction", FunctionName=name, Qualifier=version)
    code = answer.get("Code", {})
    if not code.get("ImageUri") and not code.get("ResolvedImageUri"):
        yield Note(ReadStatus.FAILED, f"lambda:GetFunction: {name}:{version} names no image")
    for uri in dict.fromkeys((code.get("ResolvedImageUri"), code.get("ImageUri"))):
        yield from uses_of(uri, source="lambda", user=f"function {name}:{version}", why=why)


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

"""Lambda functions that run from an image.

Lambda fetches a version's image again after weeks without a call, so a version that can be called
needs its image for ever. `ImageUri` is what somebody wrote; `ResolvedImageUri` is what runs.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ecrm.aws import Target, items
from ecrm.config import DEFAULT_HISTORY, HistorySection
from ecrm.config.quotas import Quota
from ecrm.config.schema import Key
from ecrm.config.values import BOOLEAN
from ecrm.model.humanize import progress_text
from ecrm.model.reference import Reference
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.items import Question, SeenResource, SourceItem, attempt, look_twice
from ecrm.sources.lambda_functions.function import LAMBDA_VERSION, Function
from ecrm.sources.lambda_functions.operations import (
    GET_FUNCTION,
    LIST_ALIASES,
    LIST_FUNCTIONS,
    LIST_PROVISIONED_CONCURRENCY_CONFIGS,
)
from ecrm.sources.source import Reading, Source


def read_functions(reading: Reading) -> Iterator[SourceItem]:
    """`$LATEST`, the newest `keep_count` versions, and every version that an alias, its routing or
    provisioned concurrency points to, of every function of package type Image."""
    return look_twice(partial(_read_functions, reading))


def _read_functions(reading: Reading, wanted: Collection[str] | None) -> Iterator[SourceItem]:
    functions: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for version in items(reading.target.functions, LIST_FUNCTIONS, FunctionVersion="ALL"):
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
            function = Function(reading.target, name, versions, keep_count)
            readers.append(partial(attempt, partial(_read_function, reading, function), name))
    finished = itertools.count(1)

    def read(reader: Callable[[], list[SourceItem]]) -> list[SourceItem]:
        found = reader()
        reading.progress(_how_far(reading.target, next(finished), len(readers)))
        return found

    for found in reading.workers.map(read, readers):
        yield from found


def _how_far(target: Target, done: int, total: int) -> str:
    """How many calls the functions that are left take is not known: most may be cached."""
    rate = target.rate_limiter.waited_for(GET_FUNCTION.service, GET_FUNCTION.name)
    return progress_text(done, total, "Lambda functions", rate)


def _read_function(reading: Reading, function: Function) -> Iterator[SourceItem]:
    """All that is in use; or, deferred, what is in any case, and a question about the rest: who
    points to a version takes two calls of Lambda's slowest quota, while of which image a version is
    can be asked much faster, and once for ever. Aliases, which nearly every function has, come
    first: where they need the images in question, nobody asks for provisioned concurrency."""
    if not (reading.defers and function.outside):
        yield from function.read()
        return
    yield from function.read_known()
    images: dict[Reference, None] = {}
    for item in function.read_outside():
        if isinstance(item, Use):
            images[item.reference] = None
        else:
            yield item

    def ask(
        read: Callable[[], Iterator[SourceItem]], names: Collection[str] | None
    ) -> Iterable[SourceItem]:
        if names is None:
            return attempt(read, function.name)
        return _read_functions(replace(reading, defers=False), names)

    aliased, everything = (
        partial(look_twice, partial(ask, read)) for read in (function.read_aliased, function.read)
    )
    yield Question(tuple(images), aliased, Question(tuple(images), everything))


def names(target: Target) -> Iterator[SeenResource]:
    """Of all functions of package type Image."""
    for function in items(target.functions, LIST_FUNCTIONS):
        if function["PackageType"] == "Image":
            yield SeenResource("lambda_functions", function["FunctionName"])


_FUNCTIONS = ("lambda_functions",)

LAMBDA = Source(
    name="lambda",
    title="Lambda",
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
    # that deploys functions, so only two thirds of it are taken.
    quotas={
        "lambda_get_function": Quota("lambda", ("GetFunction",), 100, 100),
        "lambda": Quota("lambda", (), 10, 10),
    },
    cached=(LAMBDA_VERSION,),
    counts=(
        "`$LATEST`, the newest versions, and every version that an alias, its routing or "
        "provisioned concurrency points to, of every function with an image"
    ),
    calls="1 for each 50 versions of functions; 1 for each version in use that is not cached",
)

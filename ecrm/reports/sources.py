"""The sources of images in use: what of each counts, and what reading it takes."""

import json
from collections.abc import Sequence
from textwrap import fill

from ecrm.config import Config
from ecrm.sources.source import Source

_WIDTH = 78


def sources_text(sources: Sequence[Source], config: Config) -> str:
    return "\n\n".join(_block(source, config) for source in sources)


def sources_json(sources: Sequence[Source], config: Config) -> str:
    rows = [
        {
            "source": source.name,
            "title": source.title,
            "read": source.is_read(config),
            "by_default": source.by_default,
            "counts": source.counts,
            "calls": source.calls,
            "actions": _actions(source),
        }
        for source in sources
    ]
    return json.dumps({"ecrm_sources": 1, "complete": True, "sources": rows}, indent=2)


def _block(source: Source, config: Config) -> str:
    rows = (
        ("counts", source.counts),
        ("calls", source.calls),
        ("actions", ", ".join(_actions(source))),
    )
    lines = (
        fill(text, _WIDTH, initial_indent=f"  {name:9}", subsequent_indent=" " * 11)
        for name, text in rows
    )
    return "\n".join((f"{source.name}: {source.title}, {_state(source, config)}", *lines))


def _state(source: Source, config: Config) -> str:
    if source.is_read(config):
        return "read"
    return "excluded" if source.by_default else "not read unless `sources` names it"


def _actions(source: Source) -> list[str]:
    return sorted({operation.action for operation in source.operations})

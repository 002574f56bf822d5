"""Which images a file names, and in which line: the text of a file becomes mentions.

Comments count for nothing: what they name is not deployed. What cannot be told, since it is a
template that somebody fills later, is a mention without a reference, and never left out.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath

from ecrm.errors import InputError
from ecrm.sources.files.document import TooMuchError, has_odd_keys, roots_of
from ecrm.sources.files.mention import ANY_REGISTRY, Mention, Spot
from ecrm.sources.files.plain import text_mentions
from ecrm.sources.files.tree import tree_mentions

__all__ = ["ANY_REGISTRY", "Contents", "Mention", "Spot", "read_file_text"]

_KEYED = {".json": "JSON", ".yaml": "YAML", ".yml": "YAML", ".template": ""}
_TEMPLATE = re.compile(r"\{\{|\{%|<%")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file names. `problem`, `line: what is wrong`, is of a file that is not what its name
    says; what its text names all the same is in `mentions`."""

    mentions: tuple[Mention, ...]
    problem: str = ""


def read_file_text(path: str, text: str) -> Contents:
    """YAML and JSON by their keys, everything else as text; `path` tells which it is.

    A template of YAML or JSON (a Helm chart's, say) is neither yet, and is read as text.
    """
    kind = _KEYED.get(PurePath(path).suffix.lower())
    if kind is None:
        return Contents(_once(lambda: text_mentions(path, text)))
    # JSON may be indented by tabs, which YAML may not; within its texts it has none.
    keyed = text.replace("\t", " ") if kind != "YAML" else text
    try:
        roots = roots_of(keyed)
        if _TEMPLATE.search(text) and any(map(has_odd_keys, roots)):
            raise InputError("1: a template")  # noqa: TRY301 - the same as one that fails
        return Contents(
            _once(lambda: (mention for root in roots for mention in tree_mentions(root)))
        )
    except RecursionError:
        problem = f"1: not {kind}: it is nested too deeply"
    except TooMuchError as error:
        problem = str(error)
    except InputError as error:
        line, _, what = str(error).partition(": ")
        problem = "" if _TEMPLATE.search(text) or not kind else f"{line}: not {kind}: {what}"
    return Contents(_once(lambda: text_mentions(path, text)), problem)


def _once(read: Callable[[], Iterable[Mention]]) -> tuple[Mention, ...]:
    return tuple(dict.fromkeys(read()))

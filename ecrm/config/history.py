"""What a section of ecrm.yaml about the history of some kind of resource looks like."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecrm.config.schema import Key


@dataclass(frozen=True, slots=True)
class HistorySection:
    """Declared by the source that reads these resources.

    `noun` is what an entry names, and `matches` what it must match to have an effect, by default
    the same. `versions` is what `keep_count` counts; without it, all that an entry can do is to
    exclude. `more` are keys of this section alone, which have no effect. With `opt_in`, which names
    the key that counts in place of `keep_count`, nothing is read unless an entry asks for it.
    """

    name: str
    noun: str
    about: str
    versions: str = ""
    matches: str = ""
    more: Mapping[str, Key] = field(default_factory=dict)
    opt_in: str = ""

"""Facts that can never change, kept on disk from one run to the next.

An answer of AWS is such a fact only if what it was asked about is immutable: a task definition
revision, a service revision, a published Lambda version, a manifest by its digest. Everything
else is not kept, whoever asks for it: a stale answer here deletes an image that is in use.

The cache saves calls and nothing more: a run without it, or with an empty one, finds the same. So
whatever is wrong with the file costs one warning and the time of the calls, never the run. Every
entry carries a checksum over its format, its identifier and its value, so that damage of any kind
is a fact that is not there, and never another fact.

    caching.py    what the sources use: get, put, and what becomes of trouble
    facts.py      what may be kept, and how it is written
    database.py   the one SQLite file; many threads and many runs at once
    places.py     where it is, and how it is removed
"""

from ecrm.aws.cache.caching import MAX_BYTES, Cache, NoCache
from ecrm.aws.cache.facts import Namespace
from ecrm.aws.cache.folder import cache_folder, clear

__all__ = [
    "MAX_BYTES",
    "Cache",
    "Namespace",
    "NoCache",
    "cache_folder",
    "clear",
]

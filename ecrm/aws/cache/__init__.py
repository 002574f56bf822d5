"""Immutable data that is kept on disk between runs.

An answer of AWS may be kept only if it describes something immutable: a task definition revision, a
service revision, a published Lambda version, or a manifest by its digest. Nothing else is kept: a
stale answer here would delete an image that is in use. When ecrm itself read a manifest is kept
beside that (`registry.own_readings`): a later reading replaces it.

The cache only saves calls: a run without it, or with an empty one, finds the same. So a problem
with the file costs one warning and the time of the calls, never the run. Every entry has a checksum
over its format, its identifier and its value, so damaged data counts as missing and is never taken
for other data.

    caching.py    get and put, and what happens when the file cannot be used
    facts.py      what may be kept, and how it is written
    database.py   the SQLite file, which threads and runs share
    folder.py     where the file is, and how it is removed
"""

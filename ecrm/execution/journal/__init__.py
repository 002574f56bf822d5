"""The journal: what a run was about to delete, and what AWS answered.

JSON lines, in the order in which things happened; members that are not set are left out:

    {"type": "header", "format": 1, "at": ..., "version": ..., "targets": [...], "config": ...}
    {"type": "image", "at": ..., "registry": ..., "repository": ..., "decision": {...},
     "manifest": "{...}"}                           before the call that deletes, one per image
    {"type": "outcome", ..., "digest": ..., "status": "deleted"}           after that call
    {"type": "end", "at": ..., "complete": true, "counts": {"deleted": 1}}   missing: killed

An image without an outcome may be there or not: its run was killed, or could write no more.
"""

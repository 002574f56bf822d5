"""Restores images from a journal, for as long as ECR still has their layers.

    journal ─► chosen (which entries) ─► restored: per repository
                    in_order ─► each image: there already │ layers, children ─► put │ activate

AWS promises nothing about how long it keeps the layers of an image that was deleted; those that
other images share are surely there.
"""

from ecrm.execution.restore.restored import Restored, Result, refuse_foreign, restored
from ecrm.execution.restore.selection import chosen

__all__ = ["Restored", "Result", "chosen", "refuse_foreign", "restored"]

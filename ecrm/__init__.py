"""ecrm deletes unused Amazon ECR images and never deletes an image that is in use.

    import ecrm

    plan = ecrm.plan("ecrm.yaml", profile="prod")

The names in `__all__` are the Python API, which docs/python.md describes; the rest of the package
may change in any release. Each name is imported when it is first used, so that `import ecrm` and
`ecrm --help` wait neither for boto3 nor for the rest of the package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecrm import errors
    from ecrm.config import Config
    from ecrm.errors import EcrmError
    from ecrm.model.decision import Decision, Reason
    from ecrm.model.image import Image
    from ecrm.model.rule import Action
    from ecrm.model.scan import Scan
    from ecrm.model.use import Use
    from ecrm.planning.plan import Plan, RepositoryPlan
    from ecrm.workflow.api import load_config, plan, scan

    __version__: str

__all__ = [
    "Action",
    "Config",
    "Decision",
    "EcrmError",
    "Image",
    "Plan",
    "Reason",
    "RepositoryPlan",
    "Scan",
    "Use",
    "__version__",
    "errors",
    "load_config",
    "plan",
    "scan",
]

_HOMES = {
    "ecrm.config": ("Config",),
    "ecrm.errors": ("EcrmError",),
    "ecrm.model.decision": ("Decision", "Reason"),
    "ecrm.model.image": ("Image",),
    "ecrm.model.rule": ("Action",),
    "ecrm.model.scan": ("Scan",),
    "ecrm.model.use": ("Use",),
    "ecrm.planning.plan": ("Plan", "RepositoryPlan"),
    "ecrm.workflow.api": ("load_config", "plan", "scan"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name == "errors":
            return import_module("ecrm.errors")
        if name == "__version__":
            return import_module("ecrm.model.version").VERSION
        if name not in _HOME_OF:
            raise AttributeError(f"module 'ecrm' has no attribute {name!r}")
        return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

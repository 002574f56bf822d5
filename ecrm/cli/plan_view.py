"""How `plan` and `delete` show a plan: on a terminal for people, elsewhere as in fujiwara/ecrm."""

import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from ecrm.cli.terminal import is_stdout

if TYPE_CHECKING:
    from ecrm.config import Config
    from ecrm.planning.plan import Plan

_ELSEWHERE = (120, 24)  # columns and lines, where no terminal and no COLUMNS says it


@dataclass(frozen=True, slots=True)
class PlanView:
    """What the options of a command ask for. `top` is 0 for all repositories; with `images` each
    image that goes is listed."""

    format_name: str
    top: int | None
    sort: str
    images: bool

    @classmethod
    def taken(cls, options: dict[str, Any], output: str) -> Self:
        """Out of the options, which are without them then. A script that pipes the output gets the
        table that it knows, unless it asks for another format."""
        is_seen = is_stdout(output) and sys.stdout.isatty()
        images, top = options.pop("images", False), options.pop("top")
        return cls(
            options.pop("format_name") or ("text" if is_seen or images else "table"),
            0 if options.pop("show_all") else top,
            options.pop("sort"),
            images,
        )

    def text(self, plan: "Plan", config: "Config") -> str:
        from ecrm.reports import PLAN_FORMATS
        from ecrm.reports.images import images_json, images_markdown, images_text
        from ecrm.reports.overview import plan_text
        from ecrm.reports.ranking import View

        if self.images and self.format_name == "json":
            return images_json(plan)
        if self.format_name == "text":
            view = View(width(), config.prices, self.top, self.sort)
            shown = plan_text(plan, view)
        else:
            shown = PLAN_FORMATS[self.format_name](plan)
        if not (self.images and plan.deletable.images):
            return shown
        images = (
            images_markdown(plan) if self.format_name == "markdown" else images_text(plan, width())
        )
        return f"{shown}\n\n{images}"


def width() -> int:
    """The columns of the terminal."""
    return shutil.get_terminal_size(_ELSEWHERE).columns

"""Chromium, driven by its driver over HTTP as https://www.w3.org/TR/webdriver2/ has it."""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ENTER, TAB, END = "\ue007", "\ue004", "\ue010"
_ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


class Browser:
    """One session. `script` runs in the page, whatever the page itself may run."""

    def __init__(self, server: str) -> None:
        self._server = f"{server}/session"
        wanted = {
            "goog:chromeOptions": {"args": list(_ARGUMENTS)},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        made = self._call("POST", "", capabilities={"alwaysMatch": wanted})
        self._server += f"/{made['sessionId']}"

    def open(self, path: Path) -> None:
        self._call("POST", "/url", url=path.as_uri())

    def script(self, text: str) -> Any:
        return self._call("POST", "/execute/sync", script=text, args=[])

    def promise(self, text: str) -> Any:
        """What the promise is kept with."""
        body = f"const done = arguments[0]; ({text}).then(done, e => done(String(e)));"
        return self._call("POST", "/execute/async", script=body, args=[])

    def texts(self, selector: str) -> list[str]:
        """Of the elements that are shown."""
        found: list[str] = self.script(
            f"return [...document.querySelectorAll({json.dumps(selector)})]"
            ".filter(e => e.checkVisibility()).map(e => e.innerText)"
        )
        return found

    def press(self, keys: str) -> None:
        """Wherever the keyboard's focus is."""
        focused = self._call("GET", "/element/active")[ELEMENT]
        self._call("POST", f"/element/{focused}/value", text=keys)

    def command(self, name: str, **parameters: Any) -> Any:
        """Of the DevTools protocol."""
        return self._call("POST", "/goog/cdp/execute", cmd=name, params=parameters)

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What was logged since it was last asked for."""
        found: list[dict[str, Any]] = self._call("POST", "/se/log", type=kind)
        return found

    def screenshot(self) -> bytes:
        return base64.b64decode(self._call("GET", "/screenshot"))

    def printed(self) -> bytes:
        """As PDF, on A4."""
        paper = {"width": 21.0, "height": 29.7}
        return base64.b64decode(self._call("POST", "/print", page=paper, background=True))

    def close(self) -> None:
        self._call("DELETE", "")

    def _call(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if method == "POST" else None
        request = Request(self._server + path, data, {"Content-Type": "application/json"})
        request.method = method
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]


@contextmanager
def browser() -> Iterator[Browser]:
    """Skips the test where there is no Chromium with its driver."""
    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("needs chromedriver, of Debian's package chromium-driver")
    with subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            ports = (re.search(r"successfully on port (\d+)", line) for line in process.stdout)
            port = next(found[1] for found in ports if found)
            opened = Browser(f"http://127.0.0.1:{port}")
            try:
                yield opened
            finally:
                opened.close()
        finally:
            process.terminate()


def axe() -> str:
    """The source of axe-core, which is in the folder that ECRM_AXE names; skips without it."""
    folder = os.environ.get("ECRM_AXE", "")
    path = Path(folder, "node_modules", "axe-core", "axe.min.js")
    if not folder or not path.exists():
        pytest.skip("needs ECRM_AXE, a folder in which `npm install axe-core` was run")
    return path.read_text(encoding="utf-8")

"""Makes docs/report.png, the first screen of the sample account's report:
`python -m tests.reports.html.picture`. It needs Chromium and its driver."""

import tempfile
from pathlib import Path

from ecrm.cli.main import run
from tests.reports.html.chromium import browser

PICTURE = Path(__file__).parents[3] / "docs" / "report.png"
_SIZE = {"width": 1144, "height": 1560, "deviceScaleFactor": 0.7, "mobile": False}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        page = Path(folder, "report.html")
        assert run(["demo", "report", "-o", str(page)]) == 0
        chromium.command("Emulation.setDeviceMetricsOverride", **_SIZE)
        chromium.command("Emulation.setScrollbarsHidden", hidden=True)
        chromium.open(page)
        PICTURE.write_bytes(chromium.screenshot())


if __name__ == "__main__":
    main()

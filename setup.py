"""What pyproject.toml cannot say: the README as an index shows it.

README.md links to files beside it, which an index does not have. In the package's description these
links lead to the same files on the repository's page, as of the release.
"""

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
SOURCE = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Source"]
VERSION = re.findall(
    r'VERSION = "(.+)"', (ROOT / "ecrm" / "model" / "version.py").read_text("utf-8")
)[0]

setup(
    long_description=re.sub(
        r"\]\((?![\w+.-]+:|#)",
        f"]({SOURCE}/blob/v{VERSION}/",
        (ROOT / "README.md").read_text("utf-8"),
    ).replace(".png)", ".png?raw=true)"),
    long_description_content_type="text/markdown",
)

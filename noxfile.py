"""The checks of .ci/run one by one, and those that need more than one Python: `nox --list`.

Sessions use the versions of requirements-dev.txt, but for `lowest`, which uses the lowest ones that
pyproject.toml allows.
"""

from pathlib import Path

import nox

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LOCK = "requirements-dev.txt"
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

nox.options.default_venv_backend = "uv"
nox.options.sessions = ("lint", "types", "tests-3.11")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests, with coverage; `nox -s tests-3.13 -- tests/planning/test_plan.py` runs some."""
    _install_locked(session)
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run("coverage", "run", "-m", "pytest", "-m", "slow or not slow")
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session(python=PYTHONS[0])
def everything(session: nox.Session) -> None:
    """What is a sample in the other sessions, in full, without coverage: every fault of every call,
    every action that a policy may lack, and every mutant. Takes hours."""
    _install_locked(session)
    session.run("pytest", "-m", "slow or not slow", env={"ECRM_TEST_ALL": "1"})
    session.run("python", "-m", "tests.mutation", "--all")


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """All tests, with the lowest versions that pyproject.toml allows."""
    session.install("--resolution=lowest-direct", "--editable", ".[test]")
    session.run("pytest", *(session.posargs or ("-m", "slow or not slow")))


@nox.session
def lint(session: nox.Session) -> None:
    """Format and style."""
    _install_locked(session)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types."""
    _install_locked(session)
    session.run("mypy")


@nox.session
def build(session: nox.Session) -> None:
    """The sdist and, from it, the wheel in dist/; the wheel shows the demo, nothing else around."""
    _install_locked(session)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", "dist")
    (wheel,) = Path("dist").glob(f"ecrm-{_version()}-*.whl")
    session.run("uv", "venv", "--clear", f"{session.create_tmp()}/wheel")
    environment = Path(session.create_tmp()) / "wheel" / "bin"
    python = ("--python", str(environment / "python"))
    session.run("uv", "pip", "install", *python, f"ecrm[demo] @ {wheel.resolve().as_uri()}")
    session.run(str(environment / "ecrm"), "demo", external=True)


@nox.session(venv_backend="none")
def actionlint(session: nox.Session) -> None:
    """The workflows; needs Go. (zizmor audits them in the tests.)"""
    session.run("go", "run", ACTIONLINT, external=True)


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements-dev.txt; `nox -s lock -- --upgrade` takes the newest versions. Then
    requirements.txt, of the same versions, which the GitHub Action installs."""
    session.install("uv")
    _compile(session, LOCK, "--extra", "dev", *session.posargs)
    _compile(session, "requirements.txt", "--constraint", LOCK)


def _compile(session: nox.Session, output: str, *options: str) -> None:
    session.run(
        *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", PYTHONS[0]),
        *("--generate-hashes", "--no-annotate"),
        *("--no-emit-index-url", "--no-emit-find-links"),
        *("--custom-compile-command", "nox -s lock", "--output-file", output),
        *("pyproject.toml", *options),
    )


def _install_locked(session: nox.Session) -> None:
    session.install("--require-hashes", "--requirement", LOCK)
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")


def _version() -> str:
    namespace: dict[str, str] = {}
    exec(Path("ecrm/model/version.py").read_text(), namespace)  # noqa: S102 - our own file
    return namespace["VERSION"]

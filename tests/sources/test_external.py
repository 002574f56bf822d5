"""What programs and files of the user's say is in use, and every way in which they can fail."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from ecrm.config import ExternalCommand
from ecrm.errors import InputError
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources import external
from ecrm.sources.external import command_uses, file_uses
from tests.stubs import HOST, NOW
from tests.values import digest

NO_LIST = "this is no JSON array of image URIs"
NOTHING: Mapping[str, str] = MappingProxyType({})


def python(
    code: str,
    *,
    env: Mapping[str, str] = NOTHING,
    folder: Path | None = None,
    seconds: float | None = None,
) -> ExternalCommand:
    timeout = None if seconds is None else timedelta(seconds=seconds)
    return ExternalCommand((sys.executable, "-c", code), env, str(folder or "") or None, timeout)


def shell(script: str, *, seconds: float | None = None) -> ExternalCommand:
    timeout = None if seconds is None else timedelta(seconds=seconds)
    return ExternalCommand(("/bin/sh", "-c", script), {}, None, timeout)


def uris(command: ExternalCommand) -> list[str]:
    found = list(command_uses(command))
    assert [item for item in found if isinstance(item, Diagnostic)] == []
    return [str(use.reference) for use in found if isinstance(use, Use)]


def problem(command: ExternalCommand) -> str:
    """What is noted, without the name of the command; whatever is noted stops every deletion."""
    [note] = [item for item in command_uses(command) if isinstance(item, Diagnostic)]
    assert note.status is ReadStatus.FAILED
    start = f"external command {command.command[0]}: "
    assert note.text.startswith(start)
    return note.text.removeprefix(start)


def is_running(pid: int) -> bool:
    """A process that has ended and that nobody has waited for yet runs no more."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def soon(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()


def ends(pid: int) -> bool:
    return soon(lambda: not is_running(pid))


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


# Commands


def test_what_a_command_prints_is_in_use():
    listed = [f"{HOST}/web:v1", f"{HOST}/web@{digest(1)}", "nginx"]
    command = python(f"print({json.dumps(listed)!r})")
    assert uris(command) == [
        f"{HOST}/web:v1",
        f"{HOST}/web@{digest(1)}",
        "docker.io/nginx:latest",
    ]


def test_the_program_without_its_arguments_is_named_as_the_user():
    """Uses are recorded in snapshots, and an argument may be a secret."""
    command = shell(f"echo '[\"{HOST}/web:v1\"]'")
    [use] = command_uses(command)
    assert isinstance(use, Use)
    assert (use.source, use.user, use.why) == (
        "external command",
        command.command[0],
        "listed",
    )


def test_a_command_may_know_of_nothing():
    assert uris(shell("echo '[]'")) == []


def test_arguments_are_no_shell():
    command = ExternalCommand(("/bin/echo", '["a/b:$HOME;ls"]'), {})
    assert problem(command) == "entry 0: 'a/b:$HOME;ls' is not an image reference"


def test_env_is_added_to_the_environment(monkeypatch):
    monkeypatch.setenv("FROM_OUTSIDE", "outside")
    monkeypatch.setenv("OVERRIDDEN", "outside")
    code = "import json, os; e = os.environ; print(json.dumps([f'a/{e[k]}' for k in %s]))"
    command = python(
        code % ["FROM_OUTSIDE", "OVERRIDDEN", "ADDED"],
        env={"OVERRIDDEN": "inside", "ADDED": "added"},
    )
    assert uris(command) == [
        "docker.io/a/outside:latest",
        "docker.io/a/inside:latest",
        "docker.io/a/added:latest",
    ]


def test_dir_is_where_it_runs(tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    code = "import json, os; print(json.dumps([os.path.basename(os.getcwd())]))"
    assert uris(python(code, folder=folder)) == ["docker.io/there:latest"]


def test_without_dir_it_runs_where_ecrm_runs(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    code = "import json, os; print(json.dumps([os.path.basename(os.getcwd())]))"
    assert uris(python(code)) == ["docker.io/here:latest"]


def test_it_cannot_read_our_standard_input(tmp_path):
    (tmp_path / "ours").write_text("what a person types")
    saved, ours = os.dup(0), os.open(tmp_path / "ours", os.O_RDONLY)
    try:
        os.dup2(ours, 0)
        assert uris(shell("cat; echo '[]'")) == []
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(ours)


def test_its_standard_error_is_for_people(capfd):
    assert uris(shell("echo working >&2; echo '[]'")) == []
    assert capfd.readouterr().err == "working\n"


def test_output_larger_than_a_pipe_is_read_whole():
    code = "import json; print(json.dumps([f'a/b:{n}' for n in range(20000)]))"
    assert len(uris(python(code, seconds=30))) == 20_000


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 3", "exit code 3"),
        ("echo '[\"nginx\"]'; exit 1", "exit code 1"),
        ("printf '\\377'", "the output is not UTF-8 text"),
        ("true", f"{NO_LIST}: Expecting value: line 1 column 1 (char 0)"),
        ("echo '['", f"{NO_LIST}: Expecting value: line 2 column 1 (char 2)"),
        ("echo '{}'", NO_LIST),
        ("echo '\"nginx\"'", NO_LIST),
        ("echo '[\"nginx\", 7]'", "entry 1 is not text: 7"),
        ("echo '[\"nginx\", null]'", "entry 1 is not text: None"),
        ('echo \'["nginx", ["redis"]]\'', "entry 1 is not text: a list"),
        ('echo \'["nginx", "a b"]\'', "entry 1: 'a b' is not an image reference"),
        ("echo '[\"\"]'", "entry 0: '' is not an image reference"),
    ],
)
def test_a_command_that_fails_or_prints_anything_else_stops_every_deletion(script, expected):
    """B11."""
    assert problem(shell(script)) == expected


def test_what_came_before_a_wrong_entry_still_counts():
    """B11."""
    found = list(command_uses(shell('echo \'["nginx", 7, "redis"]\'')))
    assert [str(use.reference) for use in found if isinstance(use, Use)] == [
        "docker.io/nginx:latest"
    ]


def test_a_command_that_is_killed_has_failed():
    """B11."""
    assert problem(shell("kill -9 $$")) == "exit code -9"


def test_a_command_that_is_not_there_is_noted(tmp_path):
    """B11."""
    missing = str(tmp_path / "missing")
    command = ExternalCommand((missing,), {})
    assert problem(command) == f"cannot be started: No such file or directory: {missing}"


def test_a_command_that_may_not_be_run_is_noted(tmp_path):
    """B11."""
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\necho '[]'\n")
    script.chmod(0o644)
    command = ExternalCommand((str(script),), {})
    assert problem(command) == f"cannot be started: Permission denied: {script}"


def test_a_dir_that_is_not_there_is_noted(tmp_path):
    """B11."""
    missing = tmp_path / "missing"
    command = python("print([])", folder=missing)
    assert problem(command) == f"cannot be started: No such file or directory: {missing}"


# Timeouts


@pytest.fixture
def out_of_time_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """The time of a command is over as soon as it has written something to that file."""

    def set_up(file: Path) -> None:
        def communicate(process: "subprocess.Popen[bytes]", timeout: float) -> None:
            assert soon(lambda: file.exists() and file.read_text().endswith("\n"))
            raise subprocess.TimeoutExpired(process.args, timeout)

        monkeypatch.setattr("subprocess.Popen.communicate", communicate)

    return set_up


def test_a_command_that_does_not_end_in_time_is_stopped():
    """B11."""
    assert problem(shell("sleep 3600", seconds=0.05)) == (
        "did not end within 0.05 seconds and was stopped"
    )


def test_a_command_that_ends_in_time_is_not_stopped():
    assert uris(shell("echo '[]'", seconds=3600)) == []


def test_a_command_that_is_stopped_may_tidy_up(tmp_path, out_of_time_once):
    ready, tidied = tmp_path / "ready", tmp_path / "tidied"
    out_of_time_once(ready)
    script = f"trap 'touch {tidied}; exit' TERM; echo > {ready}; sleep 3600 & wait"
    assert problem(shell(script, seconds=1))
    assert tidied.exists()


@needs_proc
def test_a_command_that_ignores_being_asked_is_killed(tmp_path, monkeypatch, out_of_time_once):
    monkeypatch.setattr(external, "_SECONDS_TO_STOP", 0.2)
    pid = tmp_path / "pid"
    out_of_time_once(pid)
    script = f"trap '' TERM; echo $$ > {pid}; sleep 3600; echo '[]'"
    assert "was stopped" in problem(shell(script, seconds=1))
    assert ends(int(pid.read_text()))


@needs_proc
def test_a_command_that_is_stopped_takes_its_children_with_it(tmp_path, out_of_time_once):
    pid = tmp_path / "pid"
    out_of_time_once(pid)
    script = f"(sleep 3600 & echo $! > {pid}; wait); echo '[]'"
    assert "was stopped" in problem(shell(script, seconds=1))
    assert ends(int(pid.read_text()))


@needs_proc
def test_children_that_outlive_the_command_and_hold_its_output_are_stopped_too(tmp_path):
    pid = tmp_path / "pid"
    assert "was stopped" in problem(shell(f"sleep 3600 & echo $! > {pid}", seconds=0.5))
    assert ends(int(pid.read_text()))


@pytest.mark.skipif(not shutil.which("setsid"), reason="needs setsid")
def test_a_child_that_has_left_the_group_does_not_hold_us_up(tmp_path, out_of_time_once):
    pid = tmp_path / "pid"
    out_of_time_once(pid)
    script = f"setsid sleep 3600 & echo $! > {pid}; wait"
    try:
        assert "was stopped" in problem(shell(script, seconds=1))
    finally:
        os.kill(int(pid.read_text()), 9)


# Signals


def stopping_us(number: str, pid: Path) -> ExternalCommand:
    """Sends us the signal, and would then run for an hour."""
    return shell(f"sleep 3600 & echo $! > {pid}; kill -{number} $PPID; wait; echo '[]'")


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_stops_the_program_before_whoever_handles_it(tmp_path, number):
    pid, handled = tmp_path / "pid", []

    def handler(signum: int, _: object) -> None:
        handled.append((signum, ends(int(pid.read_text()))))

    before = signal.signal(number, handler)
    try:
        assert problem(stopping_us(number.name[3:], pid)) == f"was stopped by {number.name}"
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)
    assert handled == [(number, True)]


@needs_proc
def test_ctrl_c_stops_the_program_and_the_run(tmp_path):
    pid = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt):
        problem(stopping_us("INT", pid))
    assert ends(int(pid.read_text()))


@needs_proc
def test_sigterm_that_nobody_handles_ends_the_program_and_then_the_process(tmp_path):
    pid = tmp_path / "pid"
    code = (
        "from ecrm.config import ExternalCommand\n"
        "from ecrm.sources.external import command_uses\n"
        f"list(command_uses(ExternalCommand({stopping_us('TERM', pid).command!r}, {{}})))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False)
    assert ran.returncode == -signal.SIGTERM
    assert ends(int(pid.read_text()))


def test_a_signal_that_arrives_while_a_program_is_stopped_is_not_lost(tmp_path, out_of_time_once):
    ready = tmp_path / "ready"
    out_of_time_once(ready)
    script = f"trap 'kill -INT $PPID; exit' TERM; echo > {ready}; sleep 3600 & wait"
    with pytest.raises(KeyboardInterrupt):
        problem(shell(script, seconds=1))


def test_an_ignored_signal_stays_ignored(tmp_path):
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert uris(shell("kill -HUP $PPID; echo '[]'")) == []
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_program_runs_in_another_thread_too():
    with ThreadPoolExecutor() as pool:
        assert pool.submit(uris, shell("echo '[]'")).result() == []


# Scanned files


def failure(path: Path) -> str:
    with pytest.raises(InputError) as error:
        list(file_uses(str(path)))
    assert error.value.exit_code == 1
    return str(error.value)


def listed(path: Path, oldest: datetime | None = None) -> list[Use]:
    """What a file lists of which nothing is noted."""
    found = list(file_uses(str(path), oldest))
    return [item for item in found if isinstance(item, Use) or pytest.fail(item.text)]


@pytest.mark.parametrize(
    "scheme", ["docker-pullable", "docker", "oci", "https", "containerd", "cri-o", "DOCKER"]
)
def test_the_scheme_of_an_entry_does_not_matter(tmp_path: Path, scheme: str):
    path = tmp_path / "pods.json"
    path.write_text(json.dumps([f" {scheme}://{HOST}/web@{digest(1)}"]))
    assert [str(use.reference) for use in listed(path)] == [f"{HOST}/web@{digest(1)}"]
    assert uris(shell(f"cat {path}")) == [f"{HOST}/web@{digest(1)}"]


@pytest.mark.parametrize(
    "entry",
    ["ghcr.io/Org/App:v1", "docker-pullable://docker.io/A@b", "quay.io/a:b:c", "<none>:<none>"],
)
def test_an_entry_of_another_registry_that_is_no_reference_is_noted(tmp_path: Path, entry: str):
    path = tmp_path / "images.json"
    path.write_text(json.dumps([entry, f"{HOST}/web:v1"]))
    written = entry.removeprefix("docker-pullable://")
    note = Diagnostic(ReadStatus.READ, f"entry 0: {written!r} is not an image reference")
    for found in (list(file_uses(str(path))), list(command_uses(shell(f"cat {path}")))):
        assert found[0] == note
        [use] = found[1:]
        assert isinstance(use, Use)
        assert str(use.reference) == f"{HOST}/web:v1"


@pytest.mark.parametrize(
    "entry",
    [
        f"{HOST}/app@sha256:abcdef1234567890...",
        f"docker-pullable://{HOST}/App:v1",
        "registry.example.com/App:v1",
        "ghcr.io.example.com/App:v1",
        "App",
        "",
    ],
)
def test_an_entry_that_may_be_meant_for_ecr_and_is_no_reference_fails(tmp_path: Path, entry: str):
    path = tmp_path / "images.json"
    path.write_text(json.dumps([entry]))
    assert failure(path).startswith(f"{path}: entry 0: ")


def test_null_from_a_command_is_nothing_and_in_a_file_an_error(tmp_path: Path):
    assert uris(shell("echo null")) == []
    path = tmp_path / "null.json"
    path.write_text("null")
    assert failure(path) == f"{path}: {NO_LIST}"


def test_what_a_scanned_file_lists_is_in_use(tmp_path):
    path = tmp_path / "other-account.json"
    path.write_text(json.dumps([f"{HOST}/web:v1", f"{HOST}/web@{digest(1)}"]))
    uses = listed(path)
    assert [str(use.reference) for use in uses] == [f"{HOST}/web:v1", f"{HOST}/web@{digest(1)}"]
    assert {(use.source, use.user, use.why) for use in uses} == {
        ("scanned file", str(path), "listed")
    }


def test_a_scanned_file_that_is_missing_fails_and_is_named(tmp_path):
    """B26."""
    path = tmp_path / "missing.json"
    assert failure(path) == f"{path}: cannot be read: No such file or directory"


def test_a_scanned_file_that_is_a_directory_fails_and_is_named(tmp_path):
    """B26."""
    assert failure(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff", "cannot be read: it is not UTF-8 text"),
        (b"", f"{NO_LIST}: Expecting value: line 1 column 1 (char 0)"),
        (b'{"a": 1}', NO_LIST),
        (b'["nginx", 7]', "entry 1 is not text: 7"),
        (b'["a b"]', "entry 0: 'a b' is not an image reference"),
    ],
)
def test_a_scanned_file_that_is_anything_else_fails_and_is_named(tmp_path, content, expected):
    """B26."""
    path = tmp_path / "uris.json"
    path.write_bytes(content)
    assert failure(path) == f"{path}: {expected}"


def test_what_a_command_leaves_running_after_its_output_is_not_stopped(monkeypatch):
    """An agent that it started for others, say: its output is read to the end, so all is well."""
    killed: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda group, _: killed.append(group))
    assert uris(shell("sleep 1 >/dev/null 2>&1 & echo '[]'")) == []
    assert killed == []


@pytest.mark.parametrize(("seconds", "stale"), [(-1, True), (0, False), (1, False)])
def test_a_scanned_file_may_be_exactly_as_old_as_is_asked_for(tmp_path, seconds, stale):
    path = tmp_path / "scanned.json"
    path.write_text(json.dumps([f"{HOST}/web:v1"]))
    os.utime(path, (NOW.timestamp() + seconds,) * 2)
    if stale:
        with pytest.raises(InputError, match="scan again"):
            list(file_uses(str(path), NOW))
    else:
        assert [str(use.reference) for use in listed(path, NOW)] == [f"{HOST}/web:v1"]

"""Plans one registry that many accounts use: `python -m benchmarks.accounts [ACCOUNTS REGIONS]`.

The fake AWS answers after 20 ms, in a process of its own. What ecrm needs for a call is compared
with what botocore needs that makes as many calls, one after the other, through one client.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from benchmarks.figure import Figure
from tests.fake_aws import FakeAws, days_ago

_MILLISECONDS = 20
_HOME = "999999999999"
_REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2")
_CONFIG = f"""
targets:
  organization: {{}}
  scan: {{role: ecrm-scan}}
  registries: [{{account: "{_HOME}", regions: [us-east-1]}}]
repositories: [{{name_pattern: "*", expires: 30d}}]
"""


def many(accounts: int = 200, regions: int = 4) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ecrm.yaml").write_text(_CONFIG)
        command = [
            sys.executable,
            "-m",
            "benchmarks.accounts",
            "serve",
            str(accounts),
            str(regions),
        ]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
            try:
                assert server.stdin
                assert server.stdout
                variables = json.loads(server.stdout.readline())
                seconds, cpu, megabytes = _run(folder, variables, "ecrm", "plan")
                server.stdin.write("\n")
                server.stdin.flush()
                calls = int(server.stdout.readline())
                _, bare, _ = _run(folder, variables, "benchmarks.accounts", "bare", str(calls))
            finally:
                server.terminate()
    what = f"{accounts} accounts in {regions} regions"
    how = f"{calls:,} calls in {seconds:.0f} s, {1000 * cpu / calls:.1f} ms of CPU each"
    yield Figure(f"{what}: CPU to that of botocore", cpu / bare, 1.5, "x", how)
    yield Figure(f"{what}: time to that of the CPU", seconds / cpu, 1.2, "x", f"{cpu:.0f} s of CPU")
    yield Figure(f"{what}: memory", megabytes, 500, "MB", "")


def _run(
    folder: str, variables: dict[str, str], module: str, *arguments: str
) -> tuple[float, float, float]:
    """Seconds, those of the CPU, and the most memory in MB."""
    own = {"PYTHONPATH": str(Path.cwd()), "ECRM_STATE_DIR": "state", "AWS_MAX_ATTEMPTS": "8"}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, **variables, **own},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{module} {' '.join(arguments)} failed")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _serve(accounts: int, regions: int) -> None:
    with FakeAws(sockets=True) as aws:
        app = aws.account(_HOME).ecr.repository("app")
        for number in range(20):
            app.push(f"v{number}", pushed=days_ago(100))
        used = app.push("used", pushed=days_ago(100))
        organization = aws.organization(_HOME)
        for number in range(accounts):
            account = f"{number:012}"
            organization.add(account)
            aws.role(account, "ecrm-scan")
            for region in _REGIONS[:regions]:
                there = aws.account(account, region)
                there.ecs.cluster("c").service("web", there.ecs.task_definition("web", used))
        aws.slow(_MILLISECONDS / 1000)
        print(json.dumps(aws.env(_HOME)), flush=True)
        sys.stdin.readline()
        print(len(aws.calls), flush=True)
        sys.stdin.readline()


def _bare(calls: int) -> None:
    ecs: Any = boto3.client("ecs")
    for _ in range(calls):
        ecs.list_clusters()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", accounts, regions]:
            _serve(int(accounts), int(regions))
        case ["bare", calls]:
            _bare(int(calls))
        case numbers:
            for figure in many(*map(int, numbers)):
                print(figure)

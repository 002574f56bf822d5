"""From the start of a process to the first API call: the Lambda function beside bare boto3."""

import os
import socket
import subprocess
import sys
import time

_ROUNDS = 7
_FUNCTION = "from ecrm.lambda_handler import handler; handler({}, None)"
_BOTO3 = "import boto3; boto3.client('sts').get_caller_identity()"


def _seconds(code: str) -> float:
    """Until the process connects to what stands in for AWS, which then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        variables = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "ECRM_CONFIG_YAML": "repositories: []",
        }
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        connection, _ = server.accept()
        seconds = time.monotonic() - began
        connection.close()
        process.kill()
        process.wait()
    return seconds


def first_call() -> tuple[float, float]:
    """Seconds until the first call of the function, and of bare boto3: the best of several."""
    ours, boto3s = zip(
        *((_seconds(_FUNCTION), _seconds(_BOTO3)) for _ in range(_ROUNDS)), strict=True
    )
    return min(ours), min(boto3s)

"""Programs that a kubeconfig names to give credentials, such as `aws eks get-token`.

The protocol is that of client.authentication.k8s.io, v1 and v1beta1.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ecrm.aws.shapes import TEXT, TIME, MisfitError, optional, record
from ecrm.errors import AwsError
from ecrm.sources.kubernetes.client.credentials import Identity, Issued, bearer

_API = "client.authentication.k8s.io"
VERSIONS = (f"{_API}/v1", f"{_API}/v1beta1")
_SECONDS = 60

_CREDENTIAL = record(
    apiVersion=TEXT,
    kind=TEXT,
    status=record(
        token=optional(TEXT),
        clientCertificateData=optional(TEXT),
        clientKeyData=optional(TEXT),
        expirationTimestamp=optional(TIME),
    ),
)


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """`cluster` is what the program is told about the cluster, if it asks for that."""

    command: tuple[str, ...]
    api_version: str
    env: Mapping[str, str] = field(default_factory=dict)
    install_hint: str = ""
    cluster: Mapping[str, Any] | None = None

    def issue(self) -> Issued:
        """Runs the program. Raises AwsError, which holds nothing that it printed: what it has to
        say it writes to standard error, which is ours. It cannot ask anybody: many clusters are
        read at once."""
        try:
            ran = subprocess.run(  # noqa: S603 - what to run is said by the user's kubeconfig
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env={**os.environ, **self.env, "KUBERNETES_EXEC_INFO": self._info()},
                timeout=_SECONDS,
                check=False,
            )
        except OSError as error:
            hint = " ".join(self.install_hint.split())
            raise self._error(
                f"cannot be started: {error.strerror}; {hint or 'install it'}"
            ) from error
        except subprocess.TimeoutExpired:
            raise self._error(f"did not end within {_SECONDS} seconds and was stopped") from None
        if ran.returncode:
            raise self._error(f"failed with exit code {ran.returncode}")
        return self._issued(ran.stdout)

    def _info(self) -> str:
        spec: dict[str, Any] = {"interactive": False}
        if self.cluster is not None:
            spec["cluster"] = dict(self.cluster)
        return json.dumps({"kind": "ExecCredential", "apiVersion": self.api_version, "spec": spec})

    def _issued(self, output: bytes) -> Issued:
        try:
            found = _CREDENTIAL.read(json.loads(output))
        except (ValueError, RecursionError, MisfitError):
            raise self._error("does not print an ExecCredential") from None
        if (found["kind"], found["apiVersion"]) != ("ExecCredential", self.api_version):
            raise self._error(f"does not print an ExecCredential of {self.api_version}")
        status = found["status"]
        token, key = status["token"], status["clientKeyData"]
        certificate = status["clientCertificateData"]
        if bool(key) != bool(certificate) or not (token or certificate):
            raise self._error("gives neither a token nor a client certificate with its key")
        try:
            identity = Identity(
                bearer(token) if token else None,
                certificate.encode() if certificate else None,
                key.encode() if key else None,
            )
        except AwsError as error:
            raise self._error(str(error)) from error
        return Issued(identity, status["expirationTimestamp"])

    def _error(self, problem: str) -> AwsError:
        return AwsError(f"the program {self.command[0]}, which gives credentials, {problem}")

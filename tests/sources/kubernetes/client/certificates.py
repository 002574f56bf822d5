"""A certificate authority of the tests' own, and what it signs; like those of kubeadm without the
identifiers that RFC 5280 asks for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

_FROM = datetime(2026, 1, 1)


@dataclass(frozen=True)
class Signed:
    """In PEM."""

    certificate: bytes
    key: bytes


def _name(common: str, organization: str = "tests") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common),
        ]
    )


class Authority:
    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        own = x509.BasicConstraints(ca=True, path_length=None)
        self._subject = _name("kubernetes")
        self.certificate = self._sign(self._subject, self._key, own).certificate.decode()

    def server(self, *names: str) -> Signed:
        hosts: list[x509.GeneralName] = [
            x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
            for name in names
        ]
        return self._sign(_name("kube-apiserver"), None, x509.SubjectAlternativeName(hosts))

    def client(self, user: str) -> Signed:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._sign(_name(user, "system:masters"), None, usage)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey | None,
        extension: x509.ExtensionType,
    ) -> Signed:
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_FROM)
            .not_valid_after(_FROM + timedelta(days=36500))
            .add_extension(extension, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Signed(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            ),
        )


@cache
def authority() -> Authority:
    """One for all tests."""
    return Authority()


@cache
def server_certificate() -> Signed:
    return authority().server("127.0.0.1", "kubernetes.default.svc")

"""What verifies a cluster, and shows it who asks."""

import os
import ssl
import tempfile
from pathlib import Path
from typing import NoReturn

from ecrm.errors import AwsError
from ecrm.sources.kubernetes.client.credentials import Identity
from ecrm.sources.kubernetes.client.endpoint import is_address


def tls(authorities: str | None, name: str, identity: Identity) -> ssl.SSLContext:
    """What verifies that a server is the cluster of that name or address, and shows the client's
    certificate. Raises AwsError.

    As for kubectl, any of the authorities is enough, be it the certificate of the cluster itself,
    and one that lacks what RFC 5280 asks for is good: those that Kubernetes made for years do.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # Where OpenSSL does not compare the name, urllib3 does; of an address, urllib3 1.26 does not
    # tell OpenSSL.
    context.check_hostname = not is_address(name)
    try:
        if authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(cadata=authorities)
    except (ssl.SSLError, ValueError) as error:
        raise AwsError("the certificate authority is not a certificate in PEM") from error
    if identity.certificate is not None:
        _load_client(context, identity.certificate, identity.key or b"")
    return context


def _load_client(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """OpenSSL reads files alone; this one is there for no longer than that."""
    handle, name = tempfile.mkstemp()  # its owner's alone
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(certificate + b"\n" + key)
        context.load_cert_chain(name, password=_refuse_password)
    except (ssl.SSLError, ValueError) as error:
        raise AwsError("the client certificate and its key are no pair in PEM") from error
    finally:
        Path(name).unlink()


def _refuse_password() -> NoReturn:
    """Rather than ask whoever sits at the terminal."""
    raise ValueError

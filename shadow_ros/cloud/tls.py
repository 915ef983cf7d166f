"""
TLS: a certificate of one's own for the server, and the only one that the robot then accepts.

    pair = certificate(folder, ['robots.example', '192.168.1.5'])   # made when missing
    fingerprint(pair.certificate)                                   # sha256:...
    context = pinned(certificate_pem)                               # for the robot's client
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
import hashlib
import ipaddress
import os
from pathlib import Path
import ssl
from typing import Sequence, TYPE_CHECKING

from shadow_ros.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

CERTIFICATE, KEY = 'certificate.pem', 'key.pem'
_DAYS = 825  # as long as today's clients accept


@dataclass(frozen=True)
class Pair:
    """The paths of a certificate and its private key."""

    certificate: Path
    key: Path


def certificate(folder: Path, hosts: Sequence[str]) -> Pair:
    """Return the pair in the folder; when there is none, a new one for these names is made."""
    pair = Pair(folder / CERTIFICATE, folder / KEY)
    if not pair.certificate.exists() and not pair.key.exists():
        folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(timezone.utc)
        make(pair, hosts, now - timedelta(hours=1), now + timedelta(days=_DAYS))
    check(pair)
    return pair


def check(pair: Pair) -> None:
    """Raise ConfigError unless certificate and key can be used together."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f'expected a certificate {pair.certificate} with its key {pair.key}: '
                          f'{error}') from None


def make(pair: Pair, hosts: Sequence[str], begins: datetime, ends: datetime) -> None:
    """Write a self-signed certificate for these names and addresses, its key for us alone."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'shadow_ros backbone')])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(begins).not_valid_after(ends)
            .add_extension(x509.SubjectAlternativeName([_name_of(h) for h in hosts]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
            .sign(key, hashes.SHA256()))
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                               serialization.NoEncryption())
    with open(os.open(pair.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'wb') as file:
        file.write(secret)
    pair.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def fingerprint(path: Path) -> str:
    """Return `sha256:` and the hash of a certificate file, as the robot pins it."""
    der = ssl.PEM_cert_to_DER_cert(path.read_text(encoding='ascii'))
    return 'sha256:' + hashlib.sha256(der).hexdigest()


def pinned(pem: str) -> ssl.SSLContext:
    """
    Return a client's context that accepts this one certificate, while it is valid.

    Names are not compared: whoever holds the key of this very certificate is the server, under
    whatever address.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=pem)
    except ssl.SSLError as error:
        raise ConfigError(f'expected a certificate in PEM: {error}') from None
    return context


def _name_of(host: str) -> 'GeneralName':
    from cryptography import x509
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)

"""A certificate authority for one test: short ECDSA certificates, made when they are needed."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from iso_gateway.net.clock import read_system


class Pair(NamedTuple):
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        """Make the authority, whose certificate is the file `ca`."""
        self.folder = folder
        self.now = read_system()[1].replace(microsecond=0)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._made = 0
        self.ca = folder / f"{name.lower().replace(' ', '-')}.pem"
        self.ca.write_bytes(
            self._signed(self._name, self._key, [], None, None, authority=True).public_bytes(Encoding.PEM)
        )

    def issue(
        self, common: str, *names: x509.GeneralName, days: float = 90, since_days: float = 1, stem: str = ""
    ) -> Pair:
        """Issue a certificate for *common*, and 127.0.0.1, that ends in so many *days*."""
        key = ec.generate_private_key(ec.SECP256R1())
        begins, ends = self.now - timedelta(days=since_days), self.now + timedelta(days=days)
        made = self._signed(_name(common), key, list(names), begins, ends)
        self._made += 1
        stem = stem or f"{self.ca.stem}-{self._made}"
        pair = Pair(self.folder / f"{stem}.crt", self.folder / f"{stem}.key")
        pair.certificate.write_bytes(made.public_bytes(Encoding.PEM))
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        pair.key.chmod(0o600)
        return pair

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: list[x509.GeneralName],
        begins: datetime | None,
        ends: datetime | None,
        *,
        authority: bool = False,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins or self.now - timedelta(days=3650))
            .not_valid_after(ends or self.now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if not authority:
            loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([loopback, *names]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def fingerprint_of(pair: Pair) -> str:
    """Return the SHA-256 of the certificate, in hex."""
    return x509.load_pem_x509_certificate(pair.certificate.read_bytes()).fingerprint(hashes.SHA256()).hex()

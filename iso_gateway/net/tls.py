"""What both ends of TLS are made from: PEM files -> contexts, with every fault named and told at once.

TLS 1.2 and 1.3, ciphers with forward secrecy that also protect against changes, no compression, no renegotiation. A
reload makes new contexts, and with them new keys for session tickets: nobody resumes by what the old ones allowed.

A peer is known by its certificate. A server asks for one where it is given the certificates that may issue them; a
client takes a server's by who issued it and the name in it, by its fingerprint, or by both.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from iso_gateway.errors import ConfigError, NoHandshake, Problem

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all of this kind."""

LONGEST: Final = 1024 * 1024
"""Bytes of a file that may hold certificates or a key."""

FINGERPRINT: Final = "sha256:"
"""What a certificate's fingerprint begins with, before 64 digits of hex."""

_SAID_BY: Final = {"DNS", "URI"}
"""The alternative names that a certificate is bound by."""


@dataclass(frozen=True, slots=True)
class Own:
    """A certificate that we show."""

    file: str
    ends: datetime
    """UTC."""

    def days(self, now: datetime) -> int:
        """Return how many whole days it is good for; negative when it has ended."""
        return (self.ends - now).days


@dataclass(frozen=True, slots=True)
class ServerTLS:
    """How those who dial us are taken."""

    context: ssl.SSLContext
    own: Own
    client: Literal["none", "optional", "required"]
    """Whether they show a certificate."""
    digest: bytes
    """Of all the files: whether something is new."""

    def identify(self, tls: ssl.SSLObject) -> tuple[str, ...]:
        """Return the names of the peer's verified certificate."""
        return names_in(tls)


@dataclass(frozen=True, slots=True)
class ClientTLS:
    """How we dial."""

    context: ssl.SSLContext
    own: Own | None
    server_name: str
    """What the server's certificate must be for: a host name or an address."""
    fingerprints: frozenset[str]
    """The certificates of which the server's must be one, as FINGERPRINT and hex; empty: any that is issued rightly."""
    digest: bytes

    def identify(self, tls: ssl.SSLObject) -> tuple[str, ...]:
        """Return the names of the peer's certificate.

        Raises:
            NoHandshake: it is not one of the pinned ones.
        """
        shown = fingerprint(tls.getpeercert(binary_form=True) or b"")
        if self.fingerprints and shown not in self.fingerprints:
            raise NoHandshake(f"TLS: the peer's certificate is not the pinned one, but {shown}")
        return names_in(tls)


def fingerprint(der: bytes) -> str:
    """Return the fingerprint of the certificate *der*."""
    return FINGERPRINT + hashlib.sha256(der).hexdigest()


def names_in(tls: ssl.SSLObject) -> tuple[str, ...]:
    """Return what the peer's verified certificate calls it: CN, DNS names, URIs, and its fingerprint.

    A name that looks like a fingerprint is none. Without a verified certificate there is no name.
    """
    der, said = tls.getpeercert(binary_form=True), tls.getpeercert()
    if not der or not said:
        return ()
    return (*(name for name in _names(said) if not name.startswith(FINGERPRINT)), fingerprint(der))


def _names(said: Mapping[str, Any]) -> Iterator[str]:
    for attributes in said.get("subject", ()):
        yield from (value for key, value in attributes if key == "commonName")
    yield from (value for key, value in said.get("subjectAltName", ()) if key in _SAID_BY)


def server_tls(
    certificate: Path, key: Path, client_ca: Path | None, *, now: datetime, optional: bool = False
) -> ServerTLS:
    """Return how to take those who dial, as *certificate* with its chain.

    Args:
        client_ca: who issues the certificates of clients; None: they are not asked for one.
        now: UTC; what must not have ended by then.
        optional: whether a client without a certificate is taken all the same.

    Raises:
        ConfigError: with every fault, its path ``certificate``, ``key`` or ``client_ca``.
    """
    files = _Files(now)
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 1
    own = files.own(context, certificate, key)
    client: Literal["none", "optional", "required"] = "none"
    if client_ca is not None:
        files.trust(context, "client_ca", client_ca)
        client = "optional" if optional else "required"
        context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
    if own is None or files.problems:
        raise ConfigError(files.problems)
    return ServerTLS(context, own, client, files.digest)


def client_tls(
    ca: Path | None,
    fingerprints: Iterable[str],
    server_name: str,
    certificate: Path | None = None,
    key: Path | None = None,
    *,
    now: datetime,
) -> ClientTLS:
    """Return how to dial a server, and whom to take for it.

    Args:
        ca: who issues the server's certificate; it must be for *server_name* then.
        fingerprints: the server's certificates themselves, by their SHA-256.
        server_name: whom we mean.
        certificate: what we show, with its chain.
        key: of *certificate*.
        now: UTC; what must not have ended by then.

    Raises:
        ConfigError: with every fault, its path ``ca``, ``fingerprints``, ``certificate`` or ``key``.
    """
    files = _Files(now)
    context = _context(ssl.PROTOCOL_TLS_CLIENT)
    pinned = frozenset(files.pins(fingerprints))
    if ca is not None:
        files.trust(context, "ca", ca)
    elif pinned:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not files.problems:
        files.problems.append(Problem("ca", "missing: who issues the server's certificate, or its fingerprint"))
    own = None
    if certificate is not None and key is not None:
        own = files.own(context, certificate, key)
    elif (certificate is None) != (key is None):
        missing = "key" if key is None else "certificate"
        files.problems.append(Problem(missing, "missing: a certificate and its key belong together"))
    if files.problems:
        raise ConfigError(files.problems)
    return ClientTLS(context, own, server_name, pinned, files.digest)


def _context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # Who is named as issuer is trusted, be it a root or not.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


class _Files:
    """Reads PEM files, gathering what is wrong with them."""

    def __init__(self, now: datetime) -> None:
        self.problems: list[Problem] = []
        self._now = now
        self._read: list[bytes] = []

    @property
    def digest(self) -> bytes:
        """The hash of all that was read."""
        return hashlib.sha256(b"\0".join(self._read)).digest()

    def pins(self, fingerprints: Iterable[str]) -> Iterator[str]:
        """Yield *fingerprints* as `fingerprint` writes them."""
        for number, text in enumerate(fingerprints):
            digits = text.strip().lower().removeprefix(FINGERPRINT).replace(":", "")
            try:
                whole = len(bytes.fromhex(digits)) == hashlib.sha256().digest_size
            except ValueError:
                whole = False
            if whole:
                yield FINGERPRINT + digits
            else:
                self._wrong(f"fingerprints.{number}", "the SHA-256 of a certificate expected, 64 digits of hex")

    def trust(self, context: ssl.SSLContext, path: str, file: Path) -> None:
        """Have *context* take what the certificates in *file* have issued."""
        certificates = self._certificates(path, file)
        if not certificates:
            return
        if all(each.not_valid_after_utc < self._now for each in certificates):
            self._wrong(path, f"{file}: expired on {certificates[0].not_valid_after_utc:%Y-%m-%d}; name a newer one")
            return
        try:
            context.load_verify_locations(cadata=self._read[-1].decode("ascii", "replace"))
        except ssl.SSLError as error:
            self._wrong(path, f"{file}: not taken by OpenSSL: {_reason(error)}")

    def own(self, context: ssl.SSLContext, certificate: Path, key: Path) -> Own | None:
        """Have *context* show the first certificate in the file *certificate*, with the chain behind it."""
        chain = self._certificates("certificate", certificate)
        fits = self._key(key, chain[0] if chain else None, certificate)
        if not chain:
            return None
        first = chain[0]
        if first.not_valid_after_utc < self._now:
            self._wrong("certificate", f"{certificate}: expired on {first.not_valid_after_utc:%Y-%m-%d}; get a new one")
        elif first.not_valid_before_utc > self._now:
            since = first.not_valid_before_utc
            self._wrong(
                "certificate", f"{certificate}: not valid before {since:%Y-%m-%d %H:%M} UTC; is the clock right?"
            )
        if not fits:
            return None
        try:
            context.load_cert_chain(certificate, key, password=lambda: b"")
        except (ssl.SSLError, OSError) as error:
            self._wrong("certificate", f"{certificate}: not taken by OpenSSL: {_reason(error)}")
        return Own(str(certificate), first.not_valid_after_utc)

    def _certificates(self, path: str, file: Path) -> list[Certificate]:
        from cryptography import x509  # noqa: PLC0415 -- half of all verbs need no TLS, and this takes long to import

        text = self._text(path, file)
        if text is None:
            return []
        try:
            return x509.load_pem_x509_certificates(text)
        except ValueError:
            self._wrong(path, f"{file}: no certificate in it that can be read; PEM expected")
            return []

    def _key(self, file: Path, certificate: Certificate | None, shown: Path) -> bool:
        """Return whether *file* holds the key of *certificate*, and holds it closely."""
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

        text = self._text("key", file, secret=True)
        if text is None:
            return False
        try:
            key = serialization.load_pem_private_key(text, None)
        except TypeError:
            self._wrong("key", f"{file}: encrypted, and nobody is there to tell its passphrase; openssl pkey opens it")
            return False
        except (ValueError, UnsupportedAlgorithm):
            self._wrong("key", f"{file}: no private key in it that can be read; PEM expected")
            return False
        if certificate is None:
            return False
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
            self._wrong("key", f"{file}: not the key of the first certificate in {shown}")
            return False
        return True

    def _text(self, path: str, file: Path, *, secret: bool = False) -> bytes | None:
        """Return what is in *file*, or None with the reason noted."""
        try:
            with file.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                text = stream.read(LONGEST + 1) if stat.S_ISREG(mode) else b""
        except FileNotFoundError:
            self._wrong(path, f"{file}: no such file")
            return None
        except (OSError, ValueError) as error:
            self._wrong(path, f"{file}: cannot be read: {getattr(error, 'strerror', None) or 'no name of a file'}")
            return None
        if not stat.S_ISREG(mode) or len(text) > LONGEST:
            self._wrong(path, f"{file}: no file of certificates or keys")
            return None
        if secret and mode & (stat.S_IRWXO | stat.S_IWGRP):
            # Its group may read it: that is how a machine's keys are lent to the services on it.
            self._wrong(path, f"{file}: others may read or write it (mode {stat.S_IMODE(mode):04o}); chmod 600 it")
            return None
        self._read.append(text)
        return text

    def _wrong(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))


def _reason(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return (reason or "unreadable").lower().replace("_", " ")

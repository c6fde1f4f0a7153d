"""What the operating system raises, in our words: the one table of this border."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Final

from iso_gateway.errors import NoConnection

QUOTED: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by the peer",
    errno.EPIPE: "connection closed by the peer",
    errno.ETIMEDOUT: "the peer does not answer any more",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "no route to the network",
}
"""System errors that people meet, in words that name the side at fault."""

OF_TLS: Final = {
    "HTTP_REQUEST": "what came is no TLS",
    "HTTPS_PROXY_REQUEST": "what came is no TLS",
    "WRONG_VERSION_NUMBER": "what came is no TLS",
    "PACKET_LENGTH_TOO_LONG": "what came is no TLS",
    "RECORD_LAYER_FAILURE": "what came is no TLS",
    "NO_PROTOCOLS_AVAILABLE": "the peer speaks no TLS 1.2 or later",
    "UNSUPPORTED_PROTOCOL": "the peer speaks no TLS 1.2 or later",
    "VERSION_TOO_LOW": "the peer speaks no TLS 1.2 or later",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the peer speaks no TLS 1.2 or later",
    "NO_SHARED_CIPHER": "the peer knows no cipher that we take",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the peer showed no certificate, and one is required",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the peer wants another cipher, or a certificate of us",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the peer wants a certificate of us",
    "TLSV1_ALERT_UNKNOWN_CA": "the peer does not trust who issued our certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the peer does not take our certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the peer does not take our certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "the peer does not take our certificate",
    "TLSV1_ALERT_ACCESS_DENIED": "the peer does not take our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the peer says that our certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "the peer says that our certificate was revoked",
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": "a record was changed on its way",
}
"""What OpenSSL calls the faults of TLS that people meet, in words that name the side at fault."""


def no_connection(error: OSError, about: str = "") -> NoConnection:
    """Return *error* as NoConnection; *about* names the address or what was tried."""
    said = _said(error)
    failure = NoConnection(f"{about}: {said}" if about else said)
    failure.__cause__ = error
    return failure


def _said(error: OSError) -> str:
    """Return what happened, in the words of the system error at the bottom of *error* where there is one."""
    # trio keeps the errors of a dial that tried many addresses as the cause of the OSError that it raises.
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, BaseExceptionGroup):
            at = at.exceptions[0]
            continue
        if isinstance(at, socket.gaierror):
            return "no such host name"
        if isinstance(at, ssl.SSLError):
            return f"TLS: {_said_of_tls(at)}"
        if isinstance(at, OSError) and at.errno is not None:
            return QUOTED.get(at.errno) or os.strerror(at.errno).lower()
        at = at.__cause__
    return "the operating system refused"


def _said_of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the peer's certificate is not taken: {error.verify_message.rstrip('.')}"
    reason = error.reason or "refused by OpenSSL"
    return OF_TLS.get(reason) or reason.lower().replace("_", " ")

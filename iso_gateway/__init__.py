"""An ISO 8583 payment gateway, codec and mock host in which no transaction's outcome stays unknown.

    >>> from iso_gateway import load_spec
    >>> spec = load_spec("iso87-ascii")
    >>> request = spec.message("0200", {3: 0, 4: 1234, 11: 123, 41: "TERM0001", 49: "840"})
    >>> spec.encode(request)
    b'02003020000000808000000000000000001234000123TERM0001840'

The gateway, the mock host and the terminal are the command ``iso-gateway``.
"""

from __future__ import annotations

from typing import Final

# The first import: it decides what the codec finds.
from iso_gateway import engines
from iso_gateway.catalog import load_spec
from iso_gateway.codec.message import Amount, Message
from iso_gateway.codec.mti import MTI
from iso_gateway.codec.presence import Violation
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError, IncompleteError, IsoGatewayError, SpecError

__version__ = "0.1.0"

engine: Final = engines.CHOICE.name
"""Which engine the codec runs on: ``compiled`` or ``reference``."""

__all__ = [
    "MTI",
    "Amount",
    "DecodeError",
    "EncodeError",
    "IncompleteError",
    "IsoGatewayError",
    "Message",
    "Spec",
    "SpecError",
    "Violation",
    "engine",
    "load_spec",
]

"""An ISO 8583 payment gateway, codec and mock host in which no transaction's outcome stays unknown.

    >>> from iso_gateway import load_spec
    >>> spec = load_spec("iso87-ascii")
    >>> request = spec.message("0200", {3: 0, 4: 1234, 11: 123, 41: "TERM0001", 49: "840"})
    >>> spec.encode(request)
    b'02003020000000808000000000000000001234000123TERM0001840'

The gateway, the mock host and the terminal are the command ``iso-gateway``.

The names below are imported when they are first asked for (PEP 562): pytest imports this package at every start, for
its plugin, also where no test asks for a host.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from iso_gateway.catalog import load_spec
    from iso_gateway.codec.message import Amount, Message
    from iso_gateway.codec.mti import MTI
    from iso_gateway.codec.presence import Violation
    from iso_gateway.codec.spec import Spec
    from iso_gateway.errors import DecodeError, EncodeError, IncompleteError, IsoGatewayError, SpecError

    engine: str
    """Which engine the codec runs on: ``compiled`` or ``reference``."""

__version__ = "0.1.0"

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

_HOMES: Final = {
    "MTI": "codec.mti",
    "Amount": "codec.message",
    "DecodeError": "errors",
    "EncodeError": "errors",
    "IncompleteError": "errors",
    "IsoGatewayError": "errors",
    "Message": "codec.message",
    "Spec": "codec.spec",
    "SpecError": "errors",
    "Violation": "codec.presence",
    "load_spec": "catalog",
}
"""Where each name is, but for `engine`: what ``TYPE_CHECKING`` says above, as a test holds it."""

if not TYPE_CHECKING:  # a type checker that saw it would take any misspelt name for one of ours

    def __getattr__(name: str) -> Any:
        """Import what is called *name*, once.

        Raises:
            AttributeError: nothing here is called so.
        """
        if name == "engine":
            value = import_module("iso_gateway.engines").CHOICE.name
        elif name in _HOMES:
            value = getattr(import_module(f"iso_gateway.{_HOMES[name]}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

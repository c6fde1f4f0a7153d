"""The interface of pyiso8583 4.0.1 on our codec: the same dicts, the same exceptions, the same specifications.

    from iso_gateway.compat import iso8583
    from iso_gateway.compat.iso8583.specs import default_ascii as spec

stands for ``import iso8583`` and ``from iso8583.specs import default_ascii as spec``; the rest of a program stays
as it is. docs/conformance.md lists the differences: lengths are strict, arguments are never changed, and what a
specification lacks is a `DecodeError` or `EncodeError`, not a `KeyError`.

pyiso8583 is the work of Konstantin Novichikhin and under the MIT license; nothing of it is needed here.
"""

from __future__ import annotations

from iso_gateway.compat.iso8583.decoder import DecodeError, decode
from iso_gateway.compat.iso8583.encoder import EncodeError, encode
from iso_gateway.compat.iso8583.tools import pp

__all__ = ["DecodeError", "EncodeError", "decode", "encode", "pp"]

__version__ = "4.0.1"
"""The version of pyiso8583 whose interface this is."""

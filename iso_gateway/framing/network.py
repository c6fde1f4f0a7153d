"""The frames, declared in full with construct.

This is the layout to read and to show to people: `read_header` names the parts of a network header. What runs
for every frame is `iso_gateway.framing.framer`, which knows positions only; tests hold the two equal. Nothing in
`iso_gateway.framing` imports this module, since construct takes long to load and to run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import construct as c

from iso_gateway.errors import BadFrame
from iso_gateway.framing.lengths import BCD_VALUE

if TYPE_CHECKING:
    from iso_gateway.framing.grammar import Framing

BCDByte: Final = c.ExprAdapter(
    c.ExprValidator(c.Byte, lambda obj, _: BCD_VALUE[obj] >= 0),
    lambda obj, _: BCD_VALUE[obj],
    lambda obj, _: obj // 10 << 4 | obj % 10,
)
"""One byte, two digits, as a number from 0 to 99."""

BCDDigit: Final = c.ExprValidator(c.Nibble, lambda obj, _: obj < 10)
"""Half a byte, one digit."""

BCDLength: Final = c.ExprAdapter(
    c.Sequence(BCDByte, BCDByte),
    lambda obj, _: obj[0] * 100 + obj[1],
    lambda obj, _: [obj // 100, obj % 100],
)
"""Two bytes, four digits."""

ASCIILength: Final = c.ExprAdapter(
    c.ExprValidator(c.Bytes(4), lambda obj, _: obj.isdigit()),
    lambda obj, _: int(obj),
    lambda obj, _: b"%04d" % obj,
)
"""Four bytes, four digits."""

TPDU: Final = c.Struct(
    "id" / c.Const(b"\x60"),
    "destination" / c.Bytes(2),
    "source" / c.Bytes(2),
)
"""The transport protocol data unit: who sent this and who shall have it, swapped on the way back."""

CUP_HEADER: Final = c.BitStruct(
    "application_class" / BCDDigit[2],
    "software_version" / BCDDigit[2],
    "terminal_status" / BCDDigit,
    "processing_requirement" / BCDDigit,
    "software_subversion" / BCDDigit[6],
)
"""UnionPay's POS header: n2, n2, n1, n1, n6."""

LENGTHS: Final = {"2be": c.Int16ub, "2le": c.Int16ul, "2bcd": BCDLength, "4be": c.Int32ub, "4ascii": ASCIILength}
HEADERS: Final = {"tpdu": TPDU, "cup": CUP_HEADER}


def declaration(framing: Framing) -> Any:
    """Return the construct of one whole frame of *framing*: ``header`` (its parts by name) and ``payload``."""
    own = LENGTHS[framing.length].sizeof() if framing.inclusive else 0
    length = c.ExprAdapter(LENGTHS[framing.length], lambda obj, _: obj - own, lambda obj, _: obj + own)
    return c.Prefixed(length, c.Struct("header" / _headers(framing), "payload" / c.GreedyBytes))


def read_header(framing: Framing, header: bytes) -> dict[str, str]:
    """Return the parts of *header* by name, as ``{"tpdu.destination": "0003"}``, digits and hex as text.

    Raises:
        BadFrame: *header* is none of this framing.
    """
    try:
        parsed = _headers(framing).parse(header)
    except c.ConstructError as error:
        raise BadFrame(0, f"no header of the framing {framing}") from error
    return {
        f"{name}.{part}": _text(value)
        for name in framing.headers
        for part, value in parsed[name].items()
        if not part.startswith("_")
    }


def _headers(framing: Framing) -> Any:
    return c.Struct(*(name / HEADERS[name] for name in framing.headers))


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return "".join(map(str, value)) if isinstance(value, list) else str(value)

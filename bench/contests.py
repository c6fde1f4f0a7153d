"""What the codecs are asked to do in `bench/codec.py`: the messages, and the same work for each contender.

All do it on the same bytes and values, and none is measured that does not agree with the others about both. iso8583sim
is no dependency of anything but this: where it is not installed it does not take part.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import iso8583

from bench.byhand import CUTS
from iso_gateway import Spec, load_spec

SPECS: Final = ("iso87-ascii", "iso87-binary")
CHIP: Final = bytes.fromhex(
    "9F2608112233445566778882025C008407A00000000310109F360200019F100706010A03A4A0009505"
    "00000080009A032507119C01009F02060000000012345F2A0208409F1A0208409F3704AABBCCDD"
)
SIGN_ON: Final[dict[int, Any]] = {7: "0711093015", 11: "000001", 32: "00000123456", 41: "TERM0001", 70: "001"}
SALE: Final[dict[int, Any]] = {
    2: "4761739001010010",
    3: "000000",
    4: "000000001234",
    7: "0711093015",
    11: "000123",
    12: "093015",
    13: "0711",
    14: "2512",
    18: "5411",
    19: "840",
    22: "051",
    23: "001",
    25: "00",
    32: "00000123456",
    35: "4761739001010010D25122011143804400000",
    37: "519209000123",
    41: "TERM0001",
    42: "MERCHANT0000001",
    43: "CORNER SHOP            SPRINGFIELD    US",
    49: "840",
    55: CHIP,
    60: "0000000001",
}
ANSWER: Final = {de: SALE[de] for de in (2, 3, 4, 7, 11, 32, 37, 41, 49)} | {15: "0711", 38: "A12345", 39: "00"}
MESSAGES: Final[dict[str, tuple[str, dict[int, Any]]]] = {
    "0800 of 5": ("0800", SIGN_ON),
    "0200 of 22": ("0200", SALE),
    "0210 of 12": ("0210", dict(sorted(ANSWER.items()))),
}

Work = Callable[[], object]
Contest = dict[str, Work]
"""The same work by contender; ``ours`` is first."""
Peer = Callable[[str, str, Mapping[int, Any]], Contest]
"""Gives what a peer does by kind of work, for a spec, a message type and values."""


class DisagreementError(Exception):
    """Two contenders do not say the same."""


def contests(name: str, mti: str, fields: dict[int, Any], peers: Mapping[str, Peer]) -> dict[str, Contest]:
    """Return what is measured for one message: by kind of work, what each contender does.

    *decode* makes values of bytes, looks at each of them and returns what holds them. *change* gives a message that was
    decoded another STAN and makes bytes of it, which is the gateway's case. *build* makes bytes of a dict of values.

    Raises:
        DisagreementError: values or bytes differ.
    """
    spec = load_spec(name)
    data = spec.encode(spec.message(mti, fields))
    message = spec.decode(data)
    cut = CUTS[name, mti]
    if list(message.values()) != list(fields.values()) or list(cut(data)) != list(fields.values()):
        raise DisagreementError(f"{name}, {mti}: the values decoded or cut out are not those that were encoded")
    stans = numbers()

    def decode() -> object:
        decoded = spec.decode(data)
        for _ in decoded.values():
            pass
        return decoded

    def floor() -> object:
        values = cut(data)
        for _ in values:
            pass
        return values

    found: dict[str, Contest] = {
        "decode": {"ours": decode, "by hand": floor},
        "change": {"ours": lambda: spec.encode(message.evolve({11: next(stans)}))},
        "build": {"ours": lambda: spec.encode(spec.message(mti, fields))},
    }
    for peer, works in peers.items():
        for work, do in works(name, mti, fields).items():
            found[work][peer] = do
    return found


def numbers() -> Iterator[str]:
    """Return STANs without end."""
    return itertools.cycle(f"{number:06}" for number in range(1, 1000))


def text(value: str | bytes) -> str:
    """Return a value as both peers have it: binary data in hexadecimal."""
    return value.hex().upper() if isinstance(value, bytes) else value


def pyiso8583(name: str, mti: str, fields: Mapping[int, Any]) -> Contest:
    """Return the work of pyiso8583, by our spec lowered to its form. It checks no content.

    Raises:
        DisagreementError: its values or bytes are not ours.
    """
    spec: Spec = load_spec(name)
    lowered = spec.to_pyiso8583()
    data = spec.encode(spec.message(mti, fields))
    document = {"t": mti} | {str(de): text(value) for de, value in fields.items()}
    if bytes(iso8583.encode(dict(document), lowered)[0]) != data:
        raise DisagreementError(f"{name}, {mti}: pyiso8583 encodes the values to other bytes")
    decoded = iso8583.decode(data, lowered)[0]
    if {key: decoded.get(key) for key in document} != document:
        raise DisagreementError(f"{name}, {mti}: pyiso8583 decodes the bytes to other values")
    stans = numbers()

    def decode() -> object:
        decoded = iso8583.decode(data, lowered)[0]
        for _ in decoded.values():
            pass
        return decoded

    def change() -> object:
        changed = dict(document)  # it changes what it is given
        changed["11"] = next(stans)
        return iso8583.encode(changed, lowered)

    return {"decode": decode, "change": change, "build": lambda: iso8583.encode(dict(document), lowered)}


def iso8583sim() -> Peer | None:
    """Return iso8583sim's work with its compiled extension, or None where that is not to be had."""
    try:
        from iso8583sim.core import parser  # noqa: PLC0415 -- only where it is to take part
        from iso8583sim.core.builder import ISO8583Builder  # noqa: PLC0415
        from iso8583sim.core.types import ISO8583Message  # noqa: PLC0415
        from iso8583sim.wire import WireFormat  # noqa: PLC0415
    except ImportError:
        return None
    if not parser._USE_CYTHON:  # noqa: SLF001 -- it says so nowhere else
        return None
    reader, writer, packed = parser.ISO8583Parser(), ISO8583Builder(), WireFormat.bcd()

    def works(name: str, mti: str, fields: Mapping[int, Any]) -> Contest:
        """Return its work; it has no specs, so that its BCD bytes differ from ours in DE 39 and 49."""
        values = {de: text(value) for de, value in fields.items()}
        if name == "iso87-binary" and 35 in values:
            values[35] = values[35].replace("D", "=")  # which it writes as D, and reads D as
        stans = numbers()

        def build(values: dict[int, str]) -> Any:
            message = ISO8583Message(mti=mti, fields={0: mti, **values})
            return writer.build_bytes(message, packed) if name == "iso87-binary" else writer.build(message).encode()

        data: Any = build(values)

        def decode() -> Any:
            if name == "iso87-binary":
                fields = reader.parse_bytes(data, packed).fields
            else:
                fields = reader.parse(data.decode("ascii")).fields
            for _ in fields.values():
                pass
            return fields

        if decode() != {0: mti, **values}:
            raise DisagreementError(f"{name}, {mti}: iso8583sim decodes its own bytes to other values")
        return {
            "decode": decode,
            "change": lambda: build({**values, 11: next(stans)}),
            "build": lambda: build(values),
        }

    return works

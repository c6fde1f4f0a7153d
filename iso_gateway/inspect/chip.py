"""What the values of a chip's data say: TVR, CVM results, AIP and their like bit by bit; amounts, dates, text.

EMV 4.3, Book 3, annexes A and C, and Book 4, annex A; the bits themselves are in `chipbits`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from iso_gateway.codec import mask
from iso_gateway.codec.currency import find, format_amount
from iso_gateway.inspect import chipbits
from iso_gateway.inspect.chipbits import Bits
from iso_gateway.inspect.coded import ENTRY, TRANSACTIONS
from iso_gateway.inspect.registers import COUNTRIES, merchant
from iso_gateway.inspect.worded import date, time

_METHODS: Final = {
    0x00: "fail CVM processing",
    0x01: "plaintext PIN verified by the chip",
    0x02: "enciphered PIN verified online",
    0x03: "plaintext PIN verified by the chip, and signature",
    0x04: "enciphered PIN verified by the chip",
    0x05: "enciphered PIN verified by the chip, and signature",
    0x1E: "signature",
    0x1F: "no CVM required",
    0x20: "no CVM",
    0x3F: "no CVM performed",
}
_CONDITIONS: Final = {
    0x00: "always",
    0x01: "if unattended cash",
    0x02: "if neither cash nor cashback",
    0x03: "if the terminal supports it",
    0x04: "if manual cash",
    0x05: "if purchase with cashback",
    0x06: "if under X in the application's currency",
    0x07: "if over X in the application's currency",
    0x08: "if under Y in the application's currency",
    0x09: "if over Y in the application's currency",
}
_CVM_RESULTS: Final = {0: "result unknown", 1: "failed", 2: "successful"}
_CRYPTOGRAMS: Final = {0: "AAC: declined", 1: "TC: approved offline", 2: "ARQC: online authorization requested"}
_ADVICE: Final = {1: "service not allowed", 2: "PIN try limit exceeded", 3: "issuer authentication failed"}
_RESPONSES: Final = {
    "Y1": "approved offline",
    "Z1": "declined offline",
    "Y2": "approved after referral by the card",
    "Z2": "declined after referral by the card",
    "Y3": "unable to go online, approved offline",
    "Z3": "unable to go online, declined offline",
}
_SCHEMES: Final = {
    "A000000003": "Visa",
    "A000000004": "Mastercard",
    "A000000025": "American Express",
    "A000000042": "Cartes Bancaires",
    "A000000065": "JCB",
    "A000000121": "Dankort",
    "A000000141": "PagoBancomat",
    "A000000152": "Discover",
    "A000000228": "SPAN",
    "A000000277": "Interac",
    "A000000333": "UnionPay",
    "A000000359": "girocard",
    "A000000371": "Verve",
    "A000000384": "eftpos",
    "A000000524": "RuPay",
    "A000000658": "Mir",
}
"""Whose application it is: the registered providers (ISO/IEC 7816-5)."""
_SCRIPTS: Final = {0: "script not performed", 1: "script processing failed", 2: "script processing was successful"}
_SCRIPT_RESULT: Final = 5
"""Bytes of the result of one script: what came of it, and its identifier."""
_WORD: Final = 4
"""Bytes of a counter, at the most."""
_TEXTS: Final = frozenset({"50", "9F12", "9F16", "9F1C", "9F1E", "9F4E"})
_AMOUNTS: Final = frozenset({"9F02", "9F03"})
_RESPONSE: Final = "8A"
_OPERATED_BY: Final = {1: "financial institution", 2: "merchant", 3: "cardholder"}
_ENVIRONMENT: Final = {
    1: "attended, online only",
    2: "attended, offline with online capability",
    3: "attended, offline only",
    4: "unattended, online only",
    5: "unattended, offline with online capability",
    6: "unattended, offline only",
}


class Context(NamedTuple):
    """What the rest of the message says that some tags need."""

    currency: str = ""
    """Of the amounts: three digits."""
    answered: Callable[[str], str] = lambda _: ""
    """Returns what a response code says, by the profile."""


NOTHING: Final = Context()


def meanings(tag: str, value: bytes, context: Context = NOTHING) -> list[str]:
    """Return what the value of *tag* says, a line each; nothing where it says no more than it shows.

    Args:
        tag: upper-case hexadecimal, ``95``.
        value: its bytes.
        context: what the rest of the message says.
    """
    if not value:
        return []
    if tag in _TEXTS:
        return _text(value)
    if tag in _AMOUNTS:
        return _amount(value, context.currency)
    if tag == _RESPONSE:
        return _response(value, context)
    row = _TAGS.get(tag)
    return row(value) if row is not None else []


def _of_bits(bits: Bits, size: int) -> Callable[[bytes], list[str]]:
    """Return what reads *bits*, of a value of *size* bytes."""
    known = {(byte, bit): text for byte, bit, text in bits}

    def read(value: bytes) -> list[str]:
        on = [(at, bit) for at, byte in enumerate(value[:size], 1) for bit in range(8, 0, -1) if byte >> (bit - 1) & 1]
        said = [known.get((at, bit), f"byte {at}, bit {bit}: reserved") for at, bit in on] or ["nothing set"]
        return said if len(value) == size else [*said, f"{len(value)} bytes, though it has {size}"]

    return read


def _rule(method: int, condition: int) -> str:
    """Return one rule of a CVM list in words."""
    what = _METHODS.get(method & 0x3F, f"CVM {method & 0x3F:02X}")
    then = ", else the next rule" if method & 0x40 else ""
    return f"{what}, {_CONDITIONS.get(condition, f'condition {condition:02X}')}{then}"


def _cvm_results(value: bytes) -> list[str]:
    if len(value) != 3:
        return []
    result = _CVM_RESULTS.get(value[2], f"result {value[2]:02X}")
    if value[0] == 0x3F:
        return ["no CVM performed"]
    return [f"{_rule(value[0], value[1])}: {result}"]


def _cvm_list(value: bytes) -> list[str]:
    if len(value) < 10 or len(value) % 2:
        return []
    amounts = [
        f"{name} = {int.from_bytes(value[at : at + 4])}" for name, at in (("X", 0), ("Y", 4)) if any(value[at : at + 4])
    ]
    return amounts + [_rule(value[at], value[at + 1]) for at in range(8, len(value), 2)]


def _cryptogram(value: bytes) -> list[str]:
    said = [_CRYPTOGRAMS.get(value[0] >> 6, "no kind of cryptogram")]
    if value[0] & 0x08:
        said.append("advice required")
    if reason := _ADVICE.get(value[0] & 0x07):
        said.append(reason)
    return said


def _response(value: bytes, context: Context) -> list[str]:
    text = value.decode("ascii", "replace")
    said = _RESPONSES.get(text) or (context.answered(text) if text.isascii() and text.isalnum() else "")
    return [f"{text}, {said}"] if said else _text(value)


def _text(value: bytes) -> list[str]:
    """Return a value that is text as that, without what may be a card number."""
    text = value.decode("latin-1")
    return [f'"{mask.scan(text)}"'] if text.isascii() and text.isprintable() and text.strip() else []


def _amount(value: bytes, currency: str) -> list[str]:
    digits = value.hex()
    return [format_amount(int(digits), currency)] if digits.isdecimal() and find(currency) else []


def _counter(value: bytes) -> list[str]:
    return [f"{int.from_bytes(value):,}".replace(",", "")] if len(value) <= _WORD else []


def _time(value: bytes) -> list[str]:
    said = time(value.hex())
    return [said] if said else []


def _application(value: bytes) -> list[str]:
    said = _SCHEMES.get(value[:5].hex().upper(), "")
    return [said] if said else []


def _entry(value: bytes) -> list[str]:
    said = ENTRY.get(value.hex(), "")
    return [said] if said else []


def _script(value: bytes) -> list[str]:
    said = _SCRIPTS.get(value[0] >> 4)
    if said is None or len(value) != _SCRIPT_RESULT:
        return []
    command = value[0] & 0x0F
    return [f"{said} at command {command}" if command else said]


def _terminal(value: bytes) -> list[str]:
    kind = _ENVIRONMENT.get(value[0] & 0x0F)
    by = _OPERATED_BY.get(value[0] >> 4)
    return [f"{kind}, of a {by}"] if kind and by else []


def _currency(value: bytes) -> list[str]:
    known = find(value.hex()[-3:])
    return [known.code] if known is not None and len(value) == 2 else []


def _country(value: bytes) -> list[str]:
    known = COUNTRIES.get(value.hex()[-3:])
    return [known] if known is not None and len(value) == 2 else []


def _merchant(value: bytes) -> list[str]:
    said = merchant(value.hex())
    return [said] if said else []


def _date(value: bytes) -> list[str]:
    said = date(value.hex()) if len(value) == 3 else ""
    return [said] if said else []


def _kind(value: bytes) -> list[str]:
    said = TRANSACTIONS.get(value.hex(), "")
    return [said] if said else []


_TAGS: Final[dict[str, Callable[[bytes], list[str]]]] = {
    "4F": _application,
    "5F24": _date,
    "5F25": _date,
    "5F28": _country,
    "5F2A": _currency,
    "82": _of_bits(chipbits.AIP, 2),
    "84": _application,
    "8E": _cvm_list,
    "95": _of_bits(chipbits.TVR, 5),
    "9A": _date,
    "9B": _of_bits(chipbits.TSI, 2),
    "9C": _kind,
    "9F06": _application,
    "9F07": _of_bits(chipbits.USAGE, 2),
    "9F0D": _of_bits(chipbits.TVR, 5),
    "9F0E": _of_bits(chipbits.TVR, 5),
    "9F0F": _of_bits(chipbits.TVR, 5),
    "9F15": _merchant,
    "9F1A": _country,
    "9F21": _time,
    "9F27": _cryptogram,
    "9F33": _of_bits(chipbits.CAPABILITIES, 3),
    "9F34": _cvm_results,
    "9F35": _terminal,
    "9F36": _counter,
    "9F39": _entry,
    "9F40": _of_bits(chipbits.MORE_CAPABILITIES, 5),
    "9F5B": _script,
    "9F66": _of_bits(chipbits.TTQ, 4),
    "9F6C": _of_bits(chipbits.CTQ, 2),
    "DF31": _script,
}
"""Tag -> what reads its value. The issuer action codes have the bits of the TVR."""
CODED: Final = frozenset({*_TAGS, *_TEXTS, *_AMOUNTS, _RESPONSE})
"""The tags of which something is said."""

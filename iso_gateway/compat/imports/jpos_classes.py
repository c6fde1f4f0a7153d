"""jPOS's classes of fields, each of which says an interpreter, a prefix and a padder in one word, taken apart."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from iso_gateway.compat.imports.imported import VARIABLE, digits, masked

EBCDIC: Final = "cp1047"
"""jPOS translates by IBM's code page 1047 (ISOUtil)."""
TEXT: Final = "latin-1"
"""jPOS reads and writes text byte by byte, as ISO 8859-1."""


class Kind(NamedTuple):
    """What one class of jPOS means."""

    content: str
    """``n`` digits, ``c`` characters, ``b`` bytes, ``h`` hexadecimal digits, ``x`` an amount with its sign."""
    encoding: str
    prefix: str = ""
    """The encoding of the length; empty: fixed."""
    letters: int = 0
    """How many L."""
    pad: str = ""
    counts: str = ""
    """What the length counts, where that is not what one would think."""


def _table() -> dict[str, Kind]:
    """Return what each class means, by its name."""
    found = {
        "IF_CHAR": Kind("c", TEXT),
        "IF_ECHAR": Kind("c", EBCDIC),
        "IFE_CHAR": Kind("c", EBCDIC),
        "IFA_NUMERIC": Kind("n", "ascii"),
        "IFE_NUMERIC": Kind("n", EBCDIC),
        "IFB_NUMERIC": Kind("n", "bcd", pad="right 0"),
        "IFB_FNUMERIC": Kind("n", "bcd", pad="right F"),
        "IFB_HEX": Kind("h", "bcd", pad="right F"),
        "IFA_AMOUNT": Kind("x", "ascii"),
        "IFE_AMOUNT": Kind("x", EBCDIC),
        "IFB_AMOUNT": Kind("x", "bcd", pad="right 0"),
        # Since 2003 an amount has its currency and exponent before it, and no sign: digits like others.
        "IFA_AMOUNT2003": Kind("n", "ascii"),
        "IFB_AMOUNT2003": Kind("n", "bcd", pad="right 0"),
        "IFA_BINARY": Kind("b", "hex"),
        "IFB_BINARY": Kind("b", "binary"),
        "IFE_BINARY": Kind("b", "hex-ebcdic"),
        "IFAE_LLCHAR": Kind("c", EBCDIC, "ascii", 2),
        "IFEA_LLCHAR": Kind("c", TEXT, EBCDIC, 2),
        "IFEB_LLNUM": Kind("z", "bcd", EBCDIC, 2, "right F", "bytes"),
        "IFEB_LLLNUM": Kind("z", "bcd", EBCDIC, 3, "right F", "bytes"),
        "IFA_LLABINARY": Kind("b", "hex", "ascii", 2, counts="bytes"),
        "IFA_LLLABINARY": Kind("b", "hex", "ascii", 3, counts="bytes"),
        "IFB_LLHEX": Kind("h", "bcd", "bcd", 2, "right F"),
        "IFB_LLLHEX": Kind("h", "bcd", "bcd", 3, "right F"),
        "IFB_FLLNUM": Kind("n", "bcd", "bcd", 2, "right F"),
        "IFB_FLLLNUM": Kind("n", "bcd", "bcd", 3, "right F"),
    }
    for letters in range(1, 7):
        size = "L" * letters
        found[f"IFA_{size}CHAR"] = Kind("c", TEXT, "ascii", letters)
        found[f"IFA_{size}NUM"] = Kind("n", "ascii", "ascii", letters)
        found[f"IFA_{size}BINARY"] = Kind("b", "binary", "ascii", letters)
        found[f"IFE_{size}CHAR"] = Kind("c", EBCDIC, EBCDIC, letters)
        found[f"IFE_{size}NUM"] = Kind("n", EBCDIC, EBCDIC, letters)
        found[f"IFE_{size}BINARY"] = Kind("b", "binary", EBCDIC, letters)
        found[f"IFB_{size}CHAR"] = Kind("c", TEXT, "bcd", letters)
        found[f"IFB_{size}NUM"] = Kind("n", "bcd", "bcd", letters, "right 0")
        found[f"IFB_{size}BINARY"] = Kind("b", "binary", "bcd", letters)
        found[f"IFB_{size}HCHAR"] = Kind("c", TEXT, "binary", letters)
        found[f"IFB_{size}HECHAR"] = Kind("c", EBCDIC, "binary", letters)
        found[f"IFB_{size}HNUM"] = Kind("n", "bcd", "binary", letters, "right 0")
        found[f"IFB_{size}HBINARY"] = Kind("b", "binary", "binary", letters)
    return found


CLASSES: Final = _table()
"""By the name of the class, without its package."""

BITMAPS: Final = {"IFA_BITMAP": "hex", "IFB_BITMAP": "binary", "IFE_BITMAP": "hex-ebcdic", "X92_BITMAP": "hex"}
MTIS: Final = {"IFA_NUMERIC": "ascii", "IFB_NUMERIC": "bcd", "IFE_NUMERIC": EBCDIC}

NOTHING: Final = frozenset({"IF_UNUSED"})
"""Classes of elements that are none."""

_FILLED = "its place is as large as its maximum whatever the length before it says"
_OWN_TAG = "it has its tag before it, which only makes sense inside another field"
LEFT_OUT: Final = {
    "IF_NOP": "jPOS announces it in the bitmap and writes nothing for it",
    "IF_TCHAR": "it ends at a character of its own and has no length",
    "IF_TBASE": "it ends at a character of its own and has no length",
    "IFA_FLLCHAR": _FILLED,
    "IFA_FLLNUM": _FILLED,
    "IFB_LLHFBINARY": _FILLED,
    "IFA_LLBNUM": "its length counts the digit that fills the last byte, which ours never does",
    "IFE_SIGNED_NUMERIC": "the sign is in the last digit",
    "IFE_LLLEBINARY": "its bytes are translated like EBCDIC text",
    **dict.fromkeys(("IFEP_LLCHAR", "IFEP_LLLCHAR", "IFEP_LLLBINARY", "IFMC_LLCHAR", "IFMC_LLLCHAR"), _OWN_TAG),
    **dict.fromkeys(("IFEMC_LLCHAR", "IFEMC_LLLCHAR", "IFEPE_LLCHAR", "IFEPE_LLLCHAR"), _OWN_TAG),
}
"""Classes that have no like here, and why."""


def bare(name: str) -> str:
    """Return the name of a class without its package."""
    return name.strip().rpartition(".")[2]


def described(kind: Kind, number: int, size: int, *, left: bool) -> dict[str, Any]:
    """Return a field of *kind* in our words, but for its name.

    Args:
        kind: what its class means.
        number: the data element, 0 for a part.
        size: its ``length``.
        left: whether it says ``pad="true"``: the odd digit stands right, what fills the byte left of it.
    """
    form = {"n": digits(number), "c": "any", "b": "b", "x": "xn", "h": "nibbles", "z": "z"}[kind.content]
    made: dict[str, Any] = {"format": form, "encoding": kind.encoding, "mask": masked(number, form)}
    if kind.content == "h" and kind.prefix:
        size *= 2  # they count bytes, and write how many digits those have
    if kind.prefix:
        made |= {"length": VARIABLE[kind.letters], "prefix": kind.prefix}
        size = min(size, _most(kind))
    else:
        made["length"] = "fixed"
    made["max"] = size
    if kind.counts and kind.encoding == "bcd":
        made["counts"] = kind.counts
    if kind.encoding == "bcd":
        made["pad"] = "left 0" if left else kind.pad
    elif kind.content == "n" and not kind.prefix:
        made["pad"] = "left 0"
    elif kind.content == "c" and not kind.prefix:
        made["pad"] = "right space"
    return made


def _most(kind: Kind) -> int:
    """Return the most that the length can say; jPOS lets a packager promise more."""
    if kind.prefix == "binary":
        return int(256 ** min((kind.letters + 1) // 2, 4)) - 1
    return (int(10**kind.letters) - 1) * (2 if kind.counts == "bytes" and kind.encoding == "bcd" else 1)

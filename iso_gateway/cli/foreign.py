"""Files that are something else than a message, told by how they begin (the magic numbers of file(1))."""

from __future__ import annotations

from typing import Final

_CAPTURE: Final = "a capture of traffic: 'iso-gateway pcap' reads it"
_PACKED: Final = "compressed: unpack it first"
_BEGINNINGS: Final[tuple[tuple[bytes, str], ...]] = (
    (bytes.fromhex("d4c3b2a1"), _CAPTURE),
    (bytes.fromhex("a1b2c3d4"), _CAPTURE),
    (bytes.fromhex("4d3cb2a1"), _CAPTURE),
    (bytes.fromhex("a1b23c4d"), _CAPTURE),
    (bytes.fromhex("0a0d0d0a"), _CAPTURE),
    (b"\x1f\x8b\x08", f"gzip, {_PACKED} (gunzip -c)"),
    (b"\x28\xb5\x2f\xfd", f"zstd, {_PACKED}"),
    (b"\xfd7zXZ\x00", f"xz, {_PACKED}"),
    (b"BZh", f"bzip2, {_PACKED}"),
    (b"PK\x03\x04", f"zip, {_PACKED}"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image, and no message"),
    (b"\xff\xd8\xff", "a JPEG image, and no message"),
    (b"GIF8", "a GIF image, and no message"),
    (b"%PDF-", "a PDF document, and no message"),
    (b"\x7fELF", "a program, and no message"),
    (b"SQLite format 3\x00", "a SQLite database: 'iso-gateway txn' and 'batch' read a gateway's"),
)
_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("{", "JSON: 'iso-gateway encode' writes such a message as hex"),
    ("<", "XML, and no message"),
    ("base:", "a spec in YAML, and no message"),
)


def foreign(data: bytes) -> str:
    """Return what *data* is by its first bytes, where that is surely no message; otherwise the empty text."""
    return next((said for start, said in _BEGINNINGS if data.startswith(start)), "")


def foreign_text(text: str) -> str:
    """Return what *text*, which is no hex, is by how it begins; otherwise the empty text."""
    bare = text.lstrip()
    return next((said for start, said in _WORDS if bare.startswith(start) and not bare.startswith("<Buffer ")), "")

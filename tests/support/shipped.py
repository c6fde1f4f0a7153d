"""What comes with the package, written down once for the tests that count it."""

from __future__ import annotations

from typing import Final

SHIPPED_SPECS: Final = (
    "cup-pos",
    "iso2003",
    "iso87-ascii",
    "iso87-binary",
    "iso87-ebcdic",
    "iso93-ascii",
    "iso93-binary",
    "nibss-pos",
    "scheme-host",
)
"""The names of the specs that come with the package, as they are listed."""

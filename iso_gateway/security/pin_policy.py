"""Which PIN block formats may become which: PCI PIN Security v3.1, requirement 3-3, and the translation itself.

`translate` is what a gateway calls: it takes one card number for both blocks, so that a translation to another card
cannot be said, and the PIN does not come out of it.
"""

from __future__ import annotations

from typing import Final

from iso_gateway.errors import PinPolicyError
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import PinFormat
from iso_gateway.security.pin_blocks import Fill, decipher, encipher, under_another_key

_ISO_0: Final = PinFormat.ISO_0
_BOUND = frozenset({PinFormat.ISO_0, PinFormat.ISO_3, PinFormat.ISO_4})

ALLOWED: Final[dict[PinFormat, frozenset[PinFormat]]] = {
    PinFormat.ISO_0: _BOUND,
    PinFormat.ISO_1: _BOUND | {PinFormat.ISO_1},
    PinFormat.ISO_2: frozenset(),
    PinFormat.ISO_3: _BOUND,
    PinFormat.ISO_4: _BOUND,
}
"""From each format, the formats that a block may be translated into.

What is bound to a card stays bound to it. Format 2 is for an IC card in a terminal: nothing here submits a PIN to one,
so nothing is translated into it either.
"""


def allowed(source: PinFormat, target: PinFormat) -> bool:
    """Say whether a block of format *source* may become one of *target*, for the same card."""
    return target in ALLOWED[source]


def translate(
    block: bytes,
    pan: str,
    *,
    source: BlockCipher,
    source_format: PinFormat,
    target: BlockCipher,
    target_format: PinFormat,
    fill: Fill,
) -> bytes:
    """Return the PIN in *block* as a block of *target_format* under the key of *target*.

    Args:
        block: 8 bytes, 16 in format 4.
        pan: the card number, for both.
        source: the key that *block* is under.
        source_format: the format that it has.
        target: the key that the new block is to be under.
        target_format: the format that it is to have.
        fill: gives random bytes; formats 1, 3 and 4 ask for some.

    Raises:
        PinPolicyError: no block may be translated so.
        PinBlockError: *block* is none of *source_format* and *pan* under that key, or a format does not go under its
            key (format 4 is for AES alone, the others for TDES).
    """
    if not allowed(source_format, target_format):
        raise PinPolicyError
    if source_format is _ISO_0 and target_format is _ISO_0:
        return under_another_key(block, pan, source, target)
    return encipher(target_format, decipher(source_format, block, pan, source), pan, target, fill)

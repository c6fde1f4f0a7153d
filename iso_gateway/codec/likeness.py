"""What stays of a body of which only some of the value was changed: what it had that no value says."""

from __future__ import annotations

from typing import Any

from iso_gateway.codec.plan import HEX, PACKED, Row, Value


def alike(row: Row, before: tuple[Value, Any], after: tuple[Value, Any]) -> Any:
    """Return the body that says another value, as near to the old one as can be.

    Hexadecimal digits keep their case where the bytes stay, and a pad nibble stays.

    Args:
        row: how the value lies, in bytes or in text; the bodies are of the same kind.
        before: the old value and the body that it came in.
        after: the new value, and its body as we would write it.
    """
    (old, raw), (new, fresh) = before, after
    if row.op == HEX:
        first, last = _same(old, new)
        return raw[: 2 * first] + fresh[2 * first : len(fresh) - 2 * last] + raw[len(raw) - 2 * last :]
    if row.op == PACKED and len(old) % 2 and len(new) % 2:
        if row.left:
            return bytes([raw[0] & 0xF0 | fresh[0] & 0x0F]) + fresh[1:]
        return fresh[:-1] + bytes([fresh[-1] & 0xF0 | raw[-1] & 0x0F])
    return fresh


def _same(one: Value, other: Value) -> tuple[int, int]:
    """Return how many units two values have in common, at the beginning and then at the end."""
    most = min(len(one), len(other))
    first = next((at for at in range(most) if one[at] != other[at]), most)
    last = next((at for at in range(most - first) if one[-1 - at] != other[-1 - at]), most - first)
    return first, last

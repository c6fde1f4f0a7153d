"""What may stand inside an element that has parts, for hypothesis: parts by key, of any kind, nested to any depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from iso_gateway.codec.field import Field
from iso_gateway.codec.parts.ber import BerTLV
from iso_gateway.codec.parts.bitmapped import TAIL, Bitmapped
from iso_gateway.codec.parts.part import Part
from iso_gateway.codec.parts.positional import Layouts, Repeated
from iso_gateway.codec.parts.structure import Structure
from iso_gateway.codec.parts.tagged import Tagged
from iso_gateway.testing.values import values

LONGEST: Final = 12
"""Characters or bytes of a part, where it has not to be longer."""
_OBJECTS: Final = ("82", "95", "9A", "9C", "5F2A", "9F02", "9F10", "9F1A", "9F26", "9F27", "9F36", "9F37")
"""EMV's tags of a payment, for elements whose data objects are not declared."""


@st.composite
def parts(draw: st.DrawFn, structure: Structure, *, every: bool = False) -> Mapping[str, Any]:
    """Return a strategy of the parts of an element: values by key, mappings where they have parts themselves.

    Args:
        draw: hypothesis's.
        structure: how it is cut.
        every: whether none may be left out at the end, as in an element of fixed length.
    """
    if isinstance(structure, Repeated):
        return {str(at): draw(_one(structure.part)) for at in range(1, draw(st.integers(1, 3)) + 1)}
    if isinstance(structure, Layouts):
        return {part.key: draw(_one(part)) for part in draw(st.sampled_from(structure.layouts)).declared()}
    declared = {part.key: part for part in structure.declared() if part.key != TAIL}
    if isinstance(structure, BerTLV | Tagged | Bitmapped):
        known = [*declared, *_others(structure, declared)]
        some = draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True))
        return {key: draw(_one(declared[key]) if key in declared else _unknown(structure, key)) for key in some}
    count = len(declared) if every else draw(st.integers(1, len(declared)))
    return {key: draw(_one(part)) for key, part in [*declared.items()][:count]}


def _one(part: Part) -> st.SearchStrategy[Any]:
    """Return a strategy of one part."""
    field = part.field
    if field.inside is not None:
        return parts(field.inside, every=field.length == "fixed" and not part.rest)
    if part.rest and field.encoding == "bcd":  # nobody says that its last half byte is none
        return values(_even(field), LONGEST).map(lambda digits: digits[: len(digits) // 2 * 2] or "00")
    return values(field, LONGEST)


def _even(field: Field) -> Field:
    return field._replace(format="n") if field.format in {"z", "nibbles"} else field


def _others(structure: Structure, declared: Mapping[str, Part]) -> list[str]:
    """Return tags that may come though nobody declared them."""
    if isinstance(structure, BerTLV):
        return [tag for tag in _OBJECTS if tag not in declared]
    if isinstance(structure, Tagged) and not declared:
        return [*structure.others][:2] or ["1".zfill(structure.tag.digits), "2".zfill(structure.tag.digits)]
    return []


def _unknown(structure: Structure, key: str) -> st.SearchStrategy[Any]:
    """Return a strategy of the value of a tag that is not declared."""
    inside = structure.others.get(key) if isinstance(structure, Tagged) else None
    if inside is not None:
        return parts(inside)
    return st.binary(min_size=1, max_size=LONGEST) if structure.binary else st.text("ABC019", min_size=1, max_size=6)

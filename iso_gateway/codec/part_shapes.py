"""The kinds of parts as a spec's data has them; `part_rules` tells what they mean."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Number = Annotated[int, Meta(ge=1, le=999)]
Size = Annotated[int, Meta(ge=1, le=999_999)]
Dictionary = Literal["none", "emv"]


class LayoutShape(Struct, frozen=True):
    """A layout as the data has it."""

    size: Size
    parts: dict[Number, Any]


class FigureShape(Struct, frozen=True):
    """A tag or a length of fixed width, as the data has it."""

    size: Annotated[int, Meta(ge=1, le=8)]
    encoding: Literal["", "bcd", "binary", "ascii", "latin-1", "cp037", "cp500", "cp1047", "cp1140"] = ""


class BerShape(Struct, frozen=True):
    """BER-TLV as the data has it."""

    tags: dict[str, Any] = {}
    dictionary: Dictionary = "none"


class TaggedShape(Struct, frozen=True):
    """Tag, length, value as the data has it."""

    tag: FigureShape
    length: FigureShape
    tags: dict[str, Any] = {}
    order: Literal["tlv", "ltv"] = "tlv"
    counts: Literal["value", "both"] = "value"


class DatasetsShape(Struct, frozen=True):
    """Datasets as the data has them."""

    sets: dict[str, Any] = {}
    dictionary: Dictionary = "none"


class BitmapShape(Struct, frozen=True):
    """A bitmapped composite as the data has it."""

    size: Annotated[int, Meta(ge=1, le=32)]
    parts: dict[Number, Any]
    encoding: Literal["", "binary", "ascii", "cp037", "cp500", "cp1047", "cp1140"] = ""
    chained: bool = False


class DbmShape(Struct, frozen=True):
    """A dataset bit map as the data has it."""

    parts: dict[Number, Any]
    numbers: Literal["elements", "bits"] = "elements"
    tags: dict[str, Any] = {}

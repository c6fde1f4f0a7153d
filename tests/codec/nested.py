"""A spec with every kind of parts, for the tests of what is inside."""

from __future__ import annotations

from typing import Any

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.spec import Spec


def part(name: str, kind: str, mask: str = "none", **more: Any) -> dict[str, Any]:
    """Return the data of one part."""
    return {"name": name, "format": kind, "mask": mask, **more}


def binary(parts: Any, **more: Any) -> dict[str, Any]:
    """Return the data of a field of bytes that holds these parts."""
    return {
        "name": "composite",
        "format": "b",
        "length": "LLLVAR",
        "max": 999,
        "prefix": "ascii",
        "mask": "all",
        "parts": parts,
        **more,
    }


def text(parts: Any, **more: Any) -> dict[str, Any]:
    """Return the data of a field of characters that holds these parts."""
    return {
        "name": "composite",
        "format": "ans",
        "length": "LLLVAR",
        "max": 999,
        "prefix": "ascii",
        "mask": "all",
        "parts": parts,
        **more,
    }


FIXED = {"tag": {"size": 2}, "length": {"size": 2}}
EBCDIC = {"tag": {"size": 2, "encoding": "cp500"}, "length": {"size": 2, "encoding": "cp500"}}
GROUP = {
    "1": part("account_type", "n", size=2),
    "2": part("amount_type", "n", size=2),
    "3": part("currency", "n", size=3),
    "4": part("amount", "xn", size=13),
}

FIELDS: dict[int, dict[str, Any]] = {
    # datasets of which nobody declared any
    45: binary("datasets"),
    # own length prefixes, in bytes and in text
    46: binary(
        {
            1: part("digits", "n", length="LLVAR", max=19, encoding="bcd", prefix="bcd"),
            2: part("words", "ans", length="LLVAR", max=30, encoding="cp500", prefix="cp500"),
            3: part("raw", "b", length="LVAR", max=9, prefix="binary"),
            4: part("odd", "n", length="fixed", max=3, encoding="bcd"),
            5: part("rest", "b", "all", size="rest"),
        }
    ),
    47: text(
        {
            1: part("words", "an", length="LLVAR", max=30),
            2: part("raw", "b", encoding="hex", size=4),
            3: part("rest", "ans", size="rest"),
        }
    ),
    # a byte, then tag and length of two characters
    48: binary(
        {
            1: part("category", "a", size=1, encoding="cp500"),
            2: part(
                "elements",
                "b",
                "all",
                size="rest",
                parts={
                    "tagged": {
                        **EBCDIC,
                        "tags": {
                            "61": part("capability", "n", encoding="cp500"),
                            "63": part(
                                "trace",
                                "b",
                                "all",
                                parts={
                                    1: part("network", "an", size=3, encoding="cp500"),
                                    2: part("number", "n", size=3, encoding="bcd"),
                                },
                            ),
                        },
                    }
                },
            ),
        }
    ),
    54: text({"repeat": {**part("amount", "ans", "all", size=20), "parts": GROUP}}, max=240),
    55: binary("ber-tlv", max=255),
    56: text({"tagged": {**FIXED, "tags": {"01": part("first", "n"), "02": part("second", "ans", "scan")}}}),
    57: binary(
        {
            "tagged": {
                "tag": {"size": 1, "encoding": "bcd"},
                "length": {"size": 1, "encoding": "bcd"},
                "order": "ltv",
                "counts": "both",
                "tags": {"07": part("seventh", "ans")},
            }
        }
    ),
    62: binary(
        {
            "bitmap": {
                "size": 8,
                "parts": {
                    1: part("indicator", "an", size=1, encoding="cp500"),
                    2: part("identifier", "n", size=8, encoding="bcd"),
                    20: part("verification", "n", "all", size=5, encoding="bcd"),
                    64: part("last", "ans", length="LLVAR", max=20, encoding="ascii", prefix="binary"),
                },
            }
        }
    ),
    63: text(
        {
            "bitmap": {
                "size": 2,
                "chained": True,
                "parts": {
                    2: part("network", "n", size=4),
                    3: part("reason", "an", size=4),
                    18: part("far", "an", size=2),
                },
            }
        }
    ),
    104: binary(
        {
            "datasets": {
                "sets": {
                    "57": part(
                        "business",
                        "b",
                        "all",
                        parts={
                            "ber-tlv": {
                                "tags": {
                                    "01": part("application", "ans", encoding="cp500"),
                                    "DF01": part("name", "ans"),
                                }
                            }
                        },
                    ),
                    "71": part(
                        "verification",
                        "b",
                        "all",
                        parts={
                            "dbm": {
                                "parts": {
                                    1: part("kind", "an", size=1),
                                    3: part("code", "n", "all", size=2, encoding="bcd"),
                                    15: part("far", "an", size=2),
                                    21: part("farther", "an", size=1),
                                },
                                "tags": {"DF01": part("more", "ans")},
                            }
                        },
                    ),
                }
            }
        }
    ),
}


def data() -> dict[str, Any]:
    """Return the data of the spec."""
    return {
        "name": "nested",
        "version": "1987",
        "mti": {"encoding": "ascii"},
        "bitmap": {"encoding": "binary"},
        "fields": {str(number): field for number, field in FIELDS.items()},
    }


SPEC: Spec = build_spec(data())

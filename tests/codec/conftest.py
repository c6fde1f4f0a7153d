"""Two small specs, one in characters and one in packed digits, with a field of every kind."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.spec import Spec

PARTS_60 = {
    "1": {"name": "message_type_code", "format": "n", "size": "2", "mask": "none"},
    "2": {"name": "batch_number", "format": "n", "size": "6", "mask": "none"},
    "3": {"name": "rest", "format": "n", "size": "rest", "mask": "all"},
}


def ascii_data() -> dict[str, Any]:
    """Return the data of a spec in ASCII with a hex bitmap."""
    return {
        "name": "small-ascii",
        "version": "1987",
        "mti": {"encoding": "ascii"},
        "bitmap": {"encoding": "hex"},
        "echo": ["2", "3", "4", "11"],
        "fields": {
            "2": {"name": "pan", "format": "n", "length": "LLVAR", "max": "19", "prefix": "ascii", "mask": "pan"},
            "3": {"name": "processing_code", "format": "n", "length": "fixed", "max": "6", "mask": "none"},
            "4": {"name": "amount", "format": "n", "length": "fixed", "max": "12", "mask": "none"},
            "11": {"name": "stan", "format": "n", "length": "fixed", "max": "6", "mask": "none"},
            "28": {"name": "fee", "format": "xn", "length": "fixed", "max": "9", "mask": "none"},
            "35": {
                "name": "track_2",
                "format": "z",
                "length": "LLVAR",
                "max": "37",
                "prefix": "ascii",
                "mask": "track",
            },
            "38": {"name": "approval_code", "format": "an", "length": "fixed", "max": "6", "mask": "none"},
            "39": {"name": "response_code", "format": "an", "length": "fixed", "max": "2", "mask": "none"},
            "41": {"name": "terminal", "format": "ans", "length": "fixed", "max": "8", "mask": "none"},
            "48": {
                "name": "private",
                "format": "ans",
                "length": "LLLVAR",
                "max": "999",
                "prefix": "ascii",
                "mask": "scan",
            },
            "49": {"name": "currency", "format": "n", "length": "fixed", "max": "3", "mask": "none"},
            "52": {"name": "pin", "format": "b", "length": "fixed", "max": "8", "encoding": "hex", "mask": "all"},
            "55": {
                "name": "icc",
                "format": "b",
                "length": "LLLVAR",
                "max": "255",
                "encoding": "hex",
                "prefix": "ascii",
                "counts": "characters",
                "mask": "all",
                "parts": "ber-tlv",
            },
            "60": {
                "name": "batch",
                "format": "n",
                "length": "LLLVAR",
                "max": "20",
                "prefix": "ascii",
                "mask": "all",
                "parts": PARTS_60,
            },
            "70": {"name": "network_code", "format": "n", "length": "fixed", "max": "3", "mask": "none"},
        },
    }


def packed_data() -> dict[str, Any]:
    """Return the data of a spec in packed digits with a binary bitmap."""
    bcd = {"encoding": "bcd"}
    by_bcd = {"prefix": "bcd"}
    return {
        "name": "small-packed",
        "version": "1987",
        "mti": {"encoding": "bcd"},
        "bitmap": {"encoding": "binary"},
        "fields": {
            "2": {"name": "pan", "format": "n", "length": "LLVAR", "max": "19", **bcd, **by_bcd, "mask": "pan"},
            "3": {"name": "processing_code", "format": "n", "length": "fixed", "max": "6", **bcd, "mask": "none"},
            "4": {"name": "amount", "format": "n", "length": "fixed", "max": "12", **bcd, "mask": "none"},
            "11": {"name": "stan", "format": "n", "length": "fixed", "max": "6", **bcd, "mask": "none"},
            "22": {
                "name": "entry",
                "format": "n",
                "length": "fixed",
                "max": "3",
                **bcd,
                "pad": "right 0",
                "mask": "none",
            },
            "28": {"name": "fee", "format": "xn", "length": "fixed", "max": "9", **bcd, "mask": "none"},
            "35": {"name": "track_2", "format": "z", "length": "LLVAR", "max": "37", **bcd, **by_bcd, "mask": "track"},
            "41": {"name": "terminal", "format": "ans", "length": "fixed", "max": "8", "mask": "none"},
            "43": {"name": "place", "format": "ans", "length": "fixed", "max": "16", "encoding": "gbk", "mask": "scan"},
            "46": {
                "name": "halves",
                "format": "n",
                "length": "LLVAR",
                "max": "9",
                **bcd,
                **by_bcd,
                "counts": "bytes",
                "mask": "none",
            },
            "48": {
                "name": "text",
                "format": "ans",
                "length": "LLLVAR",
                "max": "40",
                "encoding": "gbk",
                **by_bcd,
                "mask": "scan",
            },
            "49": {"name": "currency", "format": "n", "length": "fixed", "max": "3", **bcd, "mask": "none"},
            "52": {"name": "pin", "format": "b", "length": "fixed", "max": "8", "mask": "all"},
            "54": {
                "name": "ebcdic",
                "format": "an",
                "length": "LLVAR",
                "max": "20",
                "encoding": "cp500",
                "prefix": "cp500",
                "mask": "all",
            },
            "55": {
                "name": "icc",
                "format": "b",
                "length": "LLLVAR",
                "max": "255",
                **by_bcd,
                "mask": "all",
                "parts": "ber-tlv",
            },
            "60": {
                "name": "batch",
                "format": "n",
                "length": "LLLVAR",
                "max": "20",
                **bcd,
                **by_bcd,
                "mask": "all",
                "parts": PARTS_60,
            },
            "62": {
                "name": "keys",
                "format": "b",
                "length": "LLLVAR",
                "max": "512",
                **by_bcd,
                "mask": "all",
                "parts": {
                    "layouts": [
                        {
                            "size": "12",
                            "parts": {
                                "1": {"name": "key", "format": "b", "size": "8", "mask": "all"},
                                "2": {"name": "check", "format": "b", "size": "4", "mask": "none"},
                            },
                        },
                        {
                            "size": "20",
                            "parts": {
                                "1": {"name": "key", "format": "b", "size": "16", "mask": "all"},
                                "2": {"name": "check", "format": "b", "size": "4", "mask": "none"},
                            },
                        },
                    ]
                },
            },
            "63": {
                "name": "blob",
                "format": "b",
                "length": "LLLLLLVAR",
                "max": "70000",
                "prefix": "binary",
                "mask": "all",
            },
            "70": {"name": "network_code", "format": "n", "length": "fixed", "max": "3", **bcd, "mask": "none"},
        },
    }


@pytest.fixture(scope="session")
def chars() -> Spec:
    """The spec in characters."""
    return build_spec(ascii_data())


@pytest.fixture(scope="session")
def packed() -> Spec:
    """The spec in packed digits."""
    return build_spec(packed_data())


@pytest.fixture(scope="session")
def specs(chars: Spec, packed: Spec) -> dict[str, Spec]:
    """Both, for tests that run over each."""
    return {"chars": chars, "packed": packed}


@pytest.fixture
def data() -> Callable[[str], dict[str, Any]]:
    """Fresh data of either spec, for a test to spoil."""
    return lambda name: copy.deepcopy(ascii_data() if name == "chars" else packed_data())

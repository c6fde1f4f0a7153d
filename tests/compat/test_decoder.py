"""Reading bytes with pyiso8583's interface: where ours is stricter, and what a changed specification means."""

from __future__ import annotations

import contextlib
import copy
import pickle
from typing import Any

import iso8583 as theirs
import pytest

from iso_gateway.codec import engine
from iso_gateway.compat import iso8583
from iso_gateway.compat.iso8583 import lowered
from iso_gateway.compat.iso8583.specs import default, default_ascii

OFTEN = 6
"""After so many messages alike, all is done by the compiled engine that it can do."""
SALE = b"02004000000000000000164761739001010119"


@pytest.fixture
def spec() -> dict[str, dict[str, Any]]:
    return copy.deepcopy(default_ascii)


@pytest.mark.parametrize("prefix", [b"+4", b" 4", b"4 ", b"-4", b"_4", b"4_", b"\t4"])
def test_a_length_is_digits_and_nothing_else(spec: dict[str, Any], prefix: bytes) -> None:
    with pytest.raises(iso8583.DecodeError) as caught:
        iso8583.decode(b"02004000000000000000" + prefix + b"4761", spec)
    error = caught.value
    assert (error.msg, error.pos, error.field) == (
        "Failed to decode field length, non-numeric data",
        20,
        "2",
    )
    assert error.doc_dec == {"t": "0200", "p": "4000000000000000", "2": ""}
    assert error.doc_enc["2"] == {"len": prefix, "data": b""}


def test_digits_of_another_script_are_no_length(spec: dict[str, Any]) -> None:
    spec["2"]["len_enc"] = "utf-8"
    data = b"02004000000000000000" + "٣".encode() + b"476"
    assert theirs.decode(data, spec)[0]["2"] == "476"
    with pytest.raises(iso8583.DecodeError, match="non-numeric data: field 2 pos 20"):
        iso8583.decode(data, spec)


@pytest.mark.parametrize("bitmap", [b"40 00 00 00 00 00", b"4000000000000 00", b"40000000000000\n0"])
def test_a_bitmap_is_sixteen_hexadecimal_digits(spec: dict[str, Any], bitmap: bytes) -> None:
    data = b"0200" + bitmap.ljust(16, b" ") + b"044761"
    with pytest.raises(iso8583.DecodeError, match="non-hex data: field p pos 4"):
        iso8583.decode(data, spec)


def test_a_field_that_the_specification_lacks_is_named(spec: dict[str, Any]) -> None:
    del spec["3"]
    with pytest.raises(KeyError):
        theirs.decode(b"0200600000000000000004476100", spec)
    with pytest.raises(iso8583.DecodeError, match="Field is not in specification: field 3 pos 26") as caught:
        iso8583.decode(b"0200600000000000000004476100", spec)
    assert caught.value.doc_dec == {"t": "0200", "p": "6000000000000000", "2": "4761"}


@pytest.mark.parametrize(
    ("key", "row", "message"),
    [
        ("h", None, "Field is not in specification: field h pos 0"),
        ("h", {}, "Field has no whole number max_len in specification: field h pos 0"),
        ("t", None, "Field is not in specification: field t pos 0"),
        ("p", None, "Field is not in specification: field p pos 4"),
        ("p", {"data_enc": 8}, "Field has no text data_enc in specification: field p pos 4"),
        ("2", 5, "Field is not a table of properties in specification: field 2 pos 20"),
        ("2", {"data_enc": "b"}, "Field has no whole number len_type in specification: field 2 pos 20"),
        ("2", {"data_enc": "b", "len_type": 2, "max_len": "9"}, "no whole number max_len in specification: field 2"),
        ("2", {"data_enc": "b", "len_type": 2, "max_len": 9}, "no text len_enc in specification: field 2 pos 20"),
        ("2", {"data_enc": "ascii", "len_type": -1, "max_len": 9}, "negative len_type in specification: field 2"),
    ],
)
def test_what_a_specification_lacks_is_named(spec: dict[str, Any], key: str, row: Any, message: str) -> None:
    del spec[key]
    if row is not None:
        spec[key] = row
    with pytest.raises(iso8583.DecodeError, match=message):
        iso8583.decode(SALE, spec)


def test_a_changed_specification_is_noticed(spec: dict[str, Any]) -> None:
    for _ in range(OFTEN):
        assert iso8583.decode(SALE, spec)[0]["2"] == "4761739001010119"
    spec["2"]["max_len"] = 15
    with pytest.raises(iso8583.DecodeError, match="16 bytes, larger than maximum 15: field 2 pos 20"):
        iso8583.decode(SALE, spec)
    spec["2"] = {**default_ascii["2"], "data_enc": "b"}
    for _ in range(OFTEN):
        assert iso8583.decode(SALE, spec)[0]["2"] == b"4761739001010119".hex()
    spec["t"]["data_enc"] = "b"
    with pytest.raises(iso8583.DecodeError, match="Extra data after last field: field 10 pos 26"):
        iso8583.decode(SALE, spec)
    spec["t"]["data_enc"] = "ascii"
    spec["p"] = default["p"]
    data = b"0200@\0\0\0\0\0\0\0" + SALE[20:]
    for _ in range(OFTEN):
        assert iso8583.decode(data, spec)[0]["2"] == b"4761739001010119".hex()
    del spec["2"]
    with pytest.raises(iso8583.DecodeError, match="Field is not in specification: field 2"):
        iso8583.decode(data, spec)
    del spec["p"]
    with pytest.raises(iso8583.DecodeError, match="Field is not in specification: field p"):
        iso8583.decode(data, spec)


class Vanishing(int):
    """A length that, looked at, takes its row out of the specification and leaves rubbish where it was."""

    __hash__ = int.__hash__
    spec: dict[str, Any]

    def __eq__(self, other: object) -> bool:
        self.spec.pop("2", None)
        self.rubbish = [{"x": each} for each in range(50)]
        return int(self) == other


def test_a_row_may_vanish_while_it_is_compared(spec: dict[str, Any]) -> None:
    for _ in range(OFTEN):
        iso8583.decode(SALE, spec)
    for _ in range(OFTEN):
        spec["2"] = dict(default_ascii["2"])
        spec["2"]["max_len"] = length = Vanishing(19)
        length.spec = spec
        # The row was right when it was looked at, or is missing: either will do, and nothing else.
        with contextlib.suppress(iso8583.DecodeError):
            assert iso8583.decode(SALE, spec)[0]["2"] == "4761739001010119"
        assert "2" not in spec


@pytest.mark.skipif(engine.compiled is None, reason="the compiled engine does not run here")
def test_the_compiled_engine_reads_what_is_ordinary(spec: dict[str, Any]) -> None:
    made = []
    for each in (spec, copy.deepcopy(default)):
        each["2"] |= {"data_enc": "b", "len_enc": "bcd", "len_type": 1, "len_count": "nibbles", "right_pad": "F"}
        each["48"] |= {"data_enc": "gbk", "len_enc": "cp500"}
        each["129"] = each["70"]
        doc = {"t": "0200", "2": "47617390010101190", "48": "上海", "55": "9F02", "129": "301"}
        for _ in range(OFTEN):
            message, encoded = iso8583.encode(doc, each)
            assert iso8583.decode(message, each) == theirs.decode(message, each)
            assert iso8583.decode(message, each)[1] == encoded
        known = lowered.remembered(each)
        assert known is not None
        made += [chosen.compiled is not None for chosen in known._memory.values() if not chosen.more]
    assert made == [True] * 4


@pytest.mark.skipif(engine.compiled is None, reason="the compiled engine does not run here")
@pytest.mark.parametrize(
    "field",
    [
        ("2", 9, 0, 0, 4, 0, 0, True, b"ascii"),
        ("2", 0, 9, 0, 4, 0, 0, True, b"ascii"),
        ("2", 0, 1, 0, 4, 48, 0, True, b"ascii"),
        ("2", 0, 0, 2, 4, 48, 0, True, b"ascii"),
        ("2", 0, 1, 7, 4, 48, 0, True, b"ascii"),
        ("2", 0, 0, 0, -4, 0, 0, True, b"ascii"),
        ("2", 0, 0, 0, 1 << 20, 0, 0, True, b"ascii"),
    ],
)
def test_the_compiled_engine_takes_no_field_that_it_does_not_know(field: tuple[Any, ...]) -> None:
    assert engine.compiled is not None
    with pytest.raises(ValueError, match="not known here"):
        engine.compiled.Fields((), (), (field,))
    with pytest.raises(ValueError, match="each has its key"):
        engine.compiled.Fields(("2",), (), ())


def test_what_is_remembered_is_bounded(spec: dict[str, Any]) -> None:
    for number in range(3 * lowered.KNOWN_SPECS):
        iso8583.decode(SALE, {**spec, "128": {"desc": str(number)}})
    assert len(lowered._known) == lowered.KNOWN_SPECS
    known = lowered.lowered(spec)
    assert known is not None
    for number in range(3 * lowered.KNOWN_BITMAPS):
        for _ in range(2):
            known.decoding(f"{number:015X}0".encode())
    assert 0 < len(known._memory) <= lowered.KNOWN_BITMAPS
    assert len(known._seen) <= lowered.KNOWN_BITMAPS


@pytest.mark.parametrize(
    "data",
    [
        b"0200" + b"8" + b"0" * 15,
        b"0200" + b"8" + b"0" * 15 + b"8" + b"0" * 15,
        b"0200" + b"8" + b"0" * 15 + b"incorrecthexdata",
        b"0200" + b"8" + b"0" * 15 + b"8" + b"0" * 15 + b"incorrecthexdata" * 9,
    ],
)
def test_bitmaps_that_end_nowhere_end(spec: dict[str, Any], data: bytes) -> None:
    with pytest.raises(iso8583.DecodeError) as caught:
        iso8583.decode(data, spec)
    with pytest.raises(theirs.DecodeError, match=str(caught.value)):
        theirs.decode(data, spec)


def test_an_error_survives_pickling(spec: dict[str, Any]) -> None:
    with pytest.raises(iso8583.DecodeError) as caught:
        iso8583.decode(SALE[:-1], spec)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: TID251 -- our own bytes
    assert vars(again) == vars(caught.value)
    assert str(again) == "Field data is 15 bytes, expecting 16: field 2 pos 22"
    assert "4761" not in repr(again)

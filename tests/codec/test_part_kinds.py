"""Every kind of parts: read to any depth, written as it lies, changed without touching another byte."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from iso_gateway.codec.message import Message
from iso_gateway.errors import DecodeError, EncodeError
from tests.codec.nested import SPEC

Case = tuple[int, str, dict[str, Any]]


def e(text: str) -> str:
    """Return text in EBCDIC, as hexadecimal."""
    return text.encode("cp500").hex()


def a(text: str) -> str:
    """Return text in ASCII, as hexadecimal."""
    return text.encode().hex()


CASES: list[Case] = [
    # number, bytes or text, what is inside by path
    (
        46,
        "05012345" + e("02Hi") + "02CAFE" + "0123" + "FF",
        {"1": "12345", "2": "Hi", "3": b"\xca\xfe", "4": "123", "5": b"\xff"},
    ),
    (45, "100003" + "9F3600" + "9900010A", {"10.9F36": b"", "99": b"\n"}),
    (46, "00", {"1": ""}),
    (47, "03abc00fFrest of it", {"1": "abc", "2": b"\x00\xff", "3": "rest of it"}),
    (
        48,
        e("R") + e("6103123") + e("6306ABC") + "123456" + e("9902") + "FFFE",
        {"1": "R", "2.61": "123", "2.63.1": "ABC", "2.63.2": "123456", "2.99": b"\xff\xfe"},
    ),
    (
        54,
        "0002840C0000000012340001840D000000000099",
        {"1.1": "00", "1.3": "840", "1.4": "C000000001234", "2.2": "01", "2.4": "D000000000099"},
    ),
    (55, "700A9F2601AA5F34820001019F360100", {"70.9F26": b"\xaa", "70.5F34": b"\1", "9F36": b"\0"}),
    (55, "E106E104E102C100C100", {"E1.E1.E1": bytes.fromhex("C100"), "E1.E1.E1.C1": b"", "C1": b""}),
    (56, "01031230204zone", {"01": "123", "02": "zone"}),
    (57, "0307" + a("AB") + "0209CC", {"07": "AB", "09": b"\xcc"}),
    (
        62,
        "C000100000000001" + e("Y") + "0000000000001234" + "0000000123" + "02" + a("ok"),
        {"1": "Y", "2": "0000000000001234", "20": "0000000123", "64": "ok"},
    ),
    (63, "60000002R501", {"2": "0002", "3": "R501"}),
    (63, "C00040000002zz", {"2": "0002", "18": "zz"}),
    (
        104,
        "5700080102" + e("AB") + "DF0101" + a("x") + "100003" + "9F3600",
        {"57.01": "AB", "57.DF01": "x", "10.9F36": b""},
    ),
    (
        104,
        "7100055000" + a("K") + "0042" + "5700040102" + e("CD") + "5700030101" + e("E"),
        {"71.1": "K", "71.3": "0042", "57.01": "CD", "57#2.01": "E", "57#1.01": "CD"},
    ),
]


@pytest.mark.parametrize(("number", "whole", "inside"), CASES)
def test_what_is_inside_is_read_by_its_path(number: int, whole: str, inside: dict[str, Any]) -> None:
    message = SPEC.message("0200", {number: whole})
    assert {path: message[f"{number}.{path}"] for path in inside} == inside
    assert SPEC.check(message) == []
    assert SPEC.decode(SPEC.encode(message)) == message


@pytest.mark.parametrize(("number", "whole", "inside"), CASES)
def test_what_is_set_to_what_it_is_stays_byte_for_byte(number: int, whole: str, inside: dict[str, Any]) -> None:
    message = SPEC.message("0200", {number: whole})
    assert message.evolve({f"{number}.{path}": value for path, value in inside.items()}) == message


BUILT: list[tuple[int, Any, str]] = [
    (46, {1: "12345", "2": "Hi", "3": "CAFE", "4": 123, "5": "FF"}, "05012345" + e("02Hi") + "02CAFE0123FF"),
    (47, {"1": "abc", "2": "00ff", "3": "!"}, "03abc00FF!"),
    (
        48,
        {"1": "R", "2": {"61": 123, "63": {"1": "ABC", "2": "123456"}, "99": "FFFE"}},
        e("R") + e("6103123") + e("6306ABC") + "123456" + e("9902") + "FFFE",
    ),
    (54, {"1": {"1": "00", "2": 2, "3": 840, "4": "C000000001234"}}, "0002840C000000001234"),
    (55, {"70": {"9F26": "AA", "77": [("82", ""), ("82", "01")]}}, "700B9F2601AA7705820082 0101".replace(" ", "")),
    (56, [("02", "zone"), ("01", "7"), ("02", "again")], "0204zone010170205again"),
    (57, {"07": "AB", "09": "CC"}, "0307" + a("AB") + "0209CC"),
    (62, {"64": "ok", "2": "12".rjust(16, "0")}, "4000000000000001" + "0000000000000012" + "02" + a("ok")),
    (63, {"18": "zz", "2": 2}, "C00040000002zz"),
    (
        104,
        [("57", {"01": "AB"}), ("57", {"DF01": "x"}), ("71", {"1": "K", "tlv": {"DF01": "y"}})],
        "5700040102" + e("AB") + "570004DF0101" + a("x") + "7100074001" + a("K") + "DF0101" + a("y"),
    ),
    (104, {"71": {"1": "K", "15": "zz", "21": "q"}}, "710007C00102" + a("Kzzq")),
]


@pytest.mark.parametrize(("number", "given", "whole"), BUILT)
def test_nested_values_are_built(number: int, given: Any, whole: str) -> None:
    message = SPEC.message("0200", {number: given})
    value = message[number]
    assert (value.hex().upper() if isinstance(value, bytes) else value) == (
        whole.upper() if isinstance(value, bytes) else whole
    )
    assert SPEC.check(message) == []


CHANGES: list[tuple[int, str, dict[str, Any], str]] = [
    # a length in long form stays where the new value is as long, and shrinks where it is not
    (55, "70810A9F2601AA5F34820001019F360100", {"70.9F26": "BB"}, "70810A9F2601BB5F34820001019F360100"),
    (55, "70810A9F2601AA5F34820001019F360100", {"70.5F34": "0202"}, "70099F2601AA5F340202029F360100"),
    (55, "70810400C10000C10100", {"70.C1": None}, "70020000C10100"),
    (55, "C101AAC101BBC101CC", {"C1#2": "DD"}, "C101AAC101DDC101CC"),
    (55, "C101AAC101BBC101CC", {"C1#2": None}, "C101AAC101CC"),
    (55, "C101AAC101BBC101CC", {"C1": None}, ""),
    (55, "C101AA", {"C1#2": "BB"}, "C101AAC101BB"),
    (55, "", {"70.9F26": "BB"}, "70049F2601BB"),
    (48, e("R6103123") + e("9902") + "FFFE", {"2.61": "4567"}, e("R61044567") + e("9902") + "FFFE"),
    (48, e("R"), {"2.63.1": "ABC"}, e("R6303ABC")),
    (
        54,
        "0002840C0000000012340001840D000000000099",
        {"2.4": "C000000000001"},
        "0002840C0000000012340001840C000000000001",
    ),
    (
        54,
        "0002840C000000001234",
        {"2": {"1": 0, "2": 1, "3": 840, "4": "C" + 12 * "0"}},
        "0002840C0000000012340001840C000000000000",
    ),
    (62, "8000000000000000" + e("Y"), {"2": 7 * "00" + "12"}, "C000000000000000" + e("Y") + "0000000000000012"),
    (62, "C000000000000000" + e("Y") + "0000000000000012", {"1": None}, "4000000000000000" + "0000000000000012"),
    (63, "C00000000002", {"2": "0003"}, "C00000000003"),
    (63, "C00000000002", {"3": "zzzz"}, "E00000000002zzzz"),
    # a bitmap that still holds stays as it was written
    (63, "e00000000002zzzz", {"3": "yyyy"}, "e00000000002yyyy"),
    (
        104,
        "5700040102" + e("AB") + "5700040102" + e("CD"),
        {"57#2.01": "E"},
        "5700040102" + e("AB") + "5700030101" + e("E"),
    ),
    # lower-case hexadecimal stays where the bytes do
    (47, "03abc00ffrest", {"2": "01FF"}, "03abc01ffrest"),
    # the pad nibble that came stays where another part changes, and where this one does
    (46, "05F12345", {"1": "54321"}, "05F54321"),
    (46, "05F12345" + e("02Hi"), {"2": "Ho"}, "05F12345" + e("02Ho")),
]


@pytest.mark.parametrize(("number", "before", "changes", "after"), CHANGES)
def test_only_what_is_named_changes(number: int, before: str, changes: dict[str, Any], after: str) -> None:
    message = SPEC.message("0200", {number: before})
    changed = message.evolve({f"{number}.{path}": value for path, value in changes.items()})[number]
    assert (changed.hex().upper() if isinstance(changed, bytes) else changed) == (
        after.upper() if isinstance(changed, bytes) else after
    )


BROKEN: list[tuple[int, str, str, int, str]] = [
    # number, bytes or text, path of the fault, its byte in the value, words
    (46, "0501", "46.1", 1, "1 byte left, 3 needed"),
    (46, "20", "46.1", 0, "length 20, from 0 to 19 allowed"),
    (46, "1A", "46.1", 0, "not a length"),
    (46, "00" + e("0"), "46.2", 1, "length prefix: 1 byte left, 2 needed"),
    (46, "00" + e("00") + "00" + "0A23", "46.4", 4, "not digits"),
    (47, "03ab", "47.1", 2, "2 characters left, 3 needed"),
    (47, "00zz00", "47.2", 2, "not hexadecimal"),
    (48, e("R610"), "48.2", 1, "tag and length: 3 bytes left, 4 needed"),
    (48, e("R6105123"), "48.2.61", 5, "3 bytes left, 5 needed"),
    (48, e("R61xx123"), "48.2.61", 3, "not a length"),
    (48, e("R6301") + "FF", "48.2.63.1", 5, "1 byte left, 3 needed"),
    (54, "0002840C00000000123400", "54.2", 20, "2 characters left, 20 needed"),
    (54, "0002840X000000001234", "54.1.4", 7, "not C or D and digits"),
    (55, "70049F2602AA", "55.70.9F26", 5, "1 byte left, 2 needed"),
    (55, "E103E101C1", "55.E1.E1.C1", 5, "no length"),
    (57, "00", "57", 0, "tag and length: 1 byte left, 2 needed"),
    (57, "0007", "57.07", 0, "not a length"),
    (62, "80", "62", 0, "bitmap: 1 byte left, 8 needed"),
    (62, "0010000000000000", "62.12", 1, "no such part"),
    (62, "0000000000000000FF", "62", 8, "1 byte after the last part"),
    (63, "6G00", "63", 0, "not hexadecimal digits"),
    (104, "5700", "104", 0, "tag and length: 2 bytes left, 3 needed"),
    (104, "7100020800", "104.71.4", 3, "no such part"),
    (104, "5700020102570000", "104.57.01", 5, "0 bytes left, 2 needed"),
]


@pytest.mark.parametrize(("number", "whole", "path", "at", "words"), BROKEN)
def test_a_fault_has_its_path_and_byte_at_any_depth(number: int, whole: str, path: str, at: int, words: str) -> None:
    message = SPEC.decode(SPEC.encode(SPEC.message("0200", {number: whole})))
    base = 4 + (16 if number > 64 else 8) + 3
    faults = SPEC.broken(message)
    assert [(each.field, each.offset) for each in faults] == [(path, base + at)]
    assert words in faults[0].expected
    told = set()
    for composite in (path, path.rpartition(".")[0] or path):
        try:
            message.parts(composite)
        except DecodeError as error:
            told.add((error.field, error.offset, error.expected))
        except KeyError:
            continue  # the fault is of a part with nothing in it
    assert told == {(path, base + at, faults[0].expected)}


def test_what_is_broken_inside_stops_nobody_who_does_not_look_there() -> None:
    message = SPEC.message("0200", {55: "70049F2602AA9F360100", 48: e("R6301") + "FF" + e("6101") + e("7")})
    assert message["55.9F36"] == b"\0"
    assert message["55.70"] == bytes.fromhex("9F2602AA")
    assert message["48.2.61"] == "7"
    assert list(message.parts(55)) == ["70", "9F36"]
    assert {each.path for each in SPEC.check(message)} == {"55.70.9F26", "48.2.63.1"}


def test_parts_lead_to_the_parts_in_them() -> None:
    message = SPEC.message("0200", {104: "5700040102" + e("AB") + "5700030101" + e("C")})
    parts = message.parts(104)
    assert list(parts) == ["57"]
    assert parts.parts("57") == message.parts("104.57")
    assert parts.parts("57")["01"] == "AB"
    assert parts.parts("57#2")["01"] == "C"
    assert pickle.loads(pickle.dumps(parts)).parts("57#2")["01"] == "C"  # noqa: TID251 -- it is ours
    for missing in ("58", "57#3", "57#0", "57#x", "57.01"):
        with pytest.raises(KeyError):
            parts.parts(missing)
    assert message.get("104.57#3.01") is None
    assert "104.57#2.01" in message


def test_a_tag_is_opened_eight_deep_and_no_deeper() -> None:
    value = b""
    for _ in range(12):
        value = b"\xe1" + bytes([len(value)]) + value
    message = SPEC.message("0200", {55: value})
    assert message["55" + ".E1" * 9] == bytes.fromhex("E104E102E100")
    with pytest.raises(KeyError):
        message["55" + ".E1" * 10]


REFUSED: list[tuple[dict[Any, Any], str, str]] = [
    ({46: {"1": "1" * 20}}, "46.1", "expected at most 19"),
    ({47: {"1": "abc", "2": "0"}}, "47.2", "hexadecimal"),
    ({48: {"1": "R", "2": {"6": "1"}}}, "48.2.6", "not a tag of 2 characters"),
    ({48: {"1": "R", "2": {"99": bytes(100)}}}, "48.2.99", "too long for its length"),
    ({48: {"1": "R", "2": {"61": "x"}}}, "48.2.61", "not one of digits"),
    ({48: {"1": "R", "2": {"63": {"3": "1"}}}}, "48.2.63.3", "no such part"),
    ({"48.2.61.1": "1"}, "48.2.61.1", "no such part"),
    ({"48.2.61": "1"}, "48.1", "is missing"),
    ({"54.2": "0" * 20}, "54.1", "is missing"),
    ({54: {"x": "1"}}, "54.x", "numbered from 1"),
    ({54: [("1", "0" * 20), ("1", "0" * 20)]}, "54", "twice"),
    ({55: {"70": {"9F": "00"}}}, "55.70.9F", "not a tag"),
    ({"55.9F26.82": "00"}, "55.9F26.82", "no such part"),
    ({"55.C1#2": "00"}, "55.C1#2", "there are only 0"),
    ({"55.C1#0": "00"}, "55.C1#0", "not the path"),
    ({56: {"03": 3}}, "56.03", "expected text"),
    ({62: {"3": "1"}}, "62.3", "no such part"),
    ({62: [("1", "Y"), ("1", "Y")]}, "62", "twice"),
    ({104: {"57": {"01": 5}}}, "104.57.01", "only format n"),
]


@pytest.mark.parametrize(("fields", "path", "words"), REFUSED)
def test_what_cannot_be_written_is_refused_by_its_path(fields: dict[Any, Any], path: str, words: str) -> None:
    with pytest.raises(EncodeError) as caught:
        SPEC.message("0200", fields)
    assert caught.value.field == path
    assert words in caught.value.reason


def test_what_is_broken_deep_inside_is_not_changed() -> None:
    message = SPEC.message("0200", {55: "70049F2602AA"})
    with pytest.raises(EncodeError, match=r"^DE 55.70.9F26: what it holds now is broken$"):
        message.evolve({"55.70.82": "00"})
    assert message.evolve({"55.82": "00"})[55] == bytes.fromhex("70049F2602AA820100")


def test_a_message_without_a_spec_has_no_parts() -> None:
    with pytest.raises(KeyError):
        Message("0200", {55: b"\x82\0"}).parts("55.82")

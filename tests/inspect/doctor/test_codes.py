"""Codes that some dialects pack (DE 38 to 40, 49 to 51, 70), and messages of which that or their end is to blame."""

from __future__ import annotations

import pytest

from iso_gateway import load_spec
from iso_gateway.codec.spec import Spec
from iso_gateway.inspect.doctor.cuts import cut
from iso_gateway.inspect.doctor.edits import Edit
from iso_gateway.inspect.doctor.sanity import judged
from iso_gateway.inspect.doctor.search import diagnose, edited

ASCII, BINARY, EBCDIC = SPECS = [load_spec(name) for name in ("iso87-ascii", "iso87-binary", "iso87-ebcdic")]
ANSWER = {
    3: "000000", 4: 1234, 7: "1123040506", 11: 123, 12: "040506", 13: "1123", 15: "1124", 32: "000001",
    37: "632741000123", 38: "123456", 39: "00", 40: "201", 41: "TERM0001", 42: "MERCHANT0000001", 49: "840",
    50: "978", 51: "826",
}  # fmt: skip
PACKED = Edit("", (("format", "n"), ("encoding", "bcd")), "")
IN_ASCII = Edit("", (("encoding", "ascii"), ("pad", None)), "")


def written(spec: Spec, edit: Edit, number: int) -> tuple[bytes, Spec]:
    made = edited(spec, [edit._replace(path=f"fields.{number}")])
    if number == 70:
        return made.encode(made.message("0800", {7: "1123040506", 11: 123, 70: "301"})), made
    return made.encode(made.message("0210", ANSWER)), made


@pytest.mark.parametrize("number", [38, 39, 40, 49, 51])
@pytest.mark.parametrize("spec", SPECS[:2], ids=lambda spec: spec.name)
def test_a_code_that_is_packed_is_found(spec: Spec, number: int) -> None:
    data, made = written(spec, PACKED, number)
    best = diagnose(data, [spec])[0]
    assert [edit.words.partition(" instead")[0] for edit in best.edits] == [f"DE {number}: digits in BCD"]
    assert best.message.items() == made.decode(data).items()
    end = cut(data, [spec])
    assert end is None or end.worth < best.worth


@pytest.mark.parametrize(
    ("spec", "edit", "words"),
    [(ASCII, PACKED, "in BCD instead of ASCII"), (BINARY, IN_ASCII, "in ASCII instead of BCD")],
    ids=("packed", "in ASCII"),
)
def test_what_a_network_message_is_about_is_found(spec: Spec, edit: Edit, words: str) -> None:
    # DE 70 is the last: what is wrong with it looks as if the message were cut short, or too long.
    data, made = written(spec, edit, 70)
    best, end = diagnose(data, [spec])[0], cut(data, [spec])
    assert [each.words for each in best.edits] == [f"DE 70: {words}"]
    assert best.message.items() == made.decode(data).items()
    assert end is None or end.worth < best.worth


@pytest.mark.parametrize(
    ("length", "text"),
    [({"length": "LLVAR", "max": "99"}, "7" + "A" * 28), ({"prefix": "binary"}, "PRIVATE DATA " * 4)],
)
def test_a_length_that_agrees_in_another_form_is_no_message_cut_short(length: dict[str, str], text: str) -> None:
    spec = edited(ASCII, [Edit("fields.60", tuple(length.items()), "")])
    data = spec.encode(spec.message("0210", {**ANSWER, 60: text}))
    best, end = diagnose(data, [ASCII])[0], cut(data, [ASCII])
    assert best.message[60] == text
    assert end is None or end.worth < best.worth


def test_a_message_is_cut_short_rather_than_a_field_shorter() -> None:
    data = ASCII.encode(ASCII.message("0210", {**ANSWER, 60: "PRIVATE"}))[:-3]
    end = cut(data, [ASCII])
    assert end is not None
    assert all(fit.worth < end.worth for fit in diagnose(data, [ASCII]))


@pytest.mark.parametrize(
    ("charset", "counts", "words"),
    [
        ("utf-8", None, "in UTF-8 instead of ASCII"),
        ("utf-8", "characters", "in UTF-8 instead of ASCII, where its length counts characters"),
        ("latin-1", None, "in Latin-1 (ISO 8859-1) instead of ASCII"),
    ],
)
@pytest.mark.parametrize("number", [43, 48])
@pytest.mark.parametrize("spec", SPECS[:2], ids=lambda spec: spec.name)
def test_the_character_set_of_a_name_with_accents_is_found(
    spec: Spec, number: int, charset: str, counts: str | None, words: str
) -> None:
    made = edited(spec, [Edit(f"fields.{number}", (("encoding", charset), ("counts", counts)), "")])
    data = made.encode(made.message("0210", {**ANSWER, number: "Café Müller Zürich"}))
    best, end = diagnose(data, [spec])[0], cut(data, [spec])
    assert [each.words for each in best.edits] == [f"DE {number}: {words}"]
    assert best.message[number].rstrip() == "Café Müller Zürich"
    assert end is None or end.worth < best.worth


def test_bytes_that_are_no_text_make_no_sense_in_latin_1() -> None:
    assert judged(48, "Café Müller").doubts == judged(48, "上海银行").doubts == ()
    assert judged(48, bytes(range(0xA1, 0xC0)).decode("latin-1")).doubts == ("DE 48",)


@pytest.mark.parametrize("number", [38, 39, 49, 70])
def test_a_code_with_nothing_in_it_makes_no_sense(number: int) -> None:
    assert (judged(number, "").good, judged(number, "").doubts) == (0, (f"DE {number}",))
    assert judged(48, "").doubts == judged(44, "").doubts == ()


def test_a_currency_that_nobody_has_makes_no_sense() -> None:
    assert judged(49, "000").doubts == judged(49, "123").doubts == ("DE 49",)
    assert judged(49, "840").doubts == judged(49, "EUR").doubts == ()

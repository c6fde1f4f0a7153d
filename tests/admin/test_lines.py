"""The lines of the admin socket, in any split, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.admin.lines import Answer, LineCutter, Request, encode, read_answer, read_request, request
from iso_gateway.errors import AdminError


def test_a_request_is_one_line_of_json() -> None:
    line = request("status", {"acquirer": "bank"})
    assert line == b'{"verb":"status","arguments":{"acquirer":"bank"}}\n'
    assert read_request(line) == Request("status", {"acquirer": "bank"})
    assert read_request(b'{"verb":"status"}') == Request("status", {})


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"status", b"[]", b"{}", b'{"verb": 1}', b'{"verb": "x", "argument": {}}', b'{"verb": "x"', b'"\xff"'),
        b'{"verb": "status", "arguments": {"x": ' + b"[" * 60_000,
    ],
    ids=lambda line: line[:20].decode("latin-1"),
)
def test_what_is_no_request_is_refused(line: bytes) -> None:
    with pytest.raises(AdminError, match="one line of JSON expected"):
        read_request(line)


def test_an_answer_says_one_of_two_things() -> None:
    assert encode(Answer(ok={})) == b'{"ok":{}}\n'
    assert read_answer(encode(Answer(ok={"links": 2}))) == {"links": 2}
    with pytest.raises(AdminError, match="no such link"):
        read_answer(encode(Answer(error="no such link")))


@pytest.mark.parametrize("line", [b"hello", b"[]", b'{"ok": 1}', b"{}", b'{"ok": {"x": ' + b"[" * 60_000])
def test_what_is_no_answer_is_an_error(line: bytes) -> None:
    with pytest.raises(AdminError, match=r"no answer|without a reason"):
        read_answer(line)


@settings(max_examples=100)
@given(
    lines=st.lists(st.binary(min_size=1, max_size=20).filter(lambda line: b"\n" not in line and line.strip())),
    data=st.data(),
)
def test_any_split_gives_the_same_lines(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    cutter = LineCutter(20)
    found: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += cutter.receive(stream[start:end])
    assert found == lines


@pytest.mark.parametrize("pieces", [[b"x" * 11], [b"x" * 6, b"x" * 5], [b"x" * 11 + b"\n"], [b"x\n" + b"y" * 11]])
def test_a_line_without_end_is_refused(pieces: list[bytes]) -> None:
    cutter = LineCutter(10)
    for piece in pieces[:-1]:
        assert cutter.receive(piece) == []
    with pytest.raises(AdminError, match="a line of more than 10 bytes"):
        cutter.receive(pieces[-1])

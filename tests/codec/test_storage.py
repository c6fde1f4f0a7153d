"""What a message is stored in: one contract, for the class in plain Python and for the compiled one."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from iso_gateway.codec import engine, storage
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError


class Element(enum.IntEnum):
    """Numbers that are ints and more."""

    AMOUNT = 4


KINDS: list[Any] = [storage.Storage]
if engine.compiled is not None:
    KINDS.append(engine.compiled.Storage)


def _at(_: object, path: str) -> str:
    """Answer for a path, which the message does in earnest."""
    if path == "broken":
        raise DecodeError("55", 1, "something else")
    if path in {"4", "4.1"}:
        return "found"
    raise KeyError(path)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__module__)
def kind(request: pytest.FixtureRequest) -> Any:
    """A message in the least that it needs."""
    return type("Stored", (request.param,), {"__slots__": (), "_at": _at})


@pytest.fixture
def stored(kind: Any, chars: Spec) -> Any:
    return kind._made("0200", {2: "x", 4: "000000001234", 64: b"\x00", 128: b"\xff"}, chars, {2: b"y"}, True)  # noqa: FBT003


def test_it_gives_back_what_it_holds(stored: Any, chars: Spec) -> None:
    assert stored.mti == "0200"
    assert stored.spec is chars
    assert stored.values() == ("x", "000000001234", b"\x00", b"\xff")
    assert list(stored.keys()) == list(stored)
    assert stored.items() == ((2, "x"), (4, "000000001234"), (64, b"\x00"), (128, b"\xff"))
    assert stored._fields == dict(stored.items())
    assert stored._kept == {2: b"y"}
    assert stored._trusted is True
    assert stored.only({128, 4, 3}) == {4: "000000001234", 128: b"\xff"}
    assert list(stored.only(range(2, 129))) == list(stored) == [2, 4, 64, 128]
    assert stored.only(()) == {}
    assert len(stored) == 4


def test_it_is_read_by_number(stored: Any) -> None:
    assert stored[4] == stored.get(4) == stored[Element.AMOUNT] == "000000001234"
    assert stored[128] == b"\xff"
    assert stored.get(5) is None
    assert stored.get(5, default="none") == "none"
    assert stored.get(5, "none") == "none"
    assert 4 in stored
    assert 5 not in stored


@pytest.mark.parametrize(
    "number", [-1, 0, 1, 3, 65, 129, 192, 193, 255, 256, 260, 2**31 + 4, 2**32 + 4, 2**64 + 4, True]
)
def test_what_is_not_there_is_a_key_error(stored: Any, number: int) -> None:
    assert number not in stored
    assert stored.get(number, "none") == "none"
    with pytest.raises(KeyError) as caught:
        stored[number]
    assert caught.value.args == (number,)


def test_a_path_is_asked_of_the_message(stored: Any) -> None:
    assert stored["4.1"] == stored.get("4.1") == "found"
    assert "4" in stored
    assert "5" not in stored
    assert stored.get("5", "none") == "none"
    for way in (lambda: stored["broken"], lambda: stored.get("broken"), lambda: "broken" in stored):
        with pytest.raises(DecodeError):
            way()


def test_what_is_no_key_is_not_there(stored: Any) -> None:
    for key in (None, 4.0, b"4", (4,)):
        assert key not in stored


def test_what_names_no_element_has_no_text(stored: Any) -> None:
    for key in (None, "4", -1, 2**70):
        assert stored.text(key) == ""


def test_nobody_changes_it(stored: Any) -> None:
    for name in ("mti", "spec", "_kept_", "_trusted_"):
        with pytest.raises(AttributeError):
            setattr(stored, name, None)
    with pytest.raises(TypeError):
        stored[4] = "1"
    with pytest.raises(TypeError):
        del stored[4]


def test_one_with_nothing_in_it(kind: Any) -> None:
    empty = kind._made("0800", {}, None, None, False)  # noqa: FBT003
    assert (len(empty), list(empty), empty.values(), empty.items(), empty._fields) == (0, [], (), (), {})
    assert empty.spec is None
    assert empty._kept is None
    assert 4 not in empty


@pytest.mark.skipif(engine.compiled is None, reason="the compiled engine does not run here")
class TestOfTheCompiledOne:
    """What would harm memory, and is refused."""

    @pytest.mark.parametrize("fields", [{0: "1"}, {193: "1"}, {-5: "1"}, {4: "1", 2: "2"}, {"4": "1"}, {2**70: "1"}])
    def test_it_holds_data_elements_in_their_order(self, fields: Any) -> None:
        assert engine.compiled is not None
        with pytest.raises(ValueError, match="ascending"):
            engine.compiled.Storage._made("0200", fields, None, None, False)  # noqa: FBT003

    def test_one_that_nobody_filled_is_empty(self) -> None:
        assert engine.compiled is not None
        bare = engine.compiled.Storage()
        assert (len(bare), bare.values(), bare.get(4), bare._fields) == (0, (), None, {})

    def test_the_type_of_a_message_is_text(self) -> None:
        assert engine.compiled is not None
        for mti in (None, 200, b"0200"):
            with pytest.raises(TypeError):
                engine.compiled.Storage._made(mti, {}, None, None, False)  # noqa: FBT003


@pytest.mark.parametrize(
    "value", ["a", "", " ", " a", "a ", "a b", "\ta", "a\n", "\xa0a", "a\x85", "\x1fa", "é", "\u3000a", "店 ", b"a"]
)
def test_text_is_without_padding(kind: Any, chars: Spec, value: str | bytes) -> None:
    stored = kind._made("0200", {43: value}, chars, None, False)  # noqa: FBT003
    assert stored.text(43) == (value.strip() if isinstance(value, str) else "")
    assert stored.text(44) == stored.text(1) == stored.text(4000) == ""

"""The compiled engine beside the Python walker: where it answers, it says the same; what it refuses is little."""

from __future__ import annotations

import functools
import gc
import re
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.catalog import load_spec, spec_names
from iso_gateway.codec import compose, engine, lowering, plan, trace, walker
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.message import Message, bound
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import EncodeError
from tests.codec.conftest import ascii_data, packed_data
from tests.support.drawn_messages import fields_of, messages, mutated
from tests.support.fixture_files import Sample, all_samples
from tests.support.spec_strategies import spec_data, valid

pytestmark = pytest.mark.skipif(engine.compiled is None, reason="the compiled engine does not run here")

SHIPPED = tuple(spec_names())
NAMES = (*SHIPPED, "small-ascii", "small-packed")


@functools.cache
def spec_of(name: str) -> Spec:
    """Return a shipped spec, or one of the two small ones."""
    if name in SHIPPED:
        return load_spec(name)
    return build_spec(ascii_data() if name == "small-ascii" else packed_data())


def said(message: Message) -> tuple[str, dict[int, Any], dict[int, bytes] | None]:
    """Return what the walker would say of *message*, and that its parts are what they must be."""
    assert [type(value) for value in message.values()] == [
        bytes if message.spec is not None and message.spec.fields[number].binary else str for number in message
    ]
    return message.mti, dict(message.items()), message._kept  # type: ignore[return-value]


def same_reading(spec: Spec, data: bytes, *, strict: bool = True) -> bool:
    """Assert that both read the same in *data*; say whether it is a message."""
    quick = spec.engine.decode(data, spec, strict)
    slow = walker._walk(spec.plan, data, strict=strict)
    if quick is not None:
        assert said(quick) == slow
        assert quick.spec is spec
        assert spec.engine.encode(quick, spec) == data
        assert spec.engine.decode(memoryview(bytearray(data)), spec, strict) == quick
    else:
        assert slow is None
    return slow is not None


def same_places(spec: Spec, message: Message) -> None:
    """Assert that both find the same number of bytes behind each element of *message*."""
    far = any(number > 128 for number in message)
    for number in message:
        slow = trace.behind(spec.plan, message._fields, message._kept or {}, number)
        asks = any(lowering._lowered(spec.plan.rows[each])[2] for each in message if each > number)
        assert spec.engine.behind(message, number) == (None if far or asks else slow)
        assert spec.behind(message, number) == slow


@pytest.mark.parametrize("sample", all_samples(), ids=str)
def test_the_engine_reads_every_fixture_as_the_walker_does(sample: Sample) -> None:
    spec = load_spec(sample.spec)
    assert same_reading(spec, sample.raw)
    assert same_reading(spec, sample.raw, strict=False)
    for end in range(len(sample.raw)):
        assert not same_reading(spec, sample.raw[:end])
    for at in range(len(sample.raw)):
        for byte in (0x00, 0x39, 0x61, 0xFF):
            same_reading(spec, sample.raw[:at] + bytes([byte]) + sample.raw[at + 1 :])


@pytest.mark.parametrize("name", NAMES)
class TestOfEverySpec:
    """What holds for every spec that there is."""

    @settings(max_examples=100)
    @given(drawn=st.data())
    def test_the_engine_reads_what_the_walker_reads(self, name: str, drawn: st.DataObject) -> None:
        spec = spec_of(name)
        data = spec.encode(drawn.draw(messages(spec)))
        assert same_reading(spec, data)
        changed = drawn.draw(mutated(data))
        same_reading(spec, changed)
        same_reading(spec, changed, strict=False)

    @settings(max_examples=50)
    @given(data=st.binary(max_size=120))
    def test_the_engine_takes_no_harm_from_any_bytes(self, name: str, data: bytes) -> None:
        spec = spec_of(name)
        head = bytes.fromhex("0200") if spec.plan.mti_packed else b"0200"
        same_reading(spec, data)
        same_reading(spec, head + data, strict=False)

    @settings(max_examples=100)
    @given(drawn=st.data())
    def test_the_engine_writes_what_the_walker_writes(self, name: str, drawn: st.DataObject) -> None:
        spec = spec_of(name)
        message = drawn.draw(messages(spec))
        fields = dict(message.items())
        written = walker.encode(spec.plan, message.mti, fields)
        assert spec.encode(message) == written
        assert spec.encode(Message(message.mti, fields)) == written
        assert spec.engine.encode(message, spec) == written
        assert spec.engine.encode(Message(message.mti, fields), spec) == written
        same_places(spec, message)

    @settings(max_examples=100)
    @given(drawn=st.data())
    def test_the_engine_takes_what_the_composer_takes(self, name: str, drawn: st.DataObject) -> None:
        spec = spec_of(name)
        mti = min(spec.plan.mtis)
        fields = drawn.draw(fields_of(spec))
        passed = {number: spec.carry(number, value) for number, value in drawn.draw(fields_of(spec)).items()}
        passed = dict(sorted(passed.items()))
        gone: dict[int, Any] = dict.fromkeys(list(passed)[:2])
        made = spec.engine.message(mti, fields | gone, passed, spec)
        assert made is not None
        assert said(made) == (mti, compose.changed(spec, passed, None, fields | gone)[0], None)
        assert list(made) == sorted(made)
        changes = drawn.draw(fields_of(spec)) | dict.fromkeys(list(made)[:2])
        after = spec.engine.evolve(made, changes, None, None)
        assert after is not None
        assert said(after) == (mti, compose.changed(spec, dict(made.items()), None, changes)[0], None)

    @settings(max_examples=50)
    @given(drawn=st.data())
    def test_what_was_kept_goes_with_its_value(self, name: str, drawn: st.DataObject) -> None:
        spec = spec_of(name)
        message = spec.decode(spec.encode(drawn.draw(messages(spec))))
        raw = drawn.draw(st.dictionaries(st.sampled_from([0, *message]), st.binary(min_size=1), max_size=4))
        odd = bound(message.mti, dict(message.items()), spec, raw or None, trusted=True)
        changes = drawn.draw(fields_of(spec, 3)) | {number: message[number] for number in list(message)[:1]}
        after = spec.engine.evolve(odd, changes, None, None)
        assert after is not None
        assert (dict(after.items()), after._kept) == compose.changed(spec, dict(odd.items()), raw, changes)
        echo = tuple(drawn.draw(st.sets(st.sampled_from(sorted(spec.fields)))))
        answer = spec.engine.evolve(odd, changes, None, echo)
        assert answer is not None
        same = {number: odd[number] for number in echo if number in odd}
        left = {number: body for number, body in raw.items() if number in same}
        assert (dict(answer.items()), answer._kept) == compose.changed(spec, same, left, changes)


@pytest.fixture
def sale() -> Message:
    return spec_of("iso87-binary").message(
        "0200", {2: "4761739001010010", 3: "000000", 4: 1234, 11: 1, 41: "TERM0001", 55: b"\x9f\x27\x01\x80"}
    )


def test_what_the_engine_cannot_say_is_asked_elsewhere(sale: Message) -> None:
    spec = sale.spec
    assert spec is not None
    quick = spec.engine
    assert quick.decode(b"", spec, True) is None  # noqa: FBT003
    assert quick.decode("0200", spec, True) is None  # noqa: FBT003
    assert quick.encode(Message("9999", {}), spec) is None
    assert quick.encode(Message("0200", {3: "0"}), spec) is None
    assert quick.encode(Message("0200", {127: "x", 3: b"000000"}), spec) is None
    assert quick.message("0200", {"3": 0}, None, spec) is None
    assert quick.message("02", {}, None, spec) is None
    assert quick.message("0200", {0: "1"}, None, spec) is None
    assert quick.message("0200", {10**30: "1"}, None, spec) is None
    assert quick.evolve(sale, {"55.9F26": b"1"}, None, None) is None
    assert quick.evolve(sale, {}, "12345", None) is None
    with pytest.raises(EncodeError):
        quick.message("0200", {3: "ABCDEF"}, None, spec)
    with pytest.raises(EncodeError):
        quick.evolve(sale, {4: "00000000012X"}, None, None)


def test_what_another_spec_kept_is_not_written(sale: Message) -> None:
    spec = sale.spec
    assert spec is not None
    odd = bound(sale.mti, dict(sale.items()), load_spec("cup-pos"), {4: b"\xff" * 6}, trusted=True)
    assert spec.encode(odd) == spec.encode(sale)


def test_a_pickle_that_lies_about_what_was_checked_harms_nobody(sale: Message) -> None:
    spec = sale.spec
    assert spec is not None
    for value in ("0000\u4e2d", "00000000012X", b"123456", 12, None, "1"):
        lie: Any = bound("0200", {4: value}, spec, None, trusted=True)  # type: ignore[dict-item]
        assert spec.engine.encode(lie, spec) is None
    for kept in ({4: "text"}, {4: b"1"}, {0: None}):
        lie = bound("0200", {4: "000000000001"}, spec, kept, trusted=True)  # type: ignore[arg-type]
        assert spec.engine.encode(lie, spec) is None


def test_short_numbers_are_one_object_each(sale: Message) -> None:
    spec = sale.spec
    assert spec is not None
    data = spec.encode(sale.evolve({13: "0711", 49: "840"}))
    one, two = spec.decode(data), spec.decode(data)
    assert one[49] is two[49]
    assert one[2] is not two[2]


def test_every_digit_text_is_itself() -> None:
    spec = spec_of("iso87-ascii")
    for number in range(10_000):
        assert spec.decode(b"0200" + b"0008000000000000" + b"%04d" % number)[13] == f"{number:04}"
    for number in range(1000):
        assert spec.decode(b"0200" + b"0000000000008000" + b"%03d" % number)[49] == f"{number:03}"


def rebuilt(maker: Callable[..., Message], parts: tuple[Any, ...]) -> Message:
    return maker(*parts)


def fails(error: type[Exception], work: Callable[[], object]) -> None:
    with pytest.raises(error):
        work()


WORK: dict[str, Callable[[Spec, Message, bytes], object]] = {
    "decode": lambda spec, _, data: spec.engine.decode(data, spec, True),  # noqa: FBT003
    "decode what is cut short": lambda spec, _, data: spec.engine.decode(data[:-1], spec, True),  # noqa: FBT003
    "decode what is broken": lambda spec, _, data: spec.engine.decode(data[:20] + b"\xff" + data[21:], spec, True),  # noqa: FBT003
    "decode a view": lambda spec, _, data: spec.engine.decode(memoryview(data), spec, True),  # noqa: FBT003
    "encode": lambda spec, message, _: spec.engine.encode(message, spec),
    "encode what is wrong": lambda spec, message, _: spec.engine.encode(message.evolve({36: None, 4: 5}), spec),
    "make": lambda spec, message, _: spec.engine.message("0200", dict(message.items()), {70: "001"}, spec),
    "make with numbers": lambda spec, *_: spec.engine.message("0200", {3: 0, 4: 1, 41: "T"}, None, spec),
    "make what is refused": lambda spec, message, _: spec.engine.message(
        "0200", dict(message.items()) | {"60.1": "1"}, {4: "000000000001", 0: ""}, spec
    ),
    "change": lambda _, message, __: message.evolve({4: 12, 2: None, 70: "301", 11: "000009"}),
    "answer": lambda _, message, __: message.response_to({39: "00", 38: "A12345", 4: None}),
    "read": lambda _, message, __: (message[4], message.get(5), 4 in message, list(message), message.items()),
    "fail to read": lambda _, message, __: fails(KeyError, lambda: message[5]),
    "fail to make": lambda spec, *_: fails(EncodeError, lambda: spec.message("0200", {4: "1", 3: "x"})),
    "make again": lambda _, message, __: rebuilt(*message.__reduce__()),
}


@pytest.mark.parametrize("work", WORK)
def test_nothing_is_left_behind(sale: Message, work: str) -> None:
    spec = sale.spec
    assert spec is not None
    data = spec.encode(sale)
    shared = [spec, sale, data, *sale.values(), Message]

    def run(times: int) -> None:
        for _ in range(times):
            WORK[work](spec, sale, data)
        gc.collect()

    run(100)
    counts = [sys.getrefcount(each) for each in shared]
    tracemalloc.start()
    run(100)
    before = tracemalloc.get_traced_memory()[0]
    run(300)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # The smallest object is 16 bytes.
    assert grown < 300 * 16
    assert all(abs(sys.getrefcount(each) - count) < 100 for each, count in zip(shared, counts, strict=True))


def test_a_flood_of_bitmaps_is_forgotten_and_the_messages_stay() -> None:
    fields = {
        str(number): {"name": "one", "format": "n", "length": "fixed", "max": "1", "mask": "none"}
        for number in range(2, 65)
    }
    spec = build_spec(
        {
            "name": "ones",
            "version": "1987",
            "mti": {"encoding": "ascii"},
            "bitmap": {"encoding": "hex"},
            "fields": fields,
        }
    )
    made = [spec.message("0800", {at + 33: "1" for at in range(12) if bits >> at & 1}) for bits in range(1, 1500)]
    for bits, message in enumerate(made, start=1):
        assert list(message) == [at + 33 for at in range(12) if bits >> at & 1]
        assert spec.decode(spec.encode(message)) == message


def test_a_row_that_says_more_than_the_engine_knows_is_refused() -> None:
    row = spec_of("iso87-ascii").plan.rows[2]
    assert lowering._lowered(row)[1] == plan.TEXT
    for unknown in (
        row._replace(op=9),
        row._replace(prefix="ebcdic"),
        row._replace(heads={length: b"%02d" % (length + 2) for length in range(20)}),
        row._replace(heads=dict(row.heads) | {row.high + 1: b"20"}),  # type: ignore[call-overload]
        row._replace(step=3),
        row._replace(pattern=re.compile("(?:12)*")),
    ):
        assert lowering._lowered(unknown)[1] == lowering.REFUSED


@settings(max_examples=150)
@given(drawn=st.data())
def test_the_engine_does_what_the_walker_does_with_any_spec(drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data()))
    assert isinstance(spec.engine, type(spec_of("iso87-ascii").engine))
    message = drawn.draw(messages(spec))
    written = walker.encode(spec.plan, message.mti, dict(message.items()))
    among = spec.plan.third == plan.FIELD and any(number > 128 for number in message)
    for each in (message, Message(message.mti, dict(message.items()))):
        assert spec.engine.encode(each, spec) == (None if among else written)
    same_places(spec, message)
    same_reading(spec, written)
    changed = drawn.draw(mutated(written))
    same_reading(spec, changed)
    same_reading(spec, changed, strict=False)
    after = message.evolve(drawn.draw(fields_of(spec)))
    assert spec.decode(spec.encode(after)) == after

"""Masking, proved: a canary in every element and part of every spec that comes along, looked for in all that is said.

What a spec shows to everybody is no canary. All else is drawn at run time, and looked for as text and as hex of ASCII,
of EBCDIC and of packed digits, any seven digits or characters of it: in pages, JSON, errors, tracebacks and `repr`.
"""

from __future__ import annotations

import pickle
import random  # noqa: TID251 -- seeded: the same canaries in every run
import traceback
from collections.abc import Iterator

import msgspec
import pytest

from iso_gateway import Message, Spec, load_spec
from iso_gateway.catalog import load_profile
from iso_gateway.cli.place import caret
from iso_gateway.codec import mask
from iso_gateway.codec.describe import describe, summary, to_json
from iso_gateway.codec.field import Field
from iso_gateway.codec.parts.structure import Structure
from iso_gateway.errors import CannotRedact, DecodeError, EncodeError
from iso_gateway.inspect import explaining, showing
from iso_gateway.inspect.cards import Cards
from iso_gateway.inspect.differing import compare
from iso_gateway.inspect.leaves import leaves
from iso_gateway.inspect.redacting import Redactor
from tests.support.shipped import SHIPPED_SPECS

WINDOW = 7
"""Characters of a canary that must not stand together anywhere; of 64 that are drawn, no seven come about by chance."""
DRAWN = random.Random(8583)
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


def card() -> str:
    """Return a card number that is nobody's, of a range for tests, with its check digit."""
    start = "476173" + "".join(DRAWN.choices("123456789", k=9))
    return next(start + digit for digit in "0123456789" if mask.luhn(start + digit))


def canary(field: Field) -> str | bytes:
    """Return what can be told from all else among the values of *field*."""
    size = field.max if field.length == "fixed" else max(field.min, min(field.max, 40))
    if field.format == "b":
        return DRAWN.randbytes(size)
    if field.mask in {"pan", "scan"} and size >= 16:
        return card() if field.length != "fixed" else card().ljust(size, "0" if field.format == "n" else " ")
    if field.format == "xn":
        return "C" + "".join(DRAWN.choices("0123456789", k=size - 1))
    if field.format == "z":
        return (card() + "D4909201" + "".join(DRAWN.choices("0123456789", k=40)))[:size]
    alphabet = "0123456789" if field.format in {"n", "ns", "nibbles"} else LETTERS
    return "".join(DRAWN.choices(alphabet, k=size))


def shapes(value: str | bytes, policy: str) -> set[str]:
    """Return what of *value* must not be seen under *policy*, in any form, in small letters and without gaps."""
    if isinstance(value, bytes):
        texts, forms = [], [value]
    else:
        text = value.strip() if policy != "pan" else value
        text = text[:16] if policy in {"pan", "scan"} else text
        hidden = range(1, len(text) - WINDOW) if policy in {"pan", "scan"} else range(len(text) - WINDOW + 1)
        texts = [text[at : at + WINDOW] for at in hidden]
        forms = [form for each in texts for form in (each.encode("latin-1"), each.encode("cp500"))]
        return {each.lower() for each in texts} | {form.hex() for form in forms}
    return {form[at : at + 5].hex() for form in forms for at in range(len(form) - 4)}


def planted(spec: Spec) -> Iterator[tuple[str, Message, set[str]]]:
    """Yield a message for each element and part of *spec* that is not shown to everybody, and what is hidden in it."""
    mti = next(each for each in ("0200", "1200", "2200", min(spec.plan.mtis)) if each in spec.plan.mtis)
    for number, field in spec.fields.items():
        for path, each in [(str(number), field), *inside(str(number), field.inside)]:
            if number == 1 or each.mask == "none":
                continue
            value = canary(each)
            hidden = shapes(value, each.mask)
            try:
                message = spec.message(mti, {number if path == str(number) else path: value})
                spec.encode(message)
            except EncodeError:
                continue
            if hidden:
                yield path, message, hidden


def inside(path: str, structure: Structure | None) -> Iterator[tuple[str, Field]]:
    """Yield the parts that *structure* declares, however deep, with their paths."""
    if structure is None or path.count(".") > 2:
        return
    for part in structure.declared():
        if part.key:
            yield f"{path}.{part.key}", part.field
            yield from inside(f"{path}.{part.key}", structure.within(part.key))


def told(spec: Spec, message: Message) -> Iterator[tuple[str, str]]:
    """Yield all that people may see of *message*, and of what is left of it where it breaks off."""
    data = spec.encode(message)
    profile = load_profile(spec.profile) if spec.profile else None
    explained = explaining.explain(spec, data, profile)
    page = "".join(piece.text for line in showing.of_explained(explained, data) for piece in line)
    yield "explain", page
    yield "explain --json", str(msgspec.to_builtins(explained)) + repr(explained)
    yield "decode", describe(message) + str(to_json(message)) + summary(message)
    yield "repr", repr(message) + str(message)
    yield "leaves", str([leaf.shown for leaf in leaves(message)])
    yield "diff", repr(compare(message, spec.message(message.mti, {})))
    try:
        yield "redact", Redactor(Cards(b"k" * 32)).payload(spec, data).hex()
    except CannotRedact as error:
        yield "redact", "".join(traceback.format_exception(error))
    for broken in (data[:-1], data + b"\xff"):
        try:
            spec.decode(broken)
        except DecodeError as error:
            where = "\n".join(caret(spec, broken, error))
            yield "error", "".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + where
            fault = explaining.explain(spec, broken, profile)
            yield "explain broken", str(msgspec.to_builtins(fault))


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_no_canary_is_seen_in_anything_that_is_said(name: str) -> None:
    spec = load_spec(name)
    tried, found = 0, []
    for path, message, hidden in planted(spec):
        tried += 1
        for where, text in told(spec, message):
            squeezed = "".join(text.split()).lower()
            found += [(path, where, shape) for shape in hidden if shape in squeezed][:1]
    assert tried > 15
    assert found == []


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_unsafe_shows_what_is_looked_for(name: str) -> None:
    spec = load_spec(name)
    seen = 0
    for _, message, hidden in planted(spec):
        text = str(msgspec.to_builtins(explaining.explain(spec, spec.encode(message), unsafe=True)))
        seen += any(shape in "".join(text.split()).lower() for shape in hidden)
    assert seen > 10


def test_a_pickled_message_comes_back_whole_and_still_masked() -> None:
    spec = load_spec("iso87-ascii")
    pan = card()
    back = pickle.loads(pickle.dumps(spec.message("0200", {2: pan})))  # noqa: TID251 -- its own
    assert back[2] == pan
    assert pan not in repr(back)

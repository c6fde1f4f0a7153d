"""A pressed spec is the spec that it was pressed from, in all that a message meets."""

from __future__ import annotations

import marshal
from typing import Any

import pytest

from iso_gateway.catalog import loading, spec_names
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.lowering import lowered
from iso_gateway.codec.pressed import Pressed, spec_of
from iso_gateway.codec.pressing import press
from iso_gateway.codec.spec import Spec

PART = {"name": "part", "format": "n", "mask": "none"}
TEXT = PART | {"format": "ans", "size": 3}
BINARY = {"format": "b", "length": "LLLVAR", "prefix": "ascii", "max": 255, "mask": "all"}
KINDS: dict[str, Any] = {
    "positional": {1: TEXT, 2: PART | {"length": "LLVAR", "max": 9}},
    "layouts": {"layouts": [{"size": 3, "parts": {1: TEXT}}, {"size": 6, "parts": {1: TEXT, 2: TEXT}}]},
    "repeat": {"repeat": TEXT},
    "tagged": {"tagged": {"tag": {"size": 2}, "length": {"size": 2}, "tags": {"01": PART}, "order": "ltv"}},
    "bitmap": {"bitmap": {"size": 1, "parts": {3: TEXT}}},
}
IN_BYTES: dict[str, Any] = {
    "ber-tlv": {"ber-tlv": {"tags": {"9F26": {"name": "cryptogram", "format": "b", "mask": "all"}}}},
    "datasets": {"datasets": {"sets": {"71": {"name": "set", "format": "b", "mask": "all", "parts": "ber-tlv"}}}},
    "dbm": {"dbm": {"parts": {2: PART | {"size": 2, "encoding": "bcd"}}}},
}


def through(spec: Spec) -> Spec:
    """Return *spec* as it is after it was written and read."""
    said: Any = tuple(press(spec))
    return spec_of(Pressed(*marshal.loads(marshal.dumps(said, 4))))


def same(one: Spec, other: Spec) -> bool:
    """Say whether two specs are alike in all that they say, and in how they are lowered."""
    mine, theirs = (
        (
            *(each.name, each.title, each.version, each.profile, each.echo, each.source, each.presence),
            *(list(each.fields.items()), dict(each.plan.rows), each.plan.mtis, each.plan.mti_codec),
            *(each.plan.bitmap_form, each.plan.bitmap_fixed, each.plan.bitmap_size, each.plan.third, each.plan.packed),
            [tuple(row) for row in each.plan.lowered or lowered(each.plan)],
        )
        for each in (one, other)
    )
    return mine == theirs


def spec_with(inside: object, whole: dict[str, Any]) -> Spec:
    return build_spec(
        {
            "name": "one",
            "version": "1987",
            "mti": {"encoding": "ascii"},
            "bitmap": {"encoding": "binary"},
            "fields": {48: {"name": "whole"} | whole | {"parts": inside}},
        }
    )


@pytest.mark.parametrize("name", spec_names())
def test_a_shipped_spec_comes_out_as_it_went_in(name: str) -> None:
    spec = loading.shipped_spec(name)
    assert same(through(spec), spec)


@pytest.mark.parametrize("kind", [*KINDS, *IN_BYTES])
def test_so_does_every_way_to_cut_a_value(kind: str) -> None:
    text = BINARY | {"format": "ans"}
    spec = spec_with(KINDS[kind], text) if kind in KINDS else spec_with(IN_BYTES[kind], BINARY)
    made = through(spec)
    assert same(made, spec)
    assert parts(made) == parts(spec)


def parts(spec: Spec) -> list[Any]:
    """Return how the parts of DE 48 lie."""
    inside = spec.fields[48].inside
    assert inside is not None
    found = list(inside.declared())
    assert found or type(inside).__name__ == "Layouts"
    return [(each.key, each.field, each.row, each.rest, each.binary) for each in found]


def test_a_pressed_spec_reads_and_writes() -> None:
    spec = loading.shipped_spec("iso87-ascii")
    made = through(spec)
    data = spec.encode(spec.message("0200", {3: 0, 4: 1234, 11: 123, 41: "TERM0001", 55: {"9F26": "A1B2C3D4E5F60718"}}))
    message = made.decode(data)
    assert (message["55.9F26"], made.encode(message)) == (bytes.fromhex("A1B2C3D4E5F60718"), data)
    assert message == spec.decode(data)
    assert made.check(message) == spec.check(spec.decode(data)) != []


def test_what_is_not_known_is_not_pressed() -> None:
    spec = loading.shipped_spec("iso87-ascii")
    odd: Any = spec.fields[2]._replace(max=1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="max: float cannot be pressed"):
        press(
            Spec(
                **{name: getattr(spec, name) for name in ("name", "title", "version", "profile", "echo", "source")},
                plan=spec.plan,
                fields={2: odd},
            )
        )

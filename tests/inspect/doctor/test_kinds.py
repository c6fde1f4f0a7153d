"""All elements of a kind written otherwise: libraries have PIN block, ICC data and MAC raw among text, or in hex."""

from __future__ import annotations

from itertools import product

import pytest

from iso_gateway import load_spec
from iso_gateway.codec.spec import Spec
from iso_gateway.inspect.doctor.cuts import cut
from iso_gateway.inspect.doctor.edits import Edit, of_kinds
from iso_gateway.inspect.doctor.search import diagnose, edited, yaml_of
from iso_gateway.inspect.doctor.wraps import wraps

SPECS = [load_spec(name) for name in ("iso87-ascii", "iso87-binary", "iso87-ebcdic")]
SALE = {
    2: "4761739001010010", 3: 0, 4: 1234, 7: "1123040506", 11: 123, 12: "040506", 13: "1123", 22: "051", 25: "00",
    37: "632741735058", 41: "TERM0001", 42: "MERCHANT0000001", 49: "840",
}  # fmt: skip
BINARY = {
    52: bytes.fromhex("8CA64DE9C1B123A7"),
    55: bytes.fromhex("9F360200019F3704AABBCCDD9F2608C1A2B3D4E5F60718"),
    64: bytes.fromhex("A5D1F3C08B7712E4"),
}
SOME = [(52, 55, 64), (55,)]


def kinds(spec: Spec) -> list[Edit]:
    return list(of_kinds(spec.source["fields"]))


def written(name: str, kind: Edit, numbers: tuple[int, ...], bitmap: str) -> tuple[bytes, Spec]:
    """Return the sale with these binary elements, and the spec that wrote it."""
    base = load_spec(name)
    other = [Edit("bitmap", (("encoding", bitmap),), "")] if bitmap != base.source["bitmap"]["encoding"] else []
    spec = edited(base, [kind, *other])
    return spec.encode(spec.message("0200", SALE | {each: BINARY[each] for each in numbers})), spec


@pytest.mark.parametrize("numbers", SOME, ids=str)
@pytest.mark.parametrize(
    ("name", "bitmap"), [("iso87-ascii", "hex"), ("iso87-ascii", "binary"), ("iso87-binary", "hex")]
)
def test_binary_elements_the_other_way_round_are_one_edit(name: str, bitmap: str, numbers: tuple[int, ...]) -> None:
    kind = kinds(load_spec(name))[0]
    data, spec = written(name, kind, numbers, bitmap)
    best = diagnose(data, SPECS)[0]
    assert best.believed
    assert best.edits[0].words == kind.words
    assert len(best.edits) == 1 + (bitmap != load_spec(name).source["bitmap"]["encoding"])
    assert best.message.items() == spec.decode(data).items()
    end = cut(data, SPECS)
    assert end is None or end.worth < best.worth


def test_the_spec_to_paste_changes_all_of_them_and_loads(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("doctor") / "mine.yaml"
    for name in ("iso87-ascii", "iso87-binary", "iso87-ebcdic"):
        base = load_spec(name)
        for kind in kinds(base):
            data, spec = written(name, kind, (52, 55, 64), base.source["bitmap"]["encoding"])
            found = {fit.edits[0].words: fit for fit in diagnose(data, [base])}
            path.write_text(yaml_of(found[kind.words]))
            read = load_spec(path)
            assert read.decode(data).items() == spec.decode(data).items()
            assert {number: field.encoding for number, field in read.fields.items() if field.format == "b"} == (
                dict.fromkeys(kind.among, dict(kind.changes)["encoding"])
            )


def test_a_spec_that_is_right_is_left_alone() -> None:
    for name, numbers in product(("iso87-ascii", "iso87-binary"), SOME):
        spec = load_spec(name)
        data = spec.encode(spec.message("0200", SALE | {each: BINARY[each] for each in numbers}))
        assert diagnose(data, SPECS)[0].edits == ()


def test_no_header_is_longer_than_a_header_is_unless_it_says_so() -> None:
    text = b"0200" + bytes(60)
    assert {wrap.skipped for wrap in wraps(text) if not wrap.framing} == {*range(17)}
    visa = b"\x16\x01\x02" + bytes(60)
    assert {wrap.skipped for wrap in wraps(visa) if not wrap.framing} == {*range(17), 0x16}


def test_nothing_is_too_long_of_which_less_was_read_than_is_left() -> None:
    spec = load_spec("iso87-ascii")
    echo = spec.encode(spec.message("0800", {7: "1123040506", 11: 123, 12: "040506", 37: "632741000123", 70: "301"}))
    short, long = cut(echo + b"\xa7" * (len(echo) - 1), [spec]), cut(echo + b"\xa7" * (len(echo) + 1), [spec])
    assert short is not None
    assert (short.missing, long) == (False, None)

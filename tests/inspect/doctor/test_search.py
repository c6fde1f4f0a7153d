"""Which framing and spec bytes fit, and the smallest edit of a spec with which they do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.framing import Framing
from iso_gateway.inspect.doctor import search
from iso_gateway.inspect.doctor.cuts import cut
from iso_gateway.inspect.doctor.edits import Edit, of_field, of_the_whole
from iso_gateway.inspect.doctor.search import diagnose, edited, furthest, yaml_of

SPECS = [load_spec(name) for name in ("iso87-ascii", "iso87-binary", *spec_names())][:2]
ALL = [load_spec(name) for name in spec_names()]
ASCII, BINARY = SPECS
SALE = {
    2: "4761739001010010", 3: 0, 4: 1234, 7: "1123040506", 11: 123, 12: "040506", 13: "1123", 22: "051", 25: "00",
    32: "000001", 37: "632741735058", 41: "TERM0001", 42: "MERCHANT0000001", 43: "A SHOP IN VIENNA".ljust(40),
    48: "PRIVATE DATA OF SOME LENGTH", 49: "840", 55: bytes.fromhex("9F360200019F3704AABBCCDD"),
}  # fmt: skip


def changed(spec_name: str, *edits: Edit) -> bytes:
    """Return the sale as an edited spec writes it."""
    spec = edited(load_spec(spec_name), edits)
    return spec.encode(spec.message("0200", SALE))


def edit(path: str, **changes: str | None) -> Edit:
    return Edit(path, tuple(changes.items()), "")


@pytest.mark.parametrize(
    "framing", ["2be", "2le", "2bcd", "4be", "4be+tpdu", "4ascii", "2be-inclusive", "2be+tpdu", "2be+tpdu+cup"]
)
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_framing_and_spec_are_found(framing: str, spec: object) -> None:
    assert spec in SPECS
    ours = SPECS[SPECS.index(spec)]  # type: ignore[arg-type]
    sale = ours.encode(ours.message("0200", SALE))
    best = diagnose(Framing.parse(framing).frame(sale) * 2, ALL)[0]
    assert (best.wrap.framing, best.wrap.total, best.spec.name) == (framing, 2, ours.name)
    assert best.sense.share == 1.0


@pytest.mark.parametrize("framing", ["4be", "4be-inclusive", "4be+tpdu", "2be"])
@pytest.mark.parametrize("count", [1, 3])
def test_two_bytes_more_of_a_length_are_no_header_and_no_keep_alive(framing: str, count: int) -> None:
    chosen = Framing.parse(framing)
    fits = diagnose(chosen.frame(changed("iso87-ascii")) * count, SPECS)
    assert {fit.wrap.framing for fit in fits if fit.believed} == {framing}
    kept_alive = chosen.keepalive() + chosen.frame(changed("iso87-ascii")) * 3
    assert diagnose(kept_alive, SPECS)[0].wrap.framing == framing


@pytest.mark.parametrize("headers", ["tpdu", "cup", "tpdu+cup"])
def test_headers_are_known_without_the_length_before_them(headers: str) -> None:
    data = Framing.parse(f"2be+{headers}").frame(changed("iso87-binary"))[2:]
    best = diagnose(data, SPECS)[0]
    assert (best.wrap.words, best.edits) == (f"headers {headers} without the length before them", ())
    assert best.believed


@pytest.mark.parametrize("bitmap", ["hex-ebcdic", "hex"])
def test_a_bitmap_in_characters_is_found_in_a_message_in_ebcdic(bitmap: str) -> None:
    data = changed("iso87-ebcdic", edit("bitmap", encoding=bitmap))
    best = diagnose(data, [*SPECS, load_spec("iso87-ebcdic")])[0]
    assert [each.changes for each in best.edits] == [(("encoding", bitmap),)]
    assert best.message[43] == SALE[43]


def test_a_header_that_nobody_knows_is_counted() -> None:
    best = diagnose(b"ISO016000055" + changed("iso87-ascii"), SPECS)[0]
    assert (best.wrap.words, best.edits) == ("no frame and a header of 12 bytes", ())


@pytest.mark.parametrize(
    ("spec", "what", "words", "yaml"),
    [
        ("iso87-ascii", edit("fields.32", length="LLLVAR"), "DE 32: length LLLVAR instead of LLVAR",
         "fields:\n  32: {length: LLLVAR, max: 11}"),
        ("iso87-ascii", edit("fields.2", prefix="binary"), "DE 2: length in binary instead of ASCII",
         "fields:\n  2: {prefix: binary}"),
        ("iso87-ascii", edit("bitmap", encoding="binary"), "bitmap in binary instead of hex characters",
         "bitmap: {encoding: binary}"),
        ("iso87-binary", edit("fields.2", counts="bytes"), "DE 2: its length counts bytes instead of digits",
         "fields:\n  2: {counts: bytes}"),
        ("iso87-binary", edit("fields.4", encoding="ascii"), "DE 4: in ASCII instead of BCD",
         "fields:\n  4: {encoding: ascii}"),
        ("iso87-binary", edit("fields.37", encoding="cp500"), "DE 37: in EBCDIC instead of ASCII",
         "fields:\n  37: {encoding: cp500}"),
        ("iso87-binary", edit("fields.55", length="LLVAR", max="99"), "DE 55: length LLVAR instead of LLLVAR",
         "fields:\n  55: {length: LLVAR, max: 99}"),
        ("iso87-ascii", edit("fields.43", max="36", min=None), "DE 43: 36 instead of 40 long",
         "fields:\n  43: {max: 36}"),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
)  # fmt: skip
def test_the_smallest_edit_is_found(
    spec: str, what: Edit, words: str, yaml: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SALE, 43, "A SHOP IN VIENNA".ljust(36 if "43" in what.path else 40))
    data = changed(spec, what)
    fits = diagnose(data, [load_spec(spec)])
    found = {fit.edits[0].words: fit for fit in fits if len(fit.edits) == 1}
    assert words in found
    assert found[words].rank[:3] == fits[0].rank[:3]
    made = yaml_of(found[words])
    assert made == f"base: {spec}\nname: {spec}-edited\n{yaml}"


def test_the_spec_that_is_printed_reads_the_bytes(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = changed("iso87-ascii", edit("fields.32", length="LLLVAR"))
    path = tmp_path_factory.mktemp("doctor") / "mine.yaml"
    path.write_text(yaml_of(diagnose(data, SPECS)[0]))
    assert load_spec(path).decode(data)[32] == "000001"


def test_two_edits_are_found_where_one_is_not_enough() -> None:
    data = changed("iso87-ascii", edit("fields.2", prefix="bcd"), edit("fields.48", prefix="binary"))
    words = {tuple(sorted(each.words for each in fit.edits)) for fit in diagnose(data, [ASCII])}
    assert ("DE 2: length in BCD instead of ASCII", "DE 48: length in binary instead of ASCII") in words


def test_a_field_that_the_spec_does_not_have() -> None:
    data = changed(
        "iso87-ascii",
    )
    spec = edited(ASCII, ())
    without = {key: each for key, each in spec.source["fields"].items() if key != "48"}
    echo = [each for each in spec.source["echo"] if each != "48"]
    poor = load_spec({**spec.source, "fields": without, "echo": echo, "name": "poor"})
    best = diagnose(data, [poor])[0]
    assert best.edits[0].words.startswith("DE 48: is there, ")


def test_a_card_number_that_the_spec_does_not_have_may_turn_out_to_be_letters() -> None:
    source = load_spec("iso87-ascii").source
    without = {number: data for number, data in source["fields"].items() if number != "2"}
    spec = load_spec({**source, "fields": without, "echo": [], "presence": {}})
    data = b"0200C000000000000000" + b"020000" + b"TERM0001SHOPABC"
    assert not [fit for fit in diagnose(data, [spec]) if fit.believed and not fit.edits]


def test_nothing_fits_nonsense_and_the_furthest_is_told() -> None:
    assert diagnose(b"nothing of this is any message at all", ALL) == []
    broken = changed("iso87-ascii")[:-9]
    end = cut(broken, [ASCII])
    assert end is not None
    assert end.worth > max(fit.worth for fit in diagnose(broken, [ASCII]))
    found = furthest(broken, SPECS)
    assert found is not None
    wrap, spec, error = found
    assert (wrap.words, spec.name, error.field) == ("no frame", "iso87-ascii", "55")


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: changed("iso87-binary")[:40] + tail))
def test_any_bytes_are_taken(data: bytes) -> None:
    reads = search.READS
    search.READS = 2_000  # type: ignore[misc]
    try:
        for fit in diagnose(data, SPECS):
            assert fit.wrap.payloads
        end = cut(data, SPECS)
        assert end is None or end.sense.share
    finally:
        search.READS = reads  # type: ignore[misc]


def test_every_edit_is_of_a_known_key() -> None:
    for spec in ALL:
        for number, data in spec.source["fields"].items():
            for each in of_field(int(number), data, "ascii"):
                assert each.number == int(number)
                assert {key for key, _ in each.changes} <= {
                    *(
                        "length",
                        "max",
                        "min",
                        "prefix",
                        "prefix_bytes",
                        "counts",
                        "inclusive",
                        "encoding",
                        "pad",
                        "format",
                    ),
                }
        assert all(each.number == 0 for each in of_the_whole(spec.source))

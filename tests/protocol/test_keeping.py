"""Dialects as the journal keeps them."""

from __future__ import annotations

import pytest

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.keeping import hash_of, packed, unpacked
from tests.support.desk import PAN, dialect

NAMES = ["iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos"]


@pytest.mark.parametrize("name", NAMES)
def test_a_kept_dialect_says_the_same_in_the_same_bytes(name: str) -> None:
    ours = dialect(name)
    kept = unpacked(ours.data)
    assert kept is not None
    assert (kept.data, kept.hash) == (ours.data, ours.hash)
    message = ours.spec.message(
        ours.profile.kinds[0].mti, {2: PAN, 3: "000000", 4: "1234", 11: "000001", 41: "TERM0001"}
    )
    assert kept.spec.encode(message) == ours.spec.encode(message)
    assert kept.profile.kinds == ours.profile.kinds


def test_equal_dialects_have_one_hash_and_each_change_has_another() -> None:
    spec, profile = load_spec("iso87-ascii"), load_profile("iso87")
    ours = dialect("iso87-ascii")
    assert Dialect(spec, profile).hash == ours.hash
    rules = load_profile("cup-pos")
    field = {**spec.source["fields"]["43"], "max": "41"}
    longer = {**spec.source, "fields": {**spec.source["fields"], "43": field}}
    hashes = {ours.hash, Dialect(spec, rules).hash, hash_of(packed(longer, profile)), dialect("iso87-ebcdic").hash}
    assert len(hashes) == 4


def test_the_order_in_which_a_file_says_things_is_no_change() -> None:
    ours = dialect("iso87-ascii")
    turned = dict(reversed(list(ours.spec.source.items())))
    assert hash_of(packed(turned, ours.profile)) == ours.hash


@pytest.mark.parametrize("data", [b"", b"{}", b'{"profile": {}, "spec": {}}', b"\xff"])
def test_what_cannot_be_read_any_more_is_no_dialect(data: bytes) -> None:
    assert unpacked(data) is None

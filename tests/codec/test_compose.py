"""Paths, and what of a message's kept bytes outlives a change."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway import EncodeError, load_spec
from iso_gateway.codec import compose


@pytest.mark.parametrize(
    ("key", "number", "inside"), [(4, 4, ""), ("4", 4, ""), ("55.9F26", 55, "9F26"), ("60.2", 60, "2"), ("60.", 60, "")]
)
def test_a_path_names_an_element_and_a_part(key: int | str, number: int, inside: str) -> None:
    assert compose.path(key) == (number, inside)


@pytest.mark.parametrize("key", ["", "x", ".2", "-4", "４", "4444", "9" * 5000, (1, 2), None, 4.0])
def test_what_names_nothing_is_a_key_error(key: Any) -> None:
    with pytest.raises(KeyError):
        compose.path(key)


def test_kept_bytes_outlive_what_does_not_touch_them() -> None:
    fields: dict[int, str | bytes] = {2: "1", 3: "2"}
    kept = {0: b"bitmap", 2: b"two"}
    assert compose.changed(None, fields, kept, {3: "9"}) == ({2: "1", 3: "9"}, kept)
    assert compose.changed(None, fields, kept, {2: "1"})[1] == kept
    assert compose.changed(None, fields, kept, {2: "9"})[1] == {0: b"bitmap"}
    assert compose.changed(None, fields, kept, {4: "9"})[1] == {2: b"two"}
    assert compose.changed(None, fields, kept, {2: None})[1] is None
    assert compose.changed(None, fields, None, {4: "9"})[1] is None


@pytest.mark.parametrize("changes", [{11: 10**5000}, {32: 10**5000}, {(1, 2): "3"}, {None: "3"}])
def test_what_cannot_be_carried_is_an_encode_error_whatever_it_is(changes: dict[Any, Any]) -> None:
    spec = load_spec("iso87-ascii")
    with pytest.raises(EncodeError):
        spec.message("0200", changes)
    with pytest.raises(EncodeError):
        spec.message("0200", {}).evolve(changes)

"""A spec has the rules of presence of the profile that it names."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.errors import SpecError

RULE = "presence:\n  card:\n    require: [2]\n    reason: names the card\n"


def profile(folder: Path, text: str) -> Path:
    path = folder / "ours.yaml"
    path.write_text("name: ours\ntitle: ours\nbase: iso87\n" + text)
    return path


def spec(folder: Path, text: str) -> Path:
    path = folder / "own.yaml"
    path.write_text("name: own\nbase: iso87-ascii\n" + text)
    return path


def complaints(path: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    return str(caught.value).splitlines()


def test_a_shipped_spec_has_the_rules_of_its_profile() -> None:
    assert load_spec("iso87-ascii").presence == load_profile("iso87").presence
    assert len(load_profile("iso87").presence) > 20
    given = load_spec({**load_spec("iso93-ascii").source, "name": "mine"})
    assert given.presence == load_profile("iso93").presence


def test_a_spec_without_a_profile_has_its_own_rules_or_none(tmp_path: Path) -> None:
    assert load_spec(spec(tmp_path, "profile: absent\n")).presence == {}
    own = load_spec(spec(tmp_path, "profile: absent\n" + RULE))
    assert [each.path for each in own.check(own.message("0200", {}))] == ["2"]


def test_a_profile_is_a_file_beside_the_spec(tmp_path: Path) -> None:
    profile(tmp_path, RULE)
    own = load_spec(spec(tmp_path, "profile: ours.yaml\n"))
    assert list(own.presence) == [*load_profile("iso87").presence]  # its own "card" stands where that of iso87 stood
    assert own.presence["card"].require == ("2",)
    assert load_profile(own.profile).name == "ours"
    again = pickle.loads(pickle.dumps(own))  # noqa: TID251 -- our own bytes
    assert again.presence == own.presence


def test_a_spec_changes_the_rules_of_its_profile(tmp_path: Path) -> None:
    own = load_spec(spec(tmp_path, "presence:\n  card: absent\n  acceptor: {require: [41]}\n"))
    assert "card" not in own.presence
    assert own.presence["acceptor"].require == ("41",)
    assert own.presence["acceptor"].reason == load_spec("iso87-ascii").presence["acceptor"].reason


def test_a_profile_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    own = spec(tmp_path, "profile: iso78\necho: [1]\n")
    lines = complaints(own)
    assert lines[0].startswith(f"{own}:3: profile: no profile of this name is shipped, did you mean 'iso87'?")
    assert lines[1:] == [f"{own}:4: echo.0: no field of this spec"]
    own = spec(tmp_path, "profile: gone.yaml\n")
    assert complaints(own) == [f"{tmp_path / 'gone.yaml'}: cannot be read: No such file or directory"]


def test_a_fault_of_a_rule_is_told_in_the_file_that_has_it(tmp_path: Path) -> None:
    ours = profile(tmp_path, RULE + "  pan: {require: [two], reason: x}\n")
    own = spec(tmp_path, "profile: ours.yaml\nfields: {3: {max: six}}\n")
    assert complaints(own) == [
        f"{own}:4: fields.3.max: expected a whole number from 1 to 999999",
        f'{ours}:8: presence.pan.require.0: expected an element such as 55, or several: "2|35"',
    ]
    ours.write_text(ours.read_text().replace("[two]", "[2]"))
    own = spec(tmp_path, "profile: ours.yaml\npresence:\n  pan: {requires: [2]}\n  pin: absent\n  cart: absent\n")
    assert complaints(own) == [
        f"{own}:5: presence.pan.requires: unknown key",
        f"{own}:6: presence.pin: is to be left out, but no base has such a key, did you mean 'pan'?",
        f"{own}:7: presence.cart: is to be left out, but no base has such a key, did you mean 'card'?",
    ]

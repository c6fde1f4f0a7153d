"""The shipped folders are found, beside the package or inside it."""

from __future__ import annotations

from iso_gateway.resources import folder


def test_the_specs_are_found() -> None:
    assert "iso87-ascii.yaml" in {entry.name for entry in folder("specs").iterdir()}


def test_the_profiles_are_found_below_the_specs() -> None:
    assert (folder("specs") / "profiles" / "iso87.yaml").is_file()

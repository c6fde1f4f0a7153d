"""A pressed spec counts while it is true, and not a moment longer."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from iso_gateway import resources
from iso_gateway.catalog import load_spec, loading, pressed, pressing, profile_names, shelf

NAME = "nibss-pos"
"""It has bases, and so has its profile."""
SOURCES = {"nibss-pos.yaml", "iso87-ascii.yaml", "profiles/nibss-pos.yaml", "profiles/iso87.yaml"}


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of specs like ours, and one for what is pressed from them."""
    there = tmp_path / "specs"
    shutil.copytree(resources.folder("specs"), there)
    monkeypatch.setattr(resources, "where", lambda _name: str(there))
    monkeypatch.setattr(pressed, "FOLDER", str(tmp_path / "pressed"))
    return there


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """No spec that was read before is handed out."""
    monkeypatch.setattr(shelf, "_shipped_spec", shelf._shipped_spec.__wrapped__)


def write(*, code: bool = False) -> Path:
    """Press one spec and return the file."""
    folder = Path(pressed.FOLDER)
    folder.mkdir(exist_ok=True)
    file = folder / pressed.file("spec", NAME)
    file.write_bytes(pressed.packed(pressing.spec(NAME, code=code)))
    return file


@pytest.mark.usefixtures("specs")
def test_it_is_the_spec_that_its_sources_say() -> None:
    write()
    made = pressed.spec(NAME)
    assert made == loading.shipped_spec(NAME)
    assert {each for each, _, _ in pressing.spec(NAME, code=False).sources} == SOURCES


@pytest.mark.parametrize("path", sorted(SOURCES))
def test_a_changed_source_makes_it_stale(specs: Path, path: str) -> None:
    write()
    text = (specs / path).read_text()
    (specs / path).write_text(text.replace("title: ", "title: X", 1))
    assert pressed.spec(NAME) is None
    (specs / path).write_text(text)
    assert pressed.spec(NAME) is not None
    (specs / path).unlink()
    assert pressed.spec(NAME) is None


@pytest.mark.usefixtures("unread")
def test_what_is_edited_is_what_is_loaded(specs: Path) -> None:
    write()
    file = specs / f"{NAME}.yaml"
    file.write_text(file.read_text().replace("title: ", "title: edited ", 1))
    assert load_spec(NAME).title.startswith("edited ")


@pytest.mark.usefixtures("specs", "unread")
def test_what_is_pressed_is_what_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    monkeypatch.setattr(loading, "shipped_spec", lambda name: pytest.fail(f"{name} was read"))
    assert load_spec(NAME).name == NAME


@pytest.mark.usefixtures("specs")
def test_of_a_checkout_a_changed_module_makes_it_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    write(code=True)
    assert pressed.spec(NAME) is not None
    judged_by = {path for path, _, _ in pressing.spec(NAME, code=True).code}
    assert {"codec/rules.py", "codec/lowering.py", "catalog/bases.py", "settings/reader.py"} <= judged_by
    true = os.stat

    def touched(path: str) -> object:
        """Say of one module that it was changed a moment later."""
        known = true(path)
        return known if not path.endswith("codec/rules.py") else os.stat_result((*known[:8], known[8] + 1, known[9]))

    monkeypatch.setattr(os, "stat", touched)
    assert pressed.spec(NAME) is None


@pytest.mark.usefixtures("specs")
@pytest.mark.parametrize("spoilt", [b"", b"x", b"iso_gateway pressed 0 00000000\n"])
def test_what_is_no_such_file_says_nothing(spoilt: bytes) -> None:
    file = write()
    whole = file.read_bytes()
    for content in (spoilt, whole[:-1], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], whole + b"\0"):
        file.write_bytes(content)
        assert pressed.spec(NAME) is None


@pytest.mark.usefixtures("specs")
@pytest.mark.parametrize("name", ["", "unheard-of", "\0", "x" * 300])
def test_no_spec_of_that_name_was_pressed(name: str) -> None:
    write()
    assert pressed.spec(name) is None


def test_in_place_what_is_current_is_left_alone(specs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pressed"
    names = pressing.write(folder, code=True)
    files = [pressed.file("spec", path.stem) for path in sorted(specs.glob("*.yaml"))]
    files += [pressed.file("profile", path.stem) for path in sorted((specs / "profiles").glob("*.yaml"))]
    assert names == files
    assert pressing.write(folder, code=True) == []
    (specs / "cup-pos.yaml").write_bytes((specs / "cup-pos.yaml").read_bytes() + b"# edited\n")
    assert pressing.write(folder, code=True) == ["spec.cup-pos.pressed"]
    assert sorted(file.name for file in folder.iterdir()) == sorted(files)


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_comes_out_as_it_went_in(specs: Path, name: str) -> None:
    Path(pressed.FOLDER).mkdir()
    Path(pressed.FOLDER, pressed.file("profile", name)).write_bytes(pressed.packed(pressing.profile(name, code=False)))
    assert pressed.profile(name) == loading.shipped_profile(name)
    file = specs / "profiles" / f"{name}.yaml"
    file.write_text(file.read_text() + "# edited\n")
    assert pressed.profile(name) is None

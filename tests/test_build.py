"""The build of the compiled engine: what it writes, what it leaves alone, and what it says where it cannot."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hatch_build
from iso_gateway.catalog import profile_names, spec_names

FOREIGN = ("_engine.cpython-399-x86_64-linux-gnu.so", "_engine.pypy311-pp73-x86_64-linux-gnu.so", "_other.so")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The codec's folder of a checkout, with the engines of other environments in it."""
    monkeypatch.setattr(hatch_build, "FOLDER", tmp_path)
    monkeypatch.setattr(hatch_build, "ASKED", "")
    monkeypatch.setattr(hatch_build, "press", lambda _scratch: [])
    for name in FOREIGN:
        (tmp_path / name).write_text("theirs")
    return tmp_path


def compiler(checksum: str = hatch_build.CHECKSUM) -> Callable[[Path], Path]:
    """Return what compiles: a file with the checksum in it."""

    def compile_engine(scratch: Path) -> Path:
        made = scratch / hatch_build.NAME
        made.write_bytes(b"\x7fELF..." + checksum.encode())
        return made

    return compile_engine


def fails(scratch: Path) -> Path:
    """Compile nothing, as where there is no compiler."""
    raise OSError(f"command 'cc' failed in {scratch.name}")


def initialized(version: str) -> tuple[dict[str, Any], list[str]]:
    """Return what the hook has a wheel of *version* made of, and what it warned of."""
    hook: Any = object.__new__(hatch_build.EngineHook)
    warned: list[str] = []
    hook._BuildHookInterface__app = SimpleNamespace(display_warning=warned.append)
    data: dict[str, Any] = {"force_include": {}, "pure_python": True, "infer_tag": False}
    hook.initialize(version, data)
    hook.finalize(version, data, "the wheel")
    return data, warned


def test_what_is_current_is_not_built_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "compile_engine", compiler())
    assert hatch_build.build_in_place()
    assert not hatch_build.build_in_place()
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FOREIGN, hatch_build.NAME])


def test_what_is_stale_is_built_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / hatch_build.NAME).write_bytes(b"\x7fELF...00000000-7")
    monkeypatch.setattr(hatch_build, "compile_engine", compiler())
    assert hatch_build.build_in_place()
    assert hatch_build.CHECKSUM.encode() in (folder / hatch_build.NAME).read_bytes()


@pytest.mark.parametrize("version", ["editable", "standard"])
def test_without_a_compiler_nothing_is_deleted_and_the_wheel_is_pure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    (folder / hatch_build.NAME).write_text("ours, of last week")
    monkeypatch.setattr(hatch_build, "compile_engine", fails)
    data, warned = initialized(version)
    assert data == {"force_include": {}, "pure_python": True, "infer_tag": False}
    assert len(warned) == 1
    assert "without the compiled engine, OSError: command 'cc' failed" in warned[0]
    assert {path.name for path in folder.iterdir()} == {*FOREIGN, hatch_build.NAME}
    assert all((folder / name).read_text() == "theirs" for name in FOREIGN)


@pytest.mark.parametrize("version", ["editable", "standard"])
def test_without_a_compiler_an_engine_that_was_asked_for_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(hatch_build, "compile_engine", fails)
    monkeypatch.setattr(hatch_build, "ASKED", "compiled")
    with pytest.raises(OSError, match="'cc' failed"):
        initialized(version)
    assert {path.name for path in folder.iterdir()} == {*FOREIGN}


def test_a_wheel_has_the_engine_that_its_own_build_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / hatch_build.NAME).write_text("ours, of last week")
    monkeypatch.setattr(hatch_build, "compile_engine", compiler())
    data, _ = initialized("standard")
    assert list(data["force_include"].values()) == [f"iso_gateway/codec/{hatch_build.NAME}"]
    assert folder not in Path(next(iter(data["force_include"]))).parents
    assert (data["pure_python"], data["infer_tag"]) == (False, True)


def test_an_editable_install_builds_in_place_and_packs_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "compile_engine", compiler())
    data, _ = initialized("editable")
    assert data == {"force_include": {}, "pure_python": True, "infer_tag": False}
    assert (folder / hatch_build.NAME).exists()


def pressed(scratch: Path | None) -> list[Path]:
    """Press one spec."""
    return [] if scratch is None else [scratch / "shipped" / "one.pressed"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("asked", ["", "reference"])
def test_a_wheel_has_the_specs_that_its_own_build_pressed(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setattr(hatch_build, "ASKED", asked)
    monkeypatch.setattr(hatch_build, "compile_engine", fails)
    monkeypatch.setattr(hatch_build, "press", pressed)
    data, _ = initialized("standard")
    assert list(data["force_include"].values()) == ["iso_gateway/catalog/shipped/one.pressed"]
    assert (data["pure_python"], data["infer_tag"]) == (True, False)
    assert initialized("editable")[0]["force_include"] == {}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("version", ["editable", "standard"])
def test_where_specs_cannot_be_pressed_the_sources_will_do(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    def breaks(_scratch: Path | None) -> list[Path]:
        raise subprocess.CalledProcessError(1, "python")

    monkeypatch.setattr(hatch_build, "ASKED", "reference")
    monkeypatch.setattr(hatch_build, "press", breaks)
    data, (warned,) = initialized(version)
    assert data["force_include"] == {}
    assert "without pressed specs, CalledProcessError" in warned


def test_the_specs_are_pressed_by_a_process_of_its_own(tmp_path: Path) -> None:
    files = hatch_build.press(tmp_path)
    names = {f"spec.{name}.pressed" for name in spec_names()} | {f"profile.{name}.pressed" for name in profile_names()}
    assert {file.name for file in files} == names
    assert all(b"rules.py" not in file.read_bytes() for file in files)  # the code of a wheel does not change


def test_who_asks_for_the_reference_waits_for_no_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "ASKED", "reference")
    monkeypatch.setattr(hatch_build, "compile_engine", fails)
    assert initialized("editable")[1] == []
    assert {path.name for path in folder.iterdir()} == {*FOREIGN}

"""Every command of docs/testing-terminals.md does and prints what the page says; `tests.support.tours` tells how."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.tours import Section, Step, Tour, alike, environment_of, sections

PAGE = Path(__file__).resolve().parent.parent / "docs" / "testing-terminals.md"
SECTIONS = sections(PAGE.read_text())


@pytest.mark.parametrize("section", SECTIONS, ids=[section.title for section in SECTIONS])
def test_a_section_of_the_tour(section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = environment_of(tmp_path)
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME", "COLUMNS"):
        monkeypatch.setenv(name, environment[name])
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    tour = Tour(folder, environment)
    try:
        for step in section.steps:
            tour.take(step)
    finally:
        tour.end()


def test_no_command_of_the_page_is_left_out() -> None:
    commands = [step for section in SECTIONS for step in section.steps if isinstance(step, Step)]
    assert len(commands) == PAGE.read_text().count("\n$ ")
    assert commands


@pytest.mark.parametrize(
    ("expected", "printed", "is_alike"),
    [
        ("", "anything", True),
        ("a b", "a b  \n", True),
        ("a ... c", "a b c\n", True),
        ("a ... c", "a\nc\n", False),
        ("a\n...\nc", "a\nb\nb\nc\n", True),
        ("a\n...\nc", "a\nc\n", True),
        ("a", "a\nb\n", False),
        ("a.c", "abc\n", False),
    ],
)
def test_what_is_printed_is_compared(expected: str, printed: str, is_alike: bool) -> None:  # noqa: FBT001
    assert alike(expected, printed) is is_alike

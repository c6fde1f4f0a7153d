"""Every command of the tours does and prints what their pages say; `tests.support.tours` tells how."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.tours import Section, Step, Tour, alike, environment_of, sections

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = {name: (DOCS / name).read_text() for name in ("testing-terminals.md", "codec.md")}
SECTIONS = [section for page in PAGES.values() for section in sections(page)]


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
    for page in PAGES.values():
        commands = [step for section in sections(page) for step in section.steps if isinstance(step, Step)]
        assert len(commands) == page.count("\n$ ")
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

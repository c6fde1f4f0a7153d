"""What the code calls a ruling or a section of flows stands in docs/flows.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = (ROOT / "docs" / "flows.md").read_text("utf-8")
CITED: Final = re.compile(r"\b[Rr]ulings? ((?:\d+(?:, | and | to )?)+)|\bflows (2\.\d)")


def cited() -> dict[str, set[str]]:
    """Return what is cited, and where."""
    found: dict[str, set[str]] = {}
    folders = ("iso_gateway", "specs", "docs")
    for path in (
        each for folder in folders for each in (ROOT / folder).rglob("*") if each.suffix in {".py", ".yaml", ".md"}
    ):
        for match in CITED.finditer(path.read_text("utf-8")):
            for name in (
                [f"flows {match[2]}"] if match[2] else [f"ruling {each}" for each in re.findall(r"\d+", match[1])]
            ):
                found.setdefault(name, set()).add(path.name)
    return found


def test_whatever_is_cited_can_be_looked_up() -> None:
    told = {f"ruling {number}" for number in re.findall(r"^(\d+)\. \*\*", PAGE, re.MULTILINE)}
    told |= {f"flows {section}" for section in re.findall(r"^\| (2\.\d) \|", PAGE, re.MULTILINE)}
    places = cited()
    assert len(places) > 25
    assert {name: places[name] for name in places.keys() - told} == {}

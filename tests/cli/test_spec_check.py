"""``spec check`` tells of each rule by its example, which docs/specs.md has too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iso_gateway.inspect import lint_rules
from tests.cli.conftest import Call

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("row", lint_rules.rules(), ids=lambda row: row["id"])
def test_the_example_of_a_rule_breaks_it_alone_and_is_in_the_docs(
    row: dict[str, str], tmp_path: Path, iso_gateway: Call
) -> None:
    path = tmp_path / "mine.yaml"
    first = "" if row["example"].startswith("base") else "base: iso87-ascii\n"
    path.write_text(f"{first}name: mine\n{row['example']}\n")
    done = iso_gateway("spec", "check", str(path), "--json")
    assert done.exit_code == {"error": 2, "warning": 1}[row["level"]]
    told = json.loads(done.stdout)["findings"]
    assert {(each["rule"], each["level"]) for each in told} == {(row["id"], row["level"])}
    assert all(each["line"] for each in told)
    # What was taken out is missing in the base's table; all else is wrong where it stands.
    assert (told[0]["file"] == str(path)) == ("absent" not in row["example"])
    docs = (ROOT / "docs/specs.md").read_text(encoding="utf-8")
    assert f"| `{row['id']}` | {row['level']} | {row['why']} | `{row['example']}` |" in docs

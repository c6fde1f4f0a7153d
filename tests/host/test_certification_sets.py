"""Certification sets: what is shipped says all that a tester needs; each fault of one's own is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from iso_gateway.catalog import load_spec
from iso_gateway.errors import ConfigError
from iso_gateway.host.judging.sets import certification_set, set_names, shape_of

OWN = """name: ours
title: Our terminals
profile: iso87
spec: iso87-ascii
checks: [sign-on-frist]
cases:
  - id: sale
    text: a sale
    source: ours
    do: a sale
    after: {kind: sale, answered: quiet}
  - id: sale
    text: another
    source: ours
    do: a sale
    after: {4711: present}
"""


@pytest.mark.parametrize("name", set_names())
def test_a_shipped_set_tells_what_to_do_and_where_it_is_said(name: str) -> None:
    shape, _ = shape_of(name)
    chosen = certification_set(name, load_spec(shape.spec))
    assert len(chosen.cases) == len(shape.cases) > 20
    assert all(case.rule.text and case.do and case.source.startswith(("flows", "ruling")) for case in chosen.cases)


def test_every_fault_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(OWN)
    with pytest.raises(ConfigError) as caught:
        certification_set(str(path), load_spec("iso87-ascii"))
    assert [(each.line, each.path) for each in caught.value.problems] == [
        (5, "checks"),
        (11, "cases.0.after.answered"),
        (12, "cases.1.id"),
        (16, "cases.1.after.4711"),
    ]


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("name: ours\ncases: [{id: sale, doo: nothing}]\n")
    with pytest.raises(ConfigError) as caught:
        certification_set(str(path), load_spec("iso87-ascii"))
    assert {"title", "profile", "cases.0.doo"} <= {each.path for each in caught.value.problems}


def test_a_set_is_for_one_dialect() -> None:
    with pytest.raises(ConfigError, match="this set is for cup-pos"):
        certification_set("cup-pos", load_spec("iso87-ascii"))


def test_a_set_that_is_not_shipped() -> None:
    with pytest.raises(ConfigError, match="did you mean 'iso87'"):
        certification_set("iso78", load_spec("iso87-ascii"))

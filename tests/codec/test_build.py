"""A spec's data: every fault at once, each with its path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.message import ECHO
from iso_gateway.errors import SpecError

Data = Callable[[str], dict[str, Any]]


def test_the_spec_has_what_the_data_says(data: Data) -> None:
    spec = build_spec({**data("chars"), "title": "Small", "profile": "iso87"})
    assert (spec.name, spec.title, spec.version, spec.profile) == ("small-ascii", "Small", "1987", "iso87")
    assert list(spec.fields) == [2, 3, 4, 11, 28, 35, 38, 39, 41, 48, 49, 52, 55, 60, 70]
    assert spec.echo == (2, 3, 4, 11)
    assert build_spec(data("packed")).echo == ECHO


def test_scalars_may_be_text_or_what_they_are(data: Data) -> None:
    typed = data("chars")
    typed["fields"] = {int(key): {**row, "max": int(row["max"])} for key, row in typed["fields"].items()}
    typed["version"] = 1987
    typed["echo"] = [2, 3, 4, 11]
    assert build_spec(typed) == build_spec(data("chars"))


def test_the_data_stays_the_callers(data: Data) -> None:
    ours = data("chars")
    spec = build_spec(ours)
    assert ours == data("chars")
    ours["fields"].clear()
    assert build_spec(spec.source) == spec
    with pytest.raises(TypeError):
        spec.fields[5] = spec.fields[2]  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"version": "1990"}, "version", "expected"),
        ({"mti": {"encoding": "hex"}}, "mti.encoding", "expected"),
        ({"bitmap": {}}, "bitmap.encoding", "is missing"),
        ({"nmae": "x"}, "nmae", "unknown key"),
        ({"echo": ["2", "99"]}, "echo.1", "no field of this spec"),
        ({"fields": {"0": {}}}, "fields.0", "from 1 to 192"),
        ({"fields": {"x": {}}}, "fields.x", "from 1 to 192"),
        ({"fields": []}, "fields", "expected"),
    ],
)
def test_a_fault_has_its_path(data: Data, changes: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        build_spec({**data("chars"), **changes})
    assert [problem.path for problem in caught.value.problems if message in problem.message][:1] == [path]


def test_what_the_bitmap_cannot_name_is_told_beside_other_faults(data: Data) -> None:
    ours = data("chars")
    ours["fields"]["65"] = ours["fields"]["130"] = ours["fields"]["3"]
    ours["mti"]["encoding"] = "cp50"
    ours["fields"]["2"]["prefix"] = "cp50"
    with pytest.raises(SpecError) as caught:
        build_spec(ours)
    told = {problem.path: problem.message for problem in caught.value.problems}
    assert set(told) == {"mti.encoding", "fields.2.prefix", "fields.65", "fields.130"}
    assert told["fields.2.prefix"].startswith("expected one of ascii, bcd")
    assert "did you mean 'cp500'?" in told["mti.encoding"]


def test_faults_of_several_fields_come_together(data: Data) -> None:
    ours = data("chars")
    ours["fields"]["2"]["prefix"] = ""
    ours["fields"]["4"]["encoding"] = "hex"
    ours["fields"]["60"]["parts"]["3"]["size"] = "99"
    ours["echo"] = ["5"]
    with pytest.raises(SpecError) as caught:
        build_spec(ours)
    assert [problem.path for problem in caught.value.problems] == [
        "fields.2.prefix",
        "fields.4.encoding",
        "fields.60.parts",
        "echo.0",
    ]

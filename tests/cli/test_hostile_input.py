"""Anything at all is given to the commands that look at messages: they say what they understood, and never break."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iso_gateway import load_spec
from tests.cli.conftest import Call

VERBS = ("decode", "explain", "doctor", "redact", "diff")
SPEC = load_spec("iso87-ascii")
SALE = SPEC.encode(SPEC.message("0200", {2: "4761739001010010", 3: 0, 4: 1234, 11: 123, 41: "TERM0001"}))


def called(iso_gateway: Call, verb: str, given: bytes) -> tuple[int, str]:
    """Return the exit code and the output of *verb*, which takes *given* from stdin."""
    others = [SALE.hex()] if verb == "diff" else []
    done = iso_gateway(verb, "-", *others, given=given)
    return done.exit_code, done.output


@pytest.mark.parametrize("verb", VERBS)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=120) | st.text(max_size=60).map(str.encode), cut=st.integers(0, len(SALE)))
@example(junk=b"", cut=0)
@example(junk=b"\x00" * 90, cut=20)
@example(junk=b"\xff" * 90, cut=20)
def test_nothing_ends_in_a_traceback(iso_gateway: Call, verb: str, junk: bytes, cut: int) -> None:
    for content in (junk, (SALE[:cut] + junk).hex().encode()):
        code, output = called(iso_gateway, verb, content)
        assert code in {0, 1, 2}
        assert output
        assert "Traceback" not in output


@pytest.mark.parametrize("verb", VERBS)
def test_ten_megabytes_are_refused_whole_and_not_read_as_their_start(
    iso_gateway: Call, tmp_path: Path, verb: str
) -> None:
    (tmp_path / "huge").write_bytes(b"30" * 5_000_000)
    others = [SALE.hex()] if verb == "diff" else []
    done = iso_gateway(verb, str(tmp_path / "huge"), *others)
    assert done.exit_code == 2
    assert "more than 4 MiB" in done.output
    assert called(iso_gateway, verb, b"30" * 5_000_000)[0] == 2

"""Which engine runs: what the environment asks for, and never one that was built from other source."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import iso_gateway
from iso_gateway import engines, resources
from iso_gateway.codec import engine

EXTENSION = SimpleNamespace(SOURCE="1234abcd-7")
OTHER_SOURCE = "the compiled one was built from other source: run make engine"


@pytest.mark.parametrize("asked", ["", "compiled"])
@pytest.mark.parametrize("checksum", ["1234abcd-7", ""])
def test_an_engine_of_the_source_that_is_there_runs(asked: str, checksum: str) -> None:
    assert engines.choose(asked, EXTENSION, checksum) == ("compiled", "")


@pytest.mark.parametrize(
    ("extension", "why"),
    [(EXTENSION, OTHER_SOURCE), (None, "no compiled one here: where a C compiler and Python's headers are")],
)
def test_otherwise_the_reference_runs_and_says_why_or_it_is_an_error(extension: object, why: str) -> None:
    choice = engines.choose("", extension, "1234abcd-8")
    assert choice.name == "reference"
    assert str(choice).startswith(f"reference ({why}")
    with pytest.raises(ImportError, match=f"ISO_GATEWAY_ENGINE=compiled: {why}"):
        engines.choose("compiled", extension, "1234abcd-8")


def test_the_reference_is_had_for_the_asking() -> None:
    assert engines.choose("reference", EXTENSION, "1234abcd-7").name == "reference"


@pytest.mark.parametrize("asked", ["Compiled", "walker", "1", " reference"])
def test_an_unknown_engine_is_an_error_that_names_the_known(asked: str) -> None:
    with pytest.raises(ImportError, match="ISO_GATEWAY_ENGINE: expected compiled or reference"):
        engines.choose(asked, EXTENSION, "1234abcd-7")


@pytest.mark.parametrize("name", ["_engine.pyx", "_engine.pxd", "_engine_more.pxi"])
def test_the_checksum_is_of_all_that_the_engine_is_made_of(tmp_path: Path, name: str) -> None:
    assert not resources.engine_checksum(tmp_path)
    (tmp_path / "_engine.pyx").write_text("a = 1")
    before = resources.engine_checksum(tmp_path)
    (tmp_path / name).write_text("a = 2")
    assert resources.engine_checksum(tmp_path) != before


def test_the_package_says_which_runs() -> None:
    code = "import iso_gateway; from iso_gateway.codec import engine; print(iso_gateway.engine, engine.compiled)"
    asked = os.environ | {"ISO_GATEWAY_ENGINE": "reference"}
    done = subprocess.run([sys.executable, "-c", code], env=asked, check=True, capture_output=True, text=True)
    assert done.stdout == "reference None\n"
    assert iso_gateway.engine == ("reference" if engine.compiled is None else "compiled")


def test_these_tests_run_on_the_engine_that_was_asked_for() -> None:
    """What .ci/run asks for is what it tests: no falling back unseen."""
    assert os.environ.get("ISO_GATEWAY_ENGINE", iso_gateway.engine) == iso_gateway.engine

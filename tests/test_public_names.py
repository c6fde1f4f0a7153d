"""The names that others may rely on, and what it costs to import them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import iso_gateway

PUBLIC = {
    "Amount",
    "DecodeError",
    "EncodeError",
    "IncompleteError",
    "IsoGatewayError",
    "MTI",
    "Message",
    "Spec",
    "SpecError",
    "Violation",
    "engine",
    "load_spec",
}
SHOW = "import sys; before = set(sys.modules); {0}; print(*sorted(set(sys.modules) - before))"
"""Prints which modules a statement brings in."""


def test_these_and_no_others_are_public() -> None:
    assert set(iso_gateway.__all__) == PUBLIC
    assert all(hasattr(iso_gateway, name) for name in PUBLIC)
    assert set(dir(iso_gateway)) > PUBLIC


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'iso_gateway' has no attribute 'load_specs'"):
        _ = iso_gateway.load_specs  # type: ignore[attr-defined]  # what a type checker says of it, too


def test_type_checkers_see_the_names_where_they_are() -> None:
    tree = ast.parse(Path(iso_gateway.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == {name: f"iso_gateway.{home}" for name, home in iso_gateway._HOMES.items()}
    assert {*seen, "engine"} == PUBLIC


def test_the_version_is_said() -> None:
    assert iso_gateway.__version__ == "0.1.0"


def test_importing_the_package_loads_nothing_but_its_face() -> None:
    code = SHOW.format("import iso_gateway")
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert [name for name in done.stdout.split() if name.startswith("iso_gateway")] == ["iso_gateway"]


@pytest.mark.parametrize("heavy", ["trio", "construct", "cryptography", "click"])
def test_importing_the_codec_loads_nothing_heavy(heavy: str) -> None:
    code = f"import sys; from iso_gateway import load_spec; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

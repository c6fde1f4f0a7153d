"""The names that others may rely on, and what it costs to import them."""

from __future__ import annotations

import subprocess
import sys

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


def test_these_and_no_others_are_public() -> None:
    assert set(iso_gateway.__all__) == PUBLIC
    assert all(hasattr(iso_gateway, name) for name in PUBLIC)


def test_the_version_is_said() -> None:
    assert iso_gateway.__version__ == "0.1.0"


@pytest.mark.parametrize("heavy", ["trio", "construct", "cryptography", "click"])
def test_importing_the_codec_loads_nothing_heavy(heavy: str) -> None:
    code = f"import sys, iso_gateway; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

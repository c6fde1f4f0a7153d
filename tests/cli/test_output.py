"""What is printed fits the terminal's encoding."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("encoding", "expected"), [("utf-8", "USD 1.00 · ü"), ("ascii", "USD 1.00 | ?"), ("latin-1", "USD 1.00 · ü")]
)
def test_what_an_encoding_lacks_has_a_stand_in(encoding: str, expected: str) -> None:
    script = "from iso_gateway.cli.output import say; say('USD 1.00 \\u00b7 \\u00fc')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert done.stdout.decode(encoding) == expected + "\n"

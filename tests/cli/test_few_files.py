"""A host on a system that allows few open files starts all the same, and says what is short."""

from __future__ import annotations

import subprocess
import sys


def test_a_host_with_a_low_hard_limit_serves_and_says_what_to_do() -> None:
    command = f"ulimit -n 512; exec {sys.executable} -m iso_gateway host --port 0"
    with subprocess.Popen(["sh", "-c", command], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = [process.stderr.readline(), process.stderr.readline()]
        process.terminate()
        process.wait(20)
    told = "".join(said)
    assert "listening on 127.0.0.1:" in told
    assert "512 open files, enough for 448 of 16384 connections; raise the hard limit" in told

"""What a short command loads, and what it does not: the time of `decode` is that of its imports.

No time is asserted, but what takes it: modules that a message of a shipped spec does not need.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from iso_gateway.catalog import load_spec, pressed, pressing

SPEC = load_spec("iso87-ascii")
SALE = SPEC.encode(SPEC.message("0200", {2: "4761739001010010", 3: 0, 4: 1234, 11: 123, 41: "TERM0001", 49: "840"}))
APPROVAL = SPEC.encode(SPEC.decode(SALE).response_to({39: "00"}))

SCRIPT = """
import gc, sys
from iso_gateway.catalog import pressed
pressed.FOLDER = sys.argv.pop(1)
from iso_gateway.__main__ import run
try:
    run()
except SystemExit as ended:
    print(ended.code, gc.isenabled(), *sorted(sys.modules), file=sys.stderr)
"""
"""The command with a folder of pressed specs, and then what was loaded; as an installed one begins, without runpy."""

DEAR = {
    *("asyncio", "dataclasses", "difflib", "importlib.metadata", "importlib.resources", "json", "logging", "pathlib"),
    *("shutil", "sqlite3", "ssl", "tempfile", "tomllib", "trio", "urllib.parse", "yaml", "cryptography"),
    *(f"iso_gateway.{part}" for part in ("gateway", "host", "hsm", "net", "protocol", "security", "store", "terminal")),
    *(f"iso_gateway.{part}" for part in ("settings", "catalog.loading", "catalog.bases", "codec.build", "codec.rules")),
    *("iso_gateway.cli.hexdump", "iso_gateway.cli.place"),
}
"""Never loaded for a sale that can be read."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one pressed spec and its profile: a checkout need not have any."""
    made = tmp_path_factory.mktemp("pressed")
    (made / pressed.file("spec", SPEC.name)).write_bytes(pressed.packed(pressing.spec(SPEC.name, code=False)))
    (made / pressed.file("profile", "iso87")).write_bytes(pressed.packed(pressing.profile("iso87", code=False)))
    return made


def loaded(folder: Path, *arguments: str) -> set[str]:
    """Return the modules that the command has loaded when it ends well, the collector of cycles at work again."""
    environment = {name: each for name, each in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout
    code, collecting, *names = done.stderr.split()
    assert (code, collecting) == ("0", str(not arguments[0].startswith("--")))
    return set(names)


def test_decode_loads_what_a_message_needs(folder: Path) -> None:
    names = loaded(folder, "decode", SALE.hex())
    assert "iso_gateway.codec.pressed" in names
    assert names & {*DEAR, "msgspec", "iso_gateway.inspect", "iso_gateway.codec.presence"} == set()


@pytest.mark.parametrize("message", [SALE, APPROVAL], ids=["sale", "approval"])
def test_explain_loads_the_profile_besides(folder: Path, message: bytes) -> None:
    its_own = {f"iso_gateway.{part}" for part in ("protocol", "protocol.profile")}
    names = loaded(folder, "explain", message.hex())
    assert names >= its_own
    assert names & (DEAR - its_own) == set()


def test_help_and_version_load_no_codec(folder: Path) -> None:
    of_codec = {"iso_gateway.codec.plan", "iso_gateway.codec.message", "iso_gateway.codec.spec", "msgspec"}
    # What click asks for the width of the terminal.
    assert loaded(folder, "--help") & {*DEAR, *of_codec, "iso_gateway.engines"} == {"shutil"}
    assert loaded(folder, "--version") & {*DEAR, *of_codec} == set()

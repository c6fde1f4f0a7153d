"""Typed classes written from a spec: they say what its messages say, and mypy finds what is wrong with their use."""

from __future__ import annotations

import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from iso_gateway import load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.inspect import stubs

SPEC = load_spec("iso87-ascii")
PROGRAM = """\
from iso87_ascii import Iso87Ascii

from iso_gateway import Amount

sale = Iso87Ascii.of("0200", amount_transaction=1234, currency_code_transaction="840", pin_data=bytes(8))
stan: str | None = sale.system_trace_audit_number
money: Amount | None = sale.amount_transaction_money
pin: bytes | None = sale.pin_data
again: Iso87Ascii = Iso87Ascii.decode(sale.encode())
short: str = again.system_trace_audit_number  # wrong: it may not be there
again.amount_transaction + 1  # wrong: a value is text
sale.amount  # wrong: no such element
Iso87Ascii.of("0200", pan="4111111111111111")  # wrong: no such element
Iso87Ascii.of("0200", processing_code=b"000000")  # wrong: digits are no bytes
sale.system_trace_audit_number = "000001"  # wrong: a message does not change
"""


def test_mypy_finds_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    # One run for all: it takes a second.
    for name in spec_names():
        (tmp_path / f"{name.replace('-', '_')}.py").write_text(stubs.stubs(load_spec(name)))
    (tmp_path / "program.py").write_text(PROGRAM)
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", *sorted(tmp_path.glob("*.py"))],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"MYPYPATH": str(tmp_path)},
    )
    told = set(re.findall(r"^(\w+\.py):(\d+): error", found.stdout, re.MULTILINE))
    wrong = {("program.py", str(at)) for at, line in enumerate(PROGRAM.splitlines(), 1) if "# wrong" in line}
    assert told == wrong, found.stdout + found.stderr


def loaded(source: str) -> dict[str, Any]:
    """Return what a module of *source* has."""
    module = types.ModuleType("stubs")
    exec(compile(source, "stubs", "exec"), module.__dict__)
    return module.__dict__


@pytest.mark.parametrize("name", spec_names())
def test_the_classes_of_a_spec_say_what_its_messages_say(name: str) -> None:
    source = stubs.stubs(load_spec(name))
    (kind,) = [each for each in loaded(source).values() if isinstance(each, type) and each.__module__ == "stubs"]
    made: Any = kind
    mti = "1200" if "93" in name else "2200" if name == "iso2003" else "0200"
    field = load_spec(name).fields[11]
    stan = "0" * (field.max - 3) + "123"
    message = made.of(mti, **{field.name: stan})
    assert getattr(made.decode(message.encode()), field.name) == stan
    assert message.mti == mti
    assert getattr(message, load_spec(name).fields[2].name) is None


def test_money_has_its_currency() -> None:
    sale = loaded(stubs.stubs(SPEC))["Iso87Ascii"].of("0200", amount_transaction=1234, currency_code_transaction="840")
    assert sale.amount_transaction_money == (1234, "840")
    assert sale.amount_settlement_money is None


def test_a_spec_of_ones_own_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "my 'own\" spec.yaml"
    path.write_text('base: iso87-ascii\nname: "x\\"y"\nfields:\n  5: {name: class}\n  6: {name: class}\n')
    found = loaded(stubs.stubs(load_spec(path), str(path)))
    message = found["XY"].of("0200", class_5=1, class_6=2)
    assert (message.class_5, message.class_6) == ("000000000001", "000000000002")

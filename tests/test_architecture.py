"""The architecture, as a table: what each part of iso_gateway may import, and what a pure part may not touch.

The table is the one of docs/design.md. A part imports only from parts above it, and from those only where its
row says so.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import iso_gateway

PACKAGE = Path(iso_gateway.__file__).parent

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "settings": {"errors"},
    "resources": set(),
    "page": set(),
    "codec": {"errors", "settings", "page"},
    "engines": {"resources", "codec"},
    "framing": {"errors"},
    "security": {"errors"},
    "protocol": {"errors", "settings", "codec", "framing", "security"},
    "store": {"errors", "codec", "protocol"},
    "office": {"errors", "codec", "protocol"},
    "net": {"errors", "codec", "framing", "protocol"},
    "hsm": {"errors", "settings", "resources", "security", "protocol", "net"},
    "catalog": {"errors", "settings", "resources", "codec", "protocol"},
    "inspect": {"errors", "settings", "page", "codec", "framing", "protocol", "catalog"},
    "compat": {"errors", "codec"},
    "faults": {"errors", "codec", "protocol"},
    "admin": {"errors", "settings", "net"},
    "gateway": {
        *("errors", "settings", "resources", "codec", "framing", "security", "protocol"),
        *("store", "office", "net", "hsm", "catalog", "faults", "admin"),
    },
    "host": {
        *("errors", "settings", "resources", "codec", "framing", "security", "protocol"),
        *("net", "hsm", "catalog", "faults", "admin"),
    },
    "terminal": {"errors", "settings", "resources", "codec", "framing", "security", "protocol", "net", "catalog"},
    "simulation": {"errors", "codec", "security", "protocol", "store", "catalog", "host", "terminal"},
    "testing": {
        *("errors", "settings", "codec", "framing", "security", "protocol"),
        *("net", "hsm", "catalog", "faults", "gateway", "host", "terminal"),
    },
    "traffic": {"errors", "settings", "codec", "framing", "protocol", "net", "catalog", "inspect", "faults"},
    "cli": {
        *("errors", "settings", "page", "resources", "codec", "framing", "security", "protocol"),
        *("store", "office", "net", "hsm", "catalog", "compat", "inspect", "faults", "admin", "gateway"),
        *("host", "terminal", "engines", "simulation", "traffic"),
    },
}
"""The parts, from the ground up. DESIGN adds more as they come."""

FACE = {"errors", "engines", "codec", "catalog"}
"""What the names of ``iso_gateway`` may bring in, each when it is asked for."""

DECIDES = ("codec/__init__.py", "iso_gateway.engines")
"""The one import that looks down: whoever imports whatever of the codec, its engine was chosen before."""

PURE = {"errors", "settings", "page", "codec", "framing", "security", "protocol", "office", "faults"}
"""Parts that know no clock, socket, file, randomness or trio: all they need is handed in."""

PURE_BUT_FOR_FILES = {"simulation"}
"""Parts that are pure but that they have the catalog read their specs: the same seed gives the same day."""

PURE_PLACES = {
    *(
        "store.asking",
        "store.memory",
        "store.journal",
        "store.remains",
        "store.asking",
        "host.totals",
        "host.authorizer",
        "host.settings",
    ),
    "host.transaction",
    *("terminal.scripts", "terminal.records", "terminal.result", "catalog.load_spec", "catalog.load_profile"),
}
"""What of the impure parts these may import: none of it does any I/O, but for the reading of a spec."""

SEEDED = {"random.Random"}
"""What of the impure modules these may import: it is made from a seed, and asks nobody else."""

IMPURE = {
    *("trio", "asyncio", "threading", "multiprocessing", "concurrent", "subprocess", "signal", "sched"),
    *("socket", "ssl", "select", "selectors", "http", "urllib"),
    *("os", "pathlib", "io", "shutil", "tempfile", "glob", "sqlite3", "importlib"),
    *("time", "random", "secrets", "uuid", "logging"),
}
"""Modules that a pure part does not import, not even for types."""

ASKS_THE_CLOCK = {"now", "utcnow", "today"}


def part_of(path: Path) -> str:
    """Return the part that the file at *path* belongs to; ``""`` for the face, ``__init__``."""
    name = path.relative_to(PACKAGE).parts[0].partition(".")[0]
    return {"__init__": "", "__main__": "cli"}.get(name, name)


FILES = sorted(path for ending in ("*.py", "*.pyx", "*.pxd", "*.pxi") for path in PACKAGE.rglob(ending))


def breaches(part: str, source: str) -> Iterator[str]:
    """Yield what a Python file of *part* imports or calls and should not."""
    tree = ast.parse(source)
    hints = {id(node) for branch in ast.walk(tree) if is_for_types(branch) for node in ast.walk(branch)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"line {node.lineno}: a relative import"
        for name in imported(node):
            yield from import_breaches(part, name, hint=id(node) in hints)
        if part in PURE | PURE_BUT_FOR_FILES and isinstance(node, ast.Call):
            yield from call_breaches(node)


def is_for_types(node: ast.AST) -> bool:
    """Say whether *node* is an ``if TYPE_CHECKING:`` block, which nothing runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported(node: ast.AST) -> list[str]:
    """Return the dotted names that *node* imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def import_breaches(part: str, name: str, *, hint: bool = False) -> Iterator[str]:
    """Yield whether *part* may not import the dotted *name*; a *hint* is an import for types only."""
    root, _, rest = name.partition(".")
    target = rest.partition(".")[0]
    if root == "iso_gateway" and not hint and target not in (MAY_IMPORT[part] | {part} if part else FACE):
        # The face has no row: what it holds is there for users, and importing it inside goes in a circle.
        yield f"imports {name}"
    if part in PURE and root in IMPURE:
        yield f"imports {name}, and {part} is pure"
    if part in PURE_BUT_FOR_FILES and not hint:
        own = root == "iso_gateway" and target not in PURE | {part}
        if (own and not rest.startswith(tuple(PURE_PLACES))) or (root in IMPURE and name not in SEEDED):
            yield f"imports {name}, and {part} is pure but for its files"


def call_breaches(node: ast.Call) -> Iterator[str]:
    """Yield whether a call in a pure part asks the clock or opens a file."""
    match node.func:
        case ast.Name(id="open" | "input" | "__import__" as name):
            yield f"line {node.lineno}: calls {name}()"
        case ast.Attribute(attr=name, value=ast.Name(id=owner) | ast.Attribute(attr=owner)):
            if name in ASKS_THE_CLOCK and owner in {"datetime", "date"}:
                yield f"line {node.lineno}: asks the clock"


def text_breaches(part: str, source: str) -> Iterator[str]:
    """Yield what a Cython file of *part* imports or calls and should not, by the look of its lines."""
    for match in re.finditer(r"^\s*(?:from\s+([\w.]+)\s+c?import\s+(\w+)|c?import\s+([\w.]+))", source, re.MULTILINE):
        yield from import_breaches(part, match[3] or f"{match[1]}.{match[2]}")
    if part in PURE and re.search(
        r"\bopen\(|\bdate(?:time)?\.(?:now|utcnow|today)\(|^\s*from\s+posix", source, re.MULTILINE
    ):
        yield "opens a file or asks the clock"


def test_every_part_is_in_the_table() -> None:
    assert {part_of(path) for path in FILES} - {""} == MAY_IMPORT.keys()


def test_the_table_only_looks_up() -> None:
    parts = list(MAY_IMPORT)
    for place, part in enumerate(parts):
        assert MAY_IMPORT[part] <= set(parts[:place]), part


def test_a_pure_part_builds_on_pure_parts() -> None:
    for part in PURE:
        assert MAY_IMPORT[part] <= PURE, part


def test_gateway_host_and_terminal_do_not_know_each_other() -> None:
    ends = {"gateway", "host", "terminal"}
    assert all(not MAY_IMPORT[part] & ends for part in ends)


def test_a_file_imports_and_calls_only_what_its_part_may() -> None:
    found = {
        str(path.relative_to(PACKAGE)): list(
            (breaches if path.suffix == ".py" else text_breaches)(part_of(path), path.read_text("utf-8"))
        )
        for path in FILES
    }
    name, engines = DECIDES
    assert {name: wrong for name, wrong in found.items() if wrong} == {name: [f"imports {engines}"]}


def test_the_engine_is_chosen_by_the_first_import_of_the_codec() -> None:
    name, engines = DECIDES
    tree = ast.parse((PACKAGE / name).read_text("utf-8"))
    assert [each for node in tree.body for each in imported(node)] == [engines]


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("codec", "from iso_gateway.protocol.node import Node"),
        ("codec", "from iso_gateway import protocol"),
        ("codec", "import iso_gateway.net.link"),
        ("codec", "from iso_gateway import load_spec"),
        ("codec", "from . import mask"),
        ("codec", "import trio"),
        ("codec", "def late():\n    from time import monotonic"),
        ("codec", "import os.path"),
        ("protocol", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import trio"),
        ("protocol", "import datetime\nthen = datetime.datetime.now()"),
        ("protocol", "from datetime import date\nthen = date.today()"),
        ("settings", "text = open('a').read()"),
        ("host", "from iso_gateway.gateway.app import run"),
        ("terminal", "from iso_gateway.host.rules import decide"),
        ("", "from iso_gateway.net.link import Link"),
        ("codec", "import iso_gateway.engines"),
        ("simulation", "from iso_gateway.store.sqlite import SqliteJournal"),
        ("simulation", "from iso_gateway.host.server import HostServer"),
        ("simulation", "from random import random"),
        ("simulation", "import random"),
        ("simulation", "import time"),
        ("simulation", "from datetime import date\nthen = date.today()"),
    ],
)
def test_a_breach_is_seen(part: str, source: str) -> None:
    assert len(list(breaches(part, source))) == 1


@pytest.mark.parametrize(
    ("part", "source"),
    [
        (
            "errors",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from iso_gateway.codec.message import Message",
        ),
        ("protocol", "from datetime import datetime\nthen = datetime(2026, 11, 22)\nnow = clock.now()"),
        ("net", "import trio, time\nnow = time.monotonic()"),
        ("cli", "from iso_gateway.gateway.app import run"),
        ("simulation", "from random import Random\nfrom iso_gateway.store.memory import MemoryJournal"),
        ("simulation", "from iso_gateway.catalog import load_spec\nfrom iso_gateway.protocol.node import Node"),
        ("", "from iso_gateway.catalog import load_spec"),
    ],
)
def test_what_is_allowed_passes(part: str, source: str) -> None:
    assert list(breaches(part, source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from libc cimport time\nimport time",
        "cimport trio",
        "x = open('f')",
        "from iso_gateway.net cimport link",
        "from posix.unistd cimport read",
    ],
)
def test_a_breach_in_cython_is_seen(source: str) -> None:
    assert len(list(text_breaches("codec", source))) == 1


def test_the_names_of_the_package_load_nothing_heavy() -> None:
    heavy = {"trio", "construct", "cryptography", "click", "asyncio", "iso8583"}
    script = "import sys; from iso_gateway import *; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert not heavy & set(done.stdout.split())

"""pyiso8583: its dict of dicts, in JSON or in a Python file, of which nothing is run.

Of a Python file only literals are read: the dict that is assigned to a name, or that stands there alone. Anything that
would have to be run to know what it is, a call or another name, is refused with its line.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any, Final

from iso_gateway.codec import pyiso8583
from iso_gateway.compat.imports.imported import Imported
from iso_gateway.compat.imports.json_text import read_json
from iso_gateway.errors import Problem, SpecError, did_you_mean

LARGEST_PYTHON: Final = 512 * 1024
"""Characters of a Python file, which take a hundred times their memory to parse; a spec has some ten thousand."""
_WHOLE: Final = frozenset({"h", "t", "p", "1"})


def read(text: str, name: str = "pyiso8583", variable: str = "") -> Imported:
    """Return the spec of a pyiso8583 dict.

    Args:
        text: JSON, or a Python file.
        name: what the spec is called.
        variable: of a Python file with several, the name of the dict.

    Raises:
        SpecError: it is none, or what it says of the message as a whole cannot be done.
    """
    data, lines = read_json(text) if text.lstrip()[:1] in {"{", "["} and '"' in text[:400] else (None, {})
    if data is None or not isinstance(data, dict):
        data, lines = _of_python(text, variable)
    if not isinstance(data, dict) or not pyiso8583.is_specification(data):
        raise SpecError([Problem("", "no pyiso8583 dict: one with the keys t, p, 2 ... expected")])
    return _translated({str(key): each for key, each in data.items()}, lines, name)


def _translated(data: dict[str, Any], lines: dict[str, int], name: str) -> Imported:
    """Return what is made of *data*: an element that cannot be done is left out, and told."""
    notes: list[Problem] = []
    header = data.pop("h", None)
    if isinstance(header, dict) and header.get("max_len") not in {0, None}:
        notes.append(Problem("h", "what stands before the message type is the framing's", lines.get("h")))
    try:
        made = pyiso8583.imported(data)
    except SpecError as error:
        faults = [_placed(each, lines) for each in error.problems]
        if any(each.path.partition(".")[0] in _WHOLE for each in faults):
            raise SpecError(faults) from None
        notes += [Problem(each.path, f"left out: {each.message}", each.line) for each in faults]
        gone = {each.path.partition(".")[0] for each in faults}
        made = pyiso8583.imported({key: each for key, each in data.items() if key not in gone})
    return Imported({**made, "name": name}, notes)


def _placed(problem: Problem, lines: dict[str, int]) -> Problem:
    line = lines.get(problem.path, lines.get(problem.path.partition(".")[0]))
    return Problem(problem.path, problem.message, line)


# Python


def _of_python(text: str, variable: str) -> tuple[Any, dict[str, int]]:
    """Return the dict of a Python file, and the lines of its keys."""
    if len(text) > LARGEST_PYTHON:
        raise SpecError([Problem("", f"longer than {LARGEST_PYTHON} characters, for a Python file")])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of theirs: an escape that is none
            module = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise SpecError([Problem("", "no pyiso8583 dict: neither JSON nor Python", line)]) from None
    chosen = _chosen(module, variable)
    reading = _Literals()
    try:
        data = reading.value(chosen, "", 0)
    except RecursionError:
        raise SpecError([Problem("", "nested too deep")]) from None
    if reading.faults:
        raise SpecError(reading.faults)
    return data, reading.lines


def _chosen(module: ast.Module, variable: str) -> ast.Dict:
    """Return the dict to read."""
    found: dict[str, ast.Dict] = {}
    others: dict[str, int] = {}
    for each in module.body:
        names = [target.id for target in getattr(each, "targets", []) if isinstance(target, ast.Name)]
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            names = [each.target.id]
        value = getattr(each, "value", None)
        if isinstance(each, ast.Expr):
            names = [""]
        for name in names:
            if isinstance(value, ast.Dict):
                found[name] = value
            elif isinstance(each, ast.Assign | ast.AnnAssign):
                others[name] = each.lineno
    if variable in found:
        return found[variable]
    if variable in others and variable:
        said = "no dict but something to be run: only literals are read, nothing of the file is run"
        raise SpecError([Problem(variable, said, others[variable])])
    if variable:
        raise SpecError([Problem(variable, f"no dict of this name{did_you_mean(variable, list(found))}")])
    specs = {name: each for name, each in found.items() if _says(each)}
    if len(specs) == 1:
        return next(iter(specs.values()))
    if specs:
        raise SpecError([Problem("", f"several specs: name one with --variable: {', '.join(specs)}")])
    raise SpecError([Problem("", "no pyiso8583 dict: a literal with the keys t, p, 2 ... expected, nothing is run")])


def _says(node: ast.Dict) -> bool:
    keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
    return bool({"t", "p"} & keys)


class _Literals:
    """The reading of one literal; what is none goes to `faults`."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.faults: list[Problem] = []

    def value(self, node: ast.expr, path: str, depth: int) -> Any:
        """Return what *node* says."""
        if isinstance(node, ast.Dict) and depth < 3:
            return self._table(node, path, depth)
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | None):
            return node.value
        said = "no literal: only text, numbers and dicts are read, nothing of the file is run"
        self.faults.append(Problem(path, said, node.lineno))
        return None

    def _table(self, node: ast.Dict, path: str, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, each in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str | int):
                said = "a key that is no literal: nothing of the file is run"
                self.faults.append(Problem(path, said, each.lineno))
                continue
            here = f"{path}.{key.value}".lstrip(".")[:80]
            if here in self.lines:
                said = f"stands twice, first in line {self.lines[here]}"
                self.faults.append(Problem(here, said, key.lineno))
            self.lines.setdefault(here, key.lineno)
            made[str(key.value)] = self.value(each, here, depth + 1)
        return made

"""JSON Schemas (draft 2020-12) of what the commands write with ``--json``, made from the types in `told`
and `told_specs`.

What a key means is the docstring below it. ``specs/schema`` holds what is made here.
"""

from __future__ import annotations

import ast
import inspect
from typing import Any, Final

import msgspec

from iso_gateway.catalog import schema
from iso_gateway.inspect import told, told_specs

KINDS: Final[dict[str, type[msgspec.Struct]]] = {
    "decode": told.Decoded,
    "explain": told.Explained,
    "diff": told.Diffed,
    "doctor": told.Diagnosed,
    "spec check": told_specs.SpecJudged,
    "spec diff": told_specs.SpecsCompared,
    "spec import": told_specs.SpecImported,
    "spec vectors": told_specs.Vectors,
}
"""The commands, and what they write."""
_REF: Final = "#/$defs/"


def written(verb: str) -> str:
    """Return the schema of what the command *verb* writes, as its file has it."""
    return schema.written(of(verb))


def filename(verb: str) -> str:
    """Return the name of the file in ``specs/schema`` that holds the schema of *verb*."""
    return f"{verb.replace(' ', '-')}.schema.json"


def of(verb: str) -> dict[str, Any]:
    """Return the schema of what the command *verb* writes."""
    (root,), defs = msgspec.json.schema_components([KINDS[verb]], ref_template=_REF + "{name}")
    said = _meanings()
    for name, each in defs.items():
        each["additionalProperties"] = False
        for key, inside in each["properties"].items():
            inside["description"] = said.get((name, key), "the number of this format")
    own = defs.pop(root["$ref"].removeprefix(_REF))
    return {"$schema": schema.DRAFT, **own, "title": f"what 'iso-gateway {verb} --json' writes", "$defs": defs}


def _meanings() -> dict[tuple[str, str], str]:
    """Return the docstrings of the attributes of the types, by class and name."""
    found: dict[tuple[str, str], str] = {}
    for kind in [*ast.parse(inspect.getsource(told)).body, *ast.parse(inspect.getsource(told_specs)).body]:
        if isinstance(kind, ast.ClassDef):
            for before, after in zip(kind.body, kind.body[1:], strict=False):
                match before, after:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[kind.name, name] = " ".join(text.replace("``", "").split())
    return found

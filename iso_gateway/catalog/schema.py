"""JSON Schemas (draft 2020-12) of spec and profile files, made from the types that read them.

An editor completes and marks a file by them; whoever loads it is told more, and is right where the two differ. As the
loader reads every scalar as text, a number may stand where text is declared. ``specs/schema`` holds what is made here,
and ``iso-gateway spec schema`` prints it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_args, get_origin

import msgspec

from iso_gateway.codec import build, part_rules, rules
from iso_gateway.codec.charsets import TEXTS
from iso_gateway.protocol.profile import Profile
from iso_gateway.settings.merge import ABSENT

Schema = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/"
_OWN: Final = ("base", "name", "title")
_BASE: Final[Schema] = {
    "description": "the name of what is shipped, or the path of a file beside this one: all that does not stand here"
    " is taken over from it",
    "type": "string",
    "minLength": 1,
}
_GONE: Final[Schema] = {"description": "taken out of what the base has", "const": ABSENT}
_NUMBERS: Final[Schema] = {"pattern": "^[0-9]{1,3}$"}


def spec_schema() -> Schema:
    """Return the schema of a spec file."""
    kinds = {kind: shape for kind, (shape, _) in part_rules.KINDS.items()}
    _, defs = components(build.SpecShape, rules.FieldShape, *(each for each in kinds.values() if each is not None))
    spec, field = defs["SpecShape"], defs["FieldShape"]
    spec["properties"]["fields"] = {"type": "object", "propertyNames": _NUMBERS, "additionalProperties": to("Field")}
    field["properties"]["encoding"] = {"enum": ["", *_encodings()]}
    field["properties"]["pad"] = {"type": "string", "pattern": r"^(none|(left|right) (space|[!-~]{1,2}))?$"}
    field["properties"]["parts"] = to("Parts")
    for each in defs.values():
        for name, inside in each["properties"].items():
            if name in {"parts", "tags", "sets"} and inside.get("type") == "object":
                inside["additionalProperties"] = to("Part")
    parts = _parts(kinds)
    for name in [name for name in defs if name.endswith("Shape")]:
        defs[name.removesuffix("Shape")] = _renamed(defs.pop(name))
    defs |= {"Part": _part(field), "Parts": parts}
    return document("a message specification", "Spec", defs)


def profile_schema() -> Schema:
    """Return the schema of a profile file."""
    _, defs = components(Profile)
    return document("a profile: the settings of a dialect", "Profile", defs)


def written(schema: Schema) -> str:
    """Return *schema* as its file has it."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def components(*kinds: Any) -> tuple[Any, dict[str, Schema]]:
    """Return the schemas of *kinds*, `msgspec.Struct` types, and of all that they refer to, by name."""
    roots, defs = msgspec.json.schema_components(kinds, ref_template=_REF + "{name}")
    return roots, {name: _as_read(each) for name, each in defs.items()}


def _as_read(schema: Any) -> Any:
    """Return a schema of our types as our reader takes files: scalars are text, and unknown keys are refused."""
    if isinstance(schema, list):
        return [_as_read(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _as_read(each) for key, each in schema.items() if key not in {"default", "title", "properties"}}
    if "default" in schema and not isinstance(schema["default"], dict | list):
        found["default"] = schema["default"]
    if found.get("type") == "string":
        found["type"] = ["string", "number"]
    if "properties" in schema:
        found["properties"] = {name: _as_read(each) for name, each in schema["properties"].items()}
        found["additionalProperties"] = False
    if all(isinstance(each, str) for each in found.get("enum", [0])):
        found["enum"] = [*found["enum"], *(int(each) for each in found["enum"] if each.isdecimal())]
    return found


def _renamed(schema: Any) -> Any:
    """Return *schema* with the names of its references as the document has them."""
    if isinstance(schema, list):
        return [_renamed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: each.removesuffix("Shape") if key == "$ref" else _renamed(each) for key, each in schema.items()}


def to(name: str) -> Schema:
    """Return a reference to *name*."""
    return {"$ref": _REF + name}


def _encodings() -> list[str]:
    return [*TEXTS, "bcd", "binary", "hex", "hex-ebcdic"]


def _part(field: Schema) -> Schema:
    """Return the schema of a part: a field that may have a size in place of its lengths."""
    size = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "rest"}]}
    return field | {
        "description": "One part of a field.",
        "properties": field["properties"] | {"size": size},
        "required": ["name", "format", "mask"],
    }


def _parts(kinds: dict[str, Any]) -> Schema:
    """Return the schema of what is inside a field."""
    numbered = {"type": "object", "propertyNames": _NUMBERS, "additionalProperties": to("Part"), "minProperties": 1}
    return {
        "description": "What is inside a field.",
        "anyOf": [
            {"enum": list(part_rules.WORDS)},
            numbered,
            *(_one_key(kind, _shape(shape)) for kind, shape in kinds.items()),
        ],
    }


def _one_key(kind: str, inside: Schema) -> Schema:
    return {"type": "object", "properties": {kind: inside}, "required": [kind], "additionalProperties": False}


def _shape(kind: Any) -> Schema:
    if kind is None:
        return to("Part")
    if get_origin(kind) is list:
        return {"type": "array", "items": _shape(get_args(kind)[0])}
    return to(kind.__name__.removesuffix("Shape"))


def document(title: str, root: str, defs: dict[str, Schema]) -> Schema:
    """Return the schema of a whole file, which says all of *root*, or what it changes of its base."""
    keys = {"base": _BASE, **defs[root]["properties"]}
    changed = {f"{name}Change": _changed(each) for name, each in defs.items() if "properties" in each}
    changed[f"{root}Change"]["properties"] |= {key: keys[key] for key in _OWN}
    changed[f"{root}Change"]["required"] = ["base", *(key for key in _OWN if key in defs[root]["required"])]
    return {
        "$schema": DRAFT,
        "title": title,
        "type": "object",
        "if": {"required": ["base"]},
        "then": to(f"{root}Change"),
        "else": to(root),
        "$defs": dict(sorted((defs | _reached(changed, f"{root}Change")).items())),
    }


def _changed(schema: Schema) -> Schema:
    """Return what a file may say of something that its base has: any part of it, or that it is absent."""
    if "$ref" in schema:
        return schema if schema["$ref"] == _REF + "Parts" else {"$ref": f"{schema['$ref']}Change"}
    found = {key: each for key, each in schema.items() if key not in {"required", "default"}}
    if "properties" in schema:
        found["properties"] = {key: _or_gone(each) for key, each in schema["properties"].items()}
    elif isinstance(schema.get("additionalProperties"), dict):
        found["additionalProperties"] = _or_gone(schema["additionalProperties"])
    return found


def _or_gone(schema: Schema) -> Schema:
    return {"anyOf": [_changed(schema), _GONE]}


def _reached(defs: dict[str, Schema], root: str) -> dict[str, Schema]:
    """Return those of *defs* that *root* refers to, over others too."""
    found: dict[str, Schema] = {}

    def visit(name: str) -> None:
        if name in defs and name not in found:
            found[name] = defs[name]
            _each_reference(defs[name], visit)

    visit(root)
    return found


def _each_reference(schema: Any, visit: Callable[[str], None]) -> None:
    if isinstance(schema, list):
        for each in schema:
            _each_reference(each, visit)
    elif isinstance(schema, dict):
        for key, each in schema.items():
            if key == "$ref":
                visit(each.removeprefix(_REF))
            else:
                _each_reference(each, visit)

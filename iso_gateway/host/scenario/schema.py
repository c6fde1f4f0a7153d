"""The JSON Schema (draft 2020-12) of scenario files; ``iso-gateway spec schema scenario`` prints it.

What only the loader knows is not in it: which elements the host's spec has, the words of faults and conditions.
"""

from __future__ import annotations

from iso_gateway.catalog.schema import DRAFT, Schema, components, to
from iso_gateway.host.scenario.shape import ScenarioShape


def scenario_schema() -> Schema:
    """Return the schema of a scenario file."""
    _, defs = components(ScenarioShape)
    return {
        "$schema": DRAFT,
        "title": "a scenario: rules by which a mock host answers and misbehaves",
        **to("ScenarioShape"),
        "anyOf": [{"required": ["rules"]}, {"required": ["expect"]}],
        "$defs": dict(sorted(defs.items())),
    }

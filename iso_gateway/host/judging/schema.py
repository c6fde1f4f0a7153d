"""The JSON Schema (draft 2020-12) of certification sets; ``iso-gateway spec schema certification`` prints it.

What only the loader knows is not in it: the words of conditions, and which elements and checks there are.
"""

from __future__ import annotations

from iso_gateway.catalog.schema import Schema, components, document
from iso_gateway.host.judging.sets import SetShape


def certification_schema() -> Schema:
    """Return the schema of the file of a certification set."""
    _, defs = components(SetShape)
    return document("a certification set: the cases that a terminal is put through", "SetShape", defs)

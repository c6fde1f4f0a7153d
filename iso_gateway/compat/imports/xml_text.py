"""XML of strangers as a plain tree: no entities are declared, nothing outside is opened, and its size is bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from iso_gateway.compat.imports.imported import LARGEST
from iso_gateway.errors import Problem, SpecError

DEPTH: Final = 12
"""How deep elements may nest."""


@dataclass(slots=True)
class Element:
    """One element."""

    name: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> list[Element]:
        """Return its children of that name."""
        return [each for each in self.children if each.name == name]


def read_xml(text: str) -> Element:
    """Return the root of *text*.

    Raises:
        SpecError: it is no XML, too large or too deep, or declares entities.
    """
    if len(text) > LARGEST:
        raise SpecError([Problem("", f"longer than {LARGEST} characters")])
    parser = expat.ParserCreate()
    root = Element("", {}, 0)
    open_: list[Element] = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_) > DEPTH:
            raise SpecError([Problem(name, f"nested more than {DEPTH} deep", parser.CurrentLineNumber)])
        element = Element(name, attributes, parser.CurrentLineNumber)
        open_[-1].children.append(element)
        open_.append(element)

    def end(_name: str) -> None:
        open_.pop()

    def entity(name: str, *_rest: object) -> None:
        raise SpecError(
            [Problem(name[:40], "declares an entity, which a spec does not need", parser.CurrentLineNumber)]
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text.encode(errors="replace"), True)  # noqa: FBT003 -- expat takes no keywords
    except expat.ExpatError as error:
        raise SpecError([Problem("", f"no XML: {expat.errors.messages[error.code]}", error.lineno)]) from None
    return root.children[0]

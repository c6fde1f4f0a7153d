"""XML of strangers as a plain tree: no entities are declared, nothing outside is opened, and its size is bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from iso_gateway.compat.imports.imported import LARGEST
from iso_gateway.errors import Problem, SpecError

DEPTH: Final = 12
"""How deep elements may nest."""

_ENCODING: Final = 18
_REASONS: Final = {
    9: "a second root, or text behind the first: one document to a file",
    _ENCODING: "its encoding cannot be read here: save it as UTF-8",
}
"""What expat means by its numbers, where its own words do not say what to do."""


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


def read_xml(text: str | bytes) -> Element:
    """Return the root of *text*; bytes are read as the XML declaration says that they are, UTF-8 where it does not.

    Raises:
        SpecError: it is no XML, too large, too deep or in an unknown character set, or declares entities.
    """
    if len(text) > LARGEST:
        raise SpecError([Problem("", f"longer than {LARGEST} bytes")])
    # What is text already is UTF-8 to expat, whatever the declaration in it says.
    parser = expat.ParserCreate("UTF-8" if isinstance(text, str) else None)
    data = text.encode(errors="replace") if isinstance(text, str) else text
    root = Element("", {}, 0)
    open_: list[Element] = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_) > DEPTH:
            raise SpecError([Problem(name[:40], f"nested more than {DEPTH} deep", parser.CurrentLineNumber)])
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
        parser.Parse(data, True)  # noqa: FBT003 -- expat takes no keywords
    except expat.ExpatError as error:
        said = _REASONS.get(error.code) or expat.errors.messages.get(error.code, "")
        raise SpecError([Problem("", f"no XML: {said}", error.lineno)]) from None
    except (LookupError, ValueError):  # an encoding that Python has not, or one of several bytes to the character
        raise SpecError([Problem("", _REASONS[_ENCODING], 1)]) from None
    return root.children[0]

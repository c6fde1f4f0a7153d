"""Python classes written from a spec, so that mypy knows the elements of its messages by name.

The class that is written wraps a `Message`: a property for each element, ``None`` where it is not there, and a
constructor with a keyword for each. It needs nothing but this package at run time.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterator

from iso_gateway.codec.field import Field
from iso_gateway.codec.spec import Spec
from iso_gateway.inspect.explaining import written

_TAKEN = frozenset({"mti", "message", "of", "encode", "decode", "self", "cls", "spec"})
"""Names that the class has already."""


def stubs(spec: Spec, given: str = "") -> str:
    """Return the module for *spec*, which loads it as *given*: its name where it is shipped, else its path."""
    source = json.dumps(given or spec.name)
    called = re.sub(r"[^A-Za-z0-9_./ -]+", "_", given or spec.name)
    name = "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", spec.name) if part)
    name = name if name[:1].isalpha() else f"Spec{name}"
    names = _names(spec)
    lines = [
        f'"""Messages of {called} with their elements by name, for type checkers.',
        "",
        f"Written by: iso-gateway spec stubs {called}",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import cast",
        "",
        "from iso_gateway import Amount, Message, load_spec",
        "",
        f"SPEC = load_spec({source})",
        "",
        "",
        f"class {name}:",
        f'    """A message of {called}; an element that is not there is None."""',
        "",
        '    __slots__ = ("message",)',
        "",
        "    def __init__(self, message: Message) -> None:",
        "        self.message = message",
        "",
        "    @classmethod",
        f"    def decode(cls, data: bytes) -> {name}:",
        '        """Return the message that *data* says; raises DecodeError."""',
        "        return cls(SPEC.decode(data))",
        "",
        "    @classmethod",
        "    def of(",
        "        cls,",
        "        mti: str,",
        "        *,",
        *(f"        {names[number]}: {_given(field)} | None = None," for number, field in spec.fields.items()),
        f"    ) -> {name}:",
        '        """Return a new message; raises EncodeError."""',
        "        return cls(",
        "            SPEC.message(",
        "                mti,",
        "                {",
        *(f"                    {number}: {names[number]}," for number in spec.fields),
        "                },",
        "            )",
        "        )",
        "",
        "    def encode(self) -> bytes:",
        '        """Return its bytes; raises EncodeError."""',
        "        return SPEC.encode(self.message)",
        "",
        "    @property",
        "    def mti(self) -> str:",
        '        """The message type, four digits."""',
        "        return self.message.mti",
    ]
    for number, field in spec.fields.items():
        lines += _property(number, field, names[number])
    return "\n".join(lines) + "\n"


def _names(spec: Spec) -> dict[int, str]:
    """Return a name for each element that Python takes and no other has."""
    found: dict[int, str] = {}
    for number, field in spec.fields.items():
        name = re.sub(r"\W", "_", field.name, flags=re.ASCII)
        if not name.isidentifier() or keyword.iskeyword(name) or name in _TAKEN or name in found.values():
            name = f"{name}_{number}" if name.isidentifier() else f"element_{number}"
        found[number] = name
    return found


def _given(field: Field) -> str:
    return "bytes | str" if field.binary else "str | int" if field.format == "n" else "str"


def _property(number: int, field: Field, name: str) -> Iterator[str]:
    kind = "bytes" if field.binary else "str"
    yield from (
        "",
        "    @property",
        f"    def {name}(self) -> {kind} | None:",
        f'        """DE {number}: {written(field)}."""',
        f'        return cast("{kind} | None", self.message.get({number}))',
    )
    if number in {4, 5, 6, 8} and field.format in {"n", "xn"}:
        yield from (
            "",
            "    @property",
            f"    def {name}_money(self) -> Amount | None:",
            f'        """DE {number} as minor units and currency."""',
            f"        return self.message.amount({number}) if {number} in self.message else None",
        )

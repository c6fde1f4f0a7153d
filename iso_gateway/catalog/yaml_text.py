"""YAML in which every scalar is text.

YAML 1.1 reads ``0100`` as 64, ``036`` as 30 and ``no`` as false, and takes a doubled key in silence. Here a
scalar is what stands in the file; whoever declares a number converts it (`iso_gateway.settings`). What a spec
does not need is refused and not guessed at: doubled keys, tags, anchors and aliases (the way to write a
gigabyte in ten lines), several documents in a file, keys that are no scalars.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from iso_gateway.catalog.lines import below
from iso_gateway.errors import Problem, SpecError

MAX_CHARACTERS = 1 << 20
"""The largest file that is read; the largest shipped spec has a fortieth of it."""
MAX_DEPTH = 32
"""How deep lists and tables may nest; a part of a part of a field is at 8."""

MAX_PATH = 512
"""The longest path of keys, in characters; every line of a file may have one of its own."""

# libyaml's where PyYAML was built with it, else the same in Python, ten times slower.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_yaml(text: str, source: str = "") -> tuple[Any, dict[str, int]]:
    """Return the content of one YAML document and the line (from 1) of every path in it.

    Scalars are `str`, the content of an empty file is an empty table.

    Raises:
        SpecError: with the faults of *source*: all doubled keys, or the one place where it stops being YAML.
    """
    if len(text) > MAX_CHARACTERS:
        raise SpecError([Problem("", f"longer than {MAX_CHARACTERS} characters")], source)
    document = _Document(yaml.parse(text, Loader=_Loader))
    try:
        data = document.read()
    except _NotReadError as error:
        document.problems.append(error.problem)
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        document.problems.append(Problem("", f"no YAML: {error.problem or error.context}", line))
    except yaml.YAMLError:
        document.problems.append(Problem("", "no YAML: a character that YAML does not allow"))
    if document.problems:
        raise SpecError(document.problems, source)
    return data, document.lines


class _NotReadError(Exception):
    """Something that stops the reading; *problem* says where."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


class _Document:
    """One document being read from the events of a parser."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def read(self) -> Any:
        data: Any = {}
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _NotReadError(Problem("", "a second document in one file", _line(event)))
                data = self._node(next(self.events), "", 0)
        return data

    def _node(self, event: Any, path: str, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            said = "anchors and aliases are not read, write it out; text with * or & before it stands in quotes"
            raise _NotReadError(Problem(path, said, _line(event)))
        if event.tag is not None:
            said = "tags are not read, every scalar is text; text with ! before it stands in quotes"
            raise _NotReadError(Problem(path, said, _line(event)))
        if isinstance(event, yaml.ScalarEvent):
            return event.value
        if depth == MAX_DEPTH:
            raise _NotReadError(Problem(path, f"nested deeper than {MAX_DEPTH}", _line(event)))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path, depth)
        return self._mapping(path, depth)

    def _sequence(self, path: str, depth: int) -> list[Any]:
        items: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            here = below(path, len(items))
            self.lines[here] = _line(event)
            items.append(self._node(event, here, depth + 1))
        return items

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise _NotReadError(Problem(path, "a key that is no plain text", _line(event)))
            key = self._node(event, path, depth)
            here = below(path, key)
            if len(here) > MAX_PATH:
                said = f"a key below that makes a path of over {MAX_PATH} characters"
                raise _NotReadError(Problem(path, said, _line(event)))
            if key in found:
                first = self.lines[here]
                self.problems.append(Problem(here, f"stands twice, first in line {first}", _line(event)))
            self.lines.setdefault(here, _line(event))
            found[key] = self._node(next(self.events), here, depth + 1)
        return found


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1

"""Specs and profiles that take over another one: ``base: iso87-ascii``, or ``base: ours.yaml`` beside the file.

Tables are merged key by key, so that ``fields: {48: {max: 500}}`` changes nothing but the length of DE 48; lists and
the parts of a field are replaced as a whole, and ``absent`` takes a field or a key out. Name and title are each file's
own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from iso_gateway.catalog.lines import below, nearest
from iso_gateway.catalog.shelf import Found
from iso_gateway.catalog.yaml_text import MAX_CHARACTERS, read_yaml
from iso_gateway.errors import Problem, SpecError
from iso_gateway.settings import merged

MAX_BASES: Final = 8
"""How many bases may lie below each other."""

_OWN: Final = ("base", "name", "title")
_WHOLE: Final = ("parts",)


class Layer(NamedTuple):
    """One file as it was read."""

    data: Mapping[str, Any]
    lines: Mapping[str, int]
    """The line of every path; 0 where there is no file."""
    source: str
    folder: Path | None
    """Where its paths start; None for what is shipped."""


Find = Callable[[str, Path | None], Found]
"""From the name of a base, and the folder of the file that names it, to the base's file; raises SpecError."""


class Stack:
    """A file and its bases, merged; *data* is the whole of it, without ``base``."""

    def __init__(self, layers: list[Layer]) -> None:
        self._layers = layers
        self._places: dict[str, tuple[int, int]] = {}
        self._problems: list[tuple[int, Problem]] = []
        self.data: dict[str, Any] = {}
        for depth in reversed(range(len(layers))):
            self._lay(depth, layers[depth])
        self.data.pop("base", None)

    def _lay(self, depth: int, layer: Layer) -> None:
        """Lay one more file over what there is."""
        base = {key: value for key, value in self.data.items() if key not in _OWN}
        self.data, replaced, problems = merged(base, layer.data, whole=_WHOLE)
        gone = dict.fromkeys((*replaced, *_OWN), True)
        kept = {path: place for path, place in self._places.items() if not nearest(path, gone)}
        self._places = kept | {path: (depth, line) for path, line in layer.lines.items()}
        self._problems += [(depth, problem) for problem in problems]

    @property
    def sources(self) -> list[str]:
        """What the files are called in complaints, the file first, then its bases."""
        return [layer.source for layer in self._layers]

    def folder(self, key: str) -> Path | None:
        """Return the folder of the file that says *key*; None where that is shipped."""
        depth, _ = self._places.get(key, (0, 0))
        return self._layers[depth].folder

    def located(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return *problems* of the data, and those of the merging, in the order of the files, the first file first.

        Those that say in which file they are come last, as they are.
        """
        found = [(depth, self._placed(problem, depth)) for depth, problem in self._problems]
        for problem in problems:
            depth, _ = nearest(problem.path, self._places) or (0, 0)
            placed = (len(self._layers), problem) if problem.source else (depth, self._placed(problem, depth))
            found.append(placed)
        return [problem for _, problem in sorted(found, key=lambda each: (each[0], each[1].line or 0))]

    def _placed(self, problem: Problem, depth: int) -> Problem:
        layer = self._layers[depth]
        line = nearest(problem.path, layer.lines) or None
        if depth == 0:
            return problem._replace(line=line)
        said = f"{problem.message} (taken over by {self._layers[0].source or 'what was given'})"
        return Problem(problem.path, said, line, layer.source)


def stacked(found: Found, find: Find) -> Stack:
    """Return the file *found* and the bases that it names.

    Raises:
        SpecError: one of them cannot be read, or they go in a circle.
    """
    return _stacked([_read(found)], [found], find)


def of_data(data: Mapping[str, Any], find: Find) -> Stack:
    """Return *data*, text in tables, with the bases that it names; raises what `stacked` raises."""
    return _stacked([Layer(data, dict.fromkeys(_paths(data, ""), 0), "", Path())], [], find)


def _stacked(layers: list[Layer], files: list[Found], find: Find) -> Stack:
    while "base" in layers[-1].data:
        layer = layers[-1]
        found = _found(layer, files, find)
        files.append(found)
        if len(layers) > MAX_BASES:
            raise _refused(layer, f"more than {MAX_BASES} bases below each other")
        try:
            layers.append(_read(found))
        except SpecError as error:
            if error.problems[0].line:
                raise
            # The file cannot be read at all: the fault is where it is named.
            raise _refused(layer, f"{found.source}: {error.problems[0].message}") from None
    return Stack(layers)


def _found(layer: Layer, files: list[Found], find: Find) -> Found:
    """Return the file that *layer* is based on."""
    name = layer.data["base"]
    if not isinstance(name, str):
        raise _refused(layer, "expected the name of what is shipped, or the path of a file")
    try:
        found = find(name, layer.folder)
    except SpecError as error:
        raise _refused(layer, error.problems[0].message) from None
    same = [each.same for each in files]
    if found.same in same:
        way = [*files[same.index(found.same) :], found]
        raise _refused(layer, f"goes in a circle: {' -> '.join(each.source for each in way)}")
    return found


def _refused(layer: Layer, message: str) -> SpecError:
    return SpecError([Problem("base", message, layer.lines.get("base") or None)], layer.source)


def _paths(data: object, path: str) -> Iterator[str]:
    """Yield the path of everything in *data*."""
    items = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ()
    for key, each in items:
        here = below(path, key)
        yield here
        yield from _paths(each, here)


def _read(found: Found) -> Layer:
    data, lines = read_yaml(_text(found), found.source)
    if not isinstance(data, Mapping):
        raise SpecError([Problem("", "expected a table of keys", 1)], found.source)
    return Layer(data, lines, found.source, found.folder)


def _text(found: Found) -> str:
    source = found.source
    try:
        with found.file.open("rb") as stream:
            content = stream.read(4 * MAX_CHARACTERS + 1)  # one character has at most 4 bytes
        return content.decode("utf-8-sig")
    except OSError as error:
        raise SpecError([Problem("", f"cannot be read: {error.strerror or 'no such file'}")], source) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError([Problem("", "not UTF-8", line)], source) from None
    except ValueError:  # a null character in the name
        raise SpecError([Problem("", "cannot be read: no name of a file")], source) from None

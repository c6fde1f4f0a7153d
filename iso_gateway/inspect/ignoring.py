"""What a comparison leaves out, as people write it: ``7,11``, ``55.9F36``, ``41-43``, ``mti``, names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import HIGHEST
from iso_gateway.errors import ConfigError, Problem, did_you_mean
from iso_gateway.inspect.leaves import leaves
from iso_gateway.inspect.naming import numbered

_RANGE: Final = re.compile(r"(\d{1,3})-(\d{1,3})")
_WORDS: Final = ("mti", "bitmap")


def ignored(text: str, messages: Iterable[Message]) -> list[str]:
    """Return the paths that *text* names, for `compare`.

    Args:
        text: numbers, paths, ranges of numbers and names, also dotted ones, with commas.
        messages: those that are compared: their specs and what is in them say which names there are.

    Raises:
        ConfigError: it names what neither spec nor message has; all such words, each with what may be meant.
    """
    messages = list(messages)
    numbers, names = _known(messages)
    found: list[str] = []
    problems: list[Problem] = []
    for word in filter(None, (each.strip() for each in text.split(","))):
        span = _RANGE.fullmatch(word)
        if span is not None and 0 < int(span[1]) <= int(span[2]) <= HIGHEST:
            found += [str(number) for number in range(int(span[1]), int(span[2]) + 1)]
        elif word.partition(".")[0] in numbers or word in _WORDS:
            found.append(word)
        elif word in names:
            found += names[word]
        elif not word[0].isdecimal() and (path := _dotted(word, messages)):
            found.append(path)
        else:
            hint = did_you_mean(word, [*names, *numbers, *_WORDS], len(problems))
            expected = hint or "; expected numbers, paths as 55.9F36, ranges as 41-43, or names of elements"
            problems.append(Problem("--ignore", f"no element {word!r}{expected}"))
    if problems:
        raise ConfigError(problems)
    return found


def _dotted(word: str, messages: list[Message]) -> str:
    """Return the path of *word*, a name with dots as ``icc_data.amount_authorized``; empty where it is none."""
    for spec in (message.spec for message in messages if message.spec is not None):
        try:
            return next(iter(numbered(spec, [(word, "")])))
        except ConfigError:
            continue
    return ""


def _known(messages: Iterable[Message]) -> tuple[set[str], Mapping[str, list[str]]]:
    """Return the numbers of all elements that there are, and the paths by the names of elements and parts."""
    numbers: set[str] = set()
    names: dict[str, list[str]] = {}
    for message in messages:
        numbers |= {str(number) for number in message}
        if message.spec is not None:
            numbers |= {str(number) for number in message.spec.fields}
            for field in message.spec.fields.values():
                names.setdefault(field.name, []).append(str(field.number))
        for leaf in leaves(message):
            names.setdefault(leaf.name, []).append(leaf.path)
    return numbers, {name: list(dict.fromkeys(paths)) for name, paths in names.items() if name}

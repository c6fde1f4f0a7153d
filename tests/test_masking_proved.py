"""Masking, proved: a canary in every element, part and tag of every shipped spec, looked for wherever one may come out.

`tests.support.canaries` says what is hidden and how it would be seen, `tests.support.places` where.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from iso_gateway import load_spec
from iso_gateway.codec import describe, given, mask
from iso_gateway.errors import EncodeError
from iso_gateway.inspect import redacting
from tests.support.canaries import Crowd, card, chips, crowds, planted
from tests.support.places import COMMANDS, LIBRARY, SEARCHING, UNSAFE, Case, Place
from tests.support.shipped import SHIPPED_SPECS


def seen(place: Place, case: Case, hidden: Mapping[str, set[str]]) -> list[str]:
    """Return the paths whose canaries are to be seen at *place*."""
    texts = ["".join(text.split()).lower() for text in place(case)]
    return [path for path, forms in hidden.items() if any(form in text for form in forms for text in texts)]


def some(name: str) -> list[Crowd]:
    """Return messages that have all canaries of a spec together."""
    return list(crowds(load_spec(name)))


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_no_canary_is_seen_by_who_uses_the_library(name: str, tmp_path: Path) -> None:
    spec = load_spec(name)
    tried, found = 0, []
    for path, message, hidden in [*planted(spec), *chips(spec)]:
        tried += 1
        case = Case.of(spec, message, tmp_path)
        found += [(where, path) for where, place in LIBRARY.items() if seen(place, case, {path: hidden})]
    assert tried > 40
    assert found == []


ON_THE_COMMAND_LINE = [
    (name, where)
    for name in SHIPPED_SPECS
    for where in COMMANDS
    if where not in SEARCHING or name in {"iso87-ascii", "cup-pos"}
]


@pytest.mark.parametrize(("name", "where"), ON_THE_COMMAND_LINE)
def test_no_canary_is_seen_on_the_command_line(name: str, where: str, tmp_path: Path) -> None:
    spec = load_spec(name)
    for message, hidden in some(name):
        assert seen(COMMANDS[where], Case.of(spec, message, tmp_path), hidden) == []


@pytest.mark.parametrize("where", UNSAFE)
@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_unsafe_shows_what_is_looked_for(name: str, where: str, tmp_path: Path) -> None:
    spec = load_spec(name)
    for message, hidden in some(name):
        shown = seen(UNSAFE[where], Case.of(spec, message, tmp_path), hidden)
        assert len(shown) > 0.8 * len(hidden), hidden.keys() - set(shown)


def in_clear(_policy: str, carried: str | bytes) -> str:
    return carried.hex() if isinstance(carried, bytes) else carried


def blamed(_field: object, _row: object, value: object) -> str:
    raise EncodeError("2", f"{value} is wrong")


LEAKS: dict[str, list[tuple[object, str, object]]] = {
    "redacted": [(redacting._Work, "changes", lambda *_: {})],
    "redact": [(redacting._Work, "changes", lambda *_: {})],
    "doctor": [(describe, "_SUMMED", (("", 2),)), (mask, "scan", str)],
    "encode": [(given, "plain", blamed)],
}
"""What is to be broken, besides the masks, for a place to leak."""


@pytest.mark.parametrize(
    "where", [*LIBRARY, *sorted(COMMANDS.keys() - {"doctor --json"})]
)  # it has no value of a message
def test_a_leak_is_noticed_wherever_it_is(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask, "value", in_clear)
    for owner, attribute, broken in LEAKS.get(where, []):
        monkeypatch.setattr(owner, attribute, broken)
    crowd = some("iso87-ascii")[0]
    case = Case.of(load_spec("iso87-ascii"), crowd.message, tmp_path)
    assert seen((LIBRARY | COMMANDS)[where], case, crowd.hidden) != []


def test_a_pickled_message_comes_back_whole_and_still_masked() -> None:
    spec = load_spec("iso87-ascii")
    pan = card()
    back = pickle.loads(pickle.dumps(spec.message("0200", {2: pan})))  # noqa: TID251 -- its own
    assert back[2] == pan
    assert pan not in repr(back)

"""What a doctor tells first is right, of messages of every shipped spec with one thing otherwise.

``python -m tests.support.hit_rate`` tries twenty of every spec and kind.
"""

from __future__ import annotations

from typing import Final

from iso_gateway import load_spec
from tests.support.hit_rate import KINDS, drawn, hit
from tests.support.shipped import SHIPPED_SPECS

SHARE: Final = 0.97
"""Of the messages here, so many at least are told as what they are by what comes first."""


def test_what_is_told_first_reads_the_message() -> None:
    tried = {
        (name, each.kind): hit(each, [load_spec(name)])
        for name in SHIPPED_SPECS
        for kind in KINDS
        for each in drawn(load_spec(name), kind, 1)
    }
    assert {*tried} == {(name, kind) for name in SHIPPED_SPECS for kind in KINDS}
    assert sum(tried.values()) >= SHARE * len(tried), [each for each, right in tried.items() if not right]

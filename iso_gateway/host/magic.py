"""Magic amounts: how a sale or preauth ends is asked for by the last two digits of its amount, from a keypad.

=====  ======================================================  ===============  ==============
cents  what the host does                                      what it answers  recorded
=====  ======================================================  ===============  ==============
.05    declines: do not honour                                 05               as declined
.10    approves half of it                                     10, DE 4 = half  approved: half
.51    declines: insufficient funds                            51               as declined
.54    declines: expired card                                  54               as declined
.67    approves and stays silent, and refuses the reversal     nothing          approved
.68    approves and stays silent                               nothing          approved
.69    stays silent, as if it had never come                   nothing          no
.70    approves, and answers late (45 s unless set otherwise)  00, late         approved
.71    approves, and drops the link                            nothing          approved
.72    drops the link, as if it had never come                 nothing          no
.73    approves, and answers twice                             00, twice        approved
.74    approves, and answers with another STAN                 00, DE 11 + 1    approved
.75    approves, and drops the link after half the answer      half of it       approved
.76    approves, and answers with garbage                      40 bytes         approved
.91    refuses: issuer not available                           91               no
.96    refuses: system malfunction                             96               no
=====  ======================================================  ===============  ==============

Where messages have MACs or PIN blocks, these too:

=====  ======================================================  ===============  ==============
.81    approves, with a wrong MAC                              00               approved
.82    approves, without a MAC                                 00               approved
.83    refuses: as if the MAC were wrong                       A0               no
.84    refuses: as if the PIN block were                       99               no
=====  ======================================================  ===============  ==============

Only the first send of a sale or preauth is magic. Its repeat, its reversal, void, refund and completion are ordinary:
the repeat of a recorded one gets the first answer at once, the repeat of one that was passed over is decided anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from iso_gateway.faults.fault import NO_FAULT, Fault, Silence
from iso_gateway.faults.grammar import fault_of
from iso_gateway.host.scenario.rule import Share
from iso_gateway.protocol.kinds import Kind

MAGIC_KINDS: Final = frozenset({Kind.SALE, Kind.PREAUTH})
"""If a void or reversal were magic too, the reversal of a silent sale would stay silent (ruling 19)."""


class Ending(msgspec.Struct, frozen=True):
    """How a transaction ends, other than by the ordinary rules."""

    meaning: str
    """A few words for logs and the documentation."""
    fault: Fault = NO_FAULT
    """What goes wrong with its answer."""
    code: str = ""
    """The canonical code to answer with; empty: the ordinary rules decide."""
    approves: bool = False
    """Whether it is approved, whatever the ordinary rules say."""
    booked: bool = True
    """Whether the ledger hears of an answer like that."""
    share: Share | None = None
    """How much of the amount is approved; None: all."""
    reversal: str = ""
    """The canonical code with which its reversal is refused; empty: it may be reversed."""

    @property
    def recorded(self) -> bool:
        """Whether the ledger hears of it."""
        return self.booked and self.fault.silence is not Silence.UNRECORDED


def _table(rows: Mapping[str, tuple[str, str, Mapping[str, Any]]]) -> dict[str, Ending]:
    return {
        cents: Ending(said, fault_of(text) if text else NO_FAULT, **more) for cents, (said, text, more) in rows.items()
    }


ENDINGS: Final = _table({
    "05": ("declines: do not honour", "", {"code": "05"}),
    "10": ("approves half of it", "", {"share": Share(percent=50)}),
    "51": ("declines: insufficient funds", "", {"code": "51"}),
    "54": ("declines: expired card", "", {"code": "54"}),
    "67": ("approves and stays silent, and refuses the reversal", "silence", {"reversal": "30"}),
    "68": ("approves and stays silent", "silence", {}),
    "69": ("stays silent, as if it had never come", "silence=unrecorded", {}),
    "70": ("approves, and answers late", "late", {}),
    "71": ("approves, and drops the link", "silence close", {}),
    "72": ("drops the link, as if it had never come", "silence=unrecorded close", {}),
    "73": ("approves, and answers twice", "twice", {}),
    "74": ("approves, and answers with another STAN", "wrong=stan", {}),
    "75": ("approves, and drops the link after half the answer", "half-frame", {}),
    "76": ("approves, and answers with garbage", "garbage=40", {}),
    "91": ("refuses: issuer not available", "", {"code": "91", "booked": False}),
    "96": ("refuses: system malfunction", "", {"code": "96", "booked": False}),
})  # fmt: skip
"""By the last two digits of DE 4: what is said of it, what goes wrong (as `faults.grammar` has it), and the rest."""

KEYED_ENDINGS: Final = _table({
    "81": ("approves, with a wrong MAC", "wrong=mac", {}),
    "82": ("approves, without a MAC", "without=mac", {}),
    "83": ("refuses: as if the MAC were wrong", "", {"code": "A0", "booked": False}),
    "84": ("refuses: as if the PIN block were", "", {"code": "99", "booked": False}),
})  # fmt: skip
"""Those of a host whose messages have MACs or PIN blocks."""

ORDINARY: Final = Ending("as the rules say")


def ending(kind: Kind, amount: int, *, keyed: bool = False) -> Ending:
    """Return how a transaction of *kind* over *amount* minor units ends, at a host with keys or without."""
    if kind not in MAGIC_KINDS:
        return ORDINARY
    cents = f"{amount % 100:02}"
    return ENDINGS.get(cents) or (KEYED_ENDINGS.get(cents, ORDINARY) if keyed else ORDINARY)

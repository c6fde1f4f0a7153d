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

from typing import Final

import msgspec

from iso_gateway.host.guard import Spoilt
from iso_gateway.host.scenario.rule import Share
from iso_gateway.protocol.kinds import Kind

MAGIC_KINDS: Final = frozenset({Kind.SALE, Kind.PREAUTH})
"""If a void or reversal were magic too, the reversal of a silent sale would stay silent (ruling 19)."""


class Ending(msgspec.Struct, frozen=True):
    """How a transaction ends, other than by the ordinary rules."""

    meaning: str
    """A few words for logs and the documentation."""
    code: str = ""
    """The canonical code to answer with; empty: the ordinary rules decide."""
    approves: bool = False
    """Whether it is approved, whatever the ordinary rules say."""
    recorded: bool = True
    answered: bool = True
    late: bool = False
    hang_up: bool = False
    share: Share | None = None
    """How much of the amount is approved; None: all."""
    reversal: str = ""
    """The canonical code with which its reversal is refused; empty: it may be reversed."""
    spoilt: Spoilt = Spoilt.NOT
    """What is done to the MAC of the answer."""


ENDINGS: Final[dict[str, Ending]] = {
    "05": Ending("declines: do not honour", code="05"),
    "10": Ending("approves half of it", share=Share(percent=50)),
    "51": Ending("declines: insufficient funds", code="51"),
    "54": Ending("declines: expired card", code="54"),
    "67": Ending("approves and stays silent, and refuses the reversal", answered=False, reversal="30"),
    "68": Ending("approves and stays silent", answered=False),
    "69": Ending("stays silent, as if it had never come", recorded=False, answered=False),
    "70": Ending("approves, and answers late", late=True),
    "71": Ending("approves, and drops the link", answered=False, hang_up=True),
    "72": Ending("drops the link, as if it had never come", recorded=False, answered=False, hang_up=True),
    "91": Ending("refuses: issuer not available", code="91", recorded=False),
    "96": Ending("refuses: system malfunction", code="96", recorded=False),
}
"""By the last two digits of DE 4."""

KEYED_ENDINGS: Final[dict[str, Ending]] = {
    "81": Ending("approves, with a wrong MAC", spoilt=Spoilt.WRONG),
    "82": Ending("approves, without a MAC", spoilt=Spoilt.MISSING),
    "83": Ending("refuses: as if the MAC were wrong", code="A0", recorded=False),
    "84": Ending("refuses: as if the PIN block were", code="99", recorded=False),
}
"""Those of a host whose messages have MACs or PIN blocks."""

ORDINARY: Final = Ending("as the rules say")


def ending(kind: Kind, amount: int, *, keyed: bool = False) -> Ending:
    """Return how a transaction of *kind* over *amount* minor units ends, at a host with keys or without."""
    if kind not in MAGIC_KINDS:
        return ORDINARY
    cents = f"{amount % 100:02}"
    return ENDINGS.get(cents) or (KEYED_ENDINGS.get(cents, ORDINARY) if keyed else ORDINARY)

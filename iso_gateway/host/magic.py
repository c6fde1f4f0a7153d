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

Only the first send of a sale or preauth is magic. Its repeat, its reversal, void, refund and completion are ordinary:
the repeat of a recorded one gets the first answer at once, the repeat of one that was passed over is decided anew.
"""

from __future__ import annotations

from typing import Final

import msgspec

from iso_gateway.protocol.kinds import Kind

MAGIC_KINDS: Final = frozenset({Kind.SALE, Kind.PREAUTH})
"""If a void or reversal were magic too, the reversal of a silent sale would stay silent (ruling 19)."""


class Ending(msgspec.Struct, frozen=True):
    """How a transaction ends, other than by the ordinary rules."""

    meaning: str
    """A few words for logs and the documentation."""
    code: str = ""
    """The canonical code to refuse with; empty: the ordinary rules decide."""
    recorded: bool = True
    answered: bool = True
    late: bool = False
    hang_up: bool = False
    half: bool = False
    """Whether only half of the amount is approved."""
    reversal: str = ""
    """The canonical code with which its reversal is refused; empty: it may be reversed."""


ENDINGS: Final[dict[str, Ending]] = {
    "05": Ending("declines: do not honour", code="05"),
    "10": Ending("approves half of it", half=True),
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

ORDINARY: Final = Ending("as the rules say")


def ending(kind: Kind, amount: int) -> Ending:
    """Return how a transaction of *kind* over *amount* minor units ends."""
    if kind not in MAGIC_KINDS:
        return ORDINARY
    return ENDINGS.get(f"{amount % 100:02}", ORDINARY)

"""How a mock host behaves: every setting with its default, so that with no configuration it works."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from iso_gateway.protocol.protection import Protection

MIDNIGHT: Final = time(0, 0)
"""A cut-over that is none: the business date is the calendar's."""
Code = Annotated[str, Meta(pattern=r"^([0-9A-Z]{2})?$", description="a code of 1987, two characters")]


class CardRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What cards whose number begins with *prefix* get."""

    prefix: Annotated[str, Meta(pattern=r"^[0-9]{1,19}$", description="leading digits of a card number")]
    balance: int | None = None
    """What such an account is opened with, in minor units; None: the host's opening balance."""
    code: Code = ""
    """What a sale, preauth or balance inquiry is declined with, as 1987 says it (``54``); empty: nothing."""
    refuse_reversals: Code = ""
    """What every reversal of such a card's transactions is refused with (``12``, ``30``); empty: nothing."""
    pvv: Annotated[str, Meta(pattern=r"^([0-9]{4})?$", description="four digits")] = ""
    """The PIN verification value (Visa) by which such a card's PIN is checked, with key index 1."""
    offset: Annotated[str, Meta(pattern=r"^([0-9]{4,12})?$", description="4 to 12 digits")] = ""
    """The offset (IBM 3624) by which it is checked. Without either, the host's `pin` is right."""


class HostSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of a mock host."""

    spec: str = "iso87-ascii"
    """A shipped spec, or the path of one."""
    profile: str = ""
    """A shipped profile, or the path of one; empty: the spec's own."""
    framing: str = "2be"
    max_length: Annotated[int, Meta(ge=64, le=65535)] = 4096
    """The longest frame, headers and payload, in bytes."""
    connections: Annotated[int, Meta(ge=1, le=100_000)] = 16_384
    """Links at a time; above: the new one is closed. Room for terminals by the thousand beside ten thousand that send
    garbage; docs/mock-host.md says what one costs."""
    frame_timeout: Annotated[float, Meta(gt=0)] = 10.0
    """Seconds that one frame may take from its first byte to its last."""
    idle_timeout: Annotated[float, Meta(ge=0)] = 0.0
    """Seconds without a byte after which a link is closed; 0: never."""
    time_zone: str = "UTC"
    """Where the host's days begin."""
    cut_over: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM")] = "00:00"
    """From when on a transaction is of the next business date, in that zone; 00:00: with the calendar. When the hour
    has come, every link is told (0800), where the dialect has a message for it."""
    sign_on_required: bool = False
    """Whether money moves only on a link that has signed on; before, it gets 77."""
    magic: bool = True
    """Whether the last two digits of an amount say how a sale or preauth ends."""
    late_seconds: Annotated[float, Meta(ge=0, le=3600)] = 45.0
    """How long a late answer takes."""
    opening_balance: Annotated[int, Meta(ge=0)] = 1_000_000
    """What an account is opened with when its card is first seen, in minor units of each currency."""
    currency: Annotated[str, Meta(min_length=3, max_length=3)] = "840"
    """What a message without DE 49 means."""
    cards: list[CardRule] = []
    """The first that fits counts."""
    reversal_not_found: Literal["", "00", "25"] = ""
    """What a reversal gets whose original never came; empty: what the profile says."""
    refuse_reversals: Code = ""
    """What every reversal is refused with, before anything is looked up (``12``, ``30``, ``64``, ``94``): whoever
    owes it cannot settle it alone. Empty: they are carried out."""
    reverse_same_day_only: bool = False
    """Whether a reversal of an earlier business date gets 25."""
    protection: Protection = Protection()
    """How messages are protected: MAC, PIN blocks, exchange of keys; the same for every link."""
    keys: str = ""
    """The file of test keys that the host holds; empty: the published ones that are shipped."""
    keys_of: Literal["terminal", "zone"] = "terminal"
    """Whose keys protect a message: those of the terminal that DE 41 names, as where terminals send to the host
    themselves; or those of the zone, as where a gateway does."""
    grace: Annotated[float, Meta(ge=0, le=86400)] = 180.0
    """How many seconds keys are good for after a message under newer ones has come."""
    pin: Annotated[str, Meta(pattern=r"^[0-9]{4,12}$", description="4 to 12 digits")] = "1234"
    """The PIN of every card that has no rule with another, where PIN blocks are taken."""
    pin_tries: Annotated[int, Meta(ge=1)] = 3
    """Wrong PINs in a row that are answered with 55; then even the right one gets 75."""
    check_cvv: bool = False
    """Whether the card verification value in track 2 is checked, where there is one."""
    cvv2: str = ""
    """The path of an element with a CVV2, which is checked where it is there; empty: nowhere."""
    check_cryptogram: bool = False
    """Whether the chip's cryptogram (DE 55) is checked, and answered (tag 91)."""
    wrong_check_values: Annotated[int, Meta(ge=0)] = 0
    """How many sign-ons get keys with wrong check values before the others get right ones."""
    mac_on: Literal["", "all", "known", "approvals"] = ""
    """Which answers have a MAC: all; all but A0 and 77, which say that keys are not known; approvals alone. Empty:
    all, or approvals alone, as the profile says (`mac_on_declines`)."""
    scenario: str = ""
    """The file with the rules of a scenario; empty: none."""
    seed: str = ""
    """What all chance of the scenario is made from, and the first RRN; empty: what the scenario says, and chance."""
    remember: Annotated[int, Meta(ge=1)] = 100_000
    """Transactions, and accounts, that are kept; above, the oldest go. Under the 999999 STANs of one acquirer, so that
    a STAN that comes round again is new."""

    @property
    def issuing(self) -> bool:
        """Whether the issuer looks at a card otherwise than for its PIN."""
        return self.check_cvv or self.check_cryptogram or bool(self.cvv2)

    def rule(self, pan: str) -> CardRule | None:
        """Return the rule of cards like *pan*, or None."""
        return next((rule for rule in self.cards if pan.startswith(rule.prefix)), None)

    @property
    def cuts_over_at(self) -> time:
        """`cut_over` as a time."""
        return time.fromisoformat(self.cut_over)

"""What a clerk asks for -> the message that is sent, and the note that is kept of it.

Here is decided which earlier transaction is meant, and what is taken from it where the clerk does not say: the
amount, the currency, and for a void whether a sale, a hold or a completion is taken back.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from iso_gateway.codec import mask
from iso_gateway.codec.currency import format_amount
from iso_gateway.codec.message import Amount, Message
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.terminal import amounts, scripts
from iso_gateway.terminal.records import Memory, Outcome, Sent
from iso_gateway.terminal.scripts import Card, Slip, Till

LAST: Final = "last"
DEFAULT_PAN: Final = "4761739001010010"
"""A published test number; no card has it."""
MOST_DIGITS: Final = 19
"""Of a card number (ISO/IEC 7812)."""
DEFAULT_CURRENCY: Final = "840"
"""USD."""


class Verb(StrEnum):
    """What a clerk can ask for."""

    SALE = "sale"
    VOID = "void"
    REFUND = "refund"
    REVERSAL = "reversal"
    ADVICE = "advice"
    """Without an original: a sale that was approved offline. With one: the completion of a preauth."""
    LOGON = "logon"
    ECHO = "echo"


class Order(msgspec.Struct, frozen=True):
    """One thing that a clerk asks for; empty texts are what the clerk did not say."""

    verb: Verb
    amount: str = ""
    """As typed, ``12.34``."""
    pan: str = ""
    currency: str = ""
    """Letters or digits."""
    original: str = ""
    """An RRN, or ``last``."""

    def __repr__(self) -> str:
        return f"<Order {self.verb}>"


class Prepared(NamedTuple):
    """A request that is ready to be sent."""

    kind: Kind
    message: Message
    sent: Sent
    """Its note, already in the memory, with its outcome unknown."""


def prepare(dialect: Dialect, till: Till, memory: Memory, order: Order, at: datetime) -> Prepared:
    """Return the request that *order* asks for, numbered and noted in *memory*.

    Args:
        dialect: how it is said.
        till: who sends it.
        memory: what that terminal remembers; it is changed.
        order: what is asked for.
        at: the terminal's local time, aware.

    Raises:
        ConfigError: the order is incomplete, or there is no such original.
        CannotCarry: the dialect has no words for it.
        EncodeError: a value does not fit the spec.
    """
    if order.verb in _NETWORK:
        for what in ("amount", "currency", "pan", "original"):
            if getattr(order, what):
                raise _wrong(what, f"{_a(order.verb)} has none")
        kind = _NETWORK[order.verb]
        message = scripts.network(dialect, Slip(till, memory.next_stan(), at), kind)
    elif order.verb is Verb.REVERSAL:
        kind, message = Kind.REVERSAL, _reversal(dialect, till, memory, order, at)
    else:
        kind, message = _financial(dialect, till, memory, order, at)
    _check_names(till, message)
    sent = Sent.of(dialect, kind, message)
    memory.note(sent)
    return Prepared(kind, message, sent)


def _check_names(till: Till, message: Message) -> None:
    """Refuse names that were cut to fit: another terminal's money would be moved in our name."""
    for what, de, name in (("terminal", 41, till.terminal), ("merchant", 42, till.merchant)):
        if message[de].rstrip() != name:
            raise _wrong(what, f"DE {de} cannot carry it: {len(message[de])} characters of ASCII at most")


_NETWORK: Final = {Verb.LOGON: Kind.SIGN_ON, Verb.ECHO: Kind.ECHO}
_PLAIN: Final = {Verb.SALE: Kind.SALE, Verb.ADVICE: Kind.ADVICE}
"""What is asked for without an original."""
_ABOUT: Final[dict[Verb, dict[Kind, Kind]]] = {
    Verb.VOID: {
        Kind.SALE: Kind.VOID,
        Kind.ADVICE: Kind.VOID,
        Kind.REFUND: Kind.VOID,
        Kind.PREAUTH: Kind.PREAUTH_CANCEL,
        Kind.COMPLETION: Kind.COMPLETION_CANCEL,
        Kind.COMPLETION_ADVICE: Kind.COMPLETION_CANCEL,
    },
    Verb.REFUND: dict.fromkeys(TRAITS[Kind.REFUND].original, Kind.REFUND),
    Verb.ADVICE: {Kind.PREAUTH: Kind.COMPLETION_ADVICE},
}
"""The kind of request, by what is asked for and by the kind of its original."""
_BY_RRN: Final = {Verb.VOID: Kind.VOID, Verb.REFUND: Kind.REFUND}
"""What is asked for about an original that only the host knows."""


def _financial(dialect: Dialect, till: Till, memory: Memory, order: Order, at: datetime) -> tuple[Kind, Message]:
    kind, earlier, original = _kind_and_original(dialect, memory, order)
    currency = amounts.currency_digits(order.currency or (earlier.currency if earlier else "") or DEFAULT_CURRENCY)
    if order.amount:
        minor = amounts.minor_units(order.amount, currency)
    elif earlier is not None and earlier.amount is not None:
        minor = earlier.amount
    else:
        unknown = f" of an original that this terminal does not know ({order.original})" if order.original else ""
        raise _wrong("amount", f"{_a(order.verb)}{unknown} needs one, as in 12.34")
    card = _card(order, earlier)
    slip = Slip(till, memory.next_stan(), at)
    message = scripts.financial(dialect, slip, kind, card, amount=Amount(minor, currency), original=original)
    return kind, message


def _kind_and_original(dialect: Dialect, memory: Memory, order: Order) -> tuple[Kind, Sent | None, Original | None]:
    """Return what the request is, the original where this terminal sent it, and how that is named."""
    if not order.original:
        if order.verb not in _PLAIN:
            raise _wrong("original", f"{_a(order.verb)} names one, by its RRN or as 'last'")
        return _PLAIN[order.verb], None, None
    if order.verb not in _ABOUT:
        raise _wrong("original", f"{_a(order.verb)} has none")
    kinds = _ABOUT[order.verb]
    if order.original == LAST:
        earlier = memory.latest_approved(dialect.spec.name)
        if earlier is None:
            raise _wrong("original", "this terminal has no approved sale, refund, preauth or completion in its state")
    else:
        earlier = memory.by_rrn(dialect.spec.name, order.original, tuple(kinds))
    if earlier is None:
        if order.verb not in _BY_RRN:
            raise _wrong("original", f"this terminal's state has no preauth with the RRN {order.original}")
        return _BY_RRN[order.verb], None, Original(rrn=order.original)
    # A kind that cannot be asked for is sent all the same: to refuse it is the host's, and worth a try.
    fallback = _BY_RRN.get(order.verb)
    kind = kinds.get(earlier.kind) or fallback
    if kind is None:
        raise _wrong("original", f"an advice with an original completes a preauth, and this is a {_said(earlier)}")
    return kind, earlier, earlier.as_original()


def _reversal(dialect: Dialect, till: Till, memory: Memory, order: Order, at: datetime) -> Message:
    if order.amount:
        raise _wrong("amount", "a reversal has its original's, in full")
    if not order.original:
        raise _wrong("original", "a reversal names one, by its RRN or as 'last'")
    if order.original == LAST:
        earlier = memory.latest_financial(dialect.spec.name)
        if earlier is None:
            raise _wrong("original", "this terminal has sent nothing that could be reversed, by its state")
    else:
        earlier = memory.by_rrn(dialect.spec.name, order.original, TRAITS[Kind.REVERSAL].original)
        if earlier is None:
            raise _wrong("original", f"this terminal's state has no request with the RRN {order.original}")
    if earlier.outcome is Outcome.NOT_SENT:
        raise _wrong("original", f"the last request, STAN {earlier.stan}, was never sent: nothing is to be reversed")
    card = _card(order, earlier)
    stan = earlier.stan if dialect.profile.reversal_stan == "same" else memory.next_stan()
    return scripts.reversal(dialect, Slip(till, stan, at), card, earlier)


def _card(order: Order, earlier: Sent | None) -> Card:
    """Return the card; the state has no card numbers, so that the default one must be the original's or be said."""
    pan = "".join(order.pan.split()) or DEFAULT_PAN
    if not (pan.isascii() and pan.isdecimal() and len(pan) <= MOST_DIGITS):
        raise _wrong("pan", f"digits expected, {MOST_DIGITS} at most")
    if not order.pan and earlier is not None and earlier.card and earlier.card != mask.pan(pan):
        raise _wrong("pan", f"the original's card is {earlier.card}; give its number again, it is not kept")
    return Card(pan)


def _said(sent: Sent) -> str:
    """Return an earlier request in words."""
    said = str(sent.kind).replace("_", " ")
    return said if sent.amount is None else f"{said} of {format_amount(sent.amount, sent.currency)}"


def _a(verb: Verb) -> str:
    return f"an {verb}" if verb in (Verb.ADVICE, Verb.ECHO) else f"a {verb}"


def _wrong(what: str, reason: str) -> ConfigError:
    return ConfigError([Problem(what, reason)])

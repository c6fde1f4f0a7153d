"""What a clerk asks for -> the message that is sent, and the note that is kept of it.

Here is decided which earlier transaction is meant, and what is taken from it where the clerk does not say: the
amount, the currency, and for a void or cancel whether a sale, a hold or a completion is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from iso_gateway.codec import mask
from iso_gateway.codec.currency import format_amount
from iso_gateway.codec.message import Amount, Message
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.protocol.composing import repeat_of
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.originals import Original, read_original
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
    PREAUTH = "preauth"
    COMPLETE = "complete"
    CANCEL = "cancel"
    """Of a preauth or of a completion, as its original is."""
    ADVICE = "advice"
    """A sale that was approved offline."""
    BALANCE = "balance"
    QUERY = "query"
    """What became of an earlier request."""
    SETTLE = "settle"
    """The batch; see `settling`."""
    REPEAT = "repeat"
    """The latest request once more."""
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
    advice: bool = False
    """Whether a completion is told as a fact, where the dialect could ask for it."""

    def __repr__(self) -> str:
        return f"<Order {self.verb}>"


class Prepared(NamedTuple):
    """A request that is ready to be sent."""

    kind: Kind
    message: Message
    sent: Sent
    """Its note, already in the memory, with its outcome unknown; of a repeat, the note of the first."""
    reverses: Sent | None = None
    """What a reversal is about."""
    again: bool = False
    """Whether it was sent before."""
    about: Sent | None = None
    """What a query asks about, where this terminal sent it."""


class Counter(NamedTuple):
    """Where a clerk asks: which terminal, and when."""

    dialect: Dialect
    till: Till
    memory: Memory
    at: datetime
    """The terminal's local time, aware."""

    def slip(self, stan: str) -> Slip:
        """Return the occasion of the message with *stan*."""
        return Slip(self.till, stan, self.at)

    @property
    def spec(self) -> str:
        """The name of the spec, by which the memory tells dialects apart."""
        return self.dialect.spec.name


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
    counter = _counter(dialect, till, memory, at)
    refuse_surplus(order)
    if order.verb is Verb.REPEAT:
        return _repeat(counter, order)
    if order.verb is Verb.REVERSAL:
        reverses = _to_reverse(counter, order)
        return _reversal(counter, reverses, _card(order, reverses))
    if order.verb is Verb.QUERY:
        return _inquiry(counter, order)
    if order.verb in _NETWORK:
        kind = _NETWORK[order.verb]
        message = scripts.network(dialect, counter.slip(memory.next_stan()), kind)
    else:
        kind, message = _financial(counter, order)
    return _noted(counter, kind, message)


def refuse_surplus(order: Order) -> None:
    """Refuse what *order* says and cannot mean.

    Raises:
        ConfigError: it says something that its verb has not.
    """
    if order.advice and order.verb is not Verb.COMPLETE:
        raise _wrong("advice", f"{_a(order.verb)} is not asked for in two ways")
    for what in _WITHOUT.get(order.verb, ()):
        if getattr(order, what):
            raise _wrong(what, f"{_a(order.verb)} has none")


def prepare_owed(dialect: Dialect, till: Till, memory: Memory, order: Order, at: datetime) -> Prepared | None:
    """Return the reversal that goes before *order*, numbered and noted; None where nothing is owed.

    So UnionPay's terminals do it: what nobody answered is reversed before the next transaction, however long ago that
    was (ruling 24).

    Raises:
        ConfigError: it is about another card than *order*, whose number is not kept.
    """
    counter = _counter(dialect, till, memory, at)
    owed = memory.owed(counter.spec)
    if owed is None:
        return None
    try:
        card = _card(order, owed, same=True)
    except ConfigError as error:
        what = f"a reversal of the {_said(owed)}, STAN {owed.stan}, is owed and goes first"
        raise ConfigError([Problem("pan", f"{what}: {problem.message}") for problem in error.problems]) from error
    return _reversal(counter, owed, card)


def _counter(dialect: Dialect, till: Till, memory: Memory, at: datetime) -> Counter:
    return Counter(dialect, msgspec.structs.replace(till, batch=memory.batch), memory, at)


def _noted(
    counter: Counter, kind: Kind, message: Message, reverses: Sent | None = None, about: Sent | None = None
) -> Prepared:
    _check_names(counter.till, message)
    sent = msgspec.structs.replace(Sent.of(counter.dialect, kind, message), batch=counter.memory.batch)
    counter.memory.note(sent)
    return Prepared(kind, message, sent, reverses, about=about)


def _repeat(counter: Counter, order: Order) -> Prepared:
    """Return the latest request once more: the same in all but MTI and DE 7 (ruling 24)."""
    earlier = counter.memory.latest(counter.spec)
    if earlier is None:
        raise _wrong("repeat", "this terminal has sent nothing that could be repeated, by its state")
    return _once_more(counter, earlier, _card(order, earlier, same=True) if earlier.card else None)


def _once_more(counter: Counter, earlier: Sent, card: Card | None) -> Prepared:
    """Return what *earlier* has noted once more."""
    dialect, memory = counter.dialect, counter.memory
    fields = dict(earlier.fields)
    if card is not None:
        fields[2] = card.pan
    first = dialect.spec.message(earlier.mti, fields)
    sent_before = earlier.outcome is not Outcome.NOT_SENT
    message = repeat_of(dialect, first, Moment(0.0, counter.at), marked=sent_before)
    if not sent_before:
        earlier = msgspec.structs.replace(earlier, outcome=Outcome.UNKNOWN)
        memory.note(earlier)
    undone = [each for each in memory.sent if each.financial and _undoes(counter, earlier, each)]
    return Prepared(earlier.kind, message, earlier, undone[-1] if undone else None, again=sent_before)


def _undoes(counter: Counter, reversal: Sent, original: Sent) -> bool:
    """Return whether *reversal* is one, and of *original*."""
    if reversal.kind is not Kind.REVERSAL or (reversal.spec, original.spec) != (counter.spec, counter.spec):
        return False
    profile = counter.dialect.profile
    if profile.reversal_stan == "same":
        return reversal.stan == original.stan
    return read_original(profile.original, Message(reversal.mti, dict(reversal.fields))).stan == original.stan


def _check_names(till: Till, message: Message) -> None:
    """Refuse names that were cut to fit: another terminal's money would be moved in our name."""
    for what, de, name in (("terminal", 41, till.terminal), ("merchant", 42, till.merchant)):
        if message[de].rstrip() != name:
            raise _wrong(what, f"DE {de} cannot carry it: {len(message[de])} characters of ASCII at most")


_NETWORK: Final = {Verb.LOGON: Kind.SIGN_ON, Verb.ECHO: Kind.ECHO}
_WITHOUT: Final = {
    Verb.LOGON: ("amount", "currency", "pan", "original"),
    Verb.ECHO: ("amount", "currency", "pan", "original"),
    Verb.SALE: ("original",),
    Verb.PREAUTH: ("original",),
    Verb.ADVICE: ("original",),
    Verb.BALANCE: ("amount", "original"),
    Verb.QUERY: ("amount", "currency"),
    Verb.SETTLE: ("amount", "currency", "original"),
    Verb.REPEAT: ("amount", "currency", "original"),
}
"""What a clerk cannot say of them."""
MONEY: Final = frozenset(Verb) - {Verb.LOGON, Verb.ECHO, Verb.QUERY, Verb.REPEAT, Verb.REVERSAL}
"""What is not begun before an owed reversal is paid, by a terminal that reverses first."""
_PLAIN: Final = {
    Verb.SALE: Kind.SALE,
    Verb.ADVICE: Kind.ADVICE,
    Verb.PREAUTH: Kind.PREAUTH,
    Verb.BALANCE: Kind.BALANCE,
}
"""What is asked for without an original."""
_CANCELS: Final = {
    Kind.PREAUTH: Kind.PREAUTH_CANCEL,
    Kind.COMPLETION: Kind.COMPLETION_CANCEL,
    Kind.COMPLETION_ADVICE: Kind.COMPLETION_CANCEL,
}
_ABOUT: Final[dict[Verb, dict[Kind, Kind]]] = {
    Verb.VOID: {**dict.fromkeys(TRAITS[Kind.VOID].original, Kind.VOID), **_CANCELS},
    Verb.REFUND: dict.fromkeys(TRAITS[Kind.REFUND].original, Kind.REFUND),
    Verb.COMPLETE: {Kind.PREAUTH: Kind.COMPLETION},
    Verb.CANCEL: _CANCELS,
}
"""The kind of request, by what is asked for and by the kind of its original."""
_BY_RRN: Final = {Verb.VOID: Kind.VOID, Verb.REFUND: Kind.REFUND}
"""What is asked for about an original that only the host knows."""


def _financial(counter: Counter, order: Order) -> tuple[Kind, Message]:
    kind, earlier, original = _kind_and_original(counter, order)
    currency = amounts.currency_digits(order.currency or (earlier.currency if earlier else "") or DEFAULT_CURRENCY)
    if order.amount:
        minor = amounts.minor_units(order.amount, currency)
    elif earlier is not None and earlier.amount is not None:
        minor = earlier.amount
    elif kind is Kind.BALANCE:
        minor = 0
    else:
        unknown = f" of an original that this terminal does not know ({order.original})" if order.original else ""
        raise _wrong("amount", f"{_a(order.verb)}{unknown} needs one, as in 12.34")
    card = _card(order, earlier)
    slip = counter.slip(counter.memory.next_stan())
    message = scripts.financial(
        *(counter.dialect, slip, kind, card),
        amount=Amount(minor, currency),
        original=original,
        processing=earlier.fields.get(3, "000000") if earlier else "000000",
    )
    return kind, message


def _kind_and_original(counter: Counter, order: Order) -> tuple[Kind, Sent | None, Original | None]:
    """Return what the request is, the original where this terminal sent it, and how that is named."""
    if order.verb in _PLAIN:
        return _PLAIN[order.verb], None, None
    if not order.original:
        raise _wrong("original", f"{_a(order.verb)} names one, by its RRN or as 'last'")
    kinds, memory = _ABOUT[order.verb], counter.memory
    if order.original == LAST:
        earlier = memory.latest_approved(counter.spec)
        if earlier is None:
            raise _wrong("original", "this terminal has no approved sale, refund, preauth or completion in its state")
    else:
        earlier = memory.by_rrn(counter.spec, order.original, tuple(kinds))
    if earlier is None:
        if order.verb not in _BY_RRN:
            wanted = _names(kinds)
            raise _wrong("original", f"this terminal's state has no {wanted} with the RRN {order.original}")
        return _BY_RRN[order.verb], None, Original(rrn=order.original)
    # A kind that cannot be asked for is sent all the same: to refuse it is the host's, and worth a try.
    kind = kinds.get(earlier.kind) or _BY_RRN.get(order.verb)
    if kind is None:
        raise _wrong("original", f"{_a(order.verb)} is about a {_names(kinds)}, and this is a {_said(earlier)}")
    if kind is Kind.COMPLETION and (order.advice or not _asks_for_completions(counter.dialect)):
        kind = Kind.COMPLETION_ADVICE
    return kind, earlier, earlier.as_original()


def _asks_for_completions(dialect: Dialect) -> bool:
    """Return whether a completion can be a request here, which the host may decline, and not only an advice."""
    row = dialect.profile.row(Kind.COMPLETION)
    return row is not None and row.reversible


def _inquiry(counter: Counter, order: Order) -> Prepared:
    """Return the question what became of an earlier request: the latest one that moved money, or any by its RRN."""
    if not order.original:
        raise _wrong("original", "a query names one, by its RRN or as 'last'")
    memory = counter.memory
    if order.original == LAST:
        earlier = memory.latest_financial(counter.spec)
        if earlier is None:
            raise _wrong("original", "this terminal has sent nothing that could be asked about, by its state")
    else:
        earlier = memory.by_rrn(counter.spec, order.original, TRAITS[Kind.INQUIRY].original)
    named = earlier.as_original() if earlier is not None else Original(rrn=order.original)
    message = scripts.inquiry(counter.dialect, counter.slip(memory.next_stan()), named)
    return _noted(counter, Kind.INQUIRY, message, about=earlier)


def _to_reverse(counter: Counter, order: Order) -> Sent:
    """Return the request that is to be reversed."""
    if order.amount:
        raise _wrong("amount", "a reversal has its original's, in full")
    if not order.original:
        raise _wrong("original", "a reversal names one, by its RRN or as 'last'")
    memory = counter.memory
    if order.original == LAST:
        earlier = memory.latest_financial(counter.spec)
        if earlier is None:
            raise _wrong("original", "this terminal has sent nothing that could be reversed, by its state")
    else:
        earlier = memory.by_rrn(counter.spec, order.original, TRAITS[Kind.REVERSAL].original)
        if earlier is None:
            raise _wrong("original", f"this terminal's state has no request with the RRN {order.original}")
    if earlier.outcome is Outcome.NOT_SENT:
        raise _wrong("original", f"the last request, STAN {earlier.stan}, was never sent: nothing is to be reversed")
    return earlier


def _reversal(counter: Counter, earlier: Sent, card: Card) -> Prepared:
    """Return the reversal of *earlier*, numbered and noted; where one was sent and not answered, that one once more.

    A host would take another one for a reversal of what is reversed already, and say 25 (ruling 24).
    """
    made = next((each for each in reversed(counter.memory.sent) if _undoes(counter, each, earlier)), None)
    if made is not None and made.outcome in (Outcome.UNKNOWN, Outcome.NOT_SENT):
        return _once_more(counter, made, card)
    same = counter.dialect.profile.reversal_stan == "same"
    slip = counter.slip(earlier.stan if same else counter.memory.next_stan())
    return _noted(counter, Kind.REVERSAL, scripts.reversal(counter.dialect, slip, card, earlier), earlier)


def _card(order: Order, earlier: Sent | None, *, same: bool = False) -> Card:
    """Return the card; the state has no card numbers, so that the default one must be the original's or be said.

    With *same*, one that is said must be the original's too.
    """
    pan = "".join(order.pan.split()) or DEFAULT_PAN
    if not (pan.isascii() and pan.isdecimal() and len(pan) <= MOST_DIGITS):
        raise _wrong("pan", f"digits expected, {MOST_DIGITS} at most")
    may_differ = order.pan and not same
    if not may_differ and earlier is not None and earlier.card and earlier.card != mask.pan(pan):
        raise _wrong("pan", f"the original's card is {earlier.card}; give its number again, it is not kept")
    return Card(pan)


def _names(kinds: Iterable[Kind]) -> str:
    """Return what may be meant, in words."""
    words = dict.fromkeys(str(kind).partition("_")[0] for kind in kinds)
    return " or ".join(words)


def _said(sent: Sent) -> str:
    """Return an earlier request in words."""
    said = str(sent.kind).replace("_", " ")
    return said if sent.amount is None else f"{said} of {format_amount(sent.amount, sent.currency)}"


def _a(verb: Verb) -> str:
    return f"an {verb}" if verb in (Verb.ADVICE, Verb.ECHO) else f"a {verb}"


def _wrong(what: str, reason: str) -> ConfigError:
    return ConfigError([Problem(what, reason)])

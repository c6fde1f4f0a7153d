"""A spec and its profile together: messages by what they mean.

*Facts* are what a message says, by name: the field names of the specs (``amount_transaction``, ``pin_data``...), each
as its 1987 value. Two dialects talk through them: what one reads as facts, the other composes into its own message.
So a UnionPay void (0200/200000) reaches a 1987 host as a void (0200/020000), not as the refund that its DE 3 means
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import repeat
from iso_gateway.errors import CannotCarry
from iso_gateway.protocol import keeping, meaning
from iso_gateway.protocol.kinds import NETWORK, TRAITS, Kind
from iso_gateway.protocol.legs import FROM_THE_TERMINAL, MAC, MONEY, OWN_TO_A_LEG, WRITTEN_OTHERWISE
from iso_gateway.protocol.originals import ELEMENT, Original, read_original, write_original
from iso_gateway.protocol.passing import passing
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.profile import CodeClass, KindRow, Profile
from iso_gateway.protocol.records import may_be_kept

if TYPE_CHECKING:
    from iso_gateway.codec.field import Field
    from iso_gateway.codec.spec import Spec

Facts = dict[str, "str | bytes"]
"""What a message says, by field name, in 1987 terms."""

LOCAL_TIME: Final = ("time_local_transaction", "date_local_transaction")

_NEVER_CUT: Final = MONEY | {"primary_account_number", "track_2_data", "pin_data", "icc_data"}
_RESPONSE_CODE: Final = 39
_UNKNOWN: Final = CodeClass.UNKNOWN

APPROVALS: Final = frozenset({CodeClass.APPROVED, CodeClass.PARTIAL})
_ONLY: Final = {"4": "reversal", "5": "settlement", "8": "network"}


class Dialect:
    """One way of speaking ISO 8583: how bytes are laid out (spec) and what they mean (profile)."""

    def __init__(self, spec: Spec, profile: Profile) -> None:
        self.spec = spec
        self.profile = profile
        self._number = {field.name: de for de, field in spec.fields.items()}
        self.local_time = frozenset(self._number[name] for name in LOCAL_TIME if name in self._number)
        """The elements with the local date and time of 1987."""
        # `_fitted` leaves plain text as it is, where it is not too long: most of what is placed.
        texts = (field for field in spec.fields.values() if field.format not in ("b", "z"))
        self._widths = {field.name: (field.number, field.max) for field in texts}
        self._carried = {
            de: field.name for de, field in spec.fields.items() if field.name not in OWN_TO_A_LEG and de not in MAC
        }
        self._echoed = frozenset(spec.echo) - _HOST_MAY_CHANGE
        self._rows: dict[str, list[tuple[KindRow, bool]]] = {}
        """By MTI, each with whether there is more to look at than MTI and DE 3."""
        self._outgoing: dict[Kind, KindRow] = {}
        self._several: set[Kind] = set()
        """The kinds that look in more than one way."""
        for row in profile.kinds:
            for mti in {row.mti, repeat(row.mti)}:
                self._rows.setdefault(mti, []).append((row, _looks_further(row)))
            if self._outgoing.setdefault(row.kind, row) is not row:
                self._several.add(row.kind)
        self._alike = {row: profile.alike(row) for row in profile.kinds}
        self.kept = may_be_kept(spec)
        """The elements that the journal may hold."""
        self.chip_tags = frozenset(profile.reversal_chip_tags)
        """The tags of DE 55 that it may hold besides."""
        typed = bool(profile.batch) or any(row.type is not None for row in profile.kinds)
        self._marked = frozenset({3, 60} if typed else {3})
        """The elements into which the kind of a message is written beside what they said."""
        self._passing: dict[Dialect, frozenset[int]] = {}
        self._by_facts: dict[Dialect, frozenset[int]] = {}
        self._verdicts = {row.code: profile.verdict(row.code) for row in profile.codes}
        self._canonical = {row.code: profile.canonical(row.code) for row in profile.codes}
        self._approving = {
            code: profile.verdict(profile.code(code)) in APPROVALS for code in {"00", *self._canonical.values()}
        }
        self._from_hosts = {de: name for de, name in self._carried.items() if name not in FROM_THE_TERMINAL}
        self._written_otherwise = WRITTEN_OTHERWISE & self._number.keys()

    def __repr__(self) -> str:
        return f"<Dialect {self.spec.name}>"

    def number(self, name: str) -> int | None:
        """Return the data element *name*, or None where this dialect has none of that name."""
        return self._number.get(name)

    @cached_property
    def data(self) -> bytes:
        """What this dialect was made from, as the journal keeps it: see `keeping`."""
        return keeping.packed(self.spec.source, self.profile)

    @cached_property
    def hash(self) -> str:
        """What tells this dialect from every other, also from the same one with another line in a file."""
        return keeping.hash_of(self.data)

    def kind_row(self, message: Message) -> KindRow | None:
        """Return the profile's row that *message* fits, or None for a message that this dialect does not know."""
        processing = message.text(3)[:2]
        for row, further in self._rows.get(message.mti, ()):
            if (row.processing is None or row.processing == processing) and (not further or self._fits(row, message)):
                return row
        return None

    def _fits(self, row: KindRow, message: Message) -> bool:
        return (
            (row.type is None or peek(message, "60.1") == row.type)
            and (row.function is None or _text(message, 24) == row.function)
            and (row.condition is None or row.type is not None or _text(message, 25) == row.condition)
            and (row.network is None or peek(message, self.profile.network_code) == row.network)
            and (row.original is None or self.names_original(message) == row.original)
        )

    def alike(self, row: KindRow) -> tuple[KindRow, ...]:
        """Return the rows of the profile that only the original tells from *row*, itself among them."""
        return self._alike[row]

    def nameable(self, row: KindRow) -> tuple[Kind, ...]:
        """Return the kinds that the original of a message like *row* may be."""
        alike = self._alike[row]
        if len(alike) == 1:
            return TRAITS[row.kind].original
        return tuple(dict.fromkeys(kind for each in alike for kind in TRAITS[each.kind].original))

    def names_original(self, message: Message) -> bool:
        """Return whether *message* carries this dialect's element for an original, with something in it."""
        value = message.get(ELEMENT[self.profile.original])
        return isinstance(value, str) and bool(value.strip("0 "))

    def original(self, message: Message) -> Original:
        """Return what *message* says of the earlier transaction that it is about."""
        return read_original(self.profile.original, message)

    def reversed_kinds(self, message: Message) -> tuple[Kind, ...]:
        """Return what the reversal *message* may be about: what its DE 60.1 says, where the dialect has one."""
        looks = peek(message, "60.1")
        kinds = TRAITS[Kind.REVERSAL].original
        said = tuple(row.kind for row in self.profile.kinds if row.kind in kinds and row.type and row.type == looks)
        return said or kinds

    def batch(self, message: Message) -> str:
        """Return the terminal's batch number, or the empty text where the dialect or the message has none."""
        return peek(message, self.profile.batch) if self.profile.batch else ""

    def pan(self, message: Message) -> str:
        """Return the card number, of DE 2 or else of track 2; empty where the message has neither."""
        return message.text(2) or meaning.pan_of_track_2(message.text(35))

    def verdict(self, message: Message) -> CodeClass:
        """Return what the answer *message* says of the money; one without DE 39 says nothing: unknown."""
        return self._verdicts.get(_text(message, _RESPONSE_CODE), _UNKNOWN)

    def approves(self, code: str) -> bool:
        """Return whether an answer with the canonical *code*, as it is written here, tells of an approval."""
        known = self._approving.get(code)
        if known is None:
            return self.profile.verdict(self.profile.code(code)) in APPROVALS
        return known

    def canonical(self, message: Message) -> str:
        """Return DE 39 of *message* in the codes of 1987."""
        return self._canonical.get(_text(message, _RESPONSE_CODE), "96")

    # Facts and messages

    def passing(self, source: Dialect) -> frozenset[int]:
        """Return the elements of *source*'s messages that this dialect carries just as they are."""
        known = self._passing.get(source)
        if known is None:
            known = self._passing[source] = passing(
                source.spec, self.spec, frozenset(source._carried.values()), self._marked
            )
        return known

    def by_facts(self, source: Dialect) -> frozenset[int]:
        """Return the elements of *source*'s messages that reach this dialect by what they mean."""
        known = self._by_facts.get(source)
        if known is None:
            known = self._by_facts[source] = frozenset(source._carried) - self.passing(source)
        return known

    def facts(self, message: Message, of: frozenset[int] | None = None) -> Facts:
        """Return what *message* says, by name, in 1987 terms; of the elements *of* alone, where they are given."""
        names = self._carried
        said = message.only(names if of is None else of)
        facts: Facts = {names[de]: value for de, value in said.items()}
        return self._in_1987_terms(facts) if self._written_otherwise else facts

    def answer_facts(self, answer: Message) -> Facts:
        """Return what the host's *answer* says that is the host's to say."""
        names = self._from_hosts
        facts: Facts = {names[de]: value for de, value in answer.only(names).items()}
        return self._in_1987_terms(facts) if self._written_otherwise else facts

    def _in_1987_terms(self, facts: Facts) -> Facts:
        local = facts.pop("date_time_local_transaction", "")
        if isinstance(local, str) and len(local) == 12:
            facts["date_local_transaction"], facts["time_local_transaction"] = local[2:6], local[6:]
        data_code = facts.pop("pos_data_code", "")
        if isinstance(data_code, str) and data_code:
            facts["pos_entry_mode"] = meaning.pos_entry_mode(data_code)
        settled = facts.pop("date_settlement_1993", "")
        if isinstance(settled, str) and len(settled) == 6:
            facts["date_settlement"] = settled[2:]
        return facts

    def outgoing(self, kind: Kind, like: KindRow | None = None) -> KindRow:
        """Return how *kind* goes out: as it came in, by the row *like*, where this dialect has that row too.

        So an advice of an offline settlement leaves a UnionPay leg as one, and not as another of the advices.

        Raises:
            CannotCarry: the dialect has no such kind (40).
        """
        if like is not None and kind in self._several and like.kind is kind and like in self._alike:
            return like
        row = self._outgoing.get(kind)
        if row is None:
            raise CannotCarry("40", "mti", f"{self.profile.name} has no {kind}")
        return row

    def compose(
        self,
        kind: Kind,
        facts: Mapping[str, str | bytes],
        today: date,
        original: Original | None = None,
        batch: str = "",
        *,
        passed: Mapping[int, str | bytes] | None = None,
        row: KindRow | None = None,
    ) -> Message:
        """Return the request of *kind* that says *facts* in this dialect.

        Args:
            kind: What the message is for.
            facts: What it says; what this dialect has no field for is left out, unless it is money.
            today: The local date, for elements that carry a year.
            original: The transaction that it names, with the values of *this* leg.
            batch: The terminal's batch, where the dialect carries one.
            passed: Elements of a message from a dialect from which they are passing; *facts* count before them.
            row: How the kind is to look, of the rows that this dialect has for it; None: its first.

        Raises:
            CannotCarry: the dialect has no such kind, or would say another one without the original's name (40); or
                money or a date that it cannot say (30).
        """
        row = row or self.outgoing(kind)
        values = self._placed(facts, today)
        self._mark(row, values, facts, batch)
        if original is not None:
            values.update(self._original_elements(original))
        message = self.spec.message(row.mti, values, passed)
        if row.original and not self.names_original(message):
            raise CannotCarry("40", str(ELEMENT[self.profile.original]), f"{kind} must name its original here")
        return message

    def answer(
        self, request: Message, code: str, facts: Mapping[str, str | bytes], today: date, *, own: str = ""
    ) -> Message:
        """Return the answer to *request* with the canonical *code* and the other side's *facts*.

        What this side sent itself (STAN, dates, terminal) comes back as it was sent.

        Args:
            request: The message that this side sent.
            code: In the codes of 1987.
            facts: What the answer says beyond the echo.
            today: The local date.
            own: DE 39 as it is, where it comes from the same dialect and needs no translation.
        """
        echoed = self._echoed
        values: dict[int | str, str | bytes | None] = {
            de: value for de, value in self._placed(facts, today).items() if de not in echoed or de not in request
        }
        values[_RESPONSE_CODE] = own or self.profile.code(code, _ONLY.get(request.mti[1], ""))
        return request.response_to(values)

    def network(self, kind: Kind, facts: Mapping[str, str | bytes], today: date, batch: str = "") -> Message:
        """Return the network management request (0800) of *kind*; STAN and time come with *facts*."""
        if kind not in NETWORK:
            raise ValueError(f"{kind} is no network management")
        return self.compose(kind, facts, today, batch=batch)

    def _placed(self, facts: Mapping[str, str | bytes], today: date) -> dict[int | str, str | bytes]:
        """Return *facts* by number, in this dialect's digits and bounds."""
        number, widths = self._number, self._widths
        values: dict[int | str, str | bytes] = {}
        for name, value in facts.items():
            width = widths.get(name)
            if width is not None and type(value) is str and len(value) <= width[1] and value.isascii():
                values[width[0]] = value
            elif (de := number.get(name)) is not None:
                fitted = _fitted(self.spec.fields[de], de, value)
                if fitted is not None:
                    values[de] = fitted
            elif name in MONEY:
                raise CannotCarry("30", name, f"{self.spec.name} has no place for it")
            else:
                self._translate(name, facts, values, today)
        return values

    def _translate(
        self, name: str, facts: Mapping[str, str | bytes], values: dict[int | str, str | bytes], today: date
    ) -> None:
        """Place one 1987 fact that this dialect writes in another element, if it is one of those."""
        value = facts[name]
        if not isinstance(value, str):
            return
        if name == "date_local_transaction" and "date_time_local_transaction" in self._number:
            time = facts.get("time_local_transaction", "000000")
            if len(value) == 4 and isinstance(time, str):
                values[self._number["date_time_local_transaction"]] = _dated(name, value, time, today)
        elif name == "pos_entry_mode" and "pos_data_code" in self._number:
            values[self._number["pos_data_code"]] = meaning.pos_data_code(value)
        elif name == "date_settlement" and "date_settlement_1993" in self._number:
            values[self._number["date_settlement_1993"]] = _dated(name, value, "", today)

    def _mark(
        self, row: KindRow, values: dict[int | str, str | bytes], facts: Mapping[str, str | bytes], batch: str
    ) -> None:
        """Write into *values* what says that the message is of *row*'s kind."""
        processing = facts.get("processing_code", "")
        accounts = processing[2:] if isinstance(processing, str) and len(processing) == 6 else "0000"
        if row.processing is not None:
            values[3] = row.processing + accounts
        if row.function is not None:
            values[24] = row.function
        if row.condition is not None:
            values[25] = row.condition
        if row.type is not None or (batch and self.profile.batch):
            carried = values.get(60, "")
            carried = carried if isinstance(carried, str) else ""
            network = row.network if row.network is not None and self.profile.network_code == "60.3" else "000"
            tail = carried[8:] or network
            values[60] = (row.type or carried[:2] or "00") + (batch or carried[2:8] or "000001") + tail
        if row.network is not None and self.profile.network_code.isdecimal():
            values[int(self.profile.network_code)] = row.network

    def _original_elements(self, original: Original) -> dict[int | str, str | bytes]:
        elements: dict[int | str, str | bytes] = {}
        named = write_original(self.profile.original, original)
        if named:
            elements[ELEMENT[self.profile.original]] = named
        if original.rrn:
            elements[37] = original.rrn
        if original.approval:
            elements[38] = original.approval
        return elements


_HOST_MAY_CHANGE: Final = frozenset({4, 15, 37, 38})
"""What an answer may say differently from the request, even where requests' values are echoed."""


def _looks_further(row: KindRow) -> bool:
    return any(each is not None for each in (row.type, row.function, row.condition, row.network, row.original))


def _text(message: Message, de: int) -> str:
    value = message.get(de)
    return value if isinstance(value, str) else ""


def _dated(name: str, mmdd: str, hhmmss: str, today: date) -> str:
    """Return *mmdd* and *hhmmss* with the year that they mean."""
    try:
        return meaning.local_date_time(mmdd, hhmmss, today)
    except ValueError:
        raise CannotCarry("30", name, "no day of any year") from None


def _fitted(field: Field, de: int, value: str | bytes) -> str | bytes | None:
    """Return *value* as *field* can carry it, or None where it is better left out.

    Text loses the characters that the other side's charset lacks, and its end; numbers and binary are never cut.
    """
    binary = field.format == "b"
    fits = isinstance(value, bytes) == binary and len(value) <= field.max
    if fits and isinstance(value, str):
        if field.format == "z":
            return meaning.track_2(value, packed=field.encoding == "bcd")
        if field.format in _TEXT:
            return value if value.isascii() else _in_charset(value, field)
        return value
    if fits:
        return value if len(value) == field.max or field.length != "fixed" else None
    if field.name in _NEVER_CUT:
        raise CannotCarry("30", str(de), "does not fit the other side's field")
    if isinstance(value, str) and not binary and field.format in _TEXT:
        return _in_charset(value, field)
    return None


_TEXT: Final = frozenset({"a", "an", "anp", "ns", "ans"})


def _in_charset(value: str, field: Field) -> str:
    """Return *value* with ``?`` for what the field's charset lacks, cut to the field's bytes."""
    raw = value.encode(field.encoding, "replace")[: field.max]
    return raw.decode(field.encoding, "ignore")

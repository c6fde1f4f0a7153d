"""The messages that the gateway makes itself: a terminal's request in the host's words, and a reversal from a row."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import repeat
from iso_gateway.errors import CannotCarry
from iso_gateway.protocol import doubles
from iso_gateway.protocol.calendar import Second
from iso_gateway.protocol.dialect import LOCAL_TIME, Dialect, Facts
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.meaning import REVERSAL_REASONS
from iso_gateway.protocol.moment import Moment, transmission_time
from iso_gateway.protocol.originals import ELEMENT, Original, read_original, write_original
from iso_gateway.protocol.profile import Profile
from iso_gateway.protocol.records import HostLeg, OriginalQuery, Row
from iso_gateway.protocol.request import Request
from iso_gateway.protocol.setup import Acquirer


def query_for(request: Request) -> OriginalQuery | None:
    """Return what to ask the journal for the original of *request*, or None where it names none.

    What is named may be of a kind that it must not be: known, and wrong, is refused; only the unknown is forwarded.
    """
    if request.suspect:
        return doubles.query_for(request.suspect, request)
    named, kinds = request.original, request.original_kinds
    if kinds and request.kind is not Kind.REVERSAL:
        kinds = TRAITS[Kind.REVERSAL].original
    if not kinds or not (named.stan or named.rrn or named.approval):
        return None
    return OriginalQuery(
        merchant=request.merchant,
        terminal=request.terminal,
        stan=named.stan,
        batch=named.batch if named.stan else "",
        transmitted=named.transmitted,
        rrn="" if request.named_by_stan else named.rrn,
        approval="" if request.named_by_stan else named.approval,
        card=request.card_hash,
        kinds=kinds,
    )


def host_message(request: Request, acquirer: Acquirer, stan: str, second: Second) -> Message:
    """Return *request* as the host gets it: its meaning in the host's dialect, numbered anew.

    Raises:
        CannotCarry: the host's dialect cannot say it, or cannot name its original.
        EncodeError: a value does not fit the host's spec.
    """
    source, target = request.listener.dialect, acquirer.dialect
    if request.original_kinds and request.original_row is None and request.kind is not Kind.REVERSAL:
        _unknown_original(request, target)
    passed = request.message.only(target.passing(source))
    facts = source.facts(request.message, target.by_facts(source))
    facts["transmission_date_time"] = second.transmitted
    facts["system_trace_audit_number"] = stan
    if not target.local_time or not passed.keys() >= target.local_time:
        for name, said in zip(LOCAL_TIME, (second.written[6:], second.written[2:6]), strict=True):
            if name not in facts and target.number(name) not in passed:
                facts[name] = said
    if acquirer.institution:
        facts["acquiring_institution_id"] = acquirer.institution
    if acquirer.sends_rrn and 37 not in request.message:
        facts["retrieval_reference_number"] = rrn(second.local, stan)
    facts.update(request.instead)
    original = original_on_host_leg(request, acquirer.dialect.profile)
    batch = request.batch or acquirer.batch
    row = request.host_row = request.row_instead or target.outgoing(request.kind, request.kind_row)
    message = target.compose(request.kind, facts, second.today, original, batch, passed=passed, row=row)
    if request.kind is not Kind.REVERSAL:
        return message
    return message.evolve(_reason(reason_said(request), target.profile))


def _unknown_original(request: Request, target: Dialect) -> None:
    """Refuse what names an original that is not known here, where a profile wants that, or its kind would be a guess.

    Raises:
        CannotCarry: by setting, or because *target* writes differently what looks alike here and only the original
            tells apart, as a void and a completion's cancel (25).
    """
    source = request.listener.dialect
    if "refuse" in (source.profile.rules.unknown_original, target.profile.rules.unknown_original):
        raise CannotCarry("25", str(ELEMENT[source.profile.original]), "its original is not known, by setting refused")
    alike = {row.kind for row in source.alike(request.kind_row)}
    row = target.profile.row(request.kind)
    if len(alike) > 1 and row is not None and not alike <= {each.kind for each in target.alike(row)}:
        raise CannotCarry("25", "mti", f"only its original would tell which it is: {', '.join(sorted(alike))}")


def rrn(local: datetime, stan: str) -> str:
    """Return a DE 37 in the customary form: last digit of the year, day of the year, hour, STAN."""
    return f"{local.year % 10}{local.timetuple().tm_yday:03}{local.hour:02}{stan}"


def original_on_host_leg(request: Request, profile: Profile) -> Original | None:
    """Return the original with the values that it has on the host's leg.

    What the gateway does not know is named as the terminal named it, but never by STAN alone (ruling 3): the gateway
    renumbers, so that the terminal's STAN may be that of another sale there.

    Raises:
        CannotCarry: nothing is left to name it by (25).
    """
    row, named = request.original_row, request.original
    if row is not None and row.host is not None:
        return original_of(row, row.host)
    if not TRAITS[request.kind].original:
        return None
    beside_stan = {"de90": named.transmitted, "de56": named.local, "f61": ""}[profile.original]
    if beside_stan:
        return named
    if not (named.rrn or named.approval):
        raise CannotCarry("25", str(ELEMENT[profile.original]), "the original would be named by its STAN alone")
    return Original(rrn=named.rrn, approval=named.approval, date=named.date)


def original_of(row: Row, leg: HostLeg) -> Original:
    """Return *row* as a later message to the same host names it, by the values as they were sent."""
    batch = leg.fields.get(60, "")
    return Original(
        mti=leg.mti,
        stan=leg.stan,
        transmitted=leg.transmitted,
        local=leg.local,
        batch=batch[2:8] if isinstance(batch, str) else "",
        date=leg.local[2:6],
        rrn=row.rrn,
        approval=row.approval,
    )


_NOT_IN_REVERSAL: Final = frozenset({7, 11, 15, 24, 25, 28, 39, 44, 54, 61, 63, 90, 95})


def kept_request(row: Row, pan: str, dialect: Dialect, now: Moment) -> Message:
    """Return the request of *row* from what the journal keeps of it: without track, PIN block and MAC.

    Raises:
        EncodeError: a kept value does not fit the spec any more.
    """
    leg = row.host
    assert leg is not None
    values = dict(leg.fields)
    if pan and 2 in dialect.spec.fields:
        values[2] = pan
    if 7 in values:
        values[7] = transmission_time(now.wall)
    return dialect.spec.message(leg.mti, values)


_NOT_TOLD_AGAIN: Final = frozenset({7, 11, 24, 28, 39, 44, 54, 55, 63, 95})


def resubmission_of(row: Row, pan: str, dialect: Dialect, zone: tzinfo, stan: str, now: Moment) -> Message:  # noqa: PLR0917
    """Return the advice that tells a host once more of what it approved (flows 2.6).

    It says what the original said, with the host's own reference and authorization code: as a sale made offline, or as
    a completion where the original names a preauth.

    Args:
        row: The resubmission; its leg is the original's.
        pan: The card number.
        dialect: The one in which the original was sent.
        zone: That of the acquirer.
        stan: DE 11, its own.
        now: The present moment.

    Raises:
        CannotCarry: the dialect has no such advice.
        EncodeError: a kept value does not fit the spec any more.
    """
    leg = row.host
    if leg is None:
        raise CannotCarry("25", "90", "the row never reached a host")
    kept = {de: value for de, value in leg.fields.items() if de not in _NOT_TOLD_AGAIN and de in dialect.spec.fields}
    named = dialect.names_original(Message(leg.mti, leg.fields))
    kind = Kind.COMPLETION_ADVICE if named else Kind.ADVICE
    facts: Facts = {dialect.spec.fields[de].name: value for de, value in kept.items()}
    if pan:
        facts["primary_account_number"] = pan
    if not named:  # a completion says those of its preauth there, as it was sent
        facts["retrieval_reference_number"] = row.rrn
        facts["authorization_id_response"] = row.approval
    facts["transmission_date_time"] = transmission_time(now.wall)
    facts["system_trace_audit_number"] = stan
    original = read_original(dialect.profile.original, Message(leg.mti, leg.fields)) if named else None
    of_kind = [each for each in dialect.profile.kinds if each.kind is kind]
    told = next((each for each in of_kind if each.mti[2] == "2"), None)
    message = dialect.compose(kind, facts, now.wall.astimezone(zone).date(), original, row=told)
    exact: dict[int | str, str | bytes | None] = {de: value for de, value in kept.items() if de not in message}
    return message.evolve(exact)


def reversal_of(row: Row, pan: str, dialect: Dialect, zone: tzinfo, stan: str, now: Moment) -> Message:  # noqa: PLR0917
    """Return the reversal of *row* for its host: the elements as they were sent, the original named, the reason given.

    Args:
        row: What is reversed.
        pan: Its card number.
        dialect: The one in which it was sent.
        zone: That of the acquirer.
        stan: DE 11, where a reversal has one of its own.
        now: The present moment.

    Raises:
        CannotCarry: the dialect has no reversal.
        EncodeError: a kept value does not fit the spec any more.
    """
    leg = row.host
    if leg is None:
        raise CannotCarry("25", "90", "the row never reached a host")
    left_out = _NOT_IN_REVERSAL
    if TRAITS[row.kind].original:
        left_out |= {37, 38}  # as sent, they name the sale that was to be voided, and not this void
    kept = {de: value for de, value in leg.fields.items() if de not in left_out}
    facts: Facts = {dialect.spec.fields[de].name: value for de, value in kept.items() if de in dialect.spec.fields}
    if pan:
        facts["primary_account_number"] = pan
    if (condition := leg.fields.get(25)) is not None and dialect.profile.reversal_reason != "25":
        facts["pos_condition_code"] = condition
    facts["transmission_date_time"] = transmission_time(now.wall)
    facts["system_trace_audit_number"] = leg.stan if dialect.profile.reversal_stan == "same" else stan
    local = now.wall.astimezone(zone).date()
    message = dialect.compose(Kind.REVERSAL, facts, local, original_of(row, leg))
    # Elements whose name would have been translated are put back just as they were sent.
    exact: dict[int | str, str | bytes | None] = {de: value for de, value in kept.items() if de not in message}
    style = dialect.profile.original
    if element := write_original(style, original_of(row, leg)):
        exact[ELEMENT[style]] = element
    exact.update(_reason(row.reason or "06", dialect.profile))
    return message.evolve(exact)


def reason_said(request: Request) -> str:
    """Return why the terminal reverses, in the codes of 1987; 17, the terminal asked, where it does not say."""
    if request.listener.dialect.profile.reversal_reason == "25":
        return _SAID_IN_1993.get(request.message.text(25), "17")
    return request.message.text(39) or "17"


_SAID_IN_1993: Final = {reason: code for code, reason in REVERSAL_REASONS.items()}


def _reason(canonical: str, profile: Profile) -> dict[int | str, str | bytes | None]:
    if profile.reversal_reason == "39":
        return {39: canonical}
    if profile.reversal_reason == "25":
        return {25: REVERSAL_REASONS.get(canonical, REVERSAL_REASONS["06"])}
    return {}


def repeat_of(dialect: Dialect, message: Message, now: Moment, *, marked: bool = True) -> Message:
    """Return *message* to be sent once more: only MTI and DE 7 differ (ruling 24).

    With *marked* false it is the same type again: nothing of it went out before.
    """
    repeats = marked and dialect.profile.repeat_mti
    mti = repeat(message.mti) if repeats else message.mti
    changed: dict[int | str, str | bytes | None] = {7: transmission_time(now.wall)} if 7 in message else {}
    return message.evolve(changed, mti)

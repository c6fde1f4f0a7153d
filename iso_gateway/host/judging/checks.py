"""The rules that every terminal is held against, whatever its tester does: `CHECKS` is the table of them.

A check sees a message before it is remembered, and says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from iso_gateway.codec import mask
from iso_gateway.codec.mti import is_repeat
from iso_gateway.faults.near import seen as shown
from iso_gateway.host.judging.relations import MAY_CHANGE, differing
from iso_gateway.host.judging.seen import MONEY, Seen
from iso_gateway.host.judging.watching import Upload, Watch
from iso_gateway.protocol.kinds import NETWORK, Kind
from iso_gateway.protocol.meaning import REVERSAL_REASONS
from iso_gateway.protocol.moment import sent_at
from iso_gateway.protocol.numbering import LAST
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.reconciling import blocks, totals_said


class Wrong(NamedTuple):
    """What a check says against a message."""

    text: str
    """One sentence, masked."""
    about: Seen
    """Whose fault it is: of a debt, the message that owes."""
    others: tuple[Seen, ...] = ()
    """The messages that show it."""


class Check(NamedTuple):
    """One rule."""

    id: str
    text: str
    """What a terminal is to do."""
    source: str
    judge: Callable[[Watch, Seen], Iterator[Wrong]]
    covers: Callable[[Seen], bool]
    """Whether a message shows anything of it."""


def _mac(_watch: Watch, seen: Seen) -> Iterator[Wrong]:
    if seen.doubt:
        yield Wrong(f"{_named(seen)}, came with {_A.get(seen.doubt, seen.doubt)}", seen)


_A: Final = {"wrong MAC": "a wrong MAC"}


def _stan(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    if not _numbered(watch, seen):
        return
    last = watch.last_stan
    watch.last_stan = seen
    if not (seen.stan.isdecimal() and int(seen.stan)):
        yield Wrong(f"the STAN is {seen.stan or 'missing'}: 000001 to 999999 expected", seen)
    elif last is not None and last.stan.isdecimal() and not 0 < (int(seen.stan) - int(last.stan)) % LAST < LAST // 2:
        yield Wrong(
            f"STAN {seen.stan} after {last.stan}: it is to rise, and to begin at 000001 after 999999", seen, (last,)
        )


def _numbered(watch: Watch, seen: Seen) -> bool:
    """Say whether *seen* is to have a number of its own."""
    borrowed = seen.kind is Kind.REVERSAL and watch.dialect.profile.reversal_stan == "same"
    return seen.repeats is None and not borrowed


def _repeat(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    first = seen.repeats
    if first is None:
        yield from _once_more(watch, seen)
    elif differ := differing(seen, first, MAY_CHANGE | _PER_SEND):
        told = "; ".join(f"DE {de} was {_shown(first, de)} and is {_shown(seen, de)}" for de in differ)
        yield Wrong(f"a repeat is identical but for MTI, DE 7 and MAC: {told}", first, (seen,))
    elif watch.dialect.profile.repeat_mti and not is_repeat(seen.message.mti):
        wanted = seen.message.mti[:3] + str(int(seen.message.mti[3]) | 1)
        yield Wrong(
            f"a repeat of {first.message.mti} comes as {wanted}, and came as {seen.message.mti}", first, (seen,)
        )


def _once_more(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    """Yield what is wrong with a reversal that is new, of what has been reversed already or was to be."""
    if seen.undoes is None or seen.guessed or (earlier := watch.reversal_of(seen.undoes)) is None:
        return
    refused = earlier.guessed or (earlier.believable and not earlier.booked)
    if not refused and 95 not in seen.message and 95 not in earlier.message:
        text = f"{_named(seen.undoes)}, is reversed once more under STAN {seen.stan}: a repeat is identical"
        yield Wrong(f"{text} but for MTI, DE 7 and MAC, and has STAN {earlier.stan}", earlier, (seen,))


_PER_SEND: Final = frozenset({52, 53})
"""A PIN block may have chance in it, and a derived key's number stands in DE 53."""


def _text(seen: Seen, de: int) -> str | None:
    value = seen.message.get(de)
    return value.hex().upper() if isinstance(value, bytes) else value


def _shown(seen: Seen, de: int) -> str:
    return shown(seen.message, str(de), _text(seen, de))


def _reversal_first(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    if seen.repeats is not None or not (seen.kind in MONEY or seen.kind is Kind.SETTLEMENT):
        return
    for owed in watch.unsettled:
        what = "a reversal" if watch.reversible(owed) else "a repeat"
        owed.settled = True
        text = f"{_named(owed)}, has no outcome ({owed.how}), and {_named(seen)}, came before {what} of it"
        yield Wrong(text, owed, (seen,))


def _named(seen: Seen) -> str:
    kind = str(seen.kind or "").replace("_", " ")
    return f"{seen.message.mti} {kind}, STAN {seen.stan}".replace(" ,", ",")


def _names_original(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    if seen.kind is not Kind.REVERSAL or seen.repeats is not None:
        return
    if seen.guessed and (likely := seen.undoes) is not None:
        way = "has its STAN" if watch.dialect.profile.reversal_stan == "same" else "names it, STAN and all"
        text = f"{_named(seen)}, names nothing that was sent; the reversal of {_named(likely)}, {way}"
        yield Wrong(text, likely, (seen,))
    elif seen.undoes is not None and not watch.reversible(seen.undoes):
        yield Wrong(f"{_named(seen.undoes)}, is repeated, and never reversed", seen.undoes, (seen,))


def _same_elements(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    first = seen.undoes
    if first is None or seen.repeats is not None:
        return
    wanted = [de for de in _AS_ORIGINAL if de in first.message]
    wrong = [
        f"DE {de} is {_shown(seen, de)}, not {_shown(first, de)}"
        for de in wanted
        if _text(seen, de) != _text(first, de)
    ]
    if watch.dialect.pan(seen.message) != watch.dialect.pan(first.message):
        wrong.insert(0, "the card is another one, or missing")
    if wrong:
        yield Wrong(f"a reversal has what its original had: {'; '.join(wrong)}", first, (seen,))


_AS_ORIGINAL: Final = (3, 4, 41, 42, 49)
"""Those that every reversal has, if its original had them; its time and entry mode may be its own."""


def _reason(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    style, first = watch.dialect.profile.reversal_reason, seen.undoes
    if seen.kind is not Kind.REVERSAL or style not in ("39", "25"):
        return
    said = peek(seen.message, style)
    known = {code if style == "39" else REVERSAL_REASONS.get(code, ""): code for code in _REASONS}
    code = known.get(said, "")
    if not code:
        yield Wrong(
            f"DE {style} says why, one of {', '.join(filter(None, known))}; it is {said or 'missing'}",
            first or seen,
            (seen,),
        )
    elif first is not None and seen.repeats is None and code not in (fitting := _fitting(first)):
        wanted = " or ".join(each for each, meant in known.items() if meant in fitting)
        yield Wrong(
            f"{_named(first)}: {first.how}, so that DE {style} of its reversal is {wanted}, not {said}", first, (seen,)
        )


_REASONS: Final = ("98", "96", "A0", "06", "17")
"""Canonical reasons of a terminal's reversal: no answer, could not go on, wrong MAC, other, cancelled."""


def _fitting(first: Seen) -> tuple[str, ...]:
    """Return the canonical reasons that *first* may be reversed for, by how it was answered."""
    if first.spoilt:
        return ("A0",)
    if first.given is None:
        return ("98",)
    return _REASONS


def _batch(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    upload = watch.upload
    if upload is not None and upload.settlement.agreed is not None:
        upload.agreed = upload.settlement.agreed
    if seen.kind is Kind.SETTLEMENT:
        if upload is not None and seen.repeats is None and upload.settlement.agreed is False:
            yield _incomplete(upload, seen)
        told = totals_said(watch.dialect, seen.message)
        if seen.repeats is None and told is not None and watch.dialect.profile.row(Kind.UPLOAD_END) is not None:
            watch.upload = Upload(seen, told.debit_count + told.credit_count, agreed=True)
    elif upload is None:
        return
    elif seen.kind is Kind.UPLOAD:
        for block in blocks(seen.message) or ():
            upload.came[block.stan] = seen
    elif seen.kind is Kind.UPLOAD_END:
        watch.upload = None
        ended = _text(seen, 48) or ""
        if not upload.agreed and len(upload.came) != upload.announced:
            yield _incomplete(upload, seen)
        elif not upload.agreed and ended.isdecimal() and int(ended) != len(upload.came):
            yield Wrong(f"the end tells {int(ended)} records, and {len(upload.came)} came", upload.settlement, (seen,))
    elif not upload.agreed and (seen.kind in MONEY or seen.kind is Kind.SIGN_ON):
        watch.upload = None
        yield _incomplete(upload, seen)


def _incomplete(upload: Upload, seen: Seen) -> Wrong:
    came = f"{len(upload.came)} of {upload.announced} records had come"
    return Wrong(f"the totals did not agree, and {came} when {_named(seen)}, came", upload.settlement, (seen,))


_PRIVATE: Final = frozenset({*range(43, 49), 54, *range(57, 64), *range(104, 128)})
_GROUPED: Final = re.compile(
    r"(?<![0-9])(?<![0-9][ -])[2-9](?:[0-9]{3}(?:[ -][0-9]{4}){2,3}(?:[ -][0-9]{1,3})?"
    r"|[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5}|(?:[ -][0-9]){12,18})(?![ -]?[0-9])"
)
"""As cards and people write numbers: in groups of four, as 4-6-5, or digit by digit."""
_BETWEEN: Final = re.compile(r"(?<=[0-9])[ -](?=[0-9])")
_DIGITS: Final = re.compile(r"[0-9]{13,19}")
_RUN: Final = re.compile(r"(?<![0-9])[2-9][0-9]{12,18}(?![0-9])")


def _no_card(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    if seen.kind is Kind.UPLOAD:  # its records have card numbers, by their form
        return
    own = {card for card in (watch.dialect.pan(seen.message), *watch.cards) if _DIGITS.fullmatch(card)}
    for de in sorted(_PRIVATE & set(seen.message)):
        value = seen.message[de]
        text = value.decode("latin-1") + " " + value.hex() if isinstance(value, bytes) else str(value)
        whole = watch.dialect.spec.fields[de].inside is None
        joined = _BETWEEN.sub("", text)
        runs = _RUN.findall(text) + [_BETWEEN.sub("", each) for each in _GROUPED.findall(text)]
        found = any(card in text or card in joined for card in own) or (whole and any(map(mask.luhn, runs)))
        if found:
            yield Wrong(f"DE {de} has a card number in it, which stands in DE 2 or 35 and nowhere else", seen)


def _sign_on(watch: Watch, seen: Seen) -> Iterator[Wrong]:
    if seen.kind is Kind.SIGN_ON:
        watch.signed_on = True
    elif seen.kind in (Kind.SIGN_OFF, Kind.UPLOAD_END):
        watch.signed_on = False
    elif seen.kind in MONEY and seen.repeats is None and not watch.signed_on:
        watch.signed_on = True  # it was told
        yield Wrong(f"{_named(seen)}, came before a sign-on", seen)


_DE_7_MAY_DIFFER: Final = timedelta(minutes=15)
_LOCAL_MAY_DIFFER: Final = timedelta(hours=26)
"""Whatever the time zone, and some hours in which nothing could be sent."""
_MADE_NOW: Final = frozenset({Kind.SALE, Kind.PREAUTH, Kind.BALANCE})


def _times(_watch: Watch, seen: Seen) -> Iterator[Wrong]:
    message, now = seen.message, seen.at.wall
    sent = message.text(7)
    if sent:
        told = sent_at(sent, now.date()) if len(sent) == 10 else None
        if told is None:
            yield Wrong(f"DE 7 is {mask.printable(sent)}: no MMDDhhmmss", seen)
        elif abs(told - now) > _DE_7_MAY_DIFFER:
            yield Wrong(f"DE 7 is {sent}, and it is {now:%m%d%H%M%S} (UTC)", seen)
    time, day = message.text(12), message.text(13)
    if len(time) == 6 and len(day) == 4 and seen.repeats is None:
        local = sent_at(day + time, now.date())
        if local is None:
            yield Wrong(f"DE 13 and 12 are {mask.printable(day + time)}: no MMDD and hhmmss", seen)
        elif seen.kind in _MADE_NOW and abs(local - now) > _LOCAL_MAY_DIFFER:
            yield Wrong(f"DE 13 and 12 say {day} {time}, and it is {now:%m%d %H%M%S} (UTC)", seen)


def _of_the_host(_watch: Watch, _seen: Seen) -> Iterator[Wrong]:
    return iter(())  # said by the judge, who waits for the answers


def _always(_seen: Seen) -> bool:
    return True


REVERSAL_FIRST: Final = "reversal-first"
_WHY: Final = "a reversal says why: A0 where the MAC was wrong, 98 where no answer came, as one may be lost on its way"

CHECKS: Final[tuple[Check, ...]] = (
    Check(
        "mac-right", "the MAC of every request is right", "ruling 12, 14", _mac, lambda seen: seen.kind not in NETWORK
    ),
    Check("stan-rising", "each new message has a higher STAN; 000001 follows 999999", "ruling 24", _stan, _always),
    Check(
        *("repeat-identical", "a repeat is identical but for MTI, DE 7 and MAC", "ruling 24", _repeat),
        lambda seen: seen.repeats is not None,
    ),
    Check(
        REVERSAL_FIRST,
        "what has no outcome is reversed, or repeated where it is told as a fact, before any new money",
        *("ruling 24, flows 2.2", _reversal_first),
        lambda seen: seen.kind in MONEY and seen.outcome_unknown,
    ),
    Check(
        *("reversal-names-original", "a reversal names the request that it undoes", "flows 2.2", _names_original),
        lambda seen: seen.kind is Kind.REVERSAL,
    ),
    Check(
        *("reversal-elements", "a reversal has card, amount, currency and acceptor of its original", "flows 2.2"),
        *(_same_elements, lambda seen: seen.kind is Kind.REVERSAL),
    ),
    Check(
        *("reversal-reason", _WHY, "flows 2.2", _reason),
        lambda seen: seen.kind is Kind.REVERSAL,
    ),
    Check(
        *("batch-complete", "where the totals do not agree, every record is uploaded", "flows 2.7", _batch),
        lambda seen: seen.kind is Kind.SETTLEMENT,
    ),
    Check("no-card-number", "no card number stands where none belongs", "PCI DSS 3.4", _no_card, _always),
    Check(
        "sign-on-first",
        "a terminal signs on before it moves money",
        "flows 2.8",
        _sign_on,
        lambda seen: seen.kind in MONEY,
    ),
    Check("times", "DE 7 is the time in UTC, DE 12 and 13 are the terminal's", "ruling 21", _times, _always),
    Check(
        *("host-answered", "what the host asks of its own accord is answered", "ruling 24", _of_the_host),
        lambda seen: seen.outgoing,
    ),
)
"""In the order in which they are held against a message."""

ONLY_WHERE_ASKED: Final = frozenset({"sign-on-first"})
"""Those that only some hosts demand: a set asks for them, or a host that takes no money before a sign-on."""
UNBELIEVED: Final = frozenset({"mac-right", "stan-rising"})
"""Those that are held against a message whose MAC is not right; of the rest, nothing in it is believed."""

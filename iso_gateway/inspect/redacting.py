"""A message that may be shared: nothing in it that its spec masks, and still a message of its spec, of the same length.

    card numbers   test numbers, the same for the same card in all elements, tags and messages: see `cards`
    tracks         the card's test number, 4912 as expiry, service code 101, and zeros
    names          X for each letter
    DE 53          zeros, unless it is a card number that stands elsewhere in the message
    all else that is masked (PIN blocks, CVV, MACs, keys, private data that nobody can read): zeros, X for letters

What a mask lets people see stays as it is, but for card numbers that are found in it: any that stand elsewhere in the
message, and in free text whatever passes for one by Luhn. At the end the message is written and read again, and
searched for the card numbers that were taken out: what is not proved is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from iso_gateway.codec import emv, mask
from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import Value
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import CannotRedact, DecodeError, EncodeError
from iso_gateway.inspect.cards import SHORTEST, Cards

EXPIRY: Final = "4912"
"""What every card's expiry becomes, YYMM: far enough away not to decline anything."""
SERVICE_CODE: Final = "101"
"""What every card's service code becomes: international, no chip, no restriction."""

_SECRETS: Final = frozenset({52, 64, 128})
"""PIN block and MACs, which are blanked whatever the spec masks."""
_CARDS: Final = {2: "pan", 34: "pan", 35: "track", 36: "track", 45: "track", 53: "all", 96: "all"}
"""What the standard puts there, and how it is masked by a spec that masks nothing."""
_CONTROL: Final = 53
"""Security control information: no card number, though its 16 digits pass for one by chance (2600000000000000)."""
_CHIP: Final = 55
_HIDDEN_TAGS: Final = emv.NAMES.keys() - emv.SHOWN_TAGS
"""As `_CARDS`, of the chip's tags."""
_NAMES: Final = frozenset({"5F20", "9F0B"})
"""The tags of the card holder's name."""
_FREE: Final = frozenset({"a", "an", "anp", "ns", "ans", "any"})
"""The formats of free text, where the length varies."""
_FILLERS: Final = "XC0"
"""What letters become, the first that the spec can carry: X, or what hexadecimal digits and signs can be, too."""
_RUN: Final = re.compile(r"\d(?:[ ./=D^-]{0,2}\d){8,}", re.ASCII)
"""As `mask` has it: nine digits or more, also where one or two separators stand between them."""
_NUMBER: Final = re.compile(r"(?<!\d)\d{13,19}(?!\d)", re.ASCII)
_TRACK_1: Final = re.compile(r"(%?[A-Z]?)(\d{12,19})(\^)([^^]*)(\^)(.*)", re.DOTALL | re.ASCII)
_TRACK_2: Final = re.compile(r"(;?)(\d{12,19})([=D^])(.*)", re.DOTALL | re.ASCII)
_TRACK_3: Final = re.compile(r"(\d{2})(\d{12,19})([=D])(.*)", re.DOTALL | re.ASCII)
"""Format code, card number, and what issuers put there (ISO/IEC 4909)."""


class _Leaf(NamedTuple):
    """One value of a message, and how it is looked at."""

    place: int | str
    """Number or path, as `Message.evolve` takes them."""
    number: int
    key: str
    """The tag or number of a part; empty for an element."""
    value: Value
    mask: str
    free: bool
    """Whether text that people may see is free text, in which anything may stand."""


class Redactor:
    """Redacts messages, all by the same `cards`: one for a whole recording, both directions of it."""

    def __init__(self, cards: Cards) -> None:
        self.cards = cards
        self.changed: Counter[str] = Counter()
        """In how many messages what was replaced, by path: ``2``, ``55.5A``."""

    def payload(self, spec: Spec, payload: bytes) -> bytes:
        """Return the redacted form of *payload*, the bytes of a message of *spec*.

        Raises:
            DecodeError: it is no message of that spec.
            CannotRedact: see `message`.
        """
        return spec.encode(self.message(spec.decode(payload)))

    def message(self, message: Message) -> Message:
        """Return the redacted form of *message*.

        Raises:
            CannotRedact: its spec cannot carry what should stand there, or it is bound to none.
        """
        if message.spec is None:
            raise CannotRedact("", "nobody knows what is secret in a message without a spec")
        for number in card_numbers(message):
            self.cards.avoid(number)
        for filler in _FILLERS:
            work = _Work(self.cards, filler)
            changes = work.changes(message, message.spec)
            try:
                redacted = message.evolve(changes)
            except EncodeError as error:
                refused = error
                continue
            proved = work.proved(redacted, message.spec)
            self.changed.update(str(place).partition("#")[0] for place in changes)
            return proved
        raise CannotRedact(refused.field, refused.reason)


def card_numbers(message: Message) -> set[str]:
    """Return the card numbers that stand in *message* where some are expected, or may be some."""
    found: set[str] = set()
    if message.spec is not None:
        work = _Work(_Noting(found), _FILLERS[0])
        work.changes(message, message.spec)
    return found


class _Noting(Cards):
    """Notes the numbers, and leaves them as they are."""

    def __init__(self, found: set[str]) -> None:
        super().__init__(b"")
        self._found = found

    def __call__(self, number: str) -> str:
        """Note *number*."""
        self._found.add(number)
        return number


class _Work:
    """The redaction of one message."""

    def __init__(self, cards: Cards, filler: str) -> None:
        self._cards = cards
        self._filler = filler
        self._taken: dict[str, str] = {}
        """The card numbers of this message, with what stands for each."""

    def changes(self, message: Message, spec: Spec) -> dict[int | str, Value]:
        """Return what is to be changed, by place."""
        some = list(_leaves(message, spec))
        control = [leaf for leaf in some if leaf.number == _CONTROL and leaf.mask == "all"]
        hidden = {leaf.place: self._hidden(leaf) for leaf in some if leaf.mask != "none" and leaf not in control}
        seen = {leaf.place: self._swept(leaf) for leaf in some if leaf.mask == "none"}
        # Last, when all card numbers of the message are known.
        new = hidden | seen | {leaf.place: self._controlled(leaf.value) for leaf in control}
        return {leaf.place: new[leaf.place] for leaf in some if new[leaf.place] != leaf.value}

    def proved(self, redacted: Message, spec: Spec) -> Message:
        """Return *redacted* as it reads from its own bytes, in which no card number of the original stands.

        Raises:
            CannotRedact: one does, or they cannot be read.
        """
        try:
            data = spec.encode(redacted)
            again = spec.decode(data)
        except (EncodeError, DecodeError) as error:
            raise CannotRedact(error.field, "the redacted message cannot be written and read again") from None
        dump = data.hex()
        for number in self._taken.keys() - self._taken.values():
            # Bitmaps and amounts are full of zeros.
            if number.strip("0") and any(
                shape in dump for shape in (number, number.encode().hex(), number.encode("cp500").hex())
            ):
                raise CannotRedact("", "a card number stands where none is expected")
        return again

    def _card(self, number: str) -> str:
        instead = self._cards(number)
        if len(number) >= SHORTEST:
            self._taken[number] = instead
        return instead

    # What is masked

    def _hidden(self, leaf: _Leaf) -> Value:
        """Return what stands for a value that a mask hides, wholly or in part."""
        if isinstance(leaf.value, bytes):
            return self._bytes(leaf.key, leaf.mask, leaf.value)
        text = leaf.value
        if leaf.number in _SECRETS:
            return self._blank(text)
        if leaf.number == 14 and not leaf.key and len(text) == len(EXPIRY):
            return EXPIRY
        if leaf.mask == "pan":
            return self._card(text) if text.isdecimal() and text.isascii() else self._text(text, shown=False)
        if leaf.mask == "track":
            return self._track(text, third=leaf.number == 36) or self._text(text, shown=False)
        return self._text(text, shown=leaf.mask == "scan")

    def _controlled(self, value: Value) -> Value:
        """Return what stands for security control information: nothing, unless a known card number is all of it."""
        if isinstance(value, bytes):
            return bytes(len(value))
        return self._taken.get(value) or self._blank(value)

    def _bytes(self, tag: str, policy: str, value: bytes) -> bytes:
        """Return what stands for bytes: card numbers and tracks where they are known to be some, else zeros."""
        digits = value.hex().upper()
        packed = digits.rstrip("F")
        made = ""
        if tag == "5F24" and len(value) == 3:
            made = EXPIRY + "31"
        elif (tag == "5A" or policy == "pan") and packed.isdecimal():
            made = self._card(packed)
        elif tag in {"57", "9F6B"} or policy == "track":
            made = self._track(packed) or ""
        if made:
            return bytes.fromhex(made + digits[len(made) :])
        text = value.decode("latin-1")
        instead = self._track(text) if tag == "56" or policy == "track" else None
        if instead is None and tag in _NAMES and text.isascii() and text.isprintable():
            instead = self._blank(text)
        return bytes(len(value)) if instead is None else instead.encode("latin-1")

    def _track(self, text: str, *, third: bool = False) -> str | None:
        """Return what stands for the data of a track, or None where *text* is none."""
        if (
            third
            and (found := _TRACK_3.fullmatch(text))
            and (mask.luhn(found[2]) or not mask.luhn(found[1] + found[2]))
        ):
            return found[1] + self._card(found[2]) + found[3] + self._zeros(found[4])
        if found := _TRACK_1.fullmatch(text):
            return found[1] + self._card(found[2]) + found[3] + self._blank(found[4]) + found[5] + self._tail(found[6])
        if found := _TRACK_2.fullmatch(text):
            return found[1] + self._card(found[2]) + found[3] + (self._zeros if third else self._tail)(found[4])
        return None

    def _tail(self, text: str) -> str:
        """Return what stands for what follows the separator: expiry, service code, and what the issuer put there."""
        left = ""
        for instead in (EXPIRY, SERVICE_CODE):
            rest = text[len(left) :]
            if rest[:1] in {"=", "D", "^"}:
                left += rest[:1]  # it says that there is none
            elif rest[: len(instead)].isdecimal() and len(rest) >= len(instead):
                left += instead
        return left + self._zeros(text[len(left) :])

    def _text(self, text: str, *, shown: bool) -> str:
        """Return *text* with its runs of digits replaced, and all else too unless it may be *shown*."""
        if not shown and (track := self._track(text)) is not None:
            return track
        pieces, at = [], 0
        for run in _RUN.finditer(text):
            pieces += [text[at : run.start()] if shown else self._blank(text[at : run.start()]), self._run(run[0])]
            at = run.end()
        return "".join(pieces) + (text[at:] if shown else self._blank(text[at:]))

    def _run(self, run: str) -> str:
        """Return what stands for a run of digits with separators between them."""
        track = self._track(run)
        if track is not None:
            return track
        digits = re.sub(r"\D", "", run)
        if _is_card(digits):
            new = iter(self._card(digits))
            return "".join(next(new) if each.isdecimal() else each for each in run)
        if len(digits) < len(run):
            return re.sub(r"\d+", lambda found: self._run(found[0]), run)
        for number in sorted(self._taken, key=len, reverse=True):
            if number in run:
                before, after = run.split(number, 1)
                return self._zeros(before) + self._taken[number] + self._zeros(after)
        return self._zeros(run)

    @staticmethod
    def _zeros(text: str) -> str:
        return re.sub(r"[^=D^ ./-]", "0", text)

    def _blank(self, text: str) -> str:
        """Return *text* with zeros for digits and the filler for all that is not punctuation."""
        return "".join(
            "0" if each.isdecimal() else each if each.isascii() and not each.isalnum() else self._filler
            for each in text
        )

    # What may be seen

    def _swept(self, leaf: _Leaf) -> Value:
        """Return a value that people may see, without the card numbers in it."""
        if isinstance(leaf.value, bytes):
            return self._swept_bytes(leaf.value)
        text = leaf.value
        for number, instead in self._taken.items():
            text = text.replace(number, instead)
        if leaf.free:
            text = _NUMBER.sub(self._stranger, text)
        return text

    def _stranger(self, found: re.Match[str]) -> str:
        number = found[0]
        return self._card(number) if _is_card(number) and number not in self._taken.values() else number

    def _swept_bytes(self, value: bytes) -> bytes:
        digits = value.hex()
        for number, instead in self._taken.items():
            if number in digits:
                digits = digits.replace(number, instead)
            for codec in ("ascii", "cp500"):
                digits = digits.replace(number.encode(codec).hex(), instead.encode(codec).hex())
        value = bytes.fromhex(digits)
        text = value.decode("latin-1")
        return _NUMBER.sub(self._stranger, text).encode("latin-1")


def _is_card(digits: str) -> bool:
    """Return whether *digits* in free text pass for a card number: no issuer's begins with 0 (ISO/IEC 7812-1)."""
    return 13 <= len(digits) <= 19 and mask.luhn(digits) and not digits.startswith("0")


def _leaves(message: Message, spec: Spec) -> Iterator[_Leaf]:
    """Yield every value of *message*: of an element that was read inside, its parts; of a broken one, all of it."""
    for number, value in message.items():
        field = spec.fields[number]
        policy = "all" if number in _SECRETS else _at_least(field.mask, _CARDS.get(number, "none"))
        nodes = list(spec.inside(message, number))
        if not nodes or any(node.fault for node in nodes) or number in _SECRETS:
            free = field.length != "fixed" and field.format in _FREE
            yield _Leaf(number, number, "", value, "all" if nodes else policy, free)
            continue
        parents = {node.parent for node in nodes}
        for node in nodes:
            if node.item is not None and node.path not in parents:
                item, carried = node.item, node.item.value
                least = "all" if number == _CHIP and item.key in _HIDDEN_TAGS else "none"
                # A part of digits alone is a number of some kind, of which the spec says that it may be seen.
                free = isinstance(carried, str) and not carried.isdecimal()
                policy = _at_least(item.mask, least)
                yield _Leaf(f"{number}.{node.path}", number, item.key, carried, policy, free)


def _at_least(policy: str, least: str) -> str:
    return least if policy == "none" else policy

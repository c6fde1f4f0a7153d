"""How often a doctor is right: true messages in all framings, specs with an edit that nobody told, and no messages.

``python -m tests.support.hidden_specs`` prints the rates of many more edits.
"""

from __future__ import annotations

import itertools

import pytest

from iso_gateway.framing import Framing
from iso_gateway.framing.headers import HEADERS
from iso_gateway.framing.lengths import LENGTHS
from iso_gateway.inspect.doctor.cuts import cut
from iso_gateway.inspect.doctor.search import diagnose
from tests.support.fixture_files import Sample, all_samples
from tests.support.hidden_specs import KINDS, KNOWN, Rate, rate

FRAMINGS = [
    "",
    *(
        str(Framing(length, inclusive, chosen))
        for length, inclusive in itertools.product(LENGTHS, (False, True))
        for count in range(len(HEADERS) + 1)
        for chosen in itertools.permutations(HEADERS, count)
    ),
]
SAMPLES = [each for each in all_samples() if not each.name.startswith("every_field")]

LEAST: dict[str, tuple[int, int]] = {
    "mti": (100, 100),
    "bitmap": (100, 100),
    "LLVAR or LLLVAR": (100, 100),
    "prefix": (100, 100),
    "what a length counts": (80, 100),
    "content": (100, 100),
    "pad side": (50, 50),
    "variable to fixed": (60, 75),
    "fixed to variable": (75, 75),
    "fixed length": (25, 50),
    "unlikely length": (0, 0),
}
"""Of a hundred edits of a kind at least so many are told first, and first or second, of one message.

Where neighbours are alike, nothing in one message tells which of them is longer; the last kind is one that nobody has,
a date of three digits.
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_edit_is_found(kind: str) -> None:
    # Pads show only where a number is odd, which is rare.
    got = rate(kind, 14 if kind == "pad side" else 4, 1)
    first, second = LEAST[kind]
    assert isinstance(got, Rate)
    assert got.tried
    assert 100 * got.first >= first * got.tried, got
    assert 100 * got.second >= second * got.tried, got


@pytest.mark.parametrize("turn", range(3))
def test_true_messages_in_all_framings_are_told_as_what_they_are(turn: int) -> None:
    tried: set[str] = set()
    for at, sample in enumerate(SAMPLES[turn::3]):
        framing = FRAMINGS[(4 * at + turn) % len(FRAMINGS)]
        data = Framing.parse(framing).frame(sample.raw) if framing else sample.raw
        fits = diagnose(data, KNOWN)
        true = next(fit for fit in fits if (fit.wrap.framing, fit.spec.name) == (framing, sample.spec))
        assert not true.edits
        assert fits[0].believed
        # A message that two specs read alike is of both.
        assert (fits[0].wrap.payloads, fits[0].edits, fits[0].rank) == (true.wrap.payloads, (), true.rank), sample
        tried.add(framing)
    assert len(tried) > 20


def test_messages_without_their_end_are_told_to_be_cut_short() -> None:
    told = [_cut(sample, sample.raw[:-2]) for sample in SAMPLES[::9]]
    assert sum(told) >= 0.9 * len(told)


def test_messages_with_something_behind_them_are_told_to_be_too_long() -> None:
    told = [_cut(sample, sample.raw + b"\x03\xa7") for sample in SAMPLES[4::9]]
    assert sum(told) >= 0.9 * len(told)


def _cut(sample: Sample, data: bytes) -> bool:
    """Return whether it is told first that *data* is a message but for its end, or else that nothing fits well."""
    end, fits = cut(data, KNOWN), diagnose(data, KNOWN)
    if end is None:
        return not any(fit.believed for fit in fits)
    return end.missing is (len(data) < len(sample.raw)) and (not fits or end.worth >= fits[0].worth)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n",
        b'{"mti":"0200","fields":{"3":"000000","4":"000000001234"}}',
        b'<isomsg direction="incoming"><field id="0" value="0800"/></isomsg>',
        b"0200 this is a text and no message of any kind, but it begins like one",
        b"0800" * 20,
        bytes(200),
        b"\xff" * 64,
        bytes(range(256)),
        b"\x02\x00" + bytes(range(7, 250, 3)),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
        *((f"{seed:x}" * 60).encode() for seed in range(3, 8)),
        *(bytes(((at + 3) ** seed % 65_521) & 255 for at in range(20 * seed)) for seed in range(3, 9)),
    ],
    ids=lambda data: data[:12].hex(),
)
def test_what_is_no_message_is_not_believed_to_be_one(data: bytes) -> None:
    assert not any(fit.believed for fit in diagnose(data, KNOWN))

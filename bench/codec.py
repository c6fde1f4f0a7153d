"""The codec beside pyiso8583: microseconds for a message, and the ratio.

    python bench/codec.py [--rounds 15] [--json]

Both do the same work in turns, on the same bytes and the same spec, lowered to pyiso8583's form: *decode* makes a
message of bytes and reads every field; *build* makes bytes of a plain dict of values; *change* gives a message that is
there another STAN and makes bytes of it, which is the gateway's case. Ours checks the content of every field by its
format on the way in and out, pyiso8583 does not. The run fails where the two do not agree about values or bytes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import timeit
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import iso8583

from iso_gateway import Message, Spec, load_spec

SPECS: Final = ("iso87-ascii", "iso87-binary")
CHIP: Final = bytes.fromhex(
    "9F2608112233445566778882025C008407A00000000310109F360200019F100706010A03A4A0009505"
    "00000080009A032507119C01009F02060000000012345F2A0208409F1A0208409F3704AABBCCDD"
)
SIGN_ON: Final[dict[int, Any]] = {7: "0711093015", 11: "000001", 32: "00000123456", 41: "TERM0001", 70: "001"}
SALE: Final[dict[int, Any]] = {
    2: "4761739001010010",
    3: "000000",
    4: "000000001234",
    7: "0711093015",
    11: "000123",
    12: "093015",
    13: "0711",
    14: "2512",
    18: "5411",
    19: "840",
    22: "051",
    23: "001",
    25: "00",
    32: "00000123456",
    35: "4761739001010010D25122011143804400000",
    37: "519209000123",
    41: "TERM0001",
    42: "MERCHANT0000001",
    43: "CORNER SHOP            SPRINGFIELD    US",
    49: "840",
    55: CHIP,
    60: "0000000001",
}
ANSWER: Final = {de: SALE[de] for de in (2, 3, 4, 7, 11, 32, 37, 41, 49)} | {15: "0711", 38: "A12345", 39: "00"}
MESSAGES: Final[dict[str, tuple[str, dict[int, Any]]]] = {
    "0800 of 5 fields": ("0800", SIGN_ON),
    "0200 of 22 fields": ("0200", SALE),
    "0210 of 12 fields": ("0210", ANSWER),
}
LONG_ENOUGH: Final = 0.015
"""Seconds that one timing takes at least."""


class DisagreementError(Exception):
    """The two codecs do not say the same."""


class Contest(NamedTuple):
    """The same work, done by both."""

    ours: Callable[[], object]
    theirs: Callable[[], object]


def contests(spec: Spec, mti: str, fields: dict[int, Any]) -> dict[str, Contest]:
    """Return what is measured for one message.

    Raises:
        DisagreementError: values or bytes differ.
    """
    lowered = spec.to_pyiso8583()
    message = spec.message(mti, fields)
    data = spec.encode(message)
    document = {"t": mti} | {str(de): _text(value) for de, value in fields.items()}
    if bytes(iso8583.encode(dict(document), lowered)[0]) != data:
        raise DisagreementError("they encode the values to different bytes")
    decoded = iso8583.decode(data, lowered)[0]
    read = {str(de): _text(value) for de, value in spec.decode(data).items()}
    if read != {key: value for key, value in decoded.items() if key.isdecimal() and key != "1"}:
        raise DisagreementError("they decode the bytes to different values")

    def decode() -> None:
        found: Message = spec.decode(data)
        for de in found:
            found[de]

    def decode_theirs() -> None:
        found = iso8583.decode(data, lowered)[0]
        for key in found:
            found[key]

    stans = itertools.cycle(f"{number:06}" for number in range(1, 1000))

    def change_theirs() -> bytearray:
        changed = dict(document)
        changed["11"] = next(stans)
        return iso8583.encode(changed, lowered)[0]

    return {
        "decode": Contest(decode, decode_theirs),
        "build": Contest(
            lambda: spec.encode(spec.message(mti, fields)), lambda: iso8583.encode(dict(document), lowered)
        ),
        "change": Contest(lambda: spec.encode(message.evolve({11: next(stans)})), change_theirs),
    }


def _text(value: str | bytes) -> str:
    return value.hex().upper() if isinstance(value, bytes) else value


def measure(contest: Contest, rounds: int) -> dict[str, float]:
    """Return microseconds, the best of both, and the median of the ratios of each round."""
    timers = [timeit.Timer(work) for work in contest]
    number = 64
    while timers[0].timeit(number) < LONG_ENOUGH:
        number *= 2
    taken = [[timer.timeit(number) / number * 1e6 for timer in timers] for _ in range(rounds)]
    return {
        "ours": round(min(ours for ours, _ in taken), 2),
        "pyiso8583": round(min(theirs for _, theirs in taken), 2),
        "ratio": round(statistics.median(theirs / ours for ours, theirs in taken), 2),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name, (what, (mti, fields)) in itertools.product(SPECS, MESSAGES.items()):
        try:
            for work, contest in contests(load_spec(name), mti, fields).items():
                rows.append({"spec": name, "message": what, "work": work} | measure(contest, given.rounds))
        except DisagreementError as error:
            sys.exit(f"bench/codec.py: {name}, {what}: {error}")
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'':14}{'':20}{'':8}{'ours us':>8}  {'pyiso8583 us':>12}  {'times faster':>12}")
    for row in rows:
        print(
            f"{row['spec']:14}{row['message']:20}{row['work']:8}{row['ours']:>8.2f}  {row['pyiso8583']:>12.2f}  "
            f"{row['ratio']:>12.2f}"
        )


if __name__ == "__main__":
    main()

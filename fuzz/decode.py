"""Any bytes decode to a message or raise DecodeError, and nothing else happens: tried on broken fixtures, for a while.

    python fuzz/decode.py --seconds 60 --seed 7

Takes the shipped fixtures, breaks them (bits, bytes, lengths, cuts, splices of two) and decodes them under every
shipped spec. What decodes must encode again, to the same bytes. A finding is printed as hex with its spec, and
belongs into fixtures/ or a test once it is understood. The same seed tries the same bytes in the same order.
"""

from __future__ import annotations

import argparse
import random  # noqa: TID251 -- seeded, so that a finding can be found again
import sys
import time
from collections.abc import Iterator

from iso_gateway.catalog import load_spec, read_yaml, spec_names
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError
from iso_gateway.resources import folder


def fixtures() -> list[bytes]:
    """Return the bytes of every shipped message."""
    found: list[bytes] = []
    for entry in sorted((folder("fixtures") / "messages").iterdir(), key=lambda entry: entry.name):
        data, _ = read_yaml(entry.read_text("utf-8"), entry.name)
        found += [bytes.fromhex(message["hex"]) for message in data["messages"]]
    return found


def broken(dice: random.Random, corpus: list[bytes]) -> bytes:
    """Return a message of *corpus* with one to four things wrong with it."""
    raw = bytearray(dice.choice(corpus))
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(raw)) if raw else 0
        match dice.randrange(6):
            case 0 if raw:
                raw[at] ^= 1 << dice.randrange(8)
            case 1 if raw:
                raw[at] = dice.choice(b"\x00\x09\x10\x30\x39\x3d\x7f\x80\x99\xff")
            case 2:
                del raw[at:]
            case 3:
                del raw[at : at + dice.randint(1, 8)]
            case 4:
                raw[at:at] = dice.randbytes(dice.randint(1, 8))
            case _:
                other = dice.choice(corpus)
                raw[at:] = other[dice.randrange(len(other)) :]
    return bytes(raw)


def fault(spec: Spec, raw: bytes) -> str:
    """Return what went wrong that may not, in words, or the empty string."""
    try:
        message = spec.decode(raw)
    except DecodeError as error:
        if not 0 <= error.offset <= len(raw):
            return f"the offset {error.offset} lies outside of {len(raw)} bytes"
        return "" if str(error) and repr(error.partial) else "an error without words"
    except Exception as error:  # noqa: BLE001 -- what this looks for
        return f"{type(error).__name__} from decode"
    for number in message:
        if wrong := parts_fault(message, number, len(raw)):
            return wrong
    try:
        repr(message)
        again = spec.encode(message)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__} from encode or repr"
    return "" if again == raw else "decoded and encoded it is other bytes"


def parts_fault(message: Message, number: int, length: int) -> str:
    """Return what went wrong inside a field: broken parts raise DecodeError at the access, and nothing else."""
    try:
        message.parts(number).items()
    except DecodeError as error:
        return "" if 0 <= error.offset <= length else f"the offset {error.offset} lies outside of {length} bytes"
    except KeyError:
        pass  # the field has no parts
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__} from the parts of DE {number}"
    return ""


def findings(seconds: float, seed: int) -> Iterator[str]:
    """Yield each finding as a line, the first of its kind; stop after *seconds*."""
    dice = random.Random(seed)
    corpus = fixtures()
    specs = [load_spec(name) for name in spec_names()]
    end = time.monotonic() + seconds  # noqa: TID251 -- a tool's own stop watch
    tried = 0
    known: set[tuple[str, str]] = set()
    while time.monotonic() < end:  # noqa: TID251
        raw = broken(dice, corpus)
        for spec in specs:
            tried += 1
            wrong = fault(spec, raw)
            if wrong and (spec.name, wrong) not in known:
                known.add((spec.name, wrong))
                yield f"{spec.name}: {wrong}: {raw.hex()}"
    print(f"{tried} decodings of broken messages, seed {seed}", file=sys.stderr)


def main() -> None:
    """Print what was found; exit 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    found = 0
    for line in findings(options.seconds, options.seed):
        found += 1
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

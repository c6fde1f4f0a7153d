"""When what is due: an open loop, whose moments do not depend on any answer.

The time of a run is cut into slots of 1/rate seconds; in each, at a moment of chance, one transaction is due. So the
moments are irregular as customers are, and their number is exact. The same seed gives the same moments, kinds and
terminals.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random  # noqa: TID251 -- made from a seed below, and nowhere else
from typing import Final, NamedTuple

from iso_gateway.errors import ConfigError, Problem, did_you_mean
from iso_gateway.terminal.orders import Verb

KINDS: Final = (
    *(Verb.SALE, Verb.VOID, Verb.REFUND, Verb.REVERSAL, Verb.PREAUTH),
    *(Verb.COMPLETE, Verb.CANCEL, Verb.ADVICE, Verb.BALANCE),
)
"""What a mix may have."""
STOCK: Final[dict[Verb, Verb]] = {
    Verb.VOID: Verb.SALE,
    Verb.REFUND: Verb.SALE,
    Verb.REVERSAL: Verb.SALE,
    Verb.COMPLETE: Verb.PREAUTH,
    Verb.CANCEL: Verb.PREAUTH,
}
"""What is about an earlier transaction, and about what kind of one. Each serves once."""
PLAIN_MIX: Final = "sale=80,void=5,refund=5,reversal=2,balance=8"

Mix = dict[Verb, int]
"""The weight of each kind."""


class Due(NamedTuple):
    """One transaction that is to be sent."""

    at: float
    """Seconds from the beginning of the run: the intended time, from which its latency counts."""
    verb: Verb
    terminal: int
    """Which terminal's turn it is, from 0; one that has no original for *verb* lets another go."""


def read_mix(text: str) -> Mix:
    """Return the mix *text*, as in ``sale=80,void=5``: kinds and their weights.

    Raises:
        ConfigError: with everything that is wrong with it.
    """
    mix: Mix = {}
    problems = []
    for part in text.split(","):
        name, equals, weight = (piece.strip() for piece in part.partition("="))
        if name not in KINDS:
            problems.append(f"no kind {name!r}{did_you_mean(name, list(map(str, KINDS)))}; of {', '.join(KINDS)}")
        elif Verb(name) in mix:
            problems.append(f"{name} stands there twice")
        elif not (equals and weight.isascii() and weight.isdecimal() and len(weight) <= 6):
            problems.append(f"{name} needs a weight of 0 to 999999, as in {name}=5")
        else:
            mix[Verb(name)] = int(weight)
    if not problems and not any(mix.values()):
        problems.append("all weights are 0")
    if problems:
        raise ConfigError([Problem("mix", problem) for problem in problems])
    return {verb: weight for verb, weight in mix.items() if weight}


def dues(rate: float, duration: float, mix: Mix, terminals: int, seed: int) -> Iterator[Due]:
    """Yield what is due in *duration* seconds at *rate* a second, in order.

    Terminals take turns, in an order of chance that stays the same: each has an equal share.
    """
    dice = Random(seed)  # noqa: S311 -- it is to repeat itself
    rota = list(range(terminals))
    dice.shuffle(rota)
    verbs, weights = list(mix), list(mix.values())
    for number in range(how_many(rate, duration)):
        at = (number + dice.random()) / rate
        yield Due(at, dice.choices(verbs, weights)[0], rota[number % terminals])


def how_many(rate: float, duration: float) -> int:
    """Return how many transactions are due in *duration* seconds at *rate* a second; one at least."""
    return max(int(rate * duration + 1e-9), 1)

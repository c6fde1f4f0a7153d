"""Which acquirer gets a request: the first route whose every condition holds."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Query(msgspec.Struct, frozen=True):
    """What a route may look at."""

    pan: str = ""
    message_class: str = ""
    """The second digit of the MTI: 1 authorization, 2 financial, 4 reversal."""
    terminal: str = ""
    currency: str = ""
    """DE 49 as carried: ISO 4217, three digits or letters."""
    amount: int | None = None
    """Minor units; None where the message has none."""


class Route(msgspec.Struct, frozen=True):
    """One rule; an empty condition always holds, a list holds when one of its entries does."""

    acquirer: str
    pan: tuple[tuple[str, str], ...] = ()
    """Ranges of leading digits, both ends included: ``("51", "55")``, ``("4", "4")``."""
    message_class: tuple[str, ...] = ()
    terminal: tuple[str, ...] = ()
    """Terminal ids; ``TERM*`` is a prefix."""
    currency: tuple[str, ...] = ()
    amount: tuple[int, int] | None = None
    """From and to, minor units, both included."""

    def fits(self, query: Query) -> bool:
        """Return whether every condition holds for *query*."""
        return (
            (not self.pan or any(in_range(query.pan, low, high) for low, high in self.pan))
            and (not self.message_class or query.message_class in self.message_class)
            and (not self.terminal or any(named(query.terminal, pattern) for pattern in self.terminal))
            and (not self.currency or query.currency in self.currency)
            and (self.amount is None or (query.amount is not None and self.amount[0] <= query.amount <= self.amount[1]))
        )


def route(routes: Sequence[Route], query: Query) -> str | None:
    """Return the acquirer of the first of *routes* that fits *query*, or None: no route, code 92."""
    for rule in routes:
        if rule.fits(query):
            return rule.acquirer
    return None


def in_range(pan: str, low: str, high: str) -> bool:
    """Return whether *pan* begins with a prefix from *low* to *high*, compared by *low*'s and *high*'s length."""
    return bool(pan) and pan[: len(low)] >= low and pan[: len(high)] <= high


def named(terminal: str, pattern: str) -> bool:
    """Return whether *pattern*, an id or a prefix with ``*``, names *terminal*."""
    return terminal.startswith(pattern[:-1]) if pattern.endswith("*") else terminal == pattern

"""Amounts as people type them -> minor units, exactly, by the currency's own number of decimals."""

from __future__ import annotations

import re
from typing import Final

from iso_gateway.codec.currency import CURRENCIES, find
from iso_gateway.errors import ConfigError, Problem, did_you_mean

MOST_DIGITS: Final = 12
"""DE 4 is n12."""

_TYPED: Final = re.compile(r"(?P<major>[0-9]+)(?:\.(?P<minor>[0-9]+))?")


def currency_digits(name: str) -> str:
    """Return the three digits of the currency *name*, given as letters or digits.

    Raises:
        ConfigError: ISO 4217 has no such currency.
    """
    name = name.upper()
    known = find(name)
    if known is None:
        letters = sorted(each.code for each in CURRENCIES.values())
        raise _wrong("currency", f"ISO 4217 has no currency of this name{did_you_mean(name, letters)}")
    return next(digits for digits, each in CURRENCIES.items() if each is known)


def minor_units(text: str, currency: str) -> int:
    """Return the amount *text*, as in ``12.34``, in minor units of *currency*.

    Raises:
        ConfigError: *text* is no amount, has more decimals than the currency, or is too large for DE 4.
    """
    known = find(currency)
    assert known is not None, "currency_digits comes first"
    typed = _TYPED.fullmatch(text.strip())
    if typed is None:
        point = "; decimals stand after a point" if "," in text else ""
        raise _wrong("amount", f"digits expected, as in {_example(known.exponent)}{point}")
    decimals = typed["minor"] or ""
    if len(decimals) > known.exponent:
        has = {0: "no decimals", 1: "1 decimal"}.get(known.exponent, f"{known.exponent} decimals")
        raise _wrong("amount", f"{known.code} has {has}, {len(decimals)} given")
    digits = (typed["major"] + decimals.ljust(known.exponent, "0")).lstrip("0")
    if len(digits) > MOST_DIGITS:
        raise _wrong("amount", f"DE 4 holds {MOST_DIGITS} digits, decimals included")
    return int(digits or "0")


def _example(exponent: int) -> str:
    return "12" if not exponent else f"12.{'3456'[:exponent]}"


def _wrong(what: str, reason: str) -> ConfigError:
    return ConfigError([Problem(what, reason)])

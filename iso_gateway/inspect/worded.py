"""What elements and parts say by their names in the specs: dates, times, amounts; and the codes that only one dialect
has, by their names or by its profile.

The names are the standard's, and the same in all shipped specs; of what a spec calls otherwise nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Final

from iso_gateway.codec.currency import find, format_amount
from iso_gateway.codec.mask import luhn
from iso_gateway.codec.message import Message
from iso_gateway.inspect import editions
from iso_gateway.inspect.coded import ACCOUNTS, SETTLED
from iso_gateway.inspect.kinds import operation, word
from iso_gateway.inspect.registers import BY_LETTERS, COUNTRIES, merchant

if TYPE_CHECKING:
    from iso_gateway.protocol.profile import Profile

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_TIMES: Final = frozenset({"time_local_transaction", "time"})
_DATES: Final = frozenset({
    "transmission_date_time", "date_time_local_transaction", "date_time_local_transaction_2003",
    "date_local_transaction", "date_settlement", "date_settlement_1993", "date_settlement_2003", "date_conversion",
    "date_capture", "date_reconciliation", "date_reconciliation_2003", "date_action", "date_action_2003",
    "original_date", "date",
})  # fmt: skip
_MOMENT: Final = r"(?P<year>(?:\d\d){0,2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?P<time>\d{6})?"
_YEARLESS: Final = (4, 10)
"""Digits of a date without a year, and of one with a time."""
_TIME: Final = r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)"
_AMOUNTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("amount_transaction", "amount_transaction_fee", "amount_transaction_processing_fee"), 49),
    **dict.fromkeys(("amount_settlement", "amount_settlement_fee", "amount_settlement_processing_fee"), 50),
    **dict.fromkeys(("amount_net_settlement", "credits_amount", "credits_reversal_amount"), 50),
    **dict.fromkeys(("debits_amount", "debits_reversal_amount"), 50),
    **dict.fromkeys(("amount_cardholder_billing", "amount_cardholder_billing_fee"), 51),
    **dict.fromkeys(("domestic_debit_amount", "domestic_credit_amount", "amount_other"), 49),
}
"""The amounts, and the element with the currency of each."""
_OF_2003: Final = re.compile(r"([CD]?)(\d{3})(\d)(\d{8}|\d{12}|\d{16})")
"""An amount of 2003, which has its currency and decimals itself: one, a fee of 8 digits, or a sum of 16."""
_CARRYING: Final = frozenset({
    "amount_transaction_2003", "amount_settlement_2003", "amount_cardholder_billing_2003",
    "amount_cardholder_billing_fee_2003", "amount_net_settlement_2003", "amount_transaction", "amount_settlement",
})  # fmt: skip
"""What has such an amount, where it is long enough."""
_SHORTEST: Final = 12
"""Digits of an amount of 1987 and 1993, and of the shortest of 2003."""
_SIGNED: Final = r"([CD]?)(\d+)"
_SIDES: Final = {"": "", "C": "credit ", "D": "debit "}
_ADDITIONAL: Final = r"(\d\d)(\d\d)(\d{3}|[A-Z]{3})([CD])(\d{12})"
"""One of the amounts of DE 54: the account, what amount it is, its currency, its side, and itself."""
_RUN: Final = r"\d{13,}"
"""Digits in a row of an amount and of the head of the next one, 19."""
_AMOUNT_TYPES: Final = {
    "01": "ledger balance",
    "02": "available balance",
    "03": "amount owing",
    "04": "amount due",
    "20": "remaining this cycle",
    "40": "cash",
    "41": "goods and services",
}
_LOCATION: Final = 40
"""Characters of DE 43 in 1987, of which the last two are the country."""
_MERCHANTS: Final = frozenset({"merchant_type", "card_acceptor_business_code", "merchant_category_code"})
_CODES: Final[Mapping[str, Callable[[str], str]]] = {
    "account_type": lambda value: ACCOUNTS.get(value, ""),
    "amount_type": lambda value: _AMOUNT_TYPES.get(value, ""),
    "message_reason_code_nibss": editions.reason,
    "pos_data_code_nibss": editions.entry,
}
"""Parts and elements of one spec whose codes are the standard's."""
_OF_DIALECTS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("cup-pos", "60.4"): {"0": "unknown", "2": "stripe", "5": "chip", "6": "contactless chip"},
    ("cup-pos", "60.5"): {"1": "the chip before was read, or none was asked for", "2": "the chip before failed"},
    ("cup-pos", "48.5"): SETTLED,
    ("cup-pos", "48.10"): SETTLED,
    ("cup-pos", "60.6"): {"0": "no partial approvals", "1": "partial approvals"},
}
"""By profile and path, what the codes of a part mean."""
_TELLING: Final = 2
"""Kinds of transaction that a code may stand for to tell anything."""


def meaning(path: str, name: str, value: str, message: Message, profile: Profile | None = None) -> str:
    """Return what *value* says in words; empty where nothing is known of it.

    Args:
        path: of the element or part, ``60.4``.
        name: what its spec calls it.
        value: as carried.
        message: it stands in, which has the currency.
        profile: of the dialect.
    """
    if name in _TIMES:
        return time(value)
    if name in _DATES:
        return date(value)
    if name in _CARRYING and (said := _amount_2003(name, value)):
        return said
    if name in _AMOUNTS:
        return _amount(value, message.text(_AMOUNTS[name]))
    if name == "currency_code":
        known = find(value)
        return "" if known is None else known.code
    if name.endswith("country_code"):
        return COUNTRIES.get(value, "")
    if name == "card_acceptor_name_location" and len(value) == _LOCATION:
        return BY_LETTERS.get(value[-2:], "")
    if name in _MERCHANTS:
        return merchant(value)
    if path == "54" or name == "additional_amount":
        return "; ".join(additional(value))
    if name in _CODES:
        return _CODES[name](value)
    return "" if profile is None else _of_dialect(path, value, profile)


def date(value: str) -> str:
    """Return a date, or a date and a time, in words: ``18 November 2025, 14:30:05``; empty where it is none."""
    found = re.fullmatch(_MOMENT, value)
    if found is None or (len(value) in _YEARLESS) == bool(found["year"]):
        return ""
    year = found["year"] if len(found["year"]) != len("YY") else f"20{found['year']}"
    said = f"{int(found['day'])} {_MONTHS[int(found['month']) - 1]}{f' {year}' if year else ''}"
    if not found["time"]:
        return said
    clock = time(found["time"])
    return f"{said}, {clock}" if clock else ""


def time(value: str) -> str:
    """Return a time in words: ``14:30:05``; empty where it is none."""
    found = re.fullmatch(_TIME, value)
    return ":".join(found.groups()) if found else ""


def _amount(value: str, currency: str) -> str:
    found = re.fullmatch(_SIGNED, value)
    if found is None or find(currency) is None:
        return ""
    return _SIDES[found[1]] + format_amount(int(found[2]), currency)


def _amount_2003(name: str, value: str) -> str:
    found = _OF_2003.fullmatch(value)
    if found is None or (len(value) <= _SHORTEST and not name.endswith("_2003")):
        return ""
    side, currency, decimals, digits = found.groups()
    known = find(currency)
    if known is None:
        return ""
    if known.exponent == int(decimals):
        return _SIDES[side] + format_amount(int(digits), currency)
    return f"{_SIDES[side]}{known.code} {int(digits)}, {decimals} of its digits decimals"


def additional(value: str) -> list[str]:
    """Return the additional amounts in words, one by one: ``available balance USD 100.00 credit``.

    It is empty where they are not laid out as the standard has it, down to currencies that there are, and where a card
    number may stand across two of them: it is told of masked elements too, in which digits in a row are hidden.
    """
    found = list(re.finditer(_ADDITIONAL, value))
    if not found or "".join(each[0] for each in found) != value or any(find(each[3]) is None for each in found):
        return []
    if any(_may_be_card(run[at:end]) for run in re.findall(_RUN, value) for at, end in combinations(range(20), 2)):
        return []
    said: list[str] = []
    for each in found:
        account, what, currency, side, amount = each.groups()
        of = "" if account == "00" else f"{ACCOUNTS.get(account, f'account {account}')}, "
        kind = _AMOUNT_TYPES.get(what, f"amount {what}")
        said.append(f"{of}{kind} {format_amount(int(amount), currency)} {_SIDES[side].strip()}")
    return said


def _may_be_card(digits: str) -> bool:
    return len(digits) >= 13 and "2" <= digits[0] <= "6" and luhn(digits)


def _of_dialect(path: str, value: str, profile: Profile) -> str:
    """Return what a part says that the kinds of *profile* look at, or that only its dialect has."""
    if path == profile.network_code and "." in path and (said := operation(profile, value)):
        return said
    looked_at = {"60.1": "type", profile.network_code: "network"}.get(path)
    if looked_at is not None and "." in path:
        kinds = dict.fromkeys(word(row.kind) for row in profile.kinds if getattr(row, looked_at) == value)
        return " or ".join(kinds) if len(kinds) <= _TELLING else ""
    return _OF_DIALECTS.get((profile.name, path), {}).get(value, "")

"""The currencies of ISO 4217: three digits -> three letters and the number of decimals.

The list of the active codes at the beginning of 2026, without those that have no minor unit (gold, XDR and the
like). BGN, which the euro replaced that year, is kept for refunds.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Currency(NamedTuple):
    """One currency."""

    code: str
    """Three letters."""
    exponent: int
    """Decimals of the major unit: 2 for USD, 0 for JPY, 3 for KWD."""


_TWO: Final = """
    AED784 AFN971 ALL008 AMD051 AOA973 ARS032 AUD036 AWG533 AZN944 BAM977 BBD052 BDT050 BGN975 BMD060 BND096 BOB068
    BOV984 BRL986 BSD044 BTN064 BWP072 BYN933 BZD084 CAD124 CDF976 CHE947 CHF756 CHW948 CNY156 COP170 COU970 CRC188
    CUP192 CVE132 CZK203 DKK208 DOP214 DZD012 EGP818 ERN232 ETB230 EUR978 FJD242 FKP238 GBP826 GEL981 GHS936 GIP292
    GMD270 GTQ320 GYD328 HKD344 HNL340 HTG332 HUF348 IDR360 ILS376 INR356 IRR364 JMD388 KES404 KGS417 KHR116 KPW408
    KYD136 KZT398 LAK418 LBP422 LKR144 LRD430 LSL426 MAD504 MDL498 MGA969 MKD807 MMK104 MNT496 MOP446 MRU929 MUR480
    MVR462 MWK454 MXN484 MXV979 MYR458 MZN943 NAD516 NGN566 NIO558 NOK578 NPR524 NZD554 PAB590 PEN604 PGK598 PHP608
    PKR586 PLN985 QAR634 RON946 RSD941 RUB643 SAR682 SBD090 SCR690 SDG938 SEK752 SGD702 SHP654 SLE925 SOS706 SRD968
    SSP728 STN930 SVC222 SYP760 SZL748 THB764 TJS972 TMT934 TOP776 TRY949 TTD780 TWD901 TZS834 UAH980 USD840 USN997
    UYU858 UZS860 VED926 VES928 WST882 XAD396 XCD951 XCG532 YER886 ZAR710 ZMW967 ZWG924
"""
_NONE: Final = """
    BIF108 CLP152 DJF262 GNF324 ISK352 JPY392 KMF174 KRW410 PYG600 RWF646 UGX800 UYI940 VND704 VUV548 XAF950 XOF952
    XPF953
"""
_THREE: Final = "BHD048 IQD368 JOD400 KWD414 LYD434 OMR512 TND788"
_FOUR: Final = "CLF990 UYW927"

CURRENCIES: Final[dict[str, Currency]] = {
    each[3:]: Currency(each[:3], exponent)
    for exponent, codes in ((0, _NONE), (2, _TWO), (3, _THREE), (4, _FOUR))
    for each in codes.split()
}
"""By the three digits of DE 49: ``"840"``."""

_BY_LETTERS: Final = {each.code: each for each in CURRENCIES.values()}


def find(currency: str) -> Currency | None:
    """Return the currency of three digits or letters, or None where ISO 4217 has no such."""
    return CURRENCIES.get(currency) or _BY_LETTERS.get(currency)


_CODE: Final = re.compile("[0-9A-Z]{3}").fullmatch
"""Whether a text may be the code of a currency."""


def format_amount(minor: int, currency: str | None) -> str:
    """Return an amount as people read it: ``"USD 12.34"``, ``"JPY 1200"``, ``"-EUR 0.05"``.

    Without a currency that we know, nobody can say where the point goes: ``"1234 minor units"``, after the code
    if there is one that may be one.
    """
    known = find(currency) if currency else None
    if known is None:
        return f"{currency} {minor} minor units" if currency and _CODE(currency) else f"{minor} minor units"
    sign = "-" if minor < 0 else ""
    digits = f"{abs(minor):0{known.exponent + 1}d}"
    point = len(digits) - known.exponent
    number = digits if not known.exponent else f"{digits[:point]}.{digits[point:]}"
    return f"{sign}{known.code} {number}"

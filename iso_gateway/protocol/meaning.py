"""The same meaning in other digits: elements that two versions of the standard write differently.

Elements of equal name mean the same in every spec and are carried as they are; here are the pairs that do not.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from iso_gateway.protocol.moment import year_of

# Position 7 of the 1993 POS data code ("card data input mode") beside the first two digits of the 1987 entry mode.
_INPUT_MODE: Final = {"01": "1", "02": "2", "03": "3", "04": "4", "05": "5", "07": "8", "80": "2", "90": "2", "91": "8"}
_ENTRY_MODE: Final = {"1": "01", "2": "02", "3": "03", "4": "04", "5": "05", "6": "01", "8": "07"}
_PIN_CAPABLE: Final = {"1": "1", "2": "0"}  # third digit of the entry mode; position 2 of the POS data code

REVERSAL_REASONS: Final = {"98": "4021", "96": "4013", "A0": "4351", "06": "4002", "17": "4007"}
"""Why a request is reversed: DE 39 of a 1987 reversal beside the message reason code (DE 25) of a 1993 one.

Never 4000: the customer's wish makes a 1420 the void of a finished sale.
"""


def pos_data_code(entry_mode: str) -> str:
    """Return DE 22 of 1993 (an12) for DE 22 of 1987 (n3); what the short form cannot say is 0, "unknown"."""
    mode = _INPUT_MODE.get(entry_mode[:2], "0")
    card_present = "0" if mode == "1" else "1"
    return f"{mode}{_PIN_CAPABLE.get(entry_mode[2:3], '0')}000{card_present}{mode}00000"


def pos_entry_mode(data_code: str) -> str:
    """Return DE 22 of 1987 (n3) for DE 22 of 1993 (an12)."""
    return _ENTRY_MODE.get(data_code[6:7], "00") + {"1": "1", "0": "2"}.get(data_code[1:2], "0")


def local_date_time(mmdd: str, hhmmss: str, today: date) -> str:
    """Return DE 12 of 1993 (YYMMDDhhmmss) for DE 13 and 12 of 1987; the year is that of the latest such date.

    Raises:
        ValueError: *mmdd* is no day.
    """
    return f"{year_of(mmdd, today) % 100:02}{mmdd}{hhmmss}"


def track_2(value: str, *, packed: bool) -> str:
    """Return track 2 data with the separator that the target carries: nibble D in BCD, ``=`` in characters."""
    return value.replace("=", "D") if packed else value.replace("D", "=").replace("d", "=")


def pan_of_track_2(value: str) -> str:
    """Return the card number that *value* begins with; empty where there is no separator."""
    digits = value.replace("D", "=").partition("=")[0]
    return digits if digits.isdecimal() and 8 <= len(digits) <= 19 and digits != value else ""

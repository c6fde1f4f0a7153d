"""What the coded values of the 1993 and 2003 editions say that 1987 has not, or has otherwise: DE 22, 24, 25 and 39.

ISO 8583:1993 and 2003, annex A. What DE 22 and 27 of 2003 say, in bits, is not said: implementations differ in which
bit is the first one.
"""

from __future__ import annotations

from typing import Final

_ENTRY: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("can read", {"0": "unknown", "1": "nothing, no terminal", "2": "stripe", "3": "bar code", "4": "OCR", "5": "chip",
                  "6": "keys"}),
    ("can authenticate by", {"0": "nothing", "1": "PIN", "2": "electronic signature", "3": "biometrics",
                             "4": "biographic data", "5": "nothing, out of order", "6": "other"}),
    ("card capture", {"0": "no", "1": "yes"}),
    ("terminal", {"0": "none", "1": "attended, at the merchant's", "2": "unattended, at the merchant's",
                  "3": "attended, elsewhere", "4": "unattended, elsewhere", "5": "at the cardholder's"}),
    ("cardholder", {"0": "present", "1": "not present", "2": "mail order", "3": "telephone order",
                    "4": "standing authorization"}),
    ("card", {"0": "not present", "1": "present"}),
    ("read by", {"0": "unspecified", "1": "hand, no terminal", "2": "stripe", "3": "bar code", "4": "OCR", "5": "chip",
                 "6": "keys"}),
    ("authenticated by", {"0": "nothing", "1": "PIN", "2": "electronic signature", "3": "biometrics",
                          "4": "biographic data", "5": "signature", "6": "other"}),
    ("checked by", {"0": "nobody", "1": "the chip", "2": "the terminal", "3": "the authorizing agent",
                    "4": "the merchant", "5": "other"}),
    ("can write", {"0": "unknown", "1": "nothing", "2": "stripe", "3": "chip"}),
    ("can show", {"0": "unknown", "1": "nothing", "2": "print", "3": "display", "4": "print and display"}),
    ("PIN capture", {"0": "none", "1": "unknown", **{digit: f"{int(digit, 16)} digits" for digit in "456789ABC"}}),
)  # fmt: skip
"""What each of the twelve positions of DE 22 is about, and what its codes say."""
_FUNCTIONS: Final = {
    "100": "original authorization, amount accurate",
    "101": "original authorization, amount estimated",
    "102": "replacement authorization, amount accurate",
    "103": "replacement authorization, amount estimated",
    "104": "resubmission, amount accurate",
    "105": "resubmission, amount estimated",
    "106": "supplementary authorization, amount accurate",
    "107": "supplementary authorization, amount estimated",
    "108": "inquiry",
    "200": "original financial request or advice",
    "201": "approved before, amount the same",
    "202": "approved before, amount differs",
    "203": "resubmission of what was denied",
    "204": "resubmission of what was reversed",
    "205": "first representment",
    "206": "second representment",
    "207": "third or later representment",
    "301": "add a record",
    "302": "change a record",
    "303": "delete a record",
    "304": "replace a record",
    "305": "inquiry into a file",
    "306": "replace a file",
    "307": "add a file",
    "308": "delete a file",
    "309": "card administration",
    "400": "full reversal, transaction did not complete as approved",
    "401": "partial reversal",
    "450": "first full chargeback",
    "451": "second full chargeback",
    "452": "third or later full chargeback",
    "453": "first partial chargeback",
    "454": "second partial chargeback",
    "455": "third or later partial chargeback",
    "500": "final reconciliation",
    "501": "checkpoint reconciliation",
    "502": "final reconciliation in a specified currency",
    "503": "checkpoint reconciliation in a specified currency",
    "801": "sign-on",
    "802": "sign-off",
    "803": "target system unavailable",
    "804": "backup mode",
    "805": "special instructions",
    "806": "alternate routing begins",
    "811": "key change",
    "812": "security alert",
    "813": "password change",
    "814": "device authentication",
    "821": "cut-over",
    "822": "checkpoint",
    "831": "echo test",
}
"""DE 24."""
_REASONS: Final = {
    "1003": "card issuer unavailable",
    "1004": "processed by the terminal",
    "1005": "processed by the chip",
    "1006": "under the floor limit",
    "1502": "chosen at random by the chip",
    "1503": "chosen at random by the terminal",
    "1504": "the terminal could not process the chip",
    "1505": "sent online by the chip",
    "1506": "sent online by the card acceptor",
    "1508": "sent online by the terminal",
    "1509": "sent online by the card issuer",
    "1510": "over the floor limit",
    "1511": "the merchant was suspicious",
    "4000": "customer cancellation",
    "4001": "unspecified, no action taken",
    "4002": "suspected malfunction",
    "4003": "format error, no action taken",
    "4004": "completed partially",
    "4005": "original amount incorrect",
    "4006": "response received too late",
    "4007": "the terminal could not complete the transaction",
    "4020": "invalid response, no action taken",
    "4021": "time-out waiting for the response",
}
"""DE 25."""
_APPROVED: Final = {
    "00": "approved",
    "01": "honour with identification",
    "02": "approved for a partial amount",
    "03": "approved, VIP",
    "04": "approved, update track 3",
}
_REFUSED: Final = {
    "00": "do not honour",
    "01": "expired card",
    "02": "suspected fraud",
    "03": "contact acquirer",
    "04": "restricted card",
    "05": "call acquirer security",
    "06": "PIN tries exceeded",
}
_DECLINED: Final = _REFUSED | {
    "07": "refer to card issuer",
    "08": "refer to card issuer, special condition",
    "09": "invalid merchant",
    "10": "invalid amount",
    "11": "invalid card number",
    "12": "PIN data required",
    "13": "unacceptable fee",
    "14": "no account of that type",
    "15": "function not supported",
    "16": "insufficient funds",
    "17": "wrong PIN",
    "18": "no card record",
    "19": "not permitted to cardholder",
    "20": "not permitted to terminal",
    "21": "exceeds amount limit",
    "22": "security violation",
    "23": "exceeds count limit",
    "24": "violation of law",
    "25": "card not effective",
    "26": "invalid PIN block",
    "27": "PIN length error",
    "28": "PIN key synchronization error",
    "29": "suspected counterfeit card",
}
_PICKED_UP: Final = {code: f"{said}, pick up" for code, said in _REFUSED.items() if code != "00"} | {
    "00": "pick up card",
    "07": "special condition, pick up",
    "08": "lost card, pick up",
    "09": "stolen card, pick up",
    "10": "suspected counterfeit card, pick up",
}
_ACTIONS_2003: Final = {
    **{f"00{code}": said for code, said in _APPROVED.items()},
    **{f"10{code}": said for code, said in _DECLINED.items()},
    **{f"20{code}": said for code, said in _PICKED_UP.items()},
    "3000": "file action successful",
    "4000": "reversal accepted",
    "5000": "reconciled, in balance",
    "5001": "reconciled, out of balance",
    "8000": "network management accepted",
}
"""DE 39 of 2003, of which no profile is shipped: the two last digits of 1993, behind two for the group."""


def entry(value: str) -> str:
    """Return what the twelve positions of DE 22 say; more that follow are a dialect's own."""
    if len(value) < len(_ENTRY):
        return ""
    pairs = zip(_ENTRY, value, strict=False)
    return ", ".join(f"{what} {codes[code]}" for (what, codes), code in pairs if code in codes)


def function(value: str) -> str:
    """Return what a function code, DE 24, says."""
    return _FUNCTIONS.get(value, "")


def reason(value: str) -> str:
    """Return what a message reason code, DE 25, says."""
    return _REASONS.get(value, "")


def action_2003(value: str) -> str:
    """Return what an action code, DE 39, of 2003 says."""
    return _ACTIONS_2003.get(value, "")

"""The rules that a spec is judged by: ids, and why each is one. ``docs/specs.md`` has them as a table.

What breaks a rule of `ERRORS` makes a spec unusable and is found by the builder, whose words say which it is; what
breaks one of `WARNINGS` can be used and hardly be meant.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """A rule that makes a spec unusable."""

    id: str
    said: str
    """An expression that the builder's problem fits; of the rules that fit the first counts."""
    why: str


ERRORS: Final[tuple[Rule, ...]] = (
    Rule("prefix-too-narrow", r"do not fit an L*VAR length", "the length cannot say the maximum"),
    Rule(
        "parts-do-not-sum",
        r"the parts take |parts of \d+ do not fill",
        "the parts need more than the element has, or do not fill their layout",
    ),
    Rule("text-in-bcd", r"no encoding for format", "the format cannot be written so: text in BCD, bytes in ASCII"),
    Rule("odd-digits-without-pad", r"an odd number of packed digits", "half a byte stays open"),
    Rule(
        "third-bitmap",
        r"bit 65 announces|in a third bitmap|announces no other",
        "DE 65, or one over 128, against what the bitmap says of a third one",
    ),
    Rule("out-of-reach", r"ends at data element|bit 1 announces|the bitmap has \d+ bits", "no bit announces it"),
    Rule("unknown-profile", r"no profile of this name", "the profile that is named is nowhere"),
    Rule(
        "unknown-base",
        r"no spec of this name|goes in a circle|bases below each other|base.* cannot be read",
        "the spec that is taken over is nowhere, or goes in a circle",
    ),
    Rule("unknown-field", r"no field of this spec", "an element is named that the spec has not"),
    Rule("doubled-key", r"stands twice", "a key stands twice in one table: only one of them can count"),
    Rule("not-yaml", r"no YAML|not UTF-8|anchors and aliases|tags are not read|nested deeper|longer than", "no YAML"),
    Rule("unknown-key", r"unknown key", "a key that means nothing here, as a misspelt one"),
    Rule("missing-key", r"is missing", "a key without which nobody knows what is meant"),
    Rule(
        "mask-too-weak",
        r"shows what is masked|may hold what nobody declared|anything may come in a constructed",
        "the whole would show what its parts hide",
    ),
    Rule("length-of-fixed", r"a fixed field |as long as its max", "a fixed element has no length to write"),
    Rule("parts-out-of-place", r"\bparts?\b|\btags?\b|needs format b", "a kind of parts that cannot be there"),
    Rule("wrong-value", r"", "a value that this key does not take"),
)

WARNINGS: Final[dict[str, str]] = {
    "secret-shown": "it is secret by the standard or by its name, and not masked",
    "unchecked": "format any takes whatever comes: a letter in an amount is not noticed",
    "parts-too-short": "it is fixed, and its parts do not sum to its length: what is behind them cannot be read",
    "not-the-standard": "its length is another one than the standard's",
    "length-in-hex-digits": "its length is twice the standard's: bytes are counted in bytes, not in hexadecimal digits",
    "never-echoed": "an answer without it cannot be matched with its request",
    "no-profile": "nobody knows what its messages mean: kinds, response codes, rules",
    "doubled-name": "two have one name, so that a name finds only one of them",
    "mac-not-bytes": "a MAC is bytes: as text it cannot be computed and compared",
    "mac-not-last": "a MAC covers what stands before it, and elements stand behind it",
    "amount-without-currency": "an amount whose currency no element says is a number without a decimal point",
    "longer-than-a-frame": "it can be longer than a frame with a length of two bytes",
}
"""Rule, and why."""


EXAMPLES: Final[dict[str, str]] = {
    "prefix-too-narrow": "fields: {48: {length: LLVAR, max: 200}}",
    "parts-do-not-sum": "fields: {90: {parts: {1: {name: a, format: n, size: 43, mask: none}}}}",
    "text-in-bcd": "fields: {41: {encoding: bcd}}",
    "odd-digits-without-pad": "fields: {49: {format: n, encoding: bcd, pad: none}}",
    "third-bitmap": "fields: {65: {name: a, format: n, length: fixed, max: 1, mask: none}}",
    "out-of-reach": "fields: {1: {name: a, format: n, length: fixed, max: 1, mask: none}}",
    "unknown-profile": "profile: nowhere",
    "unknown-base": "base: nowhere",
    "unknown-field": "echo: [11, 41, 65]",
    "doubled-key": "fields: {48: {max: 500}, 48: {max: 600}}",
    "not-yaml": "fields: {48: {max: 500}",
    "unknown-key": "fields: {48: {maximum: 500}}",
    "missing-key": "fields: {3: {length: LLVAR}}",
    "mask-too-weak": "fields: {55: {mask: none}}",
    "length-of-fixed": "fields: {3: {prefix: ascii}}",
    "parts-out-of-place": "fields: {48: {parts: ber-tlv}}",
    "wrong-value": "fields: {3: {length: LONG}}",
    "secret-shown": "fields: {52: {mask: none}}",
    "unchecked": "fields: {48: {format: any}}",
    "parts-too-short": "fields: {90: {parts: {1: {name: a, format: n, size: 40, mask: none}}}}",
    "not-the-standard": "fields: {41: {max: 16}}",
    "length-in-hex-digits": "fields: {52: {max: 16}}",
    "never-echoed": "echo: [11]",
    "no-profile": 'profile: ""',
    "doubled-name": "fields: {5: {name: amount_transaction}}",
    "mac-not-bytes": "fields: {64: {format: an, encoding: ascii, max: 16}}",
    "mac-not-last": "fields: {128: absent}",
    "amount-without-currency": "fields: {50: absent}",
    "longer-than-a-frame": "fields: {48: {length: LLLLLLVAR, max: 70000}}",
}
"""Rule, and the line that breaks it and no other, in a spec whose base is ``iso87-ascii``."""


def rules() -> list[dict[str, str]]:
    """Return all rules as plain data: ``id``, ``level`` (error or warning), ``why``, ``example``."""
    found = [{"id": each.id, "level": "error", "why": each.why} for each in ERRORS]
    found += [{"id": rule, "level": "warning", "why": why} for rule, why in WARNINGS.items()]
    return [{**each, "example": EXAMPLES[each["id"]]} for each in found]

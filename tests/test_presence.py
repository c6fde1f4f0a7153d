"""The rules of presence of the shipped profiles, held against the shipped messages and our own terminal's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iso_gateway.catalog import load_spec, spec_names
from iso_gateway.codec.message import Message
from iso_gateway.errors import SpecError
from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.settings import HostSettings
from iso_gateway.terminal.orders import Order, Verb, prepare
from iso_gateway.terminal.records import Memory, Outcome
from iso_gateway.terminal.scripts import Till
from tests.support.desk import NOON, dialect
from tests.support.fixture_files import Sample, all_samples
from tests.support.till import START

SAMPLES = all_samples()

INCOMPLETE = {
    "iso87-ascii-reversal_advice_with_an_empty_pan": {
        *("currency", "acceptor", "reversal-names-its-original"),  # a public sample of a few fields
    },
    "iso87-ascii-financial_request": {"acceptor", "card", "entry-mode"},  # one network to another
    "iso87-ascii-sale_of_a_readme": {"local-time", "acceptor", "card", "entry-mode"},  # six fields that show how
    "iso87-ascii-refused": {"audit-number", "transmission-time"},  # one field that shows how
    "iso87-ascii-secondary_bitmap_alone": {
        *("audit-number", "transmission-time", "transaction", "local-time", "acceptor", "card", "entry-mode"),
    },  # one field that shows a bitmap
    "iso87-binary-echo_of_a_question": {"transmission-time", "network-management"},  # three fields
    "iso93-ascii-preauthorization": {"pin-entered"},  # DE 22 says that a PIN was entered
    "nibss-pos-chip_sale_of_a_library": {"chip-card"},  # the chip's data are of another sale
    "iso2003-every_field": {"parts", "one-mac"},
    "cup-pos-every_field": {"parts"},
    "iso87-ascii-every_field": {"parts", "one-mac"},
    "iso87-ascii-every_field_that_wireshark_reads_right": {"parts", "one-mac"},
    "iso87-binary-every_field": {"parts", "one-mac"},
    "iso93-ascii-every_field": {"parts", "one-mac"},
    "iso87-ebcdic-authorization_of_a_sample": {"entry-mode"},  # no DE 22: where the card was read is in its DE 61
    "iso87-ebcdic-every_field": {"parts", "one-mac"},
    "iso93-binary-preauthorization": {"pin-entered"},  # as in iso93-ascii
    "iso93-binary-every_field": {"parts", "one-mac"},
}
"""The shipped messages that a host would refuse, and by which rules; those with every field are no transaction."""


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_shipped_message_has_what_it_must_have(sample: Sample) -> None:
    spec = load_spec(sample.spec)
    found = spec.check(spec.decode(sample.raw))
    assert {each.rule for each in found} == INCOMPLETE.get(str(sample), set())


def sample(name: str) -> Message:
    each = next(each for each in SAMPLES if str(each) == name)
    return load_spec(each.spec).decode(each.raw)


CHIP_SALE = "iso87-ascii-chip_sale_with_pin"
CHIP_SALE_OF_1993 = "iso93-ascii-chip_sale_with_pin"
SWIPED = "cup-pos-mag_stripe_sale"


@pytest.mark.parametrize(
    ("name", "changes", "mti", "found"),
    [
        (CHIP_SALE, {11: None}, None, ["11 audit-number"]),
        (CHIP_SALE, {7: "1318143005"}, None, ["7 times"]),
        (CHIP_SALE, {14: "2713"}, None, ["14 times"]),
        (CHIP_SALE, {2: None}, None, []),  # track 2 has the card number
        (CHIP_SALE, {2: None, 35: None}, None, ["2 card", "2 pin-block"]),
        (CHIP_SALE, {49: None}, None, ["49 currency"]),
        (CHIP_SALE, {49: "978"}, None, ["55.5F2A chip-card"]),
        (CHIP_SALE, {4: 1235}, None, ["55.9F02 chip-card"]),
        (CHIP_SALE, {"55.9F26": None, "55.9F36": None}, None, ["55.9F26 chip-card", "55.9F36 chip-card"]),
        (CHIP_SALE, {"55.9A": "251332"}, None, ["55.9A chip-data"]),
        (CHIP_SALE, {22: "011"}, None, ["35 keyed-card", "55 keyed-card"]),
        (CHIP_SALE, {22: "021"}, None, ["55 swiped-card"]),
        (CHIP_SALE, {22: "801", 35: None}, None, ["35 chip-fallback", "55 chip-fallback"]),
        (CHIP_SALE, {26: None}, None, ["26 pin-block"]),
        (CHIP_SALE, {39: "00"}, None, ["39 request-asks"]),
        (CHIP_SALE, {128: b"12345678"}, None, ["64 one-mac"]),
        (CHIP_SALE, {5: 1, 6: 1}, None, ["50 settlement-currency", "51 billing-currency"]),
        (CHIP_SALE, {}, "0210", ["35 secrets-stay-in-the-request", "52 secrets-stay-in-the-request", "39 answer"]),
        ("iso87-ascii-sale_approved", {38: None, 55: None}, None, ["38 approval"]),
        ("iso87-ascii-void", {37: None, 38: None, 90: None}, None, ["37 void-names-its-original"]),
        ("iso87-ascii-reversal_after_a_time_out", {90: None}, None, ["90 reversal-names-its-original"]),
        ("iso87-ascii-network_management_request", {70: None}, None, ["70 network-management"]),
        ("iso87-ascii-network_management_request", {2: "4111111111111111"}, None, ["2 network-management"]),
        (CHIP_SALE_OF_1993, {24: None}, None, ["24 function"]),
        (CHIP_SALE_OF_1993, {12: "251318093005"}, None, ["12 times"]),
        (CHIP_SALE_OF_1993, {52: None}, None, ["52 pin-entered"]),
        (CHIP_SALE_OF_1993, {22: "510101211334"}, None, ["55 swiped-card"]),
        (CHIP_SALE_OF_1993, {55: None}, None, [f"55.{tag} chip-card" for tag in ("9F26", "9F27", "9F10", "9F37")]),
        ("iso93-ascii-completion_advice", {30: None}, None, ["30 original-amounts"]),
        (
            "iso93-ascii-reversal_advice",
            {25: None, 56: None},
            None,
            [f"{de} reversal-names-its-original" for de in (25, 56)],
        ),
        (SWIPED, {35: None}, None, ["35 swiped-card"]),
        (SWIPED, {52: None, 26: None}, None, ["26 pin-entered", "52 pin-entered"]),
        (SWIPED, {22: "022"}, None, ["52 no-pin-entered"]),
        (SWIPED, {60: None}, None, ["60.1 batch", "60.2 batch"]),
        (SWIPED, {22: "051"}, None, [f"{path} chip-card" for path in ("23", "55.9F26", "55.9F27")]),
        ("cup-pos-void", {61: None, 37: None}, None, ["61 names-its-original", "37 void-names-its-answer"]),
        ("cup-pos-refund", {37: None}, None, ["37 refund-names-its-answer"]),
        ("cup-pos-completion", {38: None}, None, ["38 preauthorization-names-its-code"]),
        ("cup-pos-reversal", {39: None}, None, ["39 reason-of-the-reversal"]),
        ("cup-pos-batch_totals", {48: None}, None, ["48 totals"]),
        ("nibss-pos-master_key_request", {3: None}, None, ["3 network-management"]),
        ("nibss-pos-master_key_request", {62: "01003ABC"}, None, ["62 keys-are-asked-for-in-the-open"]),
        ("nibss-pos-parameter_request", {64: None}, None, ["64 management-is-hashed"]),
        (
            "nibss-pos-chip_sale",
            {123: None, 128: None},
            None,
            ["123 transaction-of-a-terminal", "128 transaction-is-hashed"],
        ),
        ("nibss-pos-reversal", {56: None, 90: None}, None, ["90 reversal-names-its-original", "56 reversal-says-why"]),
        ("iso2003-chip_sale_with_pin", {12: "20251318093005"}, None, ["12 times"]),
        ("iso2003-chip_sale_with_pin", {24: None, 53: None}, None, ["24 transaction", "53 pin-block"]),
        ("iso2003-reversal_advice", {56: None}, None, ["56 reversal-names-its-original"]),
        ("cup-pos-echo", {4: 1, 49: "156"}, None, ["4 network-management"]),
    ],
)
def test_what_is_wrong_is_told_by_path_and_rule(
    name: str, changes: dict[Any, Any], mti: str | None, found: list[str]
) -> None:
    message = sample(name).evolve(changes, mti)
    assert message.spec is not None
    said = [f"{each.path} {each.rule}" for each in message.spec.check(message)]
    assert said[: max(len(found), 1)] == found


@pytest.mark.parametrize("name", spec_names())
def test_every_rule_speaks_of_elements_that_the_spec_has(name: str) -> None:
    spec = load_spec(name)
    assert spec.presence
    for rule in spec.presence.values():
        when, pairs = rule.when, [path for pair in rule.equal for path in pair]
        paths = [*"|".join(rule.require).split("|"), *rule.forbid, *(rule.optional or ()), *rule.dates, *pairs]
        paths += [*when.among, *when.not_among, *when.present, *when.absent]
        for path in filter(None, paths):
            number, _, inside = path.partition(".")
            assert int(number) in spec.fields
            assert not inside or spec.fields[int(number)].inside, path


ORDERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("logon", {}),
    ("echo", {}),
    ("sale", {"amount": "12.34"}),
    ("void", {"original": "last"}),
    ("sale", {"amount": "10.00"}),
    ("reversal", {"original": "last"}),
    ("sale", {"amount": "10.00"}),
    ("refund", {"original": "last", "amount": "5.00"}),
    ("advice", {"amount": "3.00"}),
)


@pytest.mark.parametrize("name", ["cup-pos", "iso87-ascii", "iso87-binary", "iso93-ascii"])
def test_our_own_terminal_and_host_say_what_they_must(name: str) -> None:
    speech, memory = dialect(name), Memory(0)
    host = Authorizer(speech, HostSettings(), first_serial=77)
    for verb, order in ORDERS:
        asked = prepare(
            speech, Till(), memory, Order(Verb(verb), order.get("amount", ""), original=order.get("original", "")), NOON
        )
        answer = host.decide(asked.message, START).answer
        assert answer is not None
        told = {"rrn": str(answer.get(37, "")), "approval": str(answer.get(38, ""))}
        memory.note(replace(asked.sent, outcome=Outcome.APPROVED, **told))
        assert speech.spec.check(asked.message) == [], verb
        assert speech.spec.check(answer) == [], verb


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_no_violation_tells_a_value(sample: Sample) -> None:
    spec = load_spec(sample.spec)
    message = spec.decode(sample.raw).evolve({7: None, 11: None, 41: None})
    said = " ".join(str(each) for each in spec.check(message))
    assert not [number for number, value in message.items() if len(str(value)) > 3 and str(value) in said]


PATHS = st.from_regex(r"[0-9]{1,3}(\.[0-9A-Za-z_*-]{1,6}){0,3}", fullmatch=True) | st.sampled_from(
    ["55", "55.9F26", "55.9F26.1", "55.zz", "60.2", "90.1", "4.1", "0", "999", "55.", "62.01"]
)
RULES = st.fixed_dictionaries(
    {"reason": st.just("because")},
    optional={
        "require": st.lists(st.lists(PATHS, min_size=1, max_size=3).map("|".join), max_size=3),
        "forbid": st.lists(PATHS, max_size=3),
        "optional": st.lists(PATHS, max_size=3),
        "dates": st.dictionaries(PATHS, st.sampled_from(["MMDD", "hhmmss"]), max_size=2),
        "equal": st.lists(st.lists(PATHS, min_size=2, max_size=2), max_size=2),
        "when": st.fixed_dictionaries(
            {},
            optional={
                "mti": st.sampled_from(["0200", "xxxx"]),
                "is": st.dictionaries(PATHS, st.sampled_from(["x", "00|1x"]), max_size=2),
                "is_not": st.dictionaries(PATHS, st.sampled_from(["x", "00|1x"]), max_size=2),
                "present": st.lists(PATHS, max_size=2),
                "absent": st.lists(PATHS, max_size=2),
            },
        ),
    },
)


@pytest.mark.parametrize("name", ["cup-pos", "iso87-ascii", "nibss-pos"])
def test_any_rule_gives_violations_or_is_refused(name: str) -> None:
    messages = [load_spec(name).decode(each.raw) for each in SAMPLES if each.spec == name]

    @settings(max_examples=40)
    @given(rules=st.dictionaries(st.sampled_from("abc"), RULES, max_size=3), message=st.sampled_from(messages))
    def judged(rules: dict[str, Any], message: Message) -> None:
        source = {key: each for key, each in load_spec(name).source.items() if key != "profile"}
        try:
            spec = load_spec({**source, "presence": rules})
        except SpecError:
            return
        found = spec.check(message)
        assert {each.rule for each in found} <= {"parts", *rules}
        assert all(each.path and each.reason for each in found)

    judged()

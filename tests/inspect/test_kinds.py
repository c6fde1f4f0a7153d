"""What a message is, in its summary: by the rows of its profile, and by the standard where there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import load_spec
from iso_gateway.catalog import load_profile, profile_names, spec_names
from iso_gateway.codec.message import Message
from iso_gateway.inspect.explaining import explain
from iso_gateway.inspect.kinds import kind_of, kind_row
from iso_gateway.protocol.dialect import Dialect
from tests.support.drawn_messages import messages
from tests.support.fixture_files import Sample, all_samples, samples


def summary(spec_name: str, sample: str) -> str:
    """Return the first line that explain prints of a sample."""
    spec = load_spec(spec_name)
    raw = next(each.raw for each in samples(spec_name) if each.name == sample)
    return explain(spec, raw, load_profile(spec.profile) if spec.profile else None).summary


@pytest.mark.parametrize(
    ("spec", "sample", "said"),
    [
        ("iso87-ascii", "sale_approved", "0210 sale approved 00 · USD 12.34"),
        ("iso87-ascii", "sale_declined", "0210 sale declined 51, insufficient funds · USD 10.51"),
        ("iso87-ascii", "void", "0200 void · USD 12.34"),
        ("iso87-ascii", "refused", "0210 financial transaction declined 05, do not honour"),
        ("iso87-ascii", "financial_request", "0200 card verification · IDR 0.00"),
        ("iso87-ascii", "advice_repeat_with_fees", "0221 advice (repeat) 00 · EUR 25.00"),
        ("iso87-binary", "refund", "0200 refund · EUR 10.00"),
        ("iso87-binary", "preauthorization", "0100 preauthorization · EUR 100.00"),
        ("iso87-binary", "partial_reversal", "0420 reversal 06, error · USD 42.00"),
        ("iso87-binary", "sign_on", "0800 sign-on"),
        ("iso93-ascii", "reversal_advice_repeat", "1421 reversal (repeat) · USD 12.34"),
        ("iso93-ascii", "reversal_accepted", "1430 reversal accepted 400 · USD 12.34"),
        ("iso93-ascii", "completion_advice", "1220 completion 000 · EUR 95.00"),
        ("iso93-ascii", "echo_answer", "1830 network management accepted 800"),
        ("iso93-ascii", "preauthorization", "1100 authorization · EUR 100.00"),
        ("iso93-ascii", "echo_advice", "1820 echo"),
        ("iso2003", "sale_declined", "2210 sale declined 1016, insufficient funds · USD 10.51"),
        ("iso2003", "preauthorization", "2100 authorization · JPY 11000"),
        ("iso2003", "reversal_accepted", "2430 reversal accepted 4000 · USD 12.34"),
        ("iso2003", "echo", "2804 echo"),
        ("iso2003", "reconciliation", "2520 reconciliation"),
        ("cup-pos", "void", "0200 void · CNY 123.00"),
        ("cup-pos", "refund", "0220 refund · CNY 23.00"),
        ("cup-pos", "reversal", "0400 reversal 98, no answer from the host · CNY 123.00"),
        ("cup-pos", "batch_totals", "0500 settlement"),
        ("cup-pos", "echo", "0820 echo · TERM0005"),
        ("cup-pos", "sign_on_request", "0800 sign-on"),
        ("cup-pos", "key_download_request", "0800 network management · 10016919"),
        ("nibss-pos", "pin_key_request", "0800 PIN key"),
        ("nibss-pos", "parameter_request", "0800 parameter download"),
        ("scheme-host", "chip_authorization_approved", "0110 authorization approved 00 · USD 42.00"),
        ("nibss-pos", "balance_inquiry", "0100 balance inquiry · NGN 0.00"),
        ("scheme-host", "advice", "0120 authorization advice 00 · USD 42.00"),
    ],
)  # fmt: skip
def test_the_summary_says_what_the_message_is(spec: str, sample: str, said: str) -> None:
    assert summary(spec, sample).partition(" · STAN")[0] == said


@pytest.mark.parametrize(
    ("profile", "mti", "fields", "said"),
    [
        ("iso87", "0200", {3: "000000"}, "sale"),
        ("iso87", "0200", {3: "020000"}, "void"),
        ("iso87", "0200", {3: "200000"}, "refund"),
        ("iso87", "0200", {3: "010000"}, "cash"),
        ("iso87", "0200", {3: "090000"}, "sale with cash"),
        ("iso87", "0200", {3: "310000"}, "balance inquiry"),
        ("iso87", "0100", {3: "000000", 25: "06"}, "preauthorization"),
        ("iso87", "0100", {3: "000000", 25: "00"}, "authorization"),
        ("iso87", "0100", {3: "310000"}, "balance inquiry"),
        ("iso87", "0100", {3: "020000"}, "preauthorization cancel"),
        ("iso87", "0220", {3: "000000", 90: "0" * 41 + "1"}, "completion"),
        ("iso87", "0220", {3: "000000"}, "advice"),
        ("iso87", "0401", {}, "reversal (repeat)"),
        ("iso87", "0422", {}, "chargeback"),
        ("iso87", "0302", {}, "file action"),
        ("iso87", "0500", {}, "settlement"),
        ("iso87", "0520", {}, "reconciliation"),
        ("iso87", "0620", {}, "administrative message"),
        ("iso87", "0720", {}, "fee collection"),
        ("iso87", "0800", {70: "002"}, "sign-off"),
        ("iso87", "0810", {70: "161"}, "key change"),
        ("iso87", "0800", {70: "999"}, "network management"),
        ("iso93", "1200", {3: "000000", 24: "200"}, "sale"),
        ("iso93", "1100", {3: "000000", 24: "101"}, "preauthorization"),
        ("iso93", "1100", {3: "000000", 24: "100"}, "authorization"),
        ("iso93", "1420", {24: "400", 25: "4000"}, "void"),
        ("iso93", "1420", {24: "400", 25: "4021"}, "reversal"),
        ("iso93", "1420", {24: "401"}, "partial reversal"),
        ("iso93", "1422", {24: "450"}, "chargeback"),
        ("iso93", "1220", {3: "000000", 24: "205"}, "representment"),
        ("iso93", "1304", {24: "301"}, "file action"),
        ("iso93", "1804", {24: "821"}, "cut-over"),
        ("cup-pos", "0820", {60: "00000001002"}, "sign-off"),
        ("cup-pos", "0320", {60: "00000001201"}, "upload"),
        ("cup-pos", "0320", {60: "00000001207"}, "upload end"),
        ("cup-pos", "0800", {60: "00000001370"}, "public key download"),
        ("cup-pos", "0620", {60: "00000001951"}, "script notice"),
        ("cup-pos", "0200", {3: "200000", 25: "06", 60: "21000001000"}, "completion cancel"),
        ("cup-pos", "0220", {3: "000000", 60: "34000001000"}, "adjustment"),
        ("nibss-pos", "0800", {3: "9B0000"}, "session key"),
        ("nibss-pos", "0800", {3: "9D0000"}, "echo"),
    ],
)  # fmt: skip
def test_the_kinds_of_every_dialect(profile: str, mti: str, fields: dict[int, str], said: str) -> None:
    spec = load_spec({"iso87": "iso87-ascii", "iso93": "iso93-ascii"}.get(profile, profile))
    assert kind_of(spec.message(mti, fields), load_profile(profile)) == said


@pytest.mark.parametrize(
    ("mti", "fields", "said"),
    [
        ("0210", {39: "00"}, "approved 00"),
        ("0210", {39: "08"}, "approved 08, honour with identification"),
        ("0210", {39: "10"}, "approved 10, approved for a partial amount"),
        ("0210", {39: "51"}, "declined 51, insufficient funds"),
        ("0210", {39: "91"}, "declined 91, issuer or host not available"),
        ("0210", {39: "96"}, "outcome unknown 96, system malfunction"),
        ("0210", {39: "ZZ"}, "ZZ, code not in the profile"),
        ("0210", {}, ""),
        ("0420", {39: "68"}, "68, answer too late"),
    ],
)
def test_how_it_went(mti: str, fields: dict[int, str], said: str) -> None:
    spec = load_spec("iso87-ascii")
    message = spec.message(mti, {3: "000000"} | fields)
    line = explain(spec, spec.encode(message), load_profile("iso87")).summary
    assert line.partition(" · ")[0] == f"{mti} {'reversal' if mti[1] == '4' else 'sale'} {said}".rstrip()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({4: 1234, 49: "840"}, "USD 12.34"),
        ({4: 1234, 49: "392"}, "JPY 1234"),
        ({4: 1234, 49: "414"}, "KWD 1.234"),
        ({4: 1234, 49: "990"}, "CLF 0.1234"),
        ({4: 1234, 49: "000"}, "000 1234 minor units"),
        ({4: 1234}, "1234 minor units"),
        ({4: 0, 49: "840"}, "USD 0.00"),
        ({49: "840"}, ""),
    ],
)
def test_the_amount_in_the_summary(fields: dict[int, str], said: str) -> None:
    spec = load_spec("iso87-ascii")
    raw = spec.encode(spec.message("0200", {3: "000000", 11: 1} | fields))
    assert explain(spec, raw, load_profile("iso87")).summary == " · ".join(
        each for each in ("0200 sale", said, "STAN 000001") if each
    )


@pytest.mark.parametrize("sample", [each for each in all_samples() if "every" not in each.name], ids=str)
def test_a_request_is_of_the_kind_that_the_gateway_takes_it_for(sample: Sample) -> None:
    spec = load_spec(sample.spec)
    if not spec.profile:
        return
    profile = load_profile(spec.profile)
    message = spec.decode(sample.raw)
    if message.mti[2] in "024":
        assert kind_row(message, profile) == Dialect(spec, profile).kind_row(message)


@given(data=st.data())
def test_any_message_has_a_kind_or_none(data: st.DataObject) -> None:
    spec = load_spec(data.draw(st.sampled_from(spec_names())))
    message: Message = data.draw(messages(spec))
    for profile in (None, load_profile(data.draw(st.sampled_from(profile_names())))):
        assert kind_of(message, profile).isprintable()

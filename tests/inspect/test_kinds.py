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
        ("iso87-ascii", "refused", "0210 declined 05, do not honour"),
        ("iso87-ascii", "advice_repeat_with_fees", "0221 advice (repeat) 00 · EUR 25.00"),
        ("iso87-binary", "refund", "0200 refund · EUR 10.00"),
        ("iso87-binary", "preauthorization", "0100 preauthorization · EUR 100.00"),
        ("iso87-binary", "partial_reversal", "0420 reversal 06, error · USD 42.00"),
        ("iso87-binary", "sign_on", "0800 sign-on"),
        ("iso93-ascii", "reversal_advice_repeat", "1421 reversal (repeat) · USD 12.34"),
        ("iso93-ascii", "reversal_accepted", "1430 reversal accepted 400 · USD 12.34"),
        ("iso93-ascii", "completion_advice", "1220 sale advice 000 · EUR 95.00"),
        ("iso93-ascii", "echo_advice", "1820 echo"),
        ("iso2003", "sale_declined", "2210 sale declined 1016 · USD 10.51"),
        ("iso2003", "reversal_accepted", "2430 reversal accepted 4000 · USD 12.34"),
        ("iso2003", "echo", "2804 echo"),
        ("iso2003", "reconciliation", "2520 reconciliation"),
        ("cup-pos", "void", "0200 void · CNY 123.00"),
        ("cup-pos", "refund", "0220 refund · CNY 23.00"),
        ("cup-pos", "reversal", "0400 reversal 98, no answer from the host · CNY 123.00"),
        ("cup-pos", "batch_totals", "0500 settlement"),
        ("cup-pos", "echo", "0820 echo · TERM0005"),
        ("nibss-pos", "balance_inquiry", "0100 balance inquiry · NGN 0.00"),
        ("scheme-host", "advice", "0120 authorization advice 00 · USD 42.00"),
    ],
)  # fmt: skip
def test_the_summary_says_what_the_message_is(spec: str, sample: str, said: str) -> None:
    assert summary(spec, sample).partition(" · STAN")[0] == said


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

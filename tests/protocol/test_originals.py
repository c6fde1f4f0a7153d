"""How a message names an earlier one: what is written is what is read, in each of the three ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.catalog import load_spec
from iso_gateway.protocol.originals import ELEMENT, Original, read_original, write_original


def digits(size: int) -> st.SearchStrategy[str]:
    """Digits, not all of them zero: zeros mean "not said"."""
    return st.text("0123456789", min_size=size, max_size=size).filter(lambda text: bool(text.strip("0")))


MTI = st.sampled_from(["0100", "0200", "0220", "1200", "1220"])
INSTITUTION = st.just("") | st.integers(1, 10**11 - 1).map(str)
SPEC = {"de90": "iso87-ascii", "de56": "iso93-ascii", "f61": "cup-pos"}


def through_the_wire(style: str, original: Original) -> Original:
    """Return *original* as the other side reads it, through bytes."""
    spec = load_spec(SPEC[style])
    fields: dict[int | str, str | bytes | int] = {11: "000001"}
    if written := write_original(style, original):
        fields[ELEMENT[style]] = written
    if original.rrn:
        fields[37] = original.rrn
    if original.approval:
        fields[38] = original.approval
    mti = "1420" if style == "de56" else "0400"
    return read_original(style, spec.decode(spec.encode(spec.message(mti, fields))))


@given(MTI, digits(6), digits(10), INSTITUTION, INSTITUTION)
def test_de_90_says_mti_stan_transmission_and_institutions(
    mti: str, stan: str, transmitted: str, acquirer: str, forwarder: str
) -> None:
    named = Original(mti=mti, stan=stan, transmitted=transmitted, acquirer=acquirer, forwarder=forwarder)
    read = through_the_wire("de90", named)
    assert read == replace(named, date=read.date)
    assert read.date == (transmitted[:4] if transmitted[:4] != "0000" else "")


@given(MTI, digits(6), digits(12), INSTITUTION | st.just("00123"))
def test_de_56_says_mti_stan_local_time_and_acquirer(mti: str, stan: str, local: str, acquirer: str) -> None:
    named = Original(mti=mti, stan=stan, local=local, acquirer=acquirer, date=local[2:6])
    assert through_the_wire("de56", named) == named


@given(digits(6) | st.just(""), digits(6) | st.just(""), digits(4) | st.just(""))
def test_f61_says_batch_stan_and_date(batch: str, stan: str, date: str) -> None:
    named = Original(batch=batch, stan=stan, date=date)
    assert through_the_wire("f61", named) == named


@pytest.mark.parametrize("style", ["de90", "de56", "f61"])
def test_rrn_and_authorization_code_name_it_in_every_dialect(style: str) -> None:
    named = Original(rrn="632400000001", approval="A00001")
    assert through_the_wire(style, named) == named


@pytest.mark.parametrize("style", ["de90", "de56", "f61"])
def test_an_original_of_which_nothing_is_known_is_not_written(style: str) -> None:
    assert write_original(style, Original()) == ""


@pytest.mark.parametrize("style", ["de90", "de56"])
def test_without_a_stan_the_standard_element_says_nothing(style: str) -> None:
    assert write_original(style, Original(transmitted="1120120000", local="261120120000", rrn="632400000001")) == ""


def test_de_90_fills_with_zeros_on_the_left() -> None:
    written = write_original("de90", Original("0200", "000123", "1120120000", acquirer="12345", forwarder="6"))
    assert written == "0200" + "000123" + "1120120000" + "00000012345" + "00000000006"


def test_an_empty_f61_date_is_left_out() -> None:
    assert write_original("f61", Original(batch="000007", stan="000123")) == "000007000123"
    assert write_original("f61", Original(rrn="632400000001", date="1120")) == "000000000000" + "1120"


@pytest.mark.parametrize("style", ["de90", "de56", "f61"])
@pytest.mark.parametrize("value", ["", "0", "02000", "not digits at all", "０２００"])
def test_a_malformed_element_says_nothing_and_raises_nothing(style: str, value: str) -> None:
    read = read_original(style, Message("0400", {ELEMENT[style]: value}))
    assert read.stan == ""


@pytest.mark.parametrize(
    ("named", "known"),
    [
        (Original(rrn="632400000001"), True),
        (Original(approval="A00001"), True),
        (Original(stan="000123", transmitted="1120120000"), True),
        (Original(stan="000123", local="261120120000"), True),
        (Original(stan="000123", batch="000007", date="1120"), False),
        (Original(), False),
    ],
)
def test_a_stan_alone_is_no_identity_that_the_host_knows(named: Original, known: bool) -> None:  # noqa: FBT001
    assert named.issued_by_host is known

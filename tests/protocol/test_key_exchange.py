"""Where keys lie in messages: written, read, and anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import Message
from iso_gateway.protocol.key_exchange import acknowledged, keys_in, roles_wanted, written
from iso_gateway.protocol.protection import Exchange, Material, Role
from tests.support.desk import dialect

CUP, ISO = dialect("cup-pos").spec, dialect("iso87-ascii").spec
PIK = Material(Role.PIN, bytes(range(16)), b"\x01\x02\x03\x04")
MAK = Material(Role.MAC, bytes(range(8, 16)), b"\x05\x06\x07\x08")
TDK = Material(Role.DATA, bytes(range(16, 32)), b"\x09\x0a\x0b\x0c")
BLOCK = "B0080P0TE00E0000" + "0" * 64
OTHER = "B0064M3TC00E0000" + "1" * 48


@pytest.mark.parametrize(("network", "keys", "size"), [("003", (PIK, MAK), 40), ("004", (PIK, MAK, TDK), 60)])
def test_de_62_of_a_unionpay_sign_on_says_the_keys_that_were_asked_for(
    network: str, keys: tuple[Material, ...], size: int
) -> None:
    value = written(Exchange.UNIONPAY, network, keys)
    assert isinstance(value, bytes)
    assert len(value) == size
    came = keys_in(Exchange.UNIONPAY, CUP.message("0810", {62: value}))
    assert came == keys, "the MAK with a zero second half is of single length (ruling 13)"
    assert roles_wanted(Exchange.UNIONPAY, network) == tuple(key.role for key in keys)


def test_a_key_that_is_longer_than_the_terminal_asked_for_is_not_given() -> None:
    assert written(Exchange.UNIONPAY, "001", (PIK, MAK)) is None


@pytest.mark.parametrize(("control", "role"), [("1", Role.PIN), ("2", Role.MAC), ("3", Role.DATA)])
def test_de_96_has_one_key_and_de_53_says_which(control: str, role: Role) -> None:
    message = ISO.message("0800", {53: control.ljust(16, "0"), 96: bytes(range(8))})
    (key,) = keys_in(Exchange.DE_96, message)
    assert (key.role, key.wrapped) == (role, bytes(range(8)))


@pytest.mark.parametrize(("exchange", "de"), [(Exchange.TR31_48, 48), (Exchange.TR31_120, 120)])
def test_key_blocks_say_themselves_what_they_are(exchange: Exchange, de: int) -> None:
    found = keys_in(exchange, ISO.message("0810", {de: BLOCK + OTHER}))
    assert [(key.role, key.wrapped.decode()) for key in found] == [(Role.PIN, BLOCK), (Role.MAC, OTHER)]
    assert written(exchange, "", found) == BLOCK + OTHER


@pytest.mark.parametrize(
    "value",
    ["", BLOCK[:-1], BLOCK + "x", "B00x0" + BLOCK[5:], "B0000" + BLOCK[5:], BLOCK.replace("P0", "C0"), OTHER * 9],
)
def test_what_is_no_row_of_whole_key_blocks_brings_none(value: str) -> None:
    assert keys_in(Exchange.TR31_48, Message("0810", {48: value})) == ()


@given(data=st.binary(max_size=80), text=st.text(max_size=120))
def test_any_bytes_bring_whole_keys_or_none(data: bytes, text: str) -> None:
    for exchange, value in product_of(data, text):
        for key in keys_in(exchange, Message("0810", {53: text[:16], 62: value, 96: value, 48: value, 120: value})):
            assert key.wrapped
            assert repr(key) == f"<Material {key.role}>"


def product_of(data: bytes, text: str) -> list[tuple[Exchange, str | bytes]]:
    return [(exchange, value) for exchange in Exchange for value in (data, text)]


def test_our_check_values_go_back_in_the_same_element() -> None:
    assert acknowledged(Exchange.DE_96, (b"\xab\xcd\xef",)) == b"\xab\xcd\xef\0\0\0\0\0"
    assert acknowledged(Exchange.TR31_48, (b"\xab\xcd\xef", b"\x01\x02\x03")) == "ABCDEF010203"

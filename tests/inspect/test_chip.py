"""What the chip's coded values say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.inspect import chip


@pytest.mark.parametrize(
    ("tag", "value", "said"),
    [
        ("95", "0000000000", ["nothing set"]),
        ("95", "8000048000", [
            "offline data authentication was not performed", "online PIN entered",
            "transaction exceeds the floor limit",
        ]),
        ("82", "1980", [
            "cardholder verification supported", "terminal risk management is to be performed", "CDA supported",
            "EMV mode supported",
        ]),
        ("9B", "E800", [
            "offline data authentication was performed", "cardholder verification was performed",
            "card risk management was performed", "terminal risk management was performed",
        ]),
        ("9F34", "420300", [
            "enciphered PIN verified online, if the terminal supports it, else the next rule: result unknown",
        ]),
        ("9F34", "1E0302", ["signature, if the terminal supports it: successful"]),
        ("9F34", "3F0000", ["no CVM performed"]),
        ("8E", "00000000000003E842031F06", [
            "Y = 1000", "enciphered PIN verified online, if the terminal supports it, else the next rule",
            "no CVM required, if under X in the application's currency",
        ]),
        ("9F27", "80", ["ARQC: online authorization requested"]),
        ("9F27", "0A", ["AAC: declined", "advice required", "PIN try limit exceeded"]),
        ("9F35", "22", ["attended, offline with online capability, of a merchant"]),
        ("8A", "5931", ["approved offline"]),
        ("8A", "3030", []),
        ("9F33", "E0F0C8", [
            "manual key entry", "magnetic stripe", "chip with contacts", "plaintext PIN for chip verification",
            "enciphered PIN for online verification", "signature", "enciphered PIN for offline verification",
            "SDA", "DDA", "CDA",
        ]),
        ("9F26", "0102030405060708", []),
    ],
)  # fmt: skip
def test_a_value_in_words(tag: str, value: str, said: list[str]) -> None:
    assert chip.meanings(tag, bytes.fromhex(value)) == said


@given(
    st.sampled_from(["82", "8A", "8E", "95", "9B", "9F27", "9F33", "9F34", "9F35", "9F66", "9F6C"]),
    st.binary(max_size=40),
)
def test_any_bytes_are_taken(tag: str, value: bytes) -> None:
    assert all(line and line.isprintable() for line in chip.meanings(tag, value))

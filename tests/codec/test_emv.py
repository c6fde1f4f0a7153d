"""The tag table says of each tag what it is, and of secret ones that they are."""

from __future__ import annotations

from iso_gateway.codec import emv, tlv


def test_each_tag_in_the_table_is_one() -> None:
    assert all(tlv.is_tag(tag) for tag in emv.NAMES)


def test_names_are_words() -> None:
    assert len(set(emv.NAMES.values())) == len(emv.NAMES)
    assert all(name.replace("_", "").isalnum() and name == name.lower() for name in emv.NAMES.values())


def test_what_names_the_card_or_its_holder_is_not_shown() -> None:
    hidden = set(emv.NAMES) - emv.SHOWN_TAGS
    assert {"5A", "57", "56", "9F6B", "5F20", "5F24", "99", "9F1F", "9F20", "9F0B"} <= hidden


ANNEX_A = """
42 4F 50 57 5A 5F20 5F24 5F25 5F28 5F2A 5F2D 5F30 5F34 5F36 5F50 5F53 5F54 5F55 5F56 5F57 61 6F 70 71 72 73 77 80 81 82
83 84 86 87 88 89 8A 8C 8D 8E 8F 90 91 92 93 94 95 97 98 99 9A 9B 9C 9D 9F01 9F02 9F03 9F04 9F05 9F06 9F07 9F08 9F09
9F0B 9F0D 9F0E 9F0F 9F10 9F11 9F12 9F13 9F14 9F15 9F16 9F17 9F18 9F1A 9F1B 9F1C 9F1D 9F1E 9F1F 9F20 9F21 9F22 9F23 9F26
9F27 9F2D 9F2E 9F2F 9F32 9F33 9F34 9F35 9F36 9F37 9F38 9F39 9F3A 9F3B 9F3C 9F3D 9F40 9F41 9F42 9F43 9F44 9F45 9F46 9F47
9F48 9F49 9F4A 9F4B 9F4C 9F4D 9F4E 9F4F A5 BF0C
"""
"""The tags of EMV 4.3, Book 3, annex A2."""


def test_every_tag_of_the_standard_has_a_name() -> None:
    assert set(ANNEX_A.split()) - set(emv.NAMES) == set()


def test_every_tag_is_either_shown_or_hidden() -> None:
    shown, hidden = emv._table(emv._SHOWN), emv._table(emv._HIDDEN)
    assert shown.keys() & hidden.keys() == set()
    assert len(emv._SHOWN.split()) + len(emv._HIDDEN.split()) == 2 * len(emv.NAMES)
    assert shown.keys() == emv.SHOWN_TAGS


def test_what_other_data_hide_in_is_not_shown() -> None:
    """Templates and certificates, an account's number, what an issuer or a merchant puts where it likes."""
    hidden = {"61", "70", "77", "80", "83", "A5", "BF0C", "90", "9F46", "9F2D", "9F4B", "5F53", "9F05", "9F7C", "9F24"}
    assert hidden & emv.SHOWN_TAGS == set()

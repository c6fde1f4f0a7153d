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

"""Kinds of transaction: what each of them does to money, whatever the dialect."""

from __future__ import annotations

import pytest

from iso_gateway.catalog import load_profile
from iso_gateway.protocol.kinds import NETWORK, TRAITS, Kind


def test_every_kind_has_its_traits() -> None:
    assert set(TRAITS) == set(Kind)


@pytest.mark.parametrize("kind", sorted(NETWORK))
def test_network_management_moves_no_money_and_names_no_original(kind: Kind) -> None:
    assert not TRAITS[kind].financial
    assert TRAITS[kind].original == ()


@pytest.mark.parametrize("kind", [kind for kind in Kind if TRAITS[kind].gives_back])
def test_whoever_gives_money_back_names_the_transaction_that_took_it(kind: Kind) -> None:
    assert TRAITS[kind].original


@pytest.mark.parametrize("kind", [kind for kind in Kind if TRAITS[kind].original])
def test_no_kind_is_its_own_original(kind: Kind) -> None:
    assert kind not in TRAITS[kind].original
    assert Kind.REVERSAL not in TRAITS[kind].original


def test_whatever_moves_money_can_be_reversed_but_a_reversal_and_what_only_corrects() -> None:
    financial = {kind for kind in Kind if TRAITS[kind].financial}
    assert set(TRAITS[Kind.REVERSAL].original) == financial - {Kind.REVERSAL, Kind.ADJUSTMENT}


@pytest.mark.parametrize("name", ["iso87", "iso93", "cup-pos"])
def test_what_is_not_reversed_at_the_host_is_an_advice_or_a_1993_void(name: str) -> None:
    """A request of which nobody knows the outcome must be reversible; only a fact may be told twice."""
    for row in load_profile(name).kinds:
        if not row.reversible:
            assert row.mti[2] == "2" or row.type == "36", row

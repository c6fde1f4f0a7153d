"""The rules that are broken on purpose are those that stand in the code, and breaking one is seen."""

from __future__ import annotations

import pytest

from tests.simulation.mutations import MUTATIONS, Mutation, caught, strays


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: str(mutation.name))
def test_a_mutation_is_of_the_code_as_it_is(mutation: Mutation) -> None:
    assert strays(mutation) == []


def test_a_broken_rule_is_caught_with_the_seed_and_the_invariant() -> None:
    assert caught(MUTATIONS[0]).startswith("1 I4: ")


def test_there_are_ten_at_least() -> None:
    assert len(MUTATIONS) >= 10

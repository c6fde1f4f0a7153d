"""The shipped specs: complete, of one mind about names, cautious with what they show, and readable by pyiso8583."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from iso8583.specs import default_ascii

from iso_gateway.catalog import load_profile, load_spec, profile_names, read_yaml, spec_names
from iso_gateway.codec.field import Field
from iso_gateway.resources import folder
from tests.support.shipped import SHIPPED_SPECS

TABLES = tuple(name for name in SHIPPED_SPECS if name not in {"nibss-pos", "scheme-host"})
"""Those that stand in one file; the others have a base."""
DATA_ELEMENTS = set(range(2, 129)) - {65}

NAMED_APART = {
    12: "date_time_local_transaction",
    13: "date_effective",
    15: "date_settlement_1993",
    22: "pos_data_code",
    24: "function_code",
    25: "message_reason_code",
    26: "card_acceptor_business_code",
    39: "action_code",
    46: "amounts_fees",
    56: "original_data_elements_1993",
    90: "authorizations_reversal_number",
}
"""Data elements that mean something else in 1993 than in 1987."""

NEVER_SHOWN = {
    2: {"pan"},
    14: {"all"},
    34: {"all"},
    35: {"track"},
    36: {"track"},
    45: {"track"},
    52: {"all"},
    53: {"all"},
    55: {"all"},
    64: {"all"},
    102: {"pan"},
    103: {"pan"},
    128: {"all"},
}
"""What a mask of these may be, in every spec; numbers that mean something harmless somewhere are not here."""


def lines_of(name: str) -> list[str]:
    return (folder("specs") / f"{name}.yaml").read_text("utf-8").splitlines()


def table_of(name: str) -> dict[int, dict[str, Any]]:
    """Return the rows of a spec as they stand in the file."""
    data, _lines = read_yaml("\n".join(lines_of(name)), name)
    return {int(number): row for number, row in data["fields"].items()}


def test_these_are_the_shipped_specs() -> None:
    assert spec_names() == sorted(SHIPPED_SPECS)


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_a_spec_is_complete_to_de_128(name: str) -> None:
    spec = load_spec(name)
    assert spec.name == name
    assert set(spec.fields) == DATA_ELEMENTS


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_a_spec_names_a_profile_that_is_shipped(name: str) -> None:
    spec = load_spec(name)
    if name == "iso2003":  # our dialects do not speak it yet
        assert spec.profile == ""
        return
    assert spec.profile in profile_names()
    assert load_profile(spec.profile).name == spec.profile


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_one_name_is_one_data_element_but_for_the_mac(name: str) -> None:
    names = [field.name for field in load_spec(name).fields.values()]
    assert {each for each in names if names.count(each) > 1} == {"message_authentication_code"}


@pytest.mark.parametrize(("one", "other"), list(combinations(SHIPPED_SPECS, 2)))
def test_what_has_one_name_in_two_specs_can_be_carried_from_one_to_the_other(one: str, other: str) -> None:
    theirs = {field.name: field for field in load_spec(other).fields.values()}
    shared = [(field, theirs[field.name]) for field in load_spec(one).fields.values() if field.name in theirs]
    assert len(shared) > (30 if "iso2003" in {one, other} else 50)
    apart = [
        mine.name for mine, their in shared if mine.binary != their.binary or part_names(mine) != part_names(their)
    ]
    assert apart == []


def part_names(field: Field) -> list[str]:
    return (
        [] if field.inside is None else [type(field.inside).__name__, *(part.name for part in field.inside.declared())]
    )


@pytest.mark.parametrize(
    ("one", "other", "longer"),
    [
        ("iso87-ascii", "iso87-binary", {}),
        ("iso87-ascii", "iso87-ebcdic", {}),
        # Twice as many hexadecimal characters as bytes would be too many for its length.
        ("iso93-ascii", "iso93-binary", {96: ("499", "999")}),
    ],
)
def test_specs_of_one_edition_differ_in_nothing_but_the_wire(
    one: str, other: str, longer: dict[int, tuple[str, str]]
) -> None:
    wire = {"encoding", "prefix", "counts", "pad"}
    ours, theirs = (
        {
            number: {key: value for key, value in row.items() if key not in wire}
            for number, row in table_of(name).items()
        }
        for name in (one, other)
    )
    for number, (here, there) in longer.items():
        assert (ours[number].pop("max"), theirs[number].pop("max")) == (here, there)
    assert ours == theirs
    assert load_spec(one).echo == load_spec(other).echo


@pytest.mark.parametrize(("number", "name"), NAMED_APART.items())
def test_what_means_something_else_in_1993_has_another_name(number: int, name: str) -> None:
    assert load_spec("iso93-ascii").fields[number].name == load_spec("iso93-binary").fields[number].name == name
    names_of_1987 = {field.name for field in load_spec("iso87-ascii").fields.values()}
    assert name not in names_of_1987


@pytest.mark.parametrize("number", [48, 58, 59, 60, 61, 62, 63])
def test_the_private_fields_of_a_cup_terminal_are_not_taken_for_those_of_a_host(number: int) -> None:
    ours = load_spec("cup-pos").fields[number].name
    for host in set(SHIPPED_SPECS) - {"cup-pos"}:
        assert ours not in {field.name for field in load_spec(host).fields.values()}


@pytest.mark.parametrize("name", SHIPPED_SPECS)
@pytest.mark.parametrize(("number", "masks"), NEVER_SHOWN.items())
def test_a_sensitive_field_is_masked_in_every_spec(name: str, number: int, masks: set[str]) -> None:
    assert load_spec(name).fields[number].mask in masks


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_text_of_any_content_is_never_shown_unread(name: str) -> None:
    shown = [
        field.number
        for field in load_spec(name).fields.values()
        if field.mask == "none" and (field.binary or (field.format == "ans" and field.length != "fixed"))
    ]
    assert shown == []


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_an_answer_takes_over_no_secret_from_its_request(name: str) -> None:
    spec = load_spec(name)
    assert {2, 3, 4, 11, 41, 42} <= set(spec.echo) <= DATA_ELEMENTS
    assert {"none", "pan"} <= {spec.fields[number].mask for number in spec.echo} <= {"none", "pan", "scan"}


@pytest.mark.parametrize("number", sorted(DATA_ELEMENTS))
def test_iso87_ascii_has_the_lengths_of_pyiso8583s_own_table(number: int) -> None:
    field = load_spec("iso87-ascii").fields[number]
    theirs = default_ascii[str(number)]
    characters = 2 * field.max if field.binary else field.max
    assert theirs["len_type"] == (0 if field.length == "fixed" else field.length.count("L"))
    # DE 54 is an 120 in the standard, 6 amounts of 20; they double it.
    assert theirs["max_len"] == (240 if number == 54 else characters)


@pytest.mark.parametrize("name", sorted(set(SHIPPED_SPECS) - {"cup-pos"}))
def test_pyiso8583_can_have_the_whole_spec(name: str) -> None:
    lowered = load_spec(name).to_pyiso8583()
    assert {int(key) for key in lowered if key.isdigit()} >= DATA_ELEMENTS


@pytest.mark.parametrize("name", TABLES)
def test_the_columns_of_a_spec_can_be_checked_with_a_finger(name: str) -> None:
    lines = lines_of(name)
    assert max(map(len, lines)) <= 160
    rows = [line for line in lines if line.startswith("  ") and line.lstrip()[:1].isdigit() and line[2] != " "]
    assert len(rows) == len(DATA_ELEMENTS)
    for column in ("{name: ", "format: ", "length: ", "max: ", "encoding: "):
        assert len({row.index(column) for row in rows}) == 1

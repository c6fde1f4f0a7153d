"""Profiles: the shipped ones say what the rulings say, and a wrong one says all that is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway.catalog import load_profile
from iso_gateway.errors import SpecError
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.profile import CodeClass, Profile
from iso_gateway.protocol.rules import Rules

SHIPPED = ("iso87", "iso93", "cup-pos")


def profile_data(**changes: Any) -> dict[str, Any]:
    """Return the data of the smallest profile that can speak."""
    codes = [
        {"code": code, "class": "approved" if code == "00" else "declined", "meaning": "some"}
        for code in ("00", "05", "12", "13", "25", "30", "40", "58", "91", "92", "94", "96")
    ]
    codes.append({"code": "68", "class": "unknown", "meaning": "too late"})
    return {
        "name": "small",
        "title": "A small dialect",
        "kinds": [{"kind": "sale", "mti": "0200"}],
        "codes": codes,
        "original": "de90",
        "network_code": "70",
        "no_answer": "68",
        "unknown_terminal": "58",
        **changes,
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_profile_loads_under_its_own_name(name: str) -> None:
    assert load_profile(name).name == name


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_profile_reverses_signs_on_and_tests_the_line(name: str) -> None:
    profile = load_profile(name)
    assert {Kind.SALE, Kind.VOID, Kind.REFUND, Kind.ADVICE, Kind.REVERSAL, Kind.SIGN_ON, Kind.ECHO} <= {
        row.kind for row in profile.kinds
    }


# Ruling 17.
@pytest.mark.parametrize(
    ("canonical", "written"),
    [
        ("30", "904"),
        ("91", "907"),
        ("92", "908"),
        ("96", "909"),
        ("68", "911"),
        ("98", "911"),
        ("94", "913"),
        ("25", "914"),
        ("A0", "916"),
        ("51", "116"),
        ("54", "101"),
        ("05", "100"),
        ("00", "000"),
    ],
)
def test_a_code_of_1987_is_written_in_three_digits_of_1993(canonical: str, written: str) -> None:
    assert load_profile("iso93").code(canonical) == written


@pytest.mark.parametrize(("only", "written"), [("", "000"), ("reversal", "400"), ("network", "800")])
def test_approval_in_1993_depends_on_what_is_answered(only: str, written: str) -> None:
    assert load_profile("iso93").code("00", only) == written


@pytest.mark.parametrize("name", SHIPPED)
def test_every_code_of_a_profile_comes_back_as_what_it_stands_for(name: str) -> None:
    profile = load_profile(name)
    for row in profile.codes:
        canonical = profile.canonical(row.code)
        assert profile.canonical(profile.code(canonical, row.only)) == canonical


@pytest.mark.parametrize("name", SHIPPED)
def test_a_code_in_no_table_is_an_unknown_outcome(name: str) -> None:
    profile = load_profile(name)
    assert profile.verdict("ZZ") is CodeClass.UNKNOWN
    assert profile.verdict("") is CodeClass.UNKNOWN
    assert profile.canonical("ZZ") == "96"
    assert profile.meaning("ZZ") == "code not in the profile"


# Ruling 18.
@pytest.mark.parametrize(
    ("name", "code", "verdict"),
    [
        ("iso87", "00", CodeClass.APPROVED),
        ("iso87", "10", CodeClass.PARTIAL),
        ("iso87", "51", CodeClass.DECLINED),
        ("iso87", "68", CodeClass.UNKNOWN),
        ("iso87", "96", CodeClass.UNKNOWN),
        ("iso87", "98", CodeClass.UNKNOWN),
        ("iso87", "91", CodeClass.UNKNOWN),
        ("cup-pos", "A2", CodeClass.APPROVED),
        ("cup-pos", "A0", CodeClass.DECLINED),
        ("cup-pos", "98", CodeClass.UNKNOWN),
        ("iso93", "000", CodeClass.APPROVED),
        ("iso93", "002", CodeClass.PARTIAL),
        ("iso93", "400", CodeClass.APPROVED),
        ("iso93", "480", CodeClass.APPROVED),
        ("iso93", "907", CodeClass.UNKNOWN),
        ("iso93", "909", CodeClass.UNKNOWN),
        ("iso93", "911", CodeClass.UNKNOWN),
        ("iso93", "914", CodeClass.DECLINED),
    ],
)
def test_what_a_code_says_of_the_money(name: str, code: str, verdict: CodeClass) -> None:
    assert load_profile(name).verdict(code) is verdict


def test_a_host_that_means_91_is_believed_where_the_profile_says_so() -> None:
    codes = [*profile_data()["codes"], {"code": "10X", "is": "91", "class": "declined", "meaning": "down"}]
    owing = Profile.from_data(profile_data(codes=codes))
    believing = Profile.from_data(profile_data(codes=codes, after_send_91="final"))
    assert [owing.verdict(code) for code in ("91", "10X")] == [CodeClass.UNKNOWN] * 2
    assert [believing.verdict(code) for code in ("91", "10X")] == [CodeClass.DECLINED] * 2


def test_a_reason_that_the_dialect_lacks_goes_out_as_do_not_honour() -> None:
    assert Profile.from_data(profile_data()).code("61") == "05"


def test_an_unknown_outcome_never_goes_out_as_a_decline() -> None:
    profile = Profile.from_data(profile_data())
    assert profile.code("98") == "68"
    assert profile.code("68") == "68"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"no_answer": "98"}, "no_answer"),
        ({"unknown_terminal": "97"}, "unknown_terminal"),
        ({"kinds": [{"kind": "sale", "mti": "200"}]}, "kinds.0.mti"),
        ({"kinds": [{"kind": "sail", "mti": "0200"}]}, "kinds.0.kind"),
        ({"original": "de91"}, "original"),
        ({"reversal_stan": "another"}, "reversal_stan"),
        ({"colour": "red"}, "colour"),
        ({"codes": [*profile_data()["codes"], profile_data()["codes"][0]]}, "codes.13.code"),
        ({"codes": profile_data()["codes"][1:]}, "codes"),
    ],
)
def test_a_wrong_profile_names_the_place(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(SpecError) as caught:
        Profile.from_data(profile_data(**changes))
    assert path in {problem.path for problem in caught.value.problems}


def test_an_inconsistent_profile_gives_all_problems_at_once() -> None:
    data = profile_data(no_answer="98", unknown_terminal="97", kinds=[{"kind": "sale", "mti": "02"}])
    data["codes"] = [row for row in data["codes"] if row["code"] not in {"30", "94"}]
    with pytest.raises(SpecError) as caught:
        Profile.from_data(data)
    assert [problem.path for problem in caught.value.problems] == [
        "codes",
        "codes",
        "no_answer",
        "unknown_terminal",
        "kinds.0.mti",
    ]


@pytest.mark.parametrize(
    ("name", "same_batch"), [("iso87", False), ("iso93", False), ("cup-pos", True), ("nibss-pos", False)]
)
def test_the_rules_of_a_shipped_profile(name: str, same_batch: bool) -> None:  # noqa: FBT001
    """Flows 2.3 to 2.5; what a file does not say is as its base has it, or the default."""
    assert load_profile(name).rules == Rules(void_same_batch=same_batch)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"completion_percent": "99"}, "rules.completion_percent"),
        ({"void_not_found": "14"}, "rules.void_not_found"),
        ({"double_charge": "maybe"}, "rules.double_charge"),
        ({"refund_day": "30"}, "rules.refund_day"),
    ],
)
def test_a_rule_that_cannot_be_is_told_by_its_place(rules: dict[str, str], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Profile.from_data(profile_data(rules=rules))


# Flows 2.0, the type table of UnionPay POS.
@pytest.mark.parametrize(
    ("mti", "processing", "type_code", "kind", "reversible"),
    [
        ("0200", "31", "01", Kind.BALANCE, True),
        ("0200", "00", "22", Kind.SALE, True),
        ("0200", "20", "23", Kind.VOID, True),
        ("0220", "20", "25", Kind.REFUND, False),
        ("0100", "03", "10", Kind.PREAUTH, True),
        ("0100", "20", "11", Kind.PREAUTH_CANCEL, True),
        ("0200", "00", "20", Kind.COMPLETION, True),
        ("0200", "20", "21", Kind.COMPLETION_CANCEL, True),
        ("0220", "00", "24", Kind.COMPLETION_ADVICE, False),
        ("0200", "00", "36", Kind.ADVICE, False),
        ("0220", "00", "30", Kind.ADVICE, False),
        ("0220", "00", "32", Kind.ADJUSTMENT, False),
        ("0220", "00", "34", Kind.ADJUSTMENT, False),
        ("0220", "20", "27", Kind.REFUND, False),
    ],
)
def test_every_type_of_unionpay_pos(mti: str, processing: str, type_code: str, kind: Kind, reversible: bool) -> None:  # noqa: FBT001
    (row,) = [row for row in load_profile("cup-pos").kinds if (row.mti, row.type) == (mti, type_code)]
    assert (row.processing, row.kind, row.reversible) == (processing, kind, reversible)

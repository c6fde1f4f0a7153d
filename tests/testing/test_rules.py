"""What a test says to its host, and how it fails where something else happens: each test here runs a small suite."""

from __future__ import annotations

import pytest

from tests.support.suites import ran

pytest_plugins = "pytester"


def test_what_is_expected_and_does_not_come_fails_the_test(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        def test_of_what_comes(iso_host, iso_terminal):
            iso_host.expect(mti="0200", amount="<500", times=1)
            iso_host.expect("kind:reversal terminal:TERM*", within=5)
            iso_terminal.sale("4.00")
            iso_terminal.start("reversal")

        def test_of_what_does_not_come(iso_host, iso_terminal):
            iso_terminal.sale("1.00")
            iso_host.expect(kind="sale", amount=">50000", terminal="TERM*", times=2)
            iso_terminal.sale("400.00")

        def test_of_what_comes_too_often(iso_host, iso_terminal):
            iso_host.expect(kind="sale", times=0)
            iso_terminal.sale("1.00")

        def test_where_nothing_comes(iso_host):
            iso_host.expect(kind="sale", within=0.001)

        def test_that_fails_by_itself(iso_host, iso_terminal):
            iso_host.expect(kind="void")
            assert iso_terminal.sale("1.05").approved
        """,
    )
    result.assert_outcomes(passed=1, failed=4)
    result.stdout.fnmatch_lines(
        [
            "iso_host expected kind:sale amount:>50000 terminal:TERM[*] 2 times; it came never",
            "of 1 others the nearest is 0200 * USD 400.00 *",
            "      kind      sale",
            "    - amount    >50000",
            "    [+] amount    40000",
            "      terminal  TERM0001",
            "iso_host expected kind:sale never; it came once",
            "iso_host expected kind:sale at least once; it came never",
            "nothing else came",
            "E       AssertionError: assert False",
            "*Captured iso_host call*",
            "transaction: peer=127.0.0.1:* code=05 *",
        ]
    )
    assert "4761739001010010" not in result.stdout.str()


def test_conditions_that_are_none_are_told_at_once(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import pytest
        from iso_gateway.errors import ConfigError

        def test_it(iso_host):
            for said, more, told in (
                ({}, {"mti": 200}, "mti: text expected, as in mti='0200'"),
                ("mti:0200", {"mti": "0200"}, "mti: is said twice"),
                ({"amount": "9..1"}, {}, "the first number of a range is the smaller one"),
                ({"3": "0*", "processing": "x"}, {}, "has no element 'processing'"),
            ):
                with pytest.raises(ConfigError, match=told):
                    iso_host.expect(said, **more)
            assert iso_host.complaints() == []
        """,
    )
    result.assert_outcomes(passed=1)


def test_what_is_to_come_after_what(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import pytest

        def test_of_a_good_terminal(iso_host, iso_terminal):
            iso_host.after(kind="sale", answered="silence").expect(
                {"kind": "reversal"}, names="it", same=[4, 41], before={"kind": "money"}, within="10s"
            )
            iso_terminal.timeout = 0.4
            iso_terminal.sale("1.68")
            iso_terminal.timeout = 5
            iso_terminal.start("reversal")

        def test_of_one_that_goes_on(iso_host, iso_terminal):
            rule = iso_host.after("kind:sale", answered="silence")
            rule.expect("kind:reversal", before="kind:money")
            iso_terminal.timeout = 0.4
            iso_terminal.sale("1.68")
            iso_terminal.timeout = 5
            iso_terminal.sale("2.00")

        def test_of_one_that_reverses_something_else(iso_host, iso_terminal):
            iso_host.after(kind="sale", answered="approved").expect(kind="void", amount=100)
            iso_terminal.sale("1.00")
            iso_terminal.sale("2.00")
            iso_terminal.void()

        def test_of_what_never_began(iso_host, iso_terminal):
            iso_host.after(kind="preauth").expect(kind="completion")
            iso_terminal.sale("1.00")

        def test_of_what_is_never_to_come(iso_host, iso_terminal):
            iso_host.after(kind="sale", answered="approved").never(kind="void")
            iso_terminal.sale("1.00")
            iso_terminal.void()

        @pytest.mark.iso_host(judge=True)
        def test_of_all_rules(iso_host, iso_terminal):
            iso_terminal.timeout = 0.4
            iso_terminal.sale("1.68")
            iso_terminal.timeout = 5
            iso_terminal.sale("2.00")
            assert iso_host.findings

        @pytest.mark.iso_host(judge=True)
        @pytest.mark.iso_terminal(timeout=0.2)
        def test_of_one_that_never_reverses(iso_host, iso_terminal):
            iso_terminal.sale("10.68")
        """,
    )
    result.assert_outcomes(passed=1, failed=6)
    result.stdout.fnmatch_lines(
        [
            "iso_host found: expected-1: 0200 STAN 000002 came before: kind reversal",
            "    0200 * USD 1.68 * STAN 000001 * TERM0001, no answer",
            "iso_host expected kind void, amount 100 after 0200 * USD 1.00 * TERM0001; it did not come",
            "the nearest is 0200 * USD 2.00 * STAN 000003 *; not so: amount",
            "    - amount  100",
            "    [+] amount  200",
            "iso_host expected kind completion after kind preauth, which never came",
            "iso_host found: expected-1: 0200 STAN 000002 was never to come: kind void",
            "iso_host found: reversal-first: 0200 sale, STAN 000001, has no outcome *",
            "iso_host found: reversal-first: still open at the end: TERM0001 STAN 000001, USD 10.68, booked, never *",
        ]
    )


def test_what_becomes_of_messages(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import pytest
        from iso_gateway.errors import ConfigError

        def test_of_rules(iso_host, iso_terminal):
            iso_host.when(mti="0200", amount=">5000").respond("51", set={"44": "TOO MUCH"})
            iso_host.when(mti="0200").respond()
            assert iso_terminal.logon().approved
            assert iso_terminal.sale("60.00").code == "51"
            assert iso_terminal.sale("10.00").approved
            assert iso_terminal.reversal().approved

        def test_of_faults(iso_host, iso_terminal):
            iso_host.fail_next("silence=unrecorded", kind="sale")
            assert iso_terminal.echo().approved
            iso_terminal.timeout = 0.4
            assert iso_terminal.sale("60.00").outcome == "unknown"
            iso_terminal.timeout = 5
            assert iso_terminal.sale("61.00").approved
            iso_host.fail("silence=unrecorded")
            iso_terminal.timeout = 0.4
            assert iso_terminal.echo().outcome == "unknown"
            assert iso_terminal.echo().outcome == "unknown"
            iso_host.heal()
            iso_terminal.timeout = 5
            assert iso_terminal.echo().approved
            assert [row["amount"] for row in iso_host.ledger()["transactions"]] == [6100]

        def test_of_faults_that_nothing_met(iso_host, iso_terminal):
            iso_host.fail_next("silence=unrecorded", kind="void")
            iso_host.fail_next("twice")
            assert iso_terminal.sale("60.00").approved

        def test_of_a_fault_that_nothing_needs_to_meet(iso_host, iso_terminal):
            iso_host.fail_next("twice", kind="void")
            iso_host.fail("twice", kind="void")
            assert iso_terminal.sale("60.00").approved
            iso_host.heal()
            iso_host.fail("twice", kind="void")

        def test_of_a_message_without_a_rule(iso_host, iso_terminal):
            iso_host.when(mti="0200", amount=">5000", terminal="TERM*").respond("51")
            assert iso_terminal.sale("60.00").code == "51"
            assert iso_terminal.sale("1.00").approved

        @pytest.mark.iso_host(strict=False)
        def test_of_one_that_needs_none(iso_host, iso_terminal):
            iso_host.when(mti="0200", amount=">5000").respond("51")
            assert iso_terminal.sale("1.00").approved

        def test_of_half_a_rule(iso_host):
            iso_host.when(mti="0200")

        def test_of_rules_that_are_none(iso_host):
            for wrong, told in (
                (lambda: iso_host.when(mti="0200").respond(set={"999": "x"}), "999"),
                (lambda: iso_host.when(processing="x").respond("00"), "no element 'processing'"),
                (lambda: iso_host.fail_next("silense"), "did you mean 'silence'"),
            ):
                with pytest.raises(ConfigError, match=told):
                    wrong()
        """,
    )
    result.assert_outcomes(passed=5, failed=3)
    assert "fail_next twice went unused" not in result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "iso_host: fail_next silence=unrecorded kind:void went unused: no such message came",
            "iso_host has no rule for 0200 * USD 1.00 * TERM0001; the nearest is mti:0200 amount:>5000 *",
            "      mti       0200",
            "    - amount    >5000",
            "    [+] amount    100",
            "      terminal  TERM0001",
            "host.when(mti:0200) says nothing: respond(...) or fail(...) is missing",
        ]
    )

"""Whatever bytes come, the judge takes them, and the reports can be written."""

from __future__ import annotations

import random  # noqa: TID251 -- seeded
from xml.etree import ElementTree as ET

import pytest

from iso_gateway.host.judging.certifying import Certification
from iso_gateway.host.judging.checks import CHECKS
from iso_gateway.host.judging.judge import Judge
from iso_gateway.host.judging.junit import junit_of
from iso_gateway.host.judging.page import page_of
from iso_gateway.host.judging.sets import certification_set
from iso_gateway.host.judging.text_report import text_of
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Protection
from tests.support.judged_till import JudgedTill

MESSAGES = 400
KINDS = (Kind.SALE, Kind.PREAUTH, Kind.BALANCE, Kind.ADVICE, Kind.SETTLEMENT, Kind.SIGN_ON, Kind.ECHO)


@pytest.mark.parametrize("spec", ["iso87-ascii", "cup-pos"])
def test_any_bytes_can_be_judged(spec: str) -> None:
    chance = random.Random(spec)
    till = JudgedTill(spec)
    name = "cup-pos" if till.cup else "iso87"
    certification = Certification(till.dialect, certification_set(name, till.dialect.spec), Protection())
    till.judge = certification.judge
    till.judge.checks = CHECKS
    written = [till.dialect.spec.encode(till.request(kind, 1068)) for kind in KINDS]
    sale = till.ask(Kind.SALE)
    about = (Kind.VOID, Kind.REFUND, Kind.REVERSAL, Kind.INQUIRY)
    written += [till.dialect.spec.encode(till.request(kind, about=sale)) for kind in about]
    for _ in range(MESSAGES):
        payload = bytearray(chance.choice(written))
        for _ in range(chance.randrange(4)):
            payload[chance.randrange(len(payload))] = chance.choice(b"0123456789AZ \x00\xff")
        decision = till.host.hear(bytes(payload), till.moment, till.link)
        seen = till.judge.heard(till.link, bytes(payload), decision, till.moment)
        if decision.answer is not None and chance.random() < 0.7:
            till.judge.answered(seen, till.moment, intact=chance.random() < 0.9)
        till.wait(chance.random() * 100)
    report = certification.report(till.moment)
    assert till.judge.not_understood > 0
    assert sum(len(each.terminal.story) for each in report.terminals) > MESSAGES / 10
    assert text_of(report)
    assert page_of(report)
    assert len(ET.fromstring(junit_of(report))) == len(report.terminals)


def test_a_judge_without_rules_finds_nothing() -> None:
    till = JudgedTill()
    till.judge = Judge(till.dialect, checks=())
    till.ask(Kind.SALE, 1068)
    till.ask(Kind.SALE, stan="000000")
    assert till.found == []

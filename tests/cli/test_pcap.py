"""``pcap``: a line for each message, the table of latencies, what was not understood, and nothing in clear."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iso_gateway import load_spec
from iso_gateway.framing import Framing
from tests.cli.conftest import Call
from tests.support.captures import MS, Talk, classic, pcapng
from tests.support.desk import PAN

SPEC = load_spec("iso87-ascii")
SALE = SPEC.message("0200", {2: PAN, 3: 0, 4: 1234, 11: 123, 35: f"{PAN}=2512", 41: "TERM0001", 49: "840"})
ANSWER = SALE.response_to({39: "00"})
WIRE = [Framing.parse("2be").frame(SPEC.encode(each)) for each in (SALE, ANSWER)]
GOOD = Talk().open().up(WIRE[0]).wait(11 * MS).down(WIRE[1]).close().packets
BAD = Talk().open().up(WIRE[0], b"\xff\xff").wait(6000 * MS).close().packets


@pytest.fixture
def capture(tmp_path: Path) -> str:
    path = tmp_path / "good.pcap"
    path.write_bytes(classic(GOOD, link="ethernet"))
    return str(path)


def test_a_capture_is_lines_a_table_and_its_sums(iso_gateway: Call, capture: str) -> None:
    result = iso_gateway("pcap", capture, "--port", "5000")
    assert result.exit_code == 0
    assert result.stdout == (
        "00:00:00.003000      #4  10.0.0.5:40122 >  0200 sale · USD 12.34 · STAN 000123 · TERM0001\n"
        "00:00:00.015000      #5  10.0.0.5:40122 <  0210 sale approved 00 · USD 12.34 · STAN 000123 · TERM0001"
        "  [answers #4 after 12 ms]\n\n"
        "request        count    repeats   answered        p50        p99        max\n"
        "0200 sale          1          0          1      12 ms      12 ms      12 ms\n\n"
        "8 packets, since 2026-01-01 00:00:00 UTC; 1 connection on port 5000\n"
        "2 messages, 0 findings\n"
    )


def test_findings_have_their_packet_and_byte(iso_gateway: Call) -> None:
    result = iso_gateway("pcap", "-", "--port", "5000", given=pcapng(BAD))
    assert result.exit_code == 1
    unanswered, misframed, _ = result.stdout.partition("findings\n")[2].splitlines()[:3]
    assert unanswered == "  #4 of 10.0.0.5:40122 > 10.0.0.1:5000: 0200: nobody answered it"
    assert misframed.startswith(
        f"  #5, byte {len(WIRE[0])} of 10.0.0.5:40122 > 10.0.0.1:5000: 2 bytes: a frame of 65535"
    )


def test_nothing_is_in_clear_unless_it_is_asked_for(iso_gateway: Call, capture: str) -> None:
    for options in ([], ["--fields"], ["--json"]):
        assert PAN not in iso_gateway("pcap", capture, "--port", "5000", *options).output
    for options in (["--fields", "--unsafe"], ["--json", "--unsafe"]):
        assert PAN in iso_gateway("pcap", capture, "--port", "5000", *options).output
    assert "476173******0010" in iso_gateway("pcap", capture, "--port", "5000", "--fields").stdout


def test_json_is_one_object_on_one_line(iso_gateway: Call, capture: str) -> None:
    result = iso_gateway("pcap", capture, "--port", "5000", "--json")
    (line,) = result.stdout.splitlines()
    said = json.loads(line)
    assert (said["packets"], said["connections"], said["decoded"], said["found"]) == (8, 1, 2, 0)
    assert said["messages"][1]["is"] == "answer"
    assert (said["messages"][1]["partner"], said["messages"][1]["after_ms"]) == (4, 12.0)
    assert said["messages"][0]["fields"]["2"] == "476173******0010"
    (row,) = said["latency"]
    assert list(row.items())[:5] == [("mti", "0200"), ("kind", "sale"), ("count", 1), ("repeats", 0), ("answered", 1)]
    assert (row["p50_ms"], row["p99_ms"], row["max_ms"]) == (12.0, 12.0, 12.0)


def test_keepalives_and_segments_sent_again_are_counted(iso_gateway: Call) -> None:
    talk = Talk().open().up(WIRE[0]).add(WIRE[0], sequence=0xFFFFFFF1).down(b"\x00\x00", WIRE[1]).close()
    result = iso_gateway("pcap", "-", "--port", "5000", given=classic(talk.packets))
    assert result.stdout.splitlines()[-1] == "2 messages, 1 keep-alive, 0 findings, 1 segment sent again"
    said = json.loads(iso_gateway("pcap", "-", "--port", "5000", "--json", given=classic(talk.packets)).stdout)
    assert (said["keepalives"], said["repeated_segments"]) == (1, 1)


def test_findings_and_notes_are_in_json_too(iso_gateway: Call) -> None:
    packets = [*BAD, BAD[0]._replace(data=BAD[0].data[:24])]
    said = json.loads(iso_gateway("pcap", "-", "--port", "5000", "--json", given=classic(packets)).stdout)
    assert [(each["rule"], each["packet"]) for each in said["findings"]] == [("unanswered", 4), ("frame", 5)]
    assert said["notes"] == [{"text": "a packet cut short inside its headers", "count": 1, "packet": 9}]


POS = load_spec("cup-pos")
POS_SALE = POS.encode(
    POS.message("0200", {2: PAN, 3: 0, 4: 1234, 11: 1, 25: 0, 41: "TERM0001", 49: "840", 60: "22000001"})
)
ELSEWHERE = Framing.parse("2be+tpdu+cup").frame(POS_SALE)
NONSENSE = Talk().open().up(b"nobody knows what this is").close().packets


@pytest.mark.parametrize(
    ("given", "port", "hint"),
    [
        (classic([]), "5000", "there is no packet"),
        (classic(GOOD), "5001", "is --port the one"),
        (classic(Talk().open().up(b"\x16\x03\x01\x02\x00").close().packets), "5000", "TLS"),
        (classic(Talk().open().up(ELSEWHERE).close().packets), "5000", "--framing 2be+tpdu+cup --spec cup-pos"),
        (classic(Talk().open().up(WIRE[0][2:]).close().packets), "5000", "doctor"),
        (classic(NONSENSE), "5000", "doctor"),
    ],
)
def test_where_nothing_is_understood_it_says_why(iso_gateway: Call, given: bytes, port: str, hint: str) -> None:
    result = iso_gateway("pcap", "-", "--port", port, given=given)
    assert hint in result.stderr
    assert PAN not in result.output
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("none.pcap", None, "no such file"),
        ("text.pcap", b"no capture", "expected pcap or pcapng"),
        ("\0", None, "no name of a file"),
    ],
)
def test_what_is_no_capture_ends_with_2(
    iso_gateway: Call, tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = iso_gateway("pcap", str(tmp_path / name), "--port", "5000")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert iso_gateway("pcap", "-", given=b"").exit_code == 2


def test_a_capture_comes_with_the_package(iso_gateway: Call) -> None:
    result = iso_gateway("pcap", "counter", "--port", "5000", "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["decoded"], said["found"]) == (1, 11, 1)
    assert PAN not in result.stdout
    assert iso_gateway("pcap", "nothing", "--port", "5000").exit_code == 2

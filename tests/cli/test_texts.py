"""Messages of dialects that are text, pasted as they stand: taken whole, also out of a log, or refused in words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from iso_gateway.catalog import load_spec
from tests.cli.conftest import Call

SPEC = load_spec("iso87-ascii")
MESSAGE = SPEC.encode(
    SPEC.message("0200", {2: "4761739001010010", 4: 1234, 7: "1123040506", 11: "000123", 41: "TERM0001", 43: "A SHOP"})
)
TEXT = MESSAGE.decode()
DIGITS = SPEC.encode(SPEC.message("0800", {7: "1123100001", 11: "000123", 70: "301"}))
WORN = {
    "alone": TEXT,
    "line end": TEXT + "\r\n",
    "quoted": f'"{TEXT}"',
    "log": f"2026-11-23 10:00:01 INFO sent: {TEXT}\n",
    "log, brackets": f"2026-11-23T10:00:01Z [main] DEBUG acquirer.Channel - [{TEXT}]\n",
    "log, more behind": f"10:00:01 sent {TEXT} ({len(TEXT)} bytes)\n",
    "log, JSON": f'{{"time": "2026-11-23T10:00:01Z", "raw": "{TEXT}", "peer": "10.0.0.5"}}\n',
    "log, other lines": f"10:00:00 connected to 10.0.0.5\n10:00:01 sent {TEXT}\n10:00:02 closed\n",
}


@pytest.mark.parametrize("name", WORN)
def test_every_command_takes_text_whole(iso_gateway: Call, name: str) -> None:
    text, plain = WORN[name], MESSAGE.hex()
    for verb in ("decode", "explain"):
        done = iso_gateway(verb, "-", "--json", given=text)
        assert (done.exit_code, done.stdout) == (0, iso_gateway(verb, plain, "--json").stdout)
    assert iso_gateway("redact", "-", given=text).stdout == iso_gateway("redact", plain).stdout
    assert iso_gateway("diff", plain, "-", given=text).exit_code == 0
    if name == "log, more behind":
        return  # where the message ends, only a spec says, and doctor has none yet
    best = msgspec.json.decode(iso_gateway("doctor", "-", "--json", given=text).stdout)["fits"][0]
    assert (best["spec"], best["framing"], best["header"]) == ("iso87-ascii", "", 0)


def test_digits_alone_in_a_log_are_the_message_where_the_spec_reads_them(iso_gateway: Call) -> None:
    done = iso_gateway("decode", "-", given=f"10:00:01 DEBUG recv: {DIGITS.decode()}\n")
    assert done.stdout == iso_gateway("decode", DIGITS.hex()).stdout


def test_text_that_was_cut_is_text_all_the_same(iso_gateway: Call) -> None:
    done = iso_gateway("decode", "-", given=f"2026-11-23 10:00:01 INFO sent: {TEXT[:100]}\n")
    assert done.exit_code == 1
    assert "DE 43 at byte" in done.stdout
    assert "no hex" not in done.output


@pytest.mark.parametrize("name", ["alone", "log"])
@pytest.mark.parametrize("verb", ["decode", "explain", "redact"])
def test_a_spec_in_bytes_refuses_text_and_names_one_that_reads_it(iso_gateway: Call, verb: str, name: str) -> None:
    done = iso_gateway(verb, "--spec", "iso87-binary", "-", given=WORN[name])
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "text as it stands, and iso87-binary is not written in characters" in done.stderr
    assert "--spec iso87-ascii" in done.stderr


def test_of_several_texts_nobody_knows_which_is_meant_and_diff_compares_them(iso_gateway: Call, tmp_path: Path) -> None:
    log = tmp_path / "day.log"
    other = SPEC.encode(SPEC.message("0800", {7: "1123100001", 11: "000124", 41: "TERM0002"})).decode()
    log.write_text(f"10:00:01 sent: {TEXT}\n10:00:02 sent: {other}\n")
    done = iso_gateway("decode", str(log))
    assert (done.exit_code, "2 messages that are text themselves" in done.stderr) == (1, True)
    done = iso_gateway("decode", "-", given=log.read_text().replace("TERM0002", "TERM"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert iso_gateway("diff", str(log), str(log)).stdout.endswith("2 of 2 are the same\n")


def test_a_slip_of_the_pen_in_hex_is_none(iso_gateway: Call) -> None:
    binary = load_spec("iso87-binary")
    digits = binary.encode(binary.message("0200", {3: "000000", 4: 1234, 11: "000123"})).hex()
    done = iso_gateway("decode", "--spec", "iso87-binary", digits[:30] + "G" + digits[31:])
    assert "30 hexadecimal digits, then 'G' at line 1, column 31" in done.stderr

"""``decode`` and ``encode``: there and back, masked, and a broken message shows where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iso_gateway import load_spec
from tests.cli.conftest import Call
from tests.support.desk import PAN
from tests.support.fixture_files import Sample, all_samples

SPEC = load_spec("iso87-ascii")
CHIP = bytes.fromhex("9F2608A1B2C3D4E5F607189F360200C4")
SALE = SPEC.encode(SPEC.message("0200", {2: PAN, 3: 0, 4: 1234, 11: 123, 41: "TERM0001", 49: "840", 55: CHIP}))


def test_a_message_is_a_masked_table(iso_gateway: Call) -> None:
    result = iso_gateway("decode", SALE.hex())
    assert result.exit_code == 0
    assert "476173******0010" in result.stdout
    assert PAN not in result.stdout
    assert any(line.split() == ["4", "amount_transaction", "000000001234"] for line in result.stdout.splitlines())
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_who_says_unsafe_sees_all(iso_gateway: Call) -> None:
    assert PAN in iso_gateway("decode", "--unsafe", SALE.hex()).stdout


@pytest.mark.parametrize("dress", [SALE.hex(" "), SALE.hex(" ").upper() + "\n", repr(SALE)])
def test_hex_comes_by_stdin_in_any_dress(iso_gateway: Call, dress: str) -> None:
    assert iso_gateway("decode", "-", given=dress).stdout == iso_gateway("decode", SALE.hex()).stdout
    assert iso_gateway("decode", given=dress).exit_code == 0


def test_hex_comes_as_several_arguments(iso_gateway: Call) -> None:
    assert iso_gateway("decode", *SALE.hex(" ").split()).exit_code == 0


@pytest.mark.parametrize(
    "content",
    [SALE.hex(" ").encode(), b"\xef\xbb\xbf" + SALE.hex().encode(), SALE, SALE + b"\n"],
    ids=["hex", "hex of an editor that marks UTF-8", "the message itself", "with a line end"],
)
def test_a_file_holds_hex_or_the_message_itself(iso_gateway: Call, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "message").write_bytes(content)
    assert iso_gateway("decode", str(tmp_path / "message")).stdout == iso_gateway("decode", SALE.hex()).stdout


def test_a_message_that_is_text_may_be_pasted_as_it_is(iso_gateway: Call) -> None:
    assert iso_gateway("decode", SALE.decode()).stdout == iso_gateway("decode", SALE.hex()).stdout


def test_a_file_of_bytes_that_are_no_text_is_the_message(iso_gateway: Call, tmp_path: Path) -> None:
    binary = load_spec("iso87-binary")
    (tmp_path / "message").write_bytes(binary.encode(binary.message("0200", {4: 1234, 52: bytes([0xFF] * 8)})))
    assert "000000001234" in iso_gateway("decode", "--spec", "iso87-binary", str(tmp_path / "message")).stdout


def test_json_is_one_line(iso_gateway: Call) -> None:
    said = iso_gateway("decode", "--json", SALE.hex()).stdout
    assert said.count("\n") == 1
    message = json.loads(said)
    assert (message["mti"], message["fields"]["4"], message["fields"]["2"]) == (
        "0200",
        "000000001234",
        "476173******0010",
    )
    assert message["parts"]["55"]["9F36"] == "00C4"


def test_who_asks_is_told_what_the_message_must_have(iso_gateway: Call) -> None:
    result = iso_gateway("decode", "--check", SALE.hex())
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-7:] == [
        "",
        "! DE 7: is missing: mandatory in every message of 1987 [transmission-time]",
        "! DE 12: is missing: the receipt has the terminal's time [local-time]",
        "! DE 13: is missing: the receipt has the terminal's time [local-time]",
        "! DE 42: is missing: the terminal and the merchant are found by it [acceptor]",
        "! DE 22: is missing: says how the card was read, and who was there [entry-mode]",
        "! DE 25: is missing: says how the card was read, and who was there [entry-mode]",
    ]
    said = json.loads(iso_gateway("decode", "--check", "--json", SALE.hex()).stdout)
    assert said["violations"][0] == {
        "path": "7",
        "rule": "transmission-time",
        "reason": "is missing: mandatory in every message of 1987",
    }
    assert iso_gateway("decode", SALE.hex()).exit_code == 0


def test_a_message_without_fault_passes_the_check(iso_gateway: Call) -> None:
    sample = next(each for each in all_samples() if each.name == "chip_sale_with_pin")
    checked = iso_gateway("decode", "--check", "--spec", sample.spec, sample.raw.hex())
    assert checked.exit_code == 0
    assert checked.stdout == iso_gateway("decode", "--spec", sample.spec, sample.raw.hex()).stdout


@pytest.mark.parametrize("sample", all_samples(), ids=str)
def test_what_decode_says_encode_writes(iso_gateway: Call, sample: Sample) -> None:
    said = iso_gateway("decode", "--json", "--unsafe", "--spec", sample.spec, sample.raw.hex()).stdout
    again = iso_gateway("encode", "--spec", sample.spec, "-", given=said)
    spec = load_spec(sample.spec)
    assert spec.decode(bytes.fromhex(again.stdout)) == spec.decode(sample.raw)


# Broken messages


def test_a_broken_message_shows_what_was_read_and_points_at_the_byte(iso_gateway: Call) -> None:
    result = iso_gateway("decode", SALE[:40].hex())
    assert result.exit_code == 1
    words, line, caret = result.stdout.partition("\n\n")[2].splitlines()[:3]
    assert "476173******0010" in result.stdout
    assert words == "DE 3 at byte 38: 2 bytes left, 6 needed"
    assert line.startswith("000020  ")
    assert line[caret.index("^") :].startswith("30")


def test_the_bytes_of_a_card_number_stay_hidden_until_unsafe(iso_gateway: Call) -> None:
    broken = SALE[:40].hex()
    digits = PAN[-6:].encode().hex(" ")
    masked = iso_gateway("decode", broken).stdout
    assert digits not in masked
    assert PAN not in masked
    assert digits in iso_gateway("decode", "--unsafe", broken).stdout


def test_json_of_a_broken_message_has_what_was_read_and_the_place(iso_gateway: Call) -> None:
    result = iso_gateway("decode", "--json", SALE[:40].hex())
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert said["fields"] == {"2": "476173******0010"}
    assert said["faults"] == [{"path": "3", "offset": 38, "expected": "2 bytes left, 6 needed", "missing": 4}]
    assert (
        said["causes"][0]["words"]
        == "the message ends early: 36 bytes or more are missing, of DE 3, and then DE 4, 11, 41, 49 and 55"
    )


def test_parts_that_are_broken_are_told_though_the_message_is_whole(iso_gateway: Call) -> None:
    broken = SPEC.encode(SPEC.message("0200", {3: 0, 55: bytes.fromhex("9F2608A1")}))
    result = iso_gateway("decode", broken.hex())
    assert result.exit_code == 1
    assert "DE 55.9F26 at byte" in result.stdout
    assert json.loads(iso_gateway("decode", "--json", broken.hex()).stdout)["faults"][0]["path"] == "55.9F26"


def test_a_length_that_was_left_on_is_named(iso_gateway: Call) -> None:
    framed = len(SALE).to_bytes(2, "big") + SALE
    result = iso_gateway("decode", framed.hex())
    assert result.exit_code == 1
    assert "the frame was left on: before the message stands a length of 2 bytes" in result.stdout


def test_another_dialect_is_named(iso_gateway: Call) -> None:
    binary = load_spec("iso87-binary")
    message = binary.encode(binary.message("0200", {2: PAN, 4: 1234, 11: 1, 28: "D00000010"}))
    assert "--spec iso87-binary" in iso_gateway("decode", message.hex()).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("decode", "gone.hex"), "gone.hex: no such file, and no hex"),
        (("decode", "/gone/hex"), "/gone/hex: no such file, and no hex"),
        (("decode", "/"), "/: a folder, where hex or a file is expected"),
        (("decode", "--spec", "iso87-asci", "00"), "did you mean 'iso87-ascii'"),
        (("decode", "--josn", "00"), "no such option"),
        (("encode", "0200"), "neither JSON nor a file"),
        (("encode", "{"), "not JSON"),
        (("encode", '{"mti": "0200"}'), "JSON like"),
        (("encode", '{"mti": "0200", "fields": {"4": "12.34"}}'), "DE 4: character 2 is not one of digits"),
        (("encode", '{"mti": "9999", "fields": {}}'), "MTI: no message type"),
        (("encode", "--field", "4=1"), "--field needs --mti"),
        (("encode", "--mti", "0200", "--field", "4"), "PATH=VALUE"),
        (("encode", "--mti", "0200", "{}"), "either JSON or"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_2(iso_gateway: Call, arguments: tuple[str, ...], said: str) -> None:
    result = iso_gateway(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.startswith("iso-gateway: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_encode_takes_fields_one_by_one(iso_gateway: Call) -> None:
    fields = ("2=" + PAN, "3=000000", "4=000000001234", "11=000123", "41=TERM0001", "49=840", "55=" + CHIP.hex())
    options = [each for field in fields for each in ("--field", field)]
    assert bytes.fromhex(iso_gateway("encode", "--mti", "0200", *options).stdout) == SALE


def test_encode_takes_numbers_and_tags(iso_gateway: Call) -> None:
    data = {"mti": "0200", "fields": {"4": 1234, "55.9F36": "00C4"}}
    message = SPEC.decode(bytes.fromhex(iso_gateway("encode", json.dumps(data)).stdout))
    assert message[4] == "000000001234"
    assert message["55.9F36"] == bytes.fromhex("00C4")


def test_encode_reads_a_file(iso_gateway: Call, tmp_path: Path) -> None:
    (tmp_path / "message.json").write_text('{"mti": "0800", "fields": {"70": "301"}}')
    assert SPEC.decode(bytes.fromhex(iso_gateway("encode", str(tmp_path / "message.json")).stdout))[70] == "301"


def test_encode_takes_names(iso_gateway: Call) -> None:
    options = (
        "processing_code=000000",
        "amount_transaction=000000001234",
        "icc_data.application_cryptogram=" + "A1" * 8,
    )
    done = iso_gateway("encode", "--mti", "0200", *(each for field in options for each in ("-f", field)))
    message = SPEC.decode(bytes.fromhex(done.stdout))
    assert (message[3], message[4], message["55.9F26"]) == ("000000", "000000001234", bytes.fromhex("A1" * 8))
    data = {
        "mti": "0200",
        "fields": {"processing_code": "000000", "original_data_elements.mti": "0100", "90.stan": "000123"},
    }
    message = SPEC.decode(bytes.fromhex(iso_gateway("encode", json.dumps(data)).stdout))
    assert (message[3], message["90.2"]) == ("000000", "000123")


def test_encode_says_what_a_wrong_name_may_mean(iso_gateway: Call) -> None:
    done = iso_gateway("encode", "--mti", "0200", "-f", "procesing_code=000000", "-f", "4=1", "-f", "4=2")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "procesing_code: no element of iso87-ascii is called so, did you mean 'processing_code'?" in done.stderr
    assert "4: is given twice" in done.stderr

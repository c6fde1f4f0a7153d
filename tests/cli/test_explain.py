"""``explain``, ``diff`` and ``doctor`` as people call them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from iso_gateway import load_spec
from iso_gateway.inspect.showing import of_causes
from iso_gateway.inspect.told import Cause
from iso_gateway.page import WIDTH, plain
from tests.cli.conftest import Call
from tests.support.canaries import crowds
from tests.support.places import COMMANDS, Case
from tests.support.shipped import SHIPPED_SPECS

SPEC = load_spec("iso87-ascii")
PAN = "4761739001010010"
SALE = SPEC.message("0200", {2: PAN, 3: 0, 4: 1234, 7: "1123040506", 11: 123, 41: "TERM0001", 49: "840"})
REQUEST = SPEC.encode(SALE)
ANSWER = SPEC.encode(SALE.response_to({37: "632741735058", 39: "00"}))


def test_explain(iso_gateway: Call) -> None:
    done = iso_gateway("explain", ANSWER.hex())
    assert done.exit_code == 0
    assert done.output.startswith("0210 sale approved 00 · USD 12.34 · STAN 000123 · RRN 632741735058 · TERM0001\n")
    assert "\x1b" not in done.output
    assert PAN not in done.output


def test_explain_as_json(iso_gateway: Call) -> None:
    made = msgspec.json.decode(iso_gateway("explain", "--json", ANSWER.hex()).output)
    assert [each["value"] for each in made["entries"] if each["path"] == "39"] == ["00"]


def test_explain_what_is_broken(iso_gateway: Call) -> None:
    done = iso_gateway("explain", REQUEST[:-5].hex())
    assert done.exit_code == 1
    assert "DE 41 at byte 72: 6 bytes left, 8 needed" in done.output
    assert "^^" in done.output


def test_explain_tells_a_spec_to_paste_that_builds_upon_the_file_that_was_given(
    iso_gateway: Call, tmp_path: Path
) -> None:
    (tmp_path / "theirs.yaml").write_text("base: iso87-ascii\nname: theirs\n")
    broken = REQUEST.replace(b"164761", b"\x164761").hex()
    done = iso_gateway("explain", "--json", "--spec", str(tmp_path / "theirs.yaml"), broken)
    (cause, *_) = msgspec.json.decode(done.stdout)["causes"]
    assert cause["words"] == "the length of DE 2 is in BCD, not in ASCII"
    (tmp_path / "mine.yaml").write_text(cause["yaml"])
    assert iso_gateway("explain", "--spec", str(tmp_path / "mine.yaml"), broken).exit_code == 0


def test_both_verbs_tell_every_wrong_value(iso_gateway: Call) -> None:
    broken = REQUEST.replace(b"000000001234", b"-00000001234").replace(b"000123TERM", b"00012ATERM").hex()
    for verb in ("decode", "explain"):
        done = iso_gateway(verb, broken)
        assert done.exit_code == 1
        assert "DE 4 at byte 44: not digits" in done.output
        assert "DE 11 at byte 71: not digits" in done.output
        assert "TERM0001" in done.output
        assert "only these values are wrong" in done.output


def test_explain_says_that_nothing_tells_a_cause(iso_gateway: Call) -> None:
    done = iso_gateway("explain", bytes(range(255, 0, -1)).hex())
    assert done.exit_code == 1
    assert "no likely cause: no frame, header, other shipped spec" in done.stdout


def test_a_page_has_colours_on_a_terminal_unless_nobody_wants_them(
    iso_gateway: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[1m0210 sale approved" in iso_gateway("explain", ANSWER.hex(), color=True).output
    assert "\x1b[1m0210 financial request response" in iso_gateway("decode", ANSWER.hex(), color=True).output
    assert "\x1b" not in iso_gateway("explain", ANSWER.hex()).output  # a file, a pipe
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            assert "\x1b" not in iso_gateway("explain", ANSWER.hex(), color=True).output


@pytest.mark.parametrize("name", SHIPPED_SPECS)
@pytest.mark.parametrize("where", ["decode", "decode --check", "explain", "diff", "diff --all", "diff --answer"])
def test_no_line_is_wider_than_80_columns(name: str, where: str, tmp_path: Path) -> None:
    spec = load_spec(name)
    for message, _ in crowds(spec):
        pages = list(COMMANDS[where](Case.of(spec, message, tmp_path)))
        assert pages
        assert [each for text in pages for each in text.splitlines() if len(each) > WIDTH] == []


def test_diff(iso_gateway: Call, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(REQUEST)
    other = SPEC.encode(SALE.evolve({4: 1300, 2: "4761739001010119"}))
    done = iso_gateway("diff", str(tmp_path / "a"), other.hex())
    assert done.exit_code == 1
    assert "~ 4 " in done.output
    assert "~ 2 " in done.output
    assert "under its mask" not in done.output  # the last four digits differ, and are seen
    assert PAN not in done.output
    assert done.output.endswith("2 of 8 differ\n")
    assert iso_gateway("diff", REQUEST.hex(), other.hex(), "--ignore", "2,4").exit_code == 0
    made = msgspec.json.decode(iso_gateway("diff", REQUEST.hex(), other.hex(), "--json").output)
    assert made["different"] == 2


def test_diff_of_an_answer(iso_gateway: Call) -> None:
    approved = SPEC.encode(SPEC.decode(ANSWER).evolve({38: "123456"}))
    done = iso_gateway("diff", "--answer", REQUEST.hex(), approved.hex())
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "it answers the request")
    done = iso_gateway("diff", "--answer", REQUEST.hex(), ANSWER.hex())
    assert done.exit_code == 1, "an approval has DE 38, its profile says"
    assert "[approval]" in done.output
    assert iso_gateway("diff", "--answer", REQUEST.hex(), ANSWER.hex(), "--ignore", "38").exit_code == 0
    wrong = SPEC.encode(SALE.response_to({39: "00"}).evolve({11: 124}))
    done = iso_gateway("diff", "--answer", REQUEST.hex(), wrong.hex())
    assert done.exit_code == 1
    assert "! 11 " in done.output


def test_diff_of_many_pairs_them_by_type_stan_and_terminal(iso_gateway: Call, tmp_path: Path) -> None:
    some = [SALE.evolve({11: stan}) for stan in (1, 2, 3)]
    other = [some[2], some[0].evolve({4: 1}), SALE.evolve({11: 9})]
    for name, messages in (("a", some), ("b", other)):
        (tmp_path / name).write_text("".join(f"{SPEC.encode(each).hex()}\n" for each in messages))
    done = iso_gateway("diff", str(tmp_path / "a"), str(tmp_path / "b"))
    assert done.exit_code == 1
    assert done.output.count("~ 4 ") == 1
    assert "only in A: 0200" in done.output
    assert "only in B: 0200" in done.output
    assert done.output.endswith("\n1 of 4 are the same\n")
    made = msgspec.json.decode(iso_gateway("diff", str(tmp_path / "a"), str(tmp_path / "b"), "--json").output)
    assert [len(each.get("fields", [])) for each in made["pairs"]] == [8, 0, 8, 0]
    assert PAN not in done.output


def test_diff_of_many_answers(iso_gateway: Call, tmp_path: Path) -> None:
    some = [SALE.evolve({11: stan}) for stan in (1, 2)]
    answers = [each.response_to({38: "123456", 39: "00"}) for each in reversed(some)]
    for name, messages in (("a", some), ("b", answers)):
        (tmp_path / name).write_text("".join(f"{SPEC.encode(each).hex()}\n" for each in messages))
    done = iso_gateway("diff", "--answer", str(tmp_path / "a"), str(tmp_path / "b"))
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "2 of 2 are answered")


@pytest.mark.parametrize("ignore", ["4", "4-6", "amount_transaction", "2-7", " 4 , 11"])
def test_diff_ignores_what_is_named(iso_gateway: Call, ignore: str) -> None:
    other = SPEC.encode(SALE.evolve({4: 1300}))
    assert iso_gateway("diff", REQUEST.hex(), other.hex(), "--ignore", ignore).exit_code == 0


def test_diff_ignores_a_part_by_its_dotted_name(iso_gateway: Call) -> None:
    one, other = (SPEC.encode(SALE.evolve({"55.9F36": each, "55.9F26": "A1" * 8})).hex() for each in ("0001", "0002"))
    assert iso_gateway("diff", one, other).exit_code == 1
    ignored = ("--ignore", "icc_data.application_transaction_counter")
    assert iso_gateway("diff", one, other, *ignored).exit_code == 0


@pytest.mark.parametrize(
    ("ignore", "told"),
    [
        ("amount_transacton", "no element 'amount_transacton', did you mean 'amount_transaction'?"),
        ("4,300", "no element '300'"),
        ("7-3", "no element '7-3'"),
        ("41.9,tag", "no element 'tag'; expected numbers, paths as 55.9F36, ranges as 41-43, or names"),
    ],
)
def test_diff_knows_what_it_ignores(iso_gateway: Call, ignore: str, told: str) -> None:
    done = iso_gateway("diff", REQUEST.hex(), REQUEST.hex(), "--ignore", ignore)
    assert done.exit_code == 2
    assert told in done.output


def test_diff_tells_what_differs_only_in_form(iso_gateway: Call) -> None:
    upper = SPEC.encode(SALE.evolve({42: "MERCHANT0000001"}))
    lower = upper[:4] + upper[4:20].lower() + upper[20:]
    done = iso_gateway("diff", upper.hex(), lower.hex())
    assert done.exit_code == 1
    assert "= bitmap " in done.output
    assert iso_gateway("diff", upper.hex(), lower.hex(), "--ignore", "bitmap").exit_code == 0


def test_diff_tells_that_masked_values_differ(iso_gateway: Call) -> None:
    one, other = (SPEC.encode(SALE.evolve({52: bytes([each]) * 8})) for each in (1, 2))
    done = iso_gateway("diff", one.hex(), other.hex())
    assert "~ 52 " in done.output
    assert "differs under its mask" in done.output
    assert "0101" not in done.output


def test_diff_says_which_of_the_two_is_no_message(iso_gateway: Call) -> None:
    done = iso_gateway("diff", REQUEST.hex(), "30323030")
    assert done.exit_code == 1
    assert "B is no message of iso87-ascii: bitmap at byte 4" in done.output


@pytest.mark.parametrize("dress", ["hex", "spaced", "file", "stdin"])
def test_doctor(iso_gateway: Call, tmp_path: Path, dress: str) -> None:
    framed = len(REQUEST).to_bytes(2) + REQUEST
    (tmp_path / "capture.bin").write_bytes(framed)
    given = {"hex": [framed.hex()], "spaced": framed.hex(" ").split(), "file": [str(tmp_path / "capture.bin")]}
    done = iso_gateway("doctor", *given.get(dress, ["-"]), given=framed if dress == "stdin" else None)
    assert done.exit_code == 0
    assert done.output.startswith("1. framing 2be, spec iso87-ascii  100% sense\n")
    assert '   spec = "iso87-ascii"\n   framing = "2be"\n' in done.output
    assert PAN not in done.output


def test_doctor_reads_a_message_that_is_text_as_it_stands(iso_gateway: Call) -> None:
    done = iso_gateway("doctor", REQUEST.decode())
    assert done.output.startswith("1. no frame, spec iso87-ascii  100% sense\n")


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ("632512000123", "632512000123"),
        ("63251200012A", "*" * 11 + "A"),
        (PAN[:12], "*" * 12),
    ],
)
def test_doctor_shows_a_reference_number_but_no_piece_of_a_card_number(
    iso_gateway: Call, reference: str, shown: str
) -> None:
    spec = load_spec("iso87-ascii")
    sale = spec.message(
        "0200", {2: PAN, 3: 0, 4: 1051, 7: "1123121500", 11: 123, 37: reference, 41: "TERM0001", 49: "840"}
    )
    (line,) = [each for each in iso_gateway("doctor", spec.encode(sale).hex()).output.splitlines() if "RRN" in each]
    assert f"RRN {shown} · TERM0001" in line


def test_doctor_hides_runs_of_digits_where_it_does_not_believe_the_spec(iso_gateway: Call) -> None:
    spec = load_spec("iso87-ascii")
    odd = spec.encode(spec.message("0200", {3: 999999, 7: "9999999999", 12: "999999", 37: "632512000123"}))
    said = iso_gateway("doctor", odd.hex()).output
    assert "nothing fits well" in said
    assert "RRN ************" in said
    assert "632512000123" not in said


def test_doctor_tells_the_smallest_edit(iso_gateway: Call, tmp_path: Path) -> None:
    made = SPEC.encode(SALE).replace(b"TERM0001", b"TERM00001")
    done = iso_gateway("doctor", made.hex())
    assert "   DE 41: 9 instead of 8 long" in done.output
    lines = done.output.partition("   mine.yaml\n")[2].splitlines()
    path = tmp_path / "mine.yaml"
    path.write_text("\n".join(line[3:] for line in lines[:4]))
    assert iso_gateway("decode", "--spec", str(path), made.hex()).exit_code == 0
    rows = msgspec.json.decode(iso_gateway("doctor", made.hex(), "--json").output)["fits"]
    assert rows[0]["edits"] == ["DE 41: 9 instead of 8 long"]


def test_doctor_tells_how_far_it_came(iso_gateway: Call) -> None:
    done = iso_gateway("doctor", REQUEST[:-1].hex())
    assert done.exit_code == 1
    told = (
        "cut short, it seems: with no frame and spec iso87-ascii all makes sense, and 1 byte or more are missing: DE 49"
    )
    assert told in done.output.replace("\n", " ")


def test_doctor_takes_nonsense(iso_gateway: Call) -> None:
    assert iso_gateway("doctor", "00ff").exit_code == 1
    assert iso_gateway("doctor", "no-such-file.hex").exit_code == 2


def test_packed_digits_have_their_half_of_a_byte(iso_gateway: Call) -> None:
    spec = load_spec("cup-pos")
    data = spec.encode(spec.message("0200", {11: "000123", 60: "22000001000601"})).hex()
    page = iso_gateway("explain", "--spec", "cup-pos", data).stdout.splitlines()
    at = next(place for place, row in enumerate(page) if row.endswith(" 60.1"))
    assert [row.split() for row in page[at:]] == [
        ["15", "22", "60.1"],
        ["16", "00", "00", "01", "60.2"],
        ["19", "00", "0.", "60.3"],
        ["20", ".6", "60.4"],
        ["21", "0.", "60.5"],
        ["21", ".1", "60.6"],
    ]
    told = msgspec.json.decode(iso_gateway("explain", "--json", "--spec", "cup-pos", data).stdout)
    places = {entry["path"]: entry["place"] for entry in told["entries"]}
    assert places["60.3"] == {"start": 19, "body": 19, "end": 21, "half_end": True}
    assert places["60.4"] == {"start": 20, "body": 20, "end": 21, "half_start": True}


def test_what_an_element_is_stands_beside_its_lines_of_bytes(iso_gateway: Call) -> None:
    rows = iso_gateway("explain", REQUEST.hex()).output.splitlines()
    at = next(place for place, row in enumerate(rows) if row.startswith("20    31 36 |"))
    assert rows[at].endswith("  2 n..19 in ASCII, LLVAR")
    assert rows[at + 1] == f"{'36    ** **':<57}in ASCII"
    assert rows[at + 2].startswith("38 ")


def test_diff_shows_no_line_for_what_one_side_has_not(iso_gateway: Call) -> None:
    text = "A" * 30
    longer = SPEC.encode(SALE.evolve({48: text})).hex()
    rows = iso_gateway("diff", REQUEST.hex(), longer, "--unsafe").output.splitlines()
    at = next(place for place, row in enumerate(rows) if row.startswith("+ 48"))
    assert rows[at + 1 :] == [f"{'':11}+ {text}", "1 of 9 differ"]


def test_two_causes_name_who_can_tell_which_it_is() -> None:
    some = [Cause("mti", "one", "because", "do"), Cause("mti", "two", "because", "do")]
    assert "iso-gateway doctor" in plain(of_causes(some))
    assert "iso-gateway doctor" not in plain(of_causes(some[:1]))

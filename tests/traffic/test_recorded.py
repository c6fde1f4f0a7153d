"""The file of a recording: written once, for its owner alone; what is wrong in it is told with its line."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from iso_gateway import load_spec
from iso_gateway.errors import RecordingError
from iso_gateway.traffic.recorded import AnyLine, Ended, Header, Opened, Side, Spoken, as_line, created, read_recording

SPEC = load_spec("iso87-ascii")
ECHO = SPEC.encode(SPEC.message("0800", {11: 1, 70: 301}))
HEADER = Header(1, "iso87-ascii", "2be", "2026-11-23T10:00:00.000Z", redacted=True)
LINES: tuple[AnyLine, ...] = (
    Opened(0.0, 1, "127.0.0.1:50000"),
    Spoken(0.5, 1, Side.CLIENT, ECHO.hex(), "", "0800"),
    Ended(0.75, 1, Side.CLIENT, "closed"),
)


def written(path: Path, *lines: bytes, header: Header = HEADER) -> Path:
    path.write_bytes(msgspec.json.encode(header) + b"\n" + b"".join(lines))
    return path


def refused(path: Path, spec: str = "") -> list[str]:
    with pytest.raises(RecordingError) as caught:
        read_recording(path, spec)
    return str(caught.value).splitlines()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with created(path, HEADER) as file:
        for each in LINES:
            file.write(as_line(each))
    recording = read_recording(path)
    assert recording.header == HEADER
    assert [entry.line for entry in recording.entries] == list(LINES)
    assert [entry.number for entry in recording.entries] == [2, 3, 4]
    assert recording.entries[1].message == SPEC.decode(ECHO)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_not_overwritten_and_no_link_is_followed(tmp_path: Path) -> None:
    path, link = tmp_path / "x.jsonl", tmp_path / "link"
    path.write_text("mine")
    link.symlink_to(tmp_path / "nowhere")
    for each in (path, link):
        with pytest.raises(RecordingError, match=f"^{each}: the file is there already"):
            created(each, HEADER)
    assert path.read_text() == "mine"
    with pytest.raises(RecordingError, match="cannot be made: no such file or directory"):
        created(tmp_path / "no" / "x", HEADER)


def test_the_last_line_may_be_cut_short(tmp_path: Path) -> None:
    path = written(tmp_path / "x", as_line(LINES[0]), as_line(LINES[1])[:-20])
    assert len(read_recording(path).entries) == 1


def test_all_that_is_wrong_is_told_with_its_line(tmp_path: Path) -> None:
    secret = "4012888888881881"
    path = written(
        tmp_path / "x",
        as_line(LINES[0]),
        b"{\n",
        b'{"event":"%s","at":0,"connection":1}\n' % secret.encode(),
        b'{"event":"message","at":0,"connection":1,"from":"%s","message":""}\n' % secret.encode(),
        as_line(Spoken(0.0, 1, Side.CLIENT, ECHO.hex()[:-2])),
        as_line(Spoken(0.0, 1, Side.CLIENT, "xx")),
        as_line(Spoken(0.0, 1, Side.CLIENT, ECHO.hex(), header="x")),
    )
    told = refused(path)
    assert [each.partition(": ")[0] for each in told] == [f"{path}:{line}" for line in (3, 4, 5, 6, 7, 8)]
    assert "DE 70 at byte" in told[3]
    assert "hexadecimal digits expected" in told[4]
    assert secret not in "".join(told)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no recording: iso-gateway record writes them"),
        (b"\x00\xff\n", "no recording"),
        (b'{"a":1}\n', "no recording"),
        (msgspec.json.encode(msgspec.structs.replace(HEADER, recording=2)) + b"\n", "version 2; this is for version 1"),
        (msgspec.json.encode(msgspec.structs.replace(HEADER, spec="iso88")) + b"\n", "no spec of this name"),
        (msgspec.json.encode(msgspec.structs.replace(HEADER, framing="3be")) + b"\n", "framing"),
        (b" " * 2_000_000, "a line of more than 1048576 bytes"),
    ],
)  # fmt: skip
def test_what_is_no_recording_is_told_in_line_1(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    (told,) = refused(path)
    assert told.startswith(f"{path}:1: ")
    assert said in told


def test_another_spec_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path / "x", as_line(LINES[1]), header=msgspec.structs.replace(HEADER, spec="gone.yaml"))
    assert "--spec names another one" in refused(path)[0]
    assert read_recording(path, "iso87-ascii").entries[0].message is not None
    assert f"{path}:2: message: no message of iso87-binary" in refused(path, "iso87-binary")[0]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path / "x") == [f"{tmp_path / 'x'}: cannot be read: no such file or directory"]

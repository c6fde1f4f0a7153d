"""Where the sockets lie, and which folders are refused because somebody else could answer there."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from iso_gateway.admin.places import check_folder, clear_the_way, default_folder, find_sockets, socket_path
from iso_gateway.errors import ConfigError


@contextmanager
def listening(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        yield


def leave_dead(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))


def test_the_runtime_folder_of_the_login_is_used(runtime: Path) -> None:
    path = socket_path("run", 5000)
    assert path == runtime / "iso-gateway" / "run-5000.sock"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert socket_path("host", 9000) == path.with_name("host-9000.sock")


def test_a_wide_umask_makes_no_wide_folder(runtime: Path) -> None:
    before = os.umask(0)
    try:
        socket_path("run", 5000)
    finally:
        os.umask(before)
    assert stat.S_IMODE((runtime / "iso-gateway").stat().st_mode) == 0o700


@pytest.mark.parametrize("value", ["", "relative/path", "/no/such/folder", "/"])
def test_without_a_runtime_folder_of_ours_the_temporary_one_is_used(
    value: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value == "/" and os.geteuid() == 0:
        value = "/dev/null"  # root owns the root folder, so take what is no folder
    monkeypatch.setenv("XDG_RUNTIME_DIR", value)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert default_folder() == folder / f"iso-gateway-{os.geteuid()}"
    assert socket_path("run", 5000).parent == default_folder()


def a_file(path: Path) -> None:
    path.write_text("")


def a_link(path: Path) -> None:
    path.symlink_to(path.parent)


def open_to_the_group(path: Path) -> None:
    path.mkdir()
    path.chmod(0o710)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (a_file, "cannot be made|is no folder"),
        (a_link, "is no folder"),
        (open_to_the_group, "has mode 0710, 0700 expected"),
    ],
)
def test_a_folder_that_others_could_use_is_refused(make: Callable[[Path], None], text: str, runtime: Path) -> None:
    make(runtime / "iso-gateway")
    with pytest.raises(ConfigError, match=text):
        socket_path("run", 5000)
    with pytest.raises(ConfigError, match=r"is no folder|has mode 0710, 0700 expected"):
        find_sockets()


def test_a_folder_of_another_user_is_refused(folder: Path) -> None:
    foreign = Path("/")
    if os.geteuid() == 0:  # everything may be root's, so give something away
        foreign = folder / "given"
        foreign.mkdir(mode=0o700)
        os.chown(foreign, 65534, 65534)
    with pytest.raises(ConfigError, match="belongs to another user"):
        check_folder(foreign)


@pytest.mark.usefixtures("runtime")
def test_only_the_living_are_found() -> None:
    assert find_sockets() == []
    run, host = socket_path("run", 5000), socket_path("host", 9000)
    leave_dead(socket_path("run", 5001))
    run.with_name("notes.txt").write_text("")
    with listening(run), listening(host):
        assert find_sockets() == [host, run]
        assert find_sockets("run") == [run]
        assert find_sockets("console") == []


def test_a_dead_socket_is_cleared_away_and_a_living_one_refused(folder: Path) -> None:
    path = folder / "run-1.sock"
    clear_the_way(path)
    leave_dead(path)
    clear_the_way(path)
    assert not path.exists()
    with listening(path), pytest.raises(ConfigError, match="is the socket of a process that is running"):
        clear_the_way(path)
    assert path.exists()


def test_what_is_no_socket_is_never_removed(folder: Path) -> None:
    path = folder / "precious"
    path.write_text("journal")
    with pytest.raises(ConfigError, match="is there and is no socket"):
        clear_the_way(path)
    assert path.read_text() == "journal"


def test_a_path_too_long_for_a_socket_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match="longer than the 107 bytes"):
        clear_the_way(folder / ("x" * 100))

"""The key store: one file of keys under a master key, and the audit file beside it (``NAME.audit``).

Rule 1: the file is replaced whole, by a new one that is on the disk already: a crash leaves the old one or the new.
Rule 2: whoever writes holds the lock, and reads first what another process wrote: so ``iso-gateway keys`` may change a
store while a module uses it, and the module learns of it when it is told to read again, or before its own next change.
Rule 3: every change raises the version, and the audit file grows with it. An older copy of the store beside a newer
audit file is refused. Copies of both put back together cannot be told from the real ones by what lies on this disk:
`version` is shown, for whoever writes it down elsewhere.
Rule 4: the number of a key's version is never used again: a destroyed one keeps its line.
"""

from __future__ import annotations

import bisect
import fcntl
import os
import secrets
import select
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from msgspec.structs import replace

from iso_gateway.errors import KeyStoreError
from iso_gateway.hsm import audit, store_file
from iso_gateway.hsm.key_table import Deed, HeldKey, wipe
from iso_gateway.hsm.master_key import Making, MasterKey
from iso_gateway.hsm.store_file import EDITION, FORMAT, KeyLine, StoreLine, Trail
from iso_gateway.net.clock import read_system
from iso_gateway.security.keys import KeyInfo, KeyRef

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a key store: half a million keys."""

PATIENCE: Final = 100
PAUSE: Final = 0.02
"""How often, and seconds between, another writer's lock is tried: two seconds, before a module is taken for hung."""

Place = tuple[str, int]
Said = TypeVar("Said")


class KeyStore:
    """The keys of one file, as a `KeyTable`. A key's value is taken out of its block when it is first wanted."""

    def __init__(self, path: Path, master: MasterKey) -> None:
        """Open the store at *path* under *master*, which is used until `close` and wiped there.

        Raises:
            KeyStoreError: it cannot be read, is open to others, was changed, is older than its audit file, or *master*
                is not its key.
        """
        self.path = path
        self.audit_path = audit_path(path)
        self._master = master
        self._head: StoreLine
        self._lines: dict[Place, bytes] = {}
        self._read: dict[Place, KeyLine] = {}
        self._versions: dict[str, list[int]] = {}
        self._held: dict[Place, HeldKey] = {}
        self._as_it_was: tuple[int, int, int] = (0, 0, 0)
        with self._told(), _alone(path):
            self._load()
            self._see_to_the_audit_file()

    @classmethod
    def create(
        cls,
        path: Path,
        master: MasterKey,
        making: Making,
        *,
        test: bool = False,
        actor: str = "",
    ) -> KeyStore:
        """Make an empty store at *path*, where there is nothing yet.

        Raises:
            KeyStoreError: there is something, or it cannot be written.
        """
        try:
            with _alone(path):
                if path.exists() or audit_path(path).exists():
                    raise KeyStoreError(f"{path}: there is a key store already; it is never written over")
                deed = Deed("test store begun" if test else "store begun", KeyRef("-"), master.check_value, actor)
                lines, head = audit.lines_of([deed], read_system()[1], 1, audit.START)
                trail = Trail(0, tuple(line.decode() for line in lines), head)
                first = StoreLine(FORMAT, EDITION, 1, making, master.check_value, test, 0, trail)
                _replace(path, store_file.written(first, (), master))
                audit.append(audit_path(path), lines)
        except OSError as error:
            raise KeyStoreError(f"{path}: cannot be made: {(error.strerror or '').lower()}") from None
        return cls(path, master)

    def __repr__(self) -> str:
        return f"<KeyStore {self.path}, {len(self._lines)} keys>"

    @property
    def version(self) -> int:
        """How often the store was written."""
        return self._head.version

    @property
    def test(self) -> bool:
        """Whether every key in it is a test key."""
        return self._head.test

    def get(self, ref: KeyRef) -> HeldKey | None:
        """Return that version of the key, destroyed ones too, or None.

        Raises:
            KeyStoreError: its block does not open.
        """
        place = (ref.name, ref.version)
        held = self._held.get(place)
        if held is None and (line := self._read.get(place)) is not None:
            held = self._held[place] = store_file.opened(line, self._master)
        return held

    def versions(self, name: str) -> Sequence[HeldKey]:
        """Return all versions of the key *name*, oldest first."""
        found = (self.get(KeyRef(name, version)) for version in self._versions.get(name, ()))
        return [held for held in found if held is not None]

    def infos(self) -> Sequence[KeyInfo]:
        """Return what may be said of every key, by name and version."""
        return [self._read[place].info for place in sorted(self._read)]

    def change(self, held: Sequence[HeldKey], deeds: Sequence[Deed]) -> None:
        """Add or replace all of *held* in one durable write, and note *deeds*; or change nothing.

        Raises:
            KeyStoreError: it cannot be written, or another process has changed one of these keys.
        """
        with self._told(), _alone(self.path):
            if self._changed_on_disk():
                before = {_place(each): self._read.get(_place(each)) for each in held}
                self._load()
                for place, was in before.items():
                    if self._read.get(place) != was:
                        raise KeyStoreError(f"{place[0]} was changed by another process meanwhile; try again")
            self._see_to_the_audit_file()
            self._write([self._marked(each) for each in held], deeds)

    def reread(self) -> None:
        """Take in what another process has written meanwhile.

        Raises:
            KeyStoreError: it cannot be read, is changed, or older than what was read before.
        """
        with self._told(), _alone(self.path):
            if self._changed_on_disk():
                self._load()
                self._see_to_the_audit_file()

    def check_audit(self) -> str:
        """Return what is wrong with the audit file; empty: nothing.

        Raises:
            KeyStoreError: it cannot be read.
        """
        with self._told():
            with _alone(self.path):
                if self._changed_on_disk():
                    self._load()
                trail = self._head.trail
                size = self.audit_path.stat().st_size if self.audit_path.exists() else 0
            # What others add from now on is theirs to answer for.
            wrong = audit.verify(self.audit_path, trail.head, trail.end)
            return wrong or ("" if size == trail.end else audit.OTHER_END)

    def close(self) -> None:
        """Wipe every value, and the master key."""
        for held in self._held.values():
            wipe(held.value)
        self._held.clear()
        self._master.wipe()

    # The file

    def _load(self) -> None:
        data, as_it_is = _content(self.path)
        head, keys = store_file.read(data, self._master)
        if hasattr(self, "_head") and head.version < self._head.version:
            raise KeyStoreError(
                f"it is older than what was read before (version {head.version}, and {self._head.version} was seen); "
                "somebody put an old copy there"
            )
        lines = {(line.info.ref.name, line.info.ref.version): written for written, line in keys}
        for place, held in list(self._held.items()):
            if lines.get(place) != self._lines.get(place):
                wipe(held.value)
                del self._held[place]
        self._head, self._lines, self._as_it_was = head, lines, as_it_is
        self._read, self._versions = {}, {}
        for _, line in keys:
            self._note(line)

    def _note(self, line: KeyLine) -> None:
        name, version = line.info.ref.name, line.info.ref.version
        self._read[name, version] = line
        known = self._versions.setdefault(name, [])
        if version not in known:
            bisect.insort(known, version)

    def _changed_on_disk(self) -> bool:
        return _like(self.path.stat()) != self._as_it_was

    def _write(self, held: Sequence[HeldKey], deeds: Sequence[Deed]) -> None:
        lines = dict(self._lines)
        for each in held:
            lines[_place(each)] = store_file.sealed(each, self._master, secrets.token_bytes)
        before = self._head
        version = before.version + 1
        told, head = audit.lines_of(deeds, read_system()[1], version, before.trail.head)
        trail = Trail(before.trail.end, tuple(line.decode() for line in told), head)
        first = StoreLine(FORMAT, EDITION, version, before.making, before.check_value, before.test, len(lines), trail)
        _replace(self.path, store_file.written(first, store_file.in_order(lines), self._master))
        self._head, self._lines, self._as_it_was = first, lines, _like(self.path.stat())
        for each in held:
            place = _place(each)
            was = self._held.get(place)
            if was is not None and was.value is not each.value:
                wipe(was.value)
            self._held[place] = each
            self._note(store_file.line_in(lines[place]))
        with suppress(OSError):  # the store has these lines too, and they are written before the next change
            audit.append(self.audit_path, told)

    def _marked(self, held: HeldKey) -> HeldKey:
        """Return *held*, with the mark of a test key in a store of test keys."""
        return replace(held, info=replace(held.info, test=True)) if self.test and not held.info.test else held

    def _see_to_the_audit_file(self) -> None:
        """Write the lines of the last change where a crash came between; refuse a file that is another's.

        Raises:
            KeyStoreError: the audit file is longer or shorter than the store knows, or ends in other lines.
        """
        trail = self._head.trail
        try:
            size = self.audit_path.stat().st_size
        except FileNotFoundError:
            size = 0
        if trail.offset <= size < trail.end:
            if size:
                os.truncate(self.audit_path, trail.offset)
            audit.append(self.audit_path, [line.encode() for line in trail.lines])
        elif size > trail.end:
            raise KeyStoreError(
                f"it is older than {self.audit_path.name}, which tells of later changes: somebody put an old copy "
                "there; put the newest copies of both back"
            )
        elif size < trail.offset or audit.last_hash(self.audit_path) != trail.head:
            raise KeyStoreError(f"{self.audit_path.name} was cut or changed; put the last good copy of it back")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say which file it was."""
        try:
            yield
        except OSError as error:
            raise KeyStoreError(f"{self.path}: {(error.strerror or 'cannot be used').lower()}") from None
        except KeyStoreError as error:
            said = str(error)
            raise (error if said.startswith(str(self.path)) else KeyStoreError(f"{self.path}: {said}")) from None


def audit_path(path: Path) -> Path:
    """Return where the audit file of the store at *path* lies."""
    return path.with_name(f"{path.name}.audit")


def head_of(path: Path) -> StoreLine:
    """Return how the store at *path* is unlocked, of which nothing is proved yet.

    Raises:
        KeyStoreError: it cannot be read, or is none.
    """
    return _of_file(path, store_file.head_of)


def infos_of(path: Path) -> list[KeyInfo]:
    """Return what the store at *path* says of its keys, of which nothing is proved yet.

    Raises:
        KeyStoreError: it cannot be read, or is none.
    """
    return _of_file(path, store_file.told)


def _of_file(path: Path, read: Callable[[bytes], Said]) -> Said:
    try:
        data, _ = _content(path)
        return read(data)
    except OSError as error:
        hint = "; 'iso-gateway keys init' makes one" if isinstance(error, FileNotFoundError) else ""
        raise KeyStoreError(f"{path}: {(error.strerror or 'cannot be read').lower()}{hint}") from None
    except KeyStoreError as error:
        raise KeyStoreError(f"{path}: {error}") from None


def _content(path: Path) -> tuple[bytes, tuple[int, int, int]]:
    """Return what is in the file, and what it is like.

    Raises:
        KeyStoreError: others may read it, or it is too large.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise KeyStoreError("this is no plain file")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise KeyStoreError(f"others may read or write it; chmod 600 {path.name}")
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise KeyStoreError("it is too large to be a key store")
    return data, _like(found)


def _like(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _place(held: HeldKey) -> Place:
    return held.info.ref.name, held.info.ref.version


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of the store at *path*: of all who write it, and who must not see it half written.

    Raises:
        KeyStoreError: another process does not let go of it.
        OSError: there can be none.
    """
    number = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        for turn in range(PATIENCE):
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if turn == PATIENCE - 1:
                    raise KeyStoreError(
                        f"{path}: another process has been writing it for too long; look for one"
                    ) from None
                select.select((), (), (), PAUSE)
        yield
    finally:
        os.close(number)


def _replace(path: Path, data: bytes) -> None:
    """Put *data* in the place of the file at *path*, whole or not at all.

    Raises:
        OSError: not at all.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(number, rest) :]
            os.fsync(number)
        finally:
            os.close(number)
        beside.rename(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""A running gateway with keys between ends that have them too: a host and terminals with MACs and PIN blocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import trio

from iso_gateway import Message
from iso_gateway.gateway.config import Config, load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service
from iso_gateway.hsm.key_store import KeyStore
from iso_gateway.hsm.key_table import HeldKey
from iso_gateway.hsm.master_key import Components, MasterKey
from iso_gateway.protocol.protection import Protection
from iso_gateway.protocol.sealing import mac_holds, pin_block, pin_in, with_mac
from iso_gateway.security.keys import KeyState, MacAlgorithm, MacMethod, PinFormat, Usage
from tests.support.desk import PAN
from tests.support.edge import Host, Running, Terminal
from tests.support.module_keys import held

PROTECTION = Protection(mac=MacMethod(MacAlgorithm.X9_19), pin=PinFormat.ISO_0)
PIN = "1234"


class LegKeys(NamedTuple):
    """Working keys of one leg; published test keys."""

    mac: bytes
    pin: bytes


OF_TERMINAL = LegKeys(
    bytes.fromhex("55036372B17543ECB173730768B8D6C4"), bytes.fromhex("807A23AD32B36D457AE91FDF927570EA")
)
OF_HOST = LegKeys(bytes.fromhex("ABD66D46B09D57379113266845347F7C"), bytes.fromhex("8323626751C7620408BA6789025E6EB3"))


def keys_of(
    owner: str, keys: LegKeys, version: int = 1, state: KeyState = KeyState.ACTIVE, *, test: bool = False
) -> list[HeldKey]:
    """Return one generation of *owner* as the module holds it."""
    return [
        held(f"{owner}/mac", Usage.MAC_3, keys.mac, version=version, state=state, test=test),
        held(f"{owner}/pin", Usage.PIN, keys.pin, version=version, state=state, test=test),
    ]


NEXT_OF_TERMINAL = LegKeys(
    bytes.fromhex("CA5D92598DCA48CE8A4C76361A9269E9"), bytes.fromhex("3F419E1CB7079442AA37474C2EFBF8B8")
)
NEXT_OF_HOST = LegKeys(
    bytes.fromhex("5BB6B598FEC8E36D7A15D0E51A455B1C"), bytes.fromhex("DD7515F2BFC17F85CE48F3CA25CB21F6")
)
"""What takes their place; published too."""


def all_keys(*, test: bool = False) -> list[HeldKey]:
    """Return the keys of nine terminals and of the host."""
    keys = keys_of("acquirer/bank", OF_HOST, test=test)
    for number in range(1, 10):
        keys += keys_of(f"terminal/TERM000{number}", OF_TERMINAL, test=test)
    return [*keys, held("journal/seal", Usage.SEAL, test=test)]


class KeyedHost(Host):
    """A host that looks at the MAC and the PIN of all that comes, and gives its answers a MAC."""

    def __init__(self, *generations: LegKeys) -> None:
        """Take what any of *generations* made, the first one being that of what it says unasked."""
        super().__init__()
        self.generations = generations or (OF_HOST,)
        self.used: list[LegKeys] = []
        """The keys of each message that came, as far as they were right."""
        self.wrong: list[str] = []
        """What was wrong with what came, in order."""
        self.pins: list[str] = []
        """The PINs that came."""
        self.judge: Callable[[Message], Message | None] = self.approve
        self.decide = self._looked_at
        self._answering: dict[str, LegKeys] = {}

    def _looked_at(self, message: Message) -> Message | None:
        fitting = [keys for keys in self.generations if mac_holds(message, self.wire[-1], PROTECTION, keys.mac)]
        if not fitting:
            self.wrong.append(f"{message.mti} {message.get(11)}: MAC")
            return self.judge(message)
        self.used.append(fitting[0])
        self._answering[message[11]] = fitting[0]
        if 52 in message:
            self.pins.append(pin_in(PinFormat.ISO_0, message[52], message[2], fitting[0].pin))
        return self.judge(message)

    def encoded(self, message: Message) -> bytes:
        """Return *message* with its MAC, as it goes out; network management has none."""
        if message.mti[1] != "8":
            keys = self._answering.get(message[11], self.generations[0])
            message = with_mac(self.dialect.spec, message, PROTECTION, keys.mac)
        return self.dialect.spec.encode(message)


class KeyedTerminal(Terminal):
    """A terminal that gives what it sends a MAC, and looks at that of its answers."""

    def __init__(self, stream: trio.SocketStream, keys: LegKeys = OF_TERMINAL) -> None:
        super().__init__(stream, "iso87-ascii", "2be")
        self.keys = keys
        self.genuine: list[bool] = []
        """Whether each answer had the right MAC: under the keys of its request (ruling 11)."""
        self.came: list[bytes] = []
        """What came, in bytes."""
        self._asked: dict[str, LegKeys] = {}

    async def send(self, message: Message) -> None:
        """Send *message* with its MAC."""
        await self.send_payload(self.payload(message))

    def payload(self, message: Message) -> bytes:
        """Return *message* with its MAC, in bytes."""
        self._asked[message[11]] = self.keys
        return self.dialect.spec.encode(with_mac(self.dialect.spec, message, PROTECTION, self.keys.mac))

    def taken(self, payload: bytes) -> Message:
        """Return the answer *payload*, and note whether its MAC is right."""
        self.came.append(payload)
        message = super().taken(payload)
        keys = self._asked.get(message[11], self.keys)
        self.genuine.append(mac_holds(message, payload, PROTECTION, keys.mac))
        return message

    def sale(self, stan: int, amount: int = 1000, *, pin: str = PIN, terminal: int = 1) -> Message:
        """Return a sale with a PIN."""
        fields = {
            2: PAN,
            3: "000000",
            4: amount,
            11: stan,
            41: f"TERM000{terminal}",
            42: "MERCHANT0000001",
            49: "840",
            52: pin_block(PinFormat.ISO_0, pin, PAN, self.keys.pin, bytes),
        }
        return self.dialect.spec.message("0200", fields)


class KeyedRunning(Running):
    """A gateway with keys, its host and the way to it."""

    host: KeyedHost

    async def keyed_terminal(self, keys: LegKeys = OF_TERMINAL) -> KeyedTerminal:
        """Connect a terminal that has *keys*."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.service.bound["counter"].port)
        self.streams.append(stream)
        return KeyedTerminal(stream, keys)


CONFIG = """
[[listener]]
name = "counter"
address = "127.0.0.1:0"
mac = "x9.19"
pin = "iso-0"
{listener}
[[terminals]]
ids = ["TERM0001..TERM0009"]
merchant = "MERCHANT0000001"

[[acquirer]]
name = "bank"
links = ["127.0.0.1:{port}"]
mac = "x9.19"
pin = "iso-0"
reconnect_every = 0.05
repeat_after = 0.05
host_timeout = 2
{acquirer}
[security]
key_store = "keys.store"
unlock = "file:master"
module = "{module}"
{rest}
"""


MASTER = bytes(range(32))
"""The local master key of the stores of tests."""


def store_in(folder: Path, keys: Iterable[HeldKey]) -> Path:
    """Make a key store with *keys*, and a file that unlocks it."""
    path = folder / "keys.store"
    made = KeyStore.create(path, MasterKey(bytearray(MASTER)), Components(1))
    made.change(list(keys), [])
    made.close()
    secret = folder / "master"
    secret.touch(0o600)
    secret.write_text(MASTER.hex(), encoding="ascii")
    return path


@contextmanager
def store_of(folder: Path) -> Iterator[KeyStore]:
    """Open the key store in *folder*, as an operator does beside the running gateway."""
    store = KeyStore(folder / "keys.store", MasterKey(bytearray(MASTER)))
    try:
        yield store
    finally:
        store.close()


def keyed(
    folder: Path,
    module: str = "inside",
    *,
    host: KeyedHost | None = None,
    keys: Iterable[HeldKey] | None = None,
    listener: str = "",
    acquirer: str = "",
    rest: str = "",
) -> AbstractAsyncContextManager[KeyedRunning]:
    """Run a host and a gateway with a key store of *keys*, its link up, for the length of a block.

    Its module is *module*: ``inside``, or a ``process`` of its own.
    """
    store_in(folder, all_keys() if keys is None else keys)
    return _keyed(folder, host or KeyedHost(), module=module, listener=listener, acquirer=acquirer, rest=rest)


def configured(folder: Path, port: int, **more: str) -> Config:
    """Write a configuration with a host at *port*, and read it."""
    path = folder / "gateway.toml"
    settings = {"module": "inside", "listener": "", "acquirer": "", "rest": ""} | more
    path.write_text(CONFIG.format(port=port, **settings), encoding="utf-8")
    return load(path)


@asynccontextmanager
async def _keyed(folder: Path, host: KeyedHost, **more: str) -> AsyncIterator[KeyedRunning]:
    async with trio.open_nursery() as nursery:
        await nursery.start(host.serve)
        log = StringIO()
        service = Service(configured(folder, host.port, **more), Lines(log))
        await nursery.start(service.run)
        it = KeyedRunning(service, host, log, nursery)
        await it.link_is("up")
        try:
            yield it
        finally:
            for stream in it.streams:
                stream.socket.close()
            nursery.cancel_scope.cancel()

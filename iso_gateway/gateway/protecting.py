"""``gateway.toml`` -> how each leg is protected; every fault of it, with the path of its setting."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from iso_gateway.codec.unreadable import many
from iso_gateway.errors import Problem
from iso_gateway.gateway.keyring import fits, usage
from iso_gateway.gateway.shape import AcquirerTable
from iso_gateway.protocol.covering import faults
from iso_gateway.protocol.protection import Exchange, Protection, Role, key_name
from iso_gateway.security.keys import KeyInfo, KeyState, MacAlgorithm, MacMethod

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec
    from iso_gateway.gateway.shape import GatewayFile, ListenerTable
    from iso_gateway.protocol.setup import Setup

PADDED: Final = frozenset({MacAlgorithm.X9_9, MacAlgorithm.X9_19, MacAlgorithm.SM4_CBC})
"""The algorithms that leave a choice of padding."""
LONGEST: Final = {
    MacAlgorithm.X9_9: 8,
    MacAlgorithm.X9_19: 8,
    MacAlgorithm.UNIONPAY_ECB: 8,
    MacAlgorithm.UNIONPAY_SM4: 8,
    MacAlgorithm.CMAC: 16,
    MacAlgorithm.SM4_CBC: 16,
    MacAlgorithm.HMAC_SHA256: 32,
}
"""The bytes of a MAC, all of it."""
SEAL: Final = "journal/seal"
"""The name of the key that keeps the journal's card numbers."""


def protection(table: ListenerTable | AcquirerTable) -> Protection:
    """Return what *table* says of the protection of its leg."""
    method = MacMethod(table.mac, table.mac_padding, table.mac_length) if table.mac else None
    master = table.master_key
    if isinstance(table, AcquirerTable) and table.key_exchange is not Exchange.NONE:
        master = master or key_name(f"acquirer/{table.name}", Role.MASTER)  # one for all of its links
    return Protection(
        mac=method,
        covered=tuple(table.mac_fields) if method is not None else (),
        pin=table.pin,
        ksn=getattr(table, "ksn", ""),
        base=getattr(table, "bdk", ""),
        exchange=table.key_exchange,
        master=master,
        pin_without_pan=table.pin_without_pan,
    )


def problems(file: GatewayFile, specs: Iterable[tuple[str, ListenerTable | AcquirerTable, Spec]]) -> Iterator[Problem]:
    """Yield what is wrong with keys, MACs and PIN blocks in *file*; *specs* are its legs by path, with their specs."""
    keyed = False
    for path, table, spec in specs:
        keyed = keyed or protection(table).keyed
        yield from _leg(path, table, spec, has_keys=bool(file.security.key_store))
    names = {acquirer.name for acquirer in file.acquirers}
    for index, listener in enumerate(file.listeners):
        if keyed and (listener.name or listener.address) in names:
            yield Problem(f"listener.{index}.name", f"{listener.name} is an acquirer too: keys go by these names")
    if file.security.unlock and not file.security.key_store:
        yield Problem("security.unlock", "nothing to unlock: name it with key_store")
    if file.journal.seal == "module":
        if not file.security.key_store:
            yield Problem("journal.seal", "no security module: [security] key_store names its keys")
        if file.journal.store_key_file:
            yield Problem("journal.store_key_file", 'of no use with seal = "module": leave one of them out')


def _leg(path: str, table: ListenerTable | AcquirerTable, spec: Spec, *, has_keys: bool) -> Iterator[Problem]:
    said = protection(table)
    for setting, wrong in faults(spec, said):
        yield Problem(f"{path}.{setting}", wrong)
    if table.mac:
        most = LONGEST[table.mac]
        if table.mac_length > most:
            yield Problem(f"{path}.mac_length", f"a MAC of {table.mac} has {most} bytes")
        if table.mac_padding != 1 and table.mac not in PADDED:
            yield Problem(f"{path}.mac_padding", f"{table.mac} has a padding of its own")
    elif table.mac_fields:
        yield Problem(f"{path}.mac_fields", "and no mac: say how it is made")
    if said.keyed and not has_keys:
        setting = "mac" if table.mac else "pin"
        yield Problem(f"{path}.{setting}", "no keys for it: [security] key_store names where they are")
    if bool(said.ksn) != bool(said.base):
        here, missing = ("ksn", "bdk") if said.ksn else ("bdk", "ksn")
        yield Problem(f"{path}.{here}", f"and no {missing}: DUKPT needs the element and the base derivation key")
    if said.ksn and said.exchange is not Exchange.NONE:
        yield Problem(f"{path}.key_exchange", "with DUKPT no keys travel")
    if said.exchange is not Exchange.NONE and not said.keyed:
        yield Problem(f"{path}.key_exchange", "neither mac nor pin: the keys would be of no use")
    if said.master and said.exchange is Exchange.NONE:
        yield Problem(f"{path}.master_key", "and no key_exchange: nothing travels under it")


# What is wrong with the keys themselves

SETTINGS: Final = {Role.MAC: "mac", Role.MAC_IN: "mac", Role.PIN: "pin"}
"""Which setting of a leg says what a key in each role has to be."""


def key_problems(file: GatewayFile, setup: Setup, infos: Iterable[KeyInfo]) -> list[Problem]:
    """Return what is wrong with the keys *infos* of a key store for *file*: test keys where none may be, missing ones.

    A terminal's own keys may be missing: it is refused until it has some.
    """
    held = [info for info in infos if info.state is not KeyState.DESTROYED]
    names = {info.ref.name for info in held}
    tests = sorted({info.ref.name for info in held if info.test})
    found: list[Problem] = []
    for index, listener in enumerate(file.listeners):
        leg = setup.listeners[listener.name or listener.address]
        if leg.keyed:
            owners = {f"terminal/{name.strip()}" for name in leg.terminals}
            found += _missing(f"listener.{index}", leg.protection, (), names)
            found += () if listener.test else _tests(f"listener.{index}", leg.protection, owners, tests)
    for index, acquirer in enumerate(file.acquirers):
        host = setup.acquirers[acquirer.name]
        if host.keyed:
            owners = {f"acquirer/{host.name}", *(f"link/{name}" for name in host.links)}
            found += _missing(f"acquirer.{index}", host.protection, sorted(owners), names)
            found += () if acquirer.test else _tests(f"acquirer.{index}", host.protection, owners, tests)
    found += _unfit(file, setup, held)
    if file.journal.seal == "module":
        if SEAL not in names:
            found.append(Problem("journal.seal", f"no key {SEAL} in the key store; 'iso-gateway keys init' makes one"))
        elif SEAL in tests and not all(leg.test for leg in (*file.listeners, *file.acquirers)):
            found.append(Problem("journal.seal", f"{SEAL} is a test key, and not every leg is marked with test = true"))
    return found


def _missing(path: str, said: Protection, owners: Sequence[str], names: Collection[str]) -> Iterator[Problem]:
    """Yield the keys that are needed from the start and are not there."""
    if said.base and said.base not in names:
        yield Problem(f"{path}.bdk", f"no key {said.base} in the key store")
    if said.master and said.master not in names:
        setting = "key_exchange" if said.master in {key_name(owner, Role.MASTER) for owner in owners} else "master_key"
        yield Problem(f"{path}.{setting}", f"no key {said.master} in the key store")
    if not owners or said.exchange is not Exchange.NONE:
        return
    for role, setting, wanted in ((Role.MAC, "mac", said.mac is not None), (Role.PIN, "pin", said.pin is not None)):
        if wanted and not any(key_name(owner, role) in names for owner in owners):
            yield Problem(f"{path}.{setting}", f"no key {key_name(owners[0], role)} in the key store")


def keyless(file: GatewayFile, setup: Setup, infos: Iterable[KeyInfo]) -> Iterator[str]:
    """Yield for each listener which of its terminals have no keys yet: they are refused until they have."""
    names = {info.ref.name for info in infos if info.state is not KeyState.DESTROYED}
    for listener in file.listeners:
        leg = setup.listeners[listener.name or listener.address]
        said = leg.protection
        wanted = [Role.MAC] * (said.mac is not None) + [Role.PIN] * (said.pin is not None)
        if said.exchange is not Exchange.NONE:
            wanted = [] if said.master else [Role.MASTER]
        if said.base or not wanted:
            continue
        owners = sorted({f"terminal/{name.strip()}" for name in leg.terminals})
        lacking = [name for owner in owners if (name := next(_lacking(owner, wanted, names), ""))]
        if lacking:
            who = f"{len(lacking)} of {many(len(owners), 'terminal')}"
            yield f"{leg.name}: {who} cannot be served until the key store has their keys, the first {lacking[0]}"


def _lacking(owner: str, roles: Iterable[Role], names: Collection[str]) -> Iterator[str]:
    return (name for role in roles if (name := key_name(owner, role)) not in names)


def _unfit(file: GatewayFile, setup: Setup, held: Iterable[KeyInfo]) -> Iterator[Problem]:
    """Yield the keys that none of the legs which they would serve can use: of another usage, or another algorithm.

    A terminal may be allowed at listeners of different kinds, and have keys for one of them.
    """
    legs = [
        (f"listener.{index}", setup.listeners[table.name or table.address].protection)
        for index, table in enumerate(file.listeners)
    ]
    serving: dict[str, list[tuple[str, Protection]]] = {}
    for leg, table in zip(legs, file.listeners, strict=True):
        for name in setup.listeners[table.name or table.address].terminals:
            serving.setdefault(f"terminal/{name.strip()}", []).append(leg)
    for index, acquirer in enumerate(setup.acquirers.values()):
        for owner in (f"acquirer/{acquirer.name}", *(f"link/{name}" for name in acquirer.links)):
            serving[owner] = [(f"acquirer.{index}", acquirer.protection)]
    for info in held:
        owner, _, last = info.ref.name.rpartition("/")
        if last not in SETTINGS or not (wanting := [leg for leg in serving.get(owner, ()) if _wants(last, leg[1])]):
            continue
        role = Role(last)
        if not any(fits(info, role, leg) for _, leg in wanting):
            path, protection = wanting[0]
            setting = SETTINGS[role]
            how = protection.mac.algorithm if setting == "mac" and protection.mac is not None else protection.pin
            yield Problem(
                f"{path}.{setting}",
                f"{info.ref} is a key of usage {info.usage}, {info.algorithm.name}; this leg wants "
                f"{usage(role, protection)} for {how}; see --usage and --kind of 'iso-gateway keys import'",
            )


def _wants(role: str, leg: Protection) -> bool:
    return (leg.mac if SETTINGS[Role(role)] == "mac" else leg.pin) is not None and not leg.base


def _tests(path: str, said: Protection, owners: Collection[str], tests: Iterable[str]) -> Iterator[Problem]:
    """Yield the test keys that a leg would use which is not marked test."""
    for name in tests:
        if name in {said.base, said.master} or name.rpartition("/")[0] in owners:
            yield Problem(f"{path}.test", f"{name} is a test key: use a real one, or mark this leg with test = true")

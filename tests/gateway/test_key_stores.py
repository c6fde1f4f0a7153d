"""The key store beside a running gateway: what it is refused for, and keys that change under traffic."""

from __future__ import annotations

import shutil
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
import trio

from iso_gateway.errors import ConfigError
from iso_gateway.gateway.config import load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.opening import check_store
from iso_gateway.gateway.service import Service
from iso_gateway.hsm.key_table import Deed, HeldKey
from iso_gateway.security.keys import KeyRef, KeyState
from tests.support.edge import PATIENCE
from tests.support.keyed_edge import (
    NEXT_OF_HOST,
    NEXT_OF_TERMINAL,
    OF_HOST,
    PIN,
    KeyedHost,
    KeyedTerminal,
    all_keys,
    configured,
    keyed,
    keys_of,
    store_in,
    store_of,
)

FORMS = ("inside", "process")
TEST = "test = true\n"
DEED = Deed("import", KeyRef("terminal/TERM0001/mac", 2), "ABCDEF", "operator")


async def refusal(folder: Path, **more: str) -> list[str]:
    """Return why a gateway does not start, line by line."""
    config = configured(folder, 1, **more)
    with pytest.raises((ConfigError, BaseExceptionGroup)) as caught, trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            await nursery.start(Service(config, Lines(StringIO())).run)
    error: BaseException = caught.value
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    assert isinstance(error, ConfigError)
    return [line.removeprefix(f"{folder}/") for line in str(error).splitlines()]


def checked(folder: Path, **more: str) -> list[str]:
    """Return what `check` finds wrong, without the master key."""
    with pytest.raises(ConfigError) as caught:
        check_store(configured(folder, 1, **more))
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


LISTENER_IS_NO_TEST = (
    "gateway.toml:2: listener.0.test: terminal/TERM0001/mac is a test key: use a real one, or mark this leg with "
    "test = true"
)


@pytest.mark.parametrize("module", FORMS)
async def test_test_keys_are_refused_by_name_for_every_leg_that_is_not_marked(tmp_path: Path, module: str) -> None:
    store_in(tmp_path, all_keys(test=True))
    said = await refusal(tmp_path, module=module)
    assert said == checked(tmp_path, module=module)
    assert said[0] == LISTENER_IS_NO_TEST
    assert len(said) == 2 * 9 + 2
    said = await refusal(tmp_path, module=module, listener=TEST)
    assert [line.partition(": ")[2].partition(" is ")[0] for line in said] == [
        "acquirer.0.test: acquirer/bank/mac",
        "acquirer.0.test: acquirer/bank/pin",
    ]


async def test_test_keys_do_where_every_leg_is_marked(tmp_path: Path) -> None:
    async with keyed(tmp_path, keys=all_keys(test=True), listener=TEST, acquirer=TEST) as it:
        terminal = await it.keyed_terminal()
        assert (await terminal.ask(terminal.sale(1)))[39] == "00"


@pytest.mark.parametrize("module", FORMS)
async def test_a_store_that_was_put_back_to_an_older_one_is_refused(tmp_path: Path, module: str) -> None:
    path = store_in(tmp_path, all_keys())
    older = path.read_bytes()
    with store_of(tmp_path) as store:
        store.change(keys_of("terminal/TERM0001", NEXT_OF_TERMINAL, 2), [DEED])
    path.write_bytes(older)
    said = await refusal(tmp_path, module=module)
    assert len(said) == 1
    assert "security.key_store" in said[0]


@pytest.mark.parametrize("module", FORMS)
async def test_a_store_that_is_not_there_and_one_under_another_master_key_are_named(
    tmp_path: Path, module: str
) -> None:
    (said,) = await refusal(tmp_path, module=module)
    assert "keys.store: no such file or directory; 'iso-gateway keys init' makes one" in said
    store_in(tmp_path, all_keys())
    (tmp_path / "master").write_text("00" * 31 + "01", encoding="ascii")
    (said,) = await refusal(tmp_path, module=module)
    assert "this is another master key" in said
    assert checked_fine(tmp_path)


def checked_fine(folder: Path) -> bool:
    """Say that `check`, which has no master key, finds nothing wrong."""
    check_store(configured(folder, 1))
    return True


def test_check_tells_of_all_that_is_wrong_with_lines(tmp_path: Path) -> None:
    store_in(tmp_path, [])
    path = tmp_path / "gateway.toml"
    configured(tmp_path, 1)
    path.write_text(path.read_text().replace('unlock = "file:master"\n', ""), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        check_store(load(path))
    said = [line.partition("gateway.toml:")[2] for line in str(caught.value).splitlines()]
    assert [line.partition(": ")[2] for line in said] == [
        "acquirer.0.mac: no key acquirer/bank/mac in the key store",
        "acquirer.0.pin: no key acquirer/bank/pin in the key store",
        "security.unlock: expected prompt, fd:NUMBER, credential:NAME or file:PATH",
    ]


@pytest.mark.parametrize("module", FORMS)
async def test_a_reload_that_finds_an_older_store_is_refused_and_traffic_goes_on(tmp_path: Path, module: str) -> None:
    async with keyed(tmp_path, module) as it:
        path = tmp_path / "keys.store"
        shutil.copy(path, tmp_path / "older")
        with store_of(tmp_path) as store:
            store.change(keys_of("terminal/TERM0009", NEXT_OF_TERMINAL, 2, KeyState.PENDING), [DEED])
        await it.service.reload()
        (tmp_path / "older").replace(path)
        with pytest.raises(ConfigError, match=r"security\.key_store: .*older"):
            await it.service.reload()
        terminal = await it.keyed_terminal()
        assert (await terminal.ask(terminal.sale(1)))[39] == "00"


async def test_another_module_needs_a_restart(tmp_path: Path) -> None:
    async with keyed(tmp_path) as it:
        path = tmp_path / "gateway.toml"
        path.write_text(path.read_text().replace('module = "inside"', 'module = "process"'), encoding="utf-8")
        with pytest.raises(ConfigError, match="cannot change while the gateway runs"):
            await it.service.reload()


@pytest.mark.parametrize("module", FORMS)
async def test_keys_of_both_legs_change_under_traffic_and_nothing_is_lost_or_refused(
    tmp_path: Path, module: str
) -> None:
    host = KeyedHost(NEXT_OF_HOST, OF_HOST)
    async with keyed(tmp_path, module, host=host) as it:
        codes: Counter[str] = Counter()
        terminals = [await it.keyed_terminal() for _ in range(4)]
        over = trio.Event()
        async with trio.open_nursery() as nursery:
            for number, terminal in enumerate(terminals, 1):
                nursery.start_soon(_sell, terminal, number, codes, over)
            await _more(codes)
            with store_of(tmp_path) as store:
                store.change(next_keys(), [DEED])
            await it.service.reload()
            await _more(codes)
            for terminal in terminals:
                terminal.keys = NEXT_OF_TERMINAL
                await _more(codes)
            over.set()
        assert codes.keys() == {"00"}
        assert all(all(terminal.genuine) for terminal in terminals)
        assert host.wrong == []
        assert host.pins == [PIN] * codes["00"]
        assert [message.mti for message in host.got] == ["0200"] * codes["00"]
        assert set(host.used) == {OF_HOST, NEXT_OF_HOST}
        assert host.used[-1] == NEXT_OF_HOST
        security = it.service.gateway.status()["security"]
        assert [leg["mac_errors"] for leg in security["legs"].values()] == [0, 0]
        with trio.fail_after(PATIENCE):
            while _states(tmp_path, "terminal/TERM0004") != {1: KeyState.RETIRING, 2: KeyState.ACTIVE}:  # noqa: ASYNC110
                await trio.sleep(0.01)


def next_keys() -> list[HeldKey]:
    """Return what an operator has the store know: the host's next keys in use at once, the terminals' when they are."""
    made = keys_of("acquirer/bank", OF_HOST, 1, KeyState.RETIRING) + keys_of("acquirer/bank", NEXT_OF_HOST, 2)
    for number in range(1, 5):
        made += keys_of(f"terminal/TERM000{number}", NEXT_OF_TERMINAL, 2, KeyState.PENDING)
    return made


def _states(folder: Path, owner: str) -> dict[int, KeyState]:
    """Return the states of the MAC keys of *owner* by version, as the file has them."""
    with store_of(folder) as store:
        held = {version: store.get(KeyRef(f"{owner}/mac", version)) for version in (1, 2)}
    return {version: each.info.state for version, each in held.items() if each is not None}


async def _sell(terminal: KeyedTerminal, number: int, codes: Counter[str], over: trio.Event) -> None:
    """Make sales one after the other until it is *over*."""
    stan = 0
    while not over.is_set():
        stan += 1
        codes[(await terminal.ask(terminal.sale(stan, 1000 + stan, terminal=number)))[39]] += 1


async def _more(codes: Counter[str]) -> None:
    """Wait for twenty more approvals."""
    before = codes["00"]
    with trio.fail_after(PATIENCE):
        while codes["00"] < before + 20:  # noqa: ASYNC110 -- nothing rings a bell for it
            await trio.sleep(0.005)

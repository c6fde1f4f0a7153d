"""What a configuration says of keys, MACs and PIN blocks, and everything that can be wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from iso_gateway.errors import ConfigError
from iso_gateway.gateway.config import Config, load
from iso_gateway.gateway.protecting import key_problems, keyless
from iso_gateway.protocol.protection import Exchange, Protection
from iso_gateway.security.keys import (
    KeyAlgorithm,
    KeyInfo,
    KeyRef,
    KeyState,
    MacAlgorithm,
    MacMethod,
    PinFormat,
    Usage,
)

LISTENER = """\
[[listener]]
name = "counter"
address = "127.0.0.1:5000"
"""
TERMINALS = """\
[[terminals]]
ids = ["TERM0001..TERM0003"]
"""
ACQUIRER = """\
[[acquirer]]
name = "bank"
links = ["127.0.0.1:9000"]
"""
SECURITY = """\
[security]
key_store = "keys.store"
"""


def written(tmp_path: Path, listener: str = "", acquirer: str = "", rest: str = SECURITY) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(LISTENER + listener + TERMINALS + ACQUIRER + acquirer + rest, encoding="utf-8")
    return path


def loaded(tmp_path: Path, listener: str = "", acquirer: str = "", rest: str = SECURITY) -> Config:
    return load(written(tmp_path, listener, acquirer, rest))


def complaints(tmp_path: Path, listener: str = "", acquirer: str = "", rest: str = SECURITY) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, listener, acquirer, rest)
    return [line.removeprefix(f"{tmp_path}/gateway.toml:") for line in str(caught.value).splitlines()]


def test_a_leg_without_a_word_of_it_is_not_protected(tmp_path: Path) -> None:
    setup = loaded(tmp_path).setup
    assert setup.listeners["counter"].protection == Protection()
    assert not setup.listeners["counter"].keyed
    assert not setup.acquirers["bank"].keyed
    assert not setup.sealing


def test_each_leg_says_how_it_is_protected(tmp_path: Path) -> None:
    listener = 'mac = "unionpay-ecb"\npin = "iso-0"\nkey_exchange = "unionpay"\npin_without_pan = true\n'
    acquirer = (
        'mac = "x9.19"\nmac_padding = 2\nmac_length = 4\nmac_fields = [0, 3, 4]\npin = "iso-3"\nmaster_key = "zmk"\n'
    )
    setup = loaded(tmp_path, listener, acquirer + 'key_exchange = "de96"\n').setup
    assert setup.listeners["counter"].protection == Protection(
        mac=MacMethod(MacAlgorithm.UNIONPAY_ECB),
        pin=PinFormat.ISO_0,
        exchange=Exchange.UNIONPAY,
        pin_without_pan=True,
    )
    assert setup.acquirers["bank"].protection == Protection(
        mac=MacMethod(MacAlgorithm.X9_19, 2, 4),
        covered=(0, 3, 4),
        pin=PinFormat.ISO_3,
        exchange=Exchange.DE_96,
        master="zmk",
    )


def test_terminals_of_dukpt_name_their_element_and_the_base_key(tmp_path: Path) -> None:
    setup = loaded(tmp_path, 'mac = "x9.19"\nksn = "62"\nbdk = "bdk/shop"\n').setup
    assert (setup.listeners["counter"].protection.ksn, setup.listeners["counter"].protection.base) == ("62", "bdk/shop")


def test_the_module_seals_the_journal_where_that_is_said(tmp_path: Path) -> None:
    config = loaded(tmp_path, rest=SECURITY + '[journal]\npath = "journal.db"\nseal = "module"\n')
    assert config.setup.sealing
    assert config.journal is not None
    assert config.journal.key_file is None


@pytest.mark.parametrize(
    ("listener", "acquirer", "rest", "said"),
    [
        ('mac = "x9.19"\n', "", "", ["4: listener.0.mac: no keys for it: [security] key_store names where they are"]),
        ("", 'pin = "iso-0"\n', "", ["9: acquirer.0.pin: no keys for it: [security] key_store names where they are"]),
        (
            'mac = "x9.19"\nmac_length = 9\n',
            "",
            SECURITY,
            [
                "5: listener.0.mac_length: DE 64 of iso87-ascii has 8 bytes, and the MAC 9",
                "5: listener.0.mac_length: DE 128 of iso87-ascii has 8 bytes, and the MAC 9",
                "5: listener.0.mac_length: a MAC of x9.19 has 8 bytes",
            ],
        ),
        (
            'mac = "cmac"\nmac_padding = 2\n',
            "",
            SECURITY,
            ["5: listener.0.mac_padding: cmac has a padding of its own"],
        ),
        (
            'mac = "x9.19"\nmac_fields = [3, 64]\n',
            "",
            SECURITY,
            ["5: listener.0.mac_fields: no element 64 of iso87-ascii that a MAC could cover"],
        ),
        ("mac_fields = [3]\n", "", SECURITY, ["4: listener.0.mac_fields: and no mac: say how it is made"]),
        (
            'mac = "x9.19"\nksn = "53"\n',
            "",
            SECURITY,
            ["5: listener.0.ksn: and no bdk: DUKPT needs the element and the base derivation key"],
        ),
        (
            'mac = "x9.19"\nbdk = "bdk"\n',
            "",
            SECURITY,
            ["5: listener.0.bdk: and no ksn: DUKPT needs the element and the base derivation key"],
        ),
        (
            'mac = "x9.19"\nksn = "62"\nbdk = "bdk"\nkey_exchange = "unionpay"\n',
            "",
            SECURITY,
            ["7: listener.0.key_exchange: with DUKPT no keys travel"],
        ),
        (
            "",
            'key_exchange = "de96"\n',
            SECURITY,
            ["9: acquirer.0.key_exchange: neither mac nor pin: the keys would be of no use"],
        ),
        (
            "",
            'mac = "x9.19"\nmaster_key = "zmk"\n',
            SECURITY,
            ["10: acquirer.0.master_key: and no key_exchange: nothing travels under it"],
        ),
        (
            "",
            "",
            '[security]\nunlock = "x"\n',
            ["10: security.unlock: nothing to unlock: name it with key_store"],
        ),
        (
            "",
            "",
            '[journal]\npath = "j"\nseal = "module"\nstore_key_file = "k"\n',
            [
                "11: journal.seal: no security module: [security] key_store names its keys",
                '12: journal.store_key_file: of no use with seal = "module": leave one of them out',
            ],
        ),
        (
            "",
            'pin = "iso-4"\n',
            SECURITY,
            ["9: acquirer.0.pin: DE 52 of iso87-ascii has no 16 bytes, which a PIN block of iso-4 has"],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, listener: str, acquirer: str, rest: str, said: list[str]
) -> None:
    assert complaints(tmp_path, listener, acquirer, rest) == said


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    said = complaints(tmp_path, 'mac = "x9.19"\nbdk = "b"\n', 'pin = "iso-4"\n', "")
    assert [line.partition(": ")[2].partition(": ")[0] for line in said] == [
        "listener.0.mac",
        "listener.0.bdk",
        "acquirer.0.pin",
        "acquirer.0.pin",
    ]


def test_an_unknown_algorithm_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    (said,) = complaints(tmp_path, 'mac = "des"\n')
    assert said.startswith("4: listener.0.mac: ")


def test_keys_go_by_names_so_a_listener_is_no_acquirer(tmp_path: Path) -> None:
    path = written(tmp_path, 'mac = "x9.19"\n')
    path.write_text(path.read_text().replace('name = "counter"', 'name = "bank"'), encoding="utf-8")
    with pytest.raises(ConfigError, match="bank is an acquirer too"):
        load(path)


# The keys themselves


def key(
    name: str,
    version: int = 1,
    *,
    state: KeyState = KeyState.ACTIVE,
    test: bool = False,
    usage: Usage | None = None,
    kind: KeyAlgorithm = KeyAlgorithm.TDES,
) -> KeyInfo:
    owner, _, last = name.rpartition("/")
    since = datetime(2026, 11, 23, tzinfo=UTC)
    what = usage or (Usage.PIN if last == "pin" else Usage.MAC_3)
    return KeyInfo(KeyRef(name, version), what, kind, 128, owner, state, "ABCDEF", since, test=test)


def keys_wrong(config: Config, *infos: KeyInfo) -> list[str]:
    return [f"{problem.path}: {problem.message}" for problem in key_problems(config.file, config.setup, infos)]


BOTH = ('mac = "x9.19"\n', 'mac = "x9.19"\npin = "iso-0"\n')


MAC, PIN = "acquirer/bank/mac", "acquirer/bank/pin"


@pytest.mark.parametrize(
    ("infos", "said"),
    [
        ([key(MAC), key(PIN)], []),
        ([key(MAC), key(PIN), key("terminal/TERM0001/mac"), key("link/bank/pin")], []),
        (
            [key(MAC, usage=Usage.PIN), key(PIN)],
            ["acquirer.0.mac: acquirer/bank/mac@1 is a key of usage P0, TDES; this leg wants M3 for x9.19"],
        ),
        (
            [key(MAC), key(PIN, kind=KeyAlgorithm.AES)],
            ["acquirer.0.pin: acquirer/bank/pin@1 is a key of usage P0, AES; this leg wants P0 for iso-0"],
        ),
        (
            [key(MAC), key(PIN), key("terminal/TERM0001/mac", usage=Usage.MAC_UNIONPAY)],
            ["listener.0.mac: terminal/TERM0001/mac@1 is a key of usage 10, TDES; this leg wants M3 for x9.19"],
        ),
        ([key(MAC), key(PIN), key("terminal/NOBODY/mac", usage=Usage.PIN)], []),
        ([key(MAC), key(PIN), key(MAC, 2, state=KeyState.DESTROYED, usage=Usage.PIN)], []),
    ],
)
def test_a_key_that_its_leg_cannot_use_is_told_of(tmp_path: Path, infos: list[KeyInfo], said: list[str]) -> None:
    told = keys_wrong(loaded(tmp_path, *BOTH), *infos)
    assert [problem.partition("; see --usage")[0] for problem in told] == said


def test_an_acquirer_without_its_keys_is_told_of_and_a_terminal_without_is_not(tmp_path: Path) -> None:
    config = loaded(tmp_path, *BOTH)
    assert keys_wrong(config) == [
        "acquirer.0.mac: no key acquirer/bank/mac in the key store",
        "acquirer.0.pin: no key acquirer/bank/pin in the key store",
    ]
    assert keys_wrong(config, key("acquirer/bank/mac"), key("link/bank/pin")) == []


def told_of_terminals(config: Config, *infos: KeyInfo) -> list[str]:
    return list(keyless(config.file, config.setup, infos))


def test_terminals_without_keys_are_no_fault_and_are_told_of(tmp_path: Path) -> None:
    said = "cannot be served until the key store has their keys, the first"
    config = loaded(tmp_path, 'mac = "x9.19"\npin = "iso-0"\n')
    ids = sorted(config.setup.listeners["counter"].terminals)
    first, second = (f"terminal/{name.strip()}" for name in ids[:2])
    count = f"of {len(ids)} terminals"
    assert told_of_terminals(config) == [f"counter: {len(ids)} {count} {said} {first}/mac"]
    one = [key(f"{first}/mac"), key(f"{first}/pin"), key(f"{second}/mac")]
    assert told_of_terminals(config, *one) == [f"counter: {len(ids) - 1} {count} {said} {second}/pin"]
    gone = [*one[:1], key(f"{first}/pin", state=KeyState.DESTROYED)]
    assert told_of_terminals(config, *gone) == [f"counter: {len(ids)} {count} {said} {first}/pin"]
    every = [key(f"terminal/{name.strip()}/{role}") for name in ids for role in ("mac", "pin")]
    assert told_of_terminals(config, *every) == []


def test_terminals_whose_keys_travel_need_the_one_that_they_travel_under(tmp_path: Path) -> None:
    config = loaded(tmp_path, 'mac = "x9.19"\nkey_exchange = "tr31-48"\n')
    (said,) = told_of_terminals(config)
    assert said.endswith("/master")
    shared = loaded(tmp_path, 'mac = "x9.19"\nkey_exchange = "tr31-48"\nmaster_key = "tmk"\n')
    assert told_of_terminals(shared) == []
    assert told_of_terminals(loaded(tmp_path, "")) == []


def test_a_key_that_is_destroyed_is_not_there(tmp_path: Path) -> None:
    config = loaded(tmp_path, "", 'mac = "x9.19"\n')
    gone = key("acquirer/bank/mac", state=KeyState.DESTROYED)
    assert keys_wrong(config, gone) == ["acquirer.0.mac: no key acquirer/bank/mac in the key store"]


def test_what_travels_needs_the_key_it_travels_under_and_no_other(tmp_path: Path) -> None:
    config = loaded(tmp_path, "", 'mac = "x9.19"\nkey_exchange = "de96"\n')
    assert keys_wrong(config) == ["acquirer.0.key_exchange: no key acquirer/bank/master in the key store"]
    assert keys_wrong(config, key("acquirer/bank/master")) == []
    config = loaded(tmp_path, "", 'mac = "x9.19"\nkey_exchange = "de96"\nmaster_key = "zmk"\n')
    assert keys_wrong(config) == ["acquirer.0.master_key: no key zmk in the key store"]


def test_a_test_key_is_refused_for_a_leg_that_is_not_marked_test(tmp_path: Path) -> None:
    held = [key("acquirer/bank/mac", test=True), key("acquirer/bank/pin"), key("terminal/TERM0002/mac", test=True)]
    config = loaded(tmp_path, *BOTH)
    assert keys_wrong(config, *held) == [
        "listener.0.test: terminal/TERM0002/mac is a test key: use a real one, or mark this leg with test = true",
        "acquirer.0.test: acquirer/bank/mac is a test key: use a real one, or mark this leg with test = true",
    ]
    marked = loaded(tmp_path, f"{BOTH[0]}test = true\n", f"{BOTH[1]}test = true\n")
    assert keys_wrong(marked, *held) == []


def test_a_test_key_of_somebody_else_is_no_concern_of_this_gateway(tmp_path: Path) -> None:
    config = loaded(tmp_path, 'mac = "x9.19"\n')
    assert keys_wrong(config, key("terminal/OTHER/mac", test=True), key("acquirer/other/mac", test=True)) == []


def test_the_base_key_of_dukpt_is_looked_at_too(tmp_path: Path) -> None:
    config = loaded(tmp_path, 'mac = "x9.19"\nksn = "62"\nbdk = "bdk/shop"\n')
    assert keys_wrong(config) == ["listener.0.bdk: no key bdk/shop in the key store"]
    assert keys_wrong(config, key("bdk/shop", test=True)) == [
        "listener.0.test: bdk/shop is a test key: use a real one, or mark this leg with test = true"
    ]


def test_the_key_of_the_journal_has_to_be_there_and_none_for_tests(tmp_path: Path) -> None:
    config = loaded(tmp_path, rest=SECURITY + '[journal]\npath = "j"\nseal = "module"\n')
    assert keys_wrong(config) == [
        "journal.seal: no key journal/seal in the key store; 'iso-gateway keys init' makes one"
    ]
    assert keys_wrong(config, key("journal/seal")) == []
    assert keys_wrong(config, key("journal/seal", test=True)) == [
        "journal.seal: journal/seal is a test key, and not every leg is marked with test = true"
    ]

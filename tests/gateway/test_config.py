"""A configuration that is wrong is told of in full, with file, line and path; one that is right is what it says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iso_gateway import gateway
from iso_gateway.errors import ConfigError
from iso_gateway.gateway import shape
from iso_gateway.gateway.config import load
from iso_gateway.gateway.protection_shape import SecurityTable
from iso_gateway.gateway.store_key import write_store_key
from iso_gateway.protocol.routing import Query, route

EXAMPLE = Path(__file__).parents[2] / "examples" / "gateway.toml"

PLAIN = """\
[[listener]]
address = "127.0.0.1:5000"

[[terminals]]
ids = ["TERM0001"]

[[acquirer]]
name = "bank"
links = ["127.0.0.1:9000"]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return path


def started(tmp_path: Path, text: str) -> Path:
    """Return the path of a configuration whose journal has its key."""
    key = tmp_path / "journal.db.key"
    if not key.exists():
        write_store_key(key)
    return written(tmp_path, text)


def complaints(tmp_path: Path, text: str) -> list[str]:
    """Return the lines of the error, with the folder cut off."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    return [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()]


def test_the_example_is_what_the_readme_says() -> None:
    config = load(EXAMPLE)
    assert [str(at.address) for at in config.listeners] == ["127.0.0.1:5000", "127.0.0.1:5001"]
    assert [str(at.framing) for at in config.listeners] == ["2be", "2be+tpdu"]
    assert [listener.dialect.spec.name for listener in config.setup.listeners.values()] == ["iso87-ascii", "cup-pos"]
    terminals = config.setup.listeners["counter"].terminals
    assert len(terminals) == 99
    assert terminals["TERM0001"] == terminals["TERM0099"] == "MERCHANT0000001"
    assert [str(link.address) for link in config.links] == ["127.0.0.1:9000"]


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    config = load(written(tmp_path, PLAIN))
    acquirer = config.setup.acquirers["bank"]
    assert (acquirer.sign_on, acquirer.host_timeout, acquirer.compared) == (True, 30.0, (41,))
    assert config.setup.limits.per_terminal == 1
    assert route(config.setup.routes, Query()) == "bank"


def test_several_links_have_names_of_their_own(tmp_path: Path) -> None:
    text = PLAIN.replace('links = ["127.0.0.1:9000"]', 'links = ["127.0.0.1:9000", "127.0.0.1:9001"]')
    config = load(written(tmp_path, text))
    assert [link.name for link in config.links] == ["bank-1", "bank-2"]
    assert config.setup.acquirers["bank"].links == ("bank-1", "bank-2")


def test_the_business_date_changes_at_the_cut_over(tmp_path: Path) -> None:
    text = PLAIN + 'timezone = "America/New_York"\ncut_over = "23:00"\n'
    acquirer = load(written(tmp_path, text)).setup.acquirers["bank"]
    before = datetime(2026, 11, 21, 3, 59, tzinfo=UTC)  # 22:59 in New York, on the 20th
    assert acquirer.business_date(before).date().isoformat() == "2026-11-20"
    assert acquirer.business_date(before.replace(hour=4, minute=0)).date().isoformat() == "2026-11-21"


def test_terminals_may_have_clocks_of_their_own(tmp_path: Path) -> None:
    plain = load(written(tmp_path, PLAIN)).setup.listeners["127.0.0.1:5000"]
    assert plain.zone is None
    text = PLAIN.replace("[[listener]]", '[[listener]]\ntimezone = "Asia/Shanghai"')
    zone = load(written(tmp_path, text)).setup.listeners["127.0.0.1:5000"].zone
    assert str(zone) == "Asia/Shanghai"
    told = complaints(tmp_path, text.replace("Shanghai", "Shanghigh"))
    assert told == ["gateway.toml:2: listener.0.timezone: no time zone 'Asia/Shanghigh'; IANA names: Europe/Vienna"]


# fmt: off
WRONG = [
    ("unknown key",      "sign_on = true",          "sing_on = true",
     ["gateway.toml:10: acquirer.0.sing_on: unknown key, did you mean 'sign_on'?"]),
    ("time-out",         "sign_on = true",          "host_timeout = 0",
     ["gateway.toml:10: acquirer.0.host_timeout: expected seconds, above 0"]),
    ("cut-over",         "sign_on = true",          'cut_over = "25:00"',
     ["gateway.toml:10: acquirer.0.cut_over: expected HH:MM"]),
    ("time zone",        "sign_on = true",          'timezone = "Europe/Wien"',
     ["gateway.toml:10: acquirer.0.timezone: no time zone 'Europe/Wien'; IANA names: Europe/Vienna"]),
    ("spec",             "sign_on = true",          'spec = "iso87-asci"',
     ["gateway.toml:10: acquirer.0.spec: no spec of this name is shipped, did you mean 'iso87-ascii'?"]),
    ("framing",          "sign_on = true",          'framing = "2bee"',
     ["gateway.toml:10: acquirer.0.framing: no length '2bee', did you mean '2be'?"]),
    ("route",            "sign_on = true",          '[[route]]\nacquirer = "bnak"',
     ["gateway.toml:11: route.0.acquirer: no acquirer 'bnak', did you mean 'bank'?"]),
    ("amount",           "sign_on = true",          '[[route]]\nacquirer = "bank"\namount = [5, 1]',
     ["gateway.toml:12: route.0.amount: two numbers expected, from and to, in minor units"]),
    ("range of ids",     'ids = ["TERM0001"]',      'ids = ["TERM0009..TERM0001"]',
     ["gateway.toml:5: terminals.0.ids: 'TERM0009..TERM0001': from low to high, 200000 ids at the most"]),
    ("id too long",      'ids = ["TERM0001"]',      'ids = ["TERMINAL1", "TERMINAL1..TERMINAL3"]',
     ["gateway.toml:5: terminals.0.ids: 'TERMINAL1': DE 41 of iso87-ascii has 8 characters",
      "gateway.toml:5: terminals.0.ids: 'TERMINAL3': DE 41 of iso87-ascii has 8 characters"]),
    ("ids that nobody prints", 'ids = ["TERM0001"]', 'ids = ["T\\u001b[31m", "٣"]\nmerchant = "M\\n"',
     ["gateway.toml:5: terminals.0.ids.0: expected printable ASCII, 64 characters at most",
      "gateway.toml:5: terminals.0.ids.1: expected printable ASCII, 64 characters at most",
      "gateway.toml:6: terminals.0.merchant: expected printable ASCII, 64 characters at most"]),
    ("endless id",       'ids = ["TERM0001"]',      f'ids = ["T{"0" * 5000}..T{"9" * 5000}"]',
     ["gateway.toml:5: terminals.0.ids.0: expected printable ASCII, 64 characters at most"]),
    ("too many ids",     'ids = ["TERM0001"]',      'ids = ["A000001..A150000", "B000001..B150000"]',
     ["gateway.toml:5: terminals.0.ids: more than 200000 terminals"]),
    ("no name of a file", "[[terminals]]",          'spec = "a\\u0000b.yaml"\n[[terminals]]',
     ["gateway.toml:4: listener.0.spec: cannot be read: no name of a file"]),
    ("no host",          "127.0.0.1:9000",          "\\u0000:9000",
     ["gateway.toml:9: acquirer.0.links.0: '\\x00:9000' is no address: the host is no name"]),
    ("pattern of ids",   'ids = ["TERM0001"]',      'ids = ["TERM*"]',
     ["gateway.toml:5: terminals.0.ids: 'TERM*': an id, or FIRST..LAST, expected"]),
    ("merchant",         'ids = ["TERM0001"]',      'ids = ["TERM0001"]\nmerchant = "MERCHANT00000001"',
     ["gateway.toml:6: terminals.0.merchant: 'MERCHANT00000001': DE 42 of iso87-ascii has 15 characters"]),
    ("range of cards",   "sign_on = true",          '[[route]]\nacquirer = "bank"\npan = ["4", "55-51"]',
     ["gateway.toml:12: route.0.pan.1: no card number lies in it: from low to high"]),
    ("listener's name",  'ids = ["TERM0001"]',      'ids = ["TERM0001"]\nlisteners = ["counter"]',
     ["gateway.toml:6: terminals.0.listeners: no listener 'counter'"]),
    ("address",          "127.0.0.1:5000",          "127.0.0.1",
     ["gateway.toml:2: listener.0.address: '127.0.0.1' is no address: HOST:PORT expected"]),
]
# fmt: on


@pytest.mark.parametrize(("old", "new", "expected"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_fault_is_told_with_line_and_remedy(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    text = (PLAIN + "sign_on = true\n").replace(old, new)
    told = complaints(tmp_path, text)
    assert len(told) == len(expected), told
    for line, start in zip(told, expected, strict=True):
        assert line.startswith(start), line


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = PLAIN.replace("127.0.0.1:5000", "nowhere").replace('name = "bank"', 'name = "bank"\nhost_timout = 3')
    told = complaints(tmp_path, text + 'timezone = "Utopia"\n')
    assert [line.split(": ")[1] for line in told] == [
        "listener.0.address",
        "acquirer.0.host_timout",
        "acquirer.0.timezone",
    ]


def test_what_is_missing_hides_nothing_else(tmp_path: Path) -> None:
    told = complaints(
        tmp_path, '[[listener]]\nspec = "iso88"\n[[acquirer]]\nframing = "3be"\n[[route]]\namount = [1]\n'
    )
    assert [line.split(": ")[1] for line in told] == [
        "terminals", "listener.0.address", "listener.0.spec", "acquirer.0.name", "acquirer.0.links",
        "acquirer.0.framing", "route.0.acquirer", "route.0.amount",
    ]  # fmt: skip


def test_a_table_that_is_none_does_not_move_those_behind_it(tmp_path: Path) -> None:
    told = complaints(tmp_path, 'acquirer = [5, {name = "b", links = ["127.0.0.1:1"], spec = "iso88"}]\n')
    assert [line.split(": ")[1] for line in told][-2:] == ["acquirer.0", "acquirer.1.spec"]


def test_several_acquirers_need_a_route(tmp_path: Path) -> None:
    text = PLAIN + '[[acquirer]]\nname = "other"\nlinks = ["127.0.0.1:9001"]\n'
    assert complaints(tmp_path, text)[0].endswith("several acquirers and no [[route]]: say which gets what")


def test_two_listeners_at_one_address_are_refused(tmp_path: Path) -> None:
    text = PLAIN + '[[listener]]\nname = "other"\naddress = "127.0.0.1:5000"\n'
    (told,) = complaints(tmp_path, text)
    assert told == "gateway.toml:12: listener.1.address: 127.0.0.1:5000 stands in an earlier [[listener]]"


def test_two_listeners_of_one_name_are_refused(tmp_path: Path) -> None:
    other = '[[listener]]\nname = "counter"\naddress = "127.0.0.1:0"\n'
    (told,) = complaints(tmp_path, PLAIN + other + other)
    assert told == "gateway.toml:14: listener.2.name: counter stands in an earlier [[listener]]"


@pytest.mark.parametrize("path", ["/dev/zero", "a\0b.toml"])
def test_what_is_no_file_for_people_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match=r"longer than|no name of a file"):
        load(path)


def test_a_mark_at_the_beginning_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(b"\xef\xbb\xbf" + PLAIN.encode())
    assert load(path).listeners


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: cannot be read: No such file or directory"):
        load(tmp_path / "absent.toml")


def test_text_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    assert complaints(tmp_path, "[[listener]\n")[0].startswith("gateway.toml:1")


def test_a_spec_of_ones_own_lies_beside_the_configuration(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "specs" / "iso87-ascii.yaml"
    (tmp_path / "own.yaml").write_text(shipped.read_text().replace("name: iso87-ascii", "name: own"))
    config = load(written(tmp_path, PLAIN + 'spec = "own.yaml"\n'))
    assert config.setup.acquirers["bank"].dialect.spec.name == "own"


def test_the_template_can_be_run_and_names_every_key(tmp_path: Path) -> None:
    path = Path(gateway.__file__).parent / "template.toml"
    text = path.read_text()
    load(started(tmp_path, text))
    for table in (shape.GatewayTable, shape.ListenerTable, shape.TerminalTable, shape.AcquirerTable, shape.RouteTable,
                  shape.LimitTable, shape.JournalTable, SecurityTable, shape.ListenTLSTable,
                  shape.DialTLSTable):  # fmt: skip
        for name in table.__struct_fields__:
            told = re.search(rf"^(# *)?({name} +=|\[\w+\.{name}\])", text, re.MULTILINE)
            assert told, f"{table.__name__}.{name} is not in the template"


def test_the_template_shows_the_defaults(tmp_path: Path) -> None:
    path = Path(gateway.__file__).parent / "template.toml"
    lines = path.read_text().splitlines()
    route = lines.index("# [[route]]")
    lines = lines[:route] + lines[lines.index("[limits]") :]
    shown = "admin_socket|listeners|mac|pin"
    said = [re.sub(r"^# (\w+ +=)", r"\1", line) for line in lines if not re.match(f"# ({shown}) ", line)]
    spelled, plain = load(started(tmp_path, "\n".join(said))), load(started(tmp_path, path.read_text()))
    assert len([line for line in said if "=" in line and not line.startswith("#")]) > 30
    assert spelled.file == plain.file

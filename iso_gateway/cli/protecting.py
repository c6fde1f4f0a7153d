"""The options that say how messages are protected: the same for the mock host and for ``send``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from iso_gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from iso_gateway.protocol.protection import Protection

Command = TypeVar("Command", bound=Callable[..., Any])

PROTECTING = ("mac", "covers", "pin_format", "ksn", "exchange")
"""The parameters that `protection_options` adds, but for the file of keys."""


def protection_options(command: Command) -> Command:
    """Add ``--keys``, ``--mac``, ``--covers``, ``--pin-format``, ``--ksn`` and ``--exchange`` to *command*."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--mac",
        default="",
        metavar="METHOD",
        help="x9.9, x9.19, unionpay-ecb, cmac, hmac-sha256 ...; with :2 padding 2, with /4 four bytes: x9.19:2/4.",
    ),
    click.option("--covers", default="", metavar="2,3,4", help="The elements that a MAC covers.  [default: all]"),
    click.option("--pin-format", default="", metavar="iso-0", help="Of PIN blocks: iso-0, -1, -3, -4."),
    click.option("--ksn", default="", metavar="PATH", help="Where the key serial number is; with it, DUKPT: 62."),
    click.option(
        "--exchange",
        default="none",
        show_default=True,
        metavar="HOW",
        help="Of keys at sign-on: unionpay, tr31-48, tr31-120.",
    ),
    click.option(
        "--keys",
        default="",
        metavar="FILE",
        help="Test keys, as fixtures/keys/test-keys.toml has them.  [default: those, which are published]",
    ),
)


def protection_of(mac: str, covers: str, pin_format: str, ksn: str, exchange: str) -> Protection:
    """Return what the options say.

    Raises:
        ConfigError: with each that says nothing known.
    """
    from iso_gateway.protocol.protection import Protection, method_said
    from iso_gateway.settings import read

    data: dict[str, Any] = {"exchange": exchange, "ksn": ksn}
    if mac:
        data["mac"] = method_said(mac)
    if pin_format:
        data["pin"] = pin_format.lower()
    if covers:
        data["covered"] = [int(each) if each.strip().isdecimal() else each for each in covers.split(",")]
    protection, problems = read(Protection, data)
    if protection is None:
        raise ConfigError([Problem(option_of(problem.path), problem.message) for problem in problems])
    return protection


def option_of(path: str) -> str:
    """Return the option that says what the setting at *path* is; a path that no option stands for, as it is."""
    setting = path.partition(".")[0]
    return _OPTION_OF.get(setting, path)


_OPTION_OF = {"pin": "pin-format", "covered": "covers", "mac_fields": "covers", "mac_length": "mac"}

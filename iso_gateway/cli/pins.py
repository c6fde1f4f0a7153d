"""How ``send`` gets a PIN: asked for without echo, from a file or descriptor, or, for a test PIN alone, as typed.

What stands on a command line is seen by everybody on the machine and kept by shells. So ``--pin`` is taken only with
the published test keys, which everybody has anyway; with keys of one's own the PIN comes in one of the other ways.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from iso_gateway.errors import ConfigError, Problem

Command = TypeVar("Command", bound=Callable[..., Any])

_LONGEST: Final = 64
"""Bytes of a file with a PIN that are looked at."""

VERBS: Final = frozenset({"sale", "preauth", "balance", "void", "complete", "cancel", "refund", "repeat"})
"""What a PIN can be sent with."""


def pin_options(command: Command) -> Command:
    """Add ``--pin``, ``--pin-file`` and ``--ask-pin`` to *command*."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option("--pin", default="", metavar="DIGITS", help="A test PIN; with --keys, take one of the next two."),
    click.option(
        "--pin-file", default="", metavar="FILE", help="Its first line is the PIN; /dev/fd/3 is a descriptor."
    ),
    click.option("--ask-pin", is_flag=True, help="Ask for the PIN, without echo."),
)


def pin_given(verb: str, pin: str, pin_file: str, *, ask: bool, own_keys: bool) -> str:
    """Return the PIN, or the empty text where none is to be sent.

    Raises:
        ConfigError: it is given in two ways, in one that is not safe, or is no PIN; it is never shown.
    """
    if not (pin or pin_file or ask):
        return ""
    if verb not in VERBS:
        raise _wrong("pin", f"nobody enters one for a {verb}")
    if sum((bool(pin), bool(pin_file), ask)) > 1:
        raise _wrong("pin", "give it in one way")
    if pin and own_keys:
        raise _wrong("pin", "a command line is no place for it, unless the keys are the published ones: --ask-pin")
    if pin_file:
        pin = _read(pin_file)
    elif ask:
        pin = click.prompt("PIN", hide_input=True, err=True)
    if not (pin.isascii() and pin.isdecimal() and 4 <= len(pin) <= 12):
        raise _wrong("pin", "4 to 12 digits expected")
    return pin


def _read(path: str) -> str:
    try:
        if path == "-":
            return sys.stdin.readline(_LONGEST).strip()
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123 -- a descriptor too
            return file.readline(_LONGEST).strip()
    except OSError as error:
        raise _wrong(
            "pin-file", f"{path} cannot be read: {(error.strerror or 'the system refused').lower()}"
        ) from error


def _wrong(option: str, reason: str) -> ConfigError:
    return ConfigError([Problem(option, reason)])

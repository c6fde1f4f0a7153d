"""How secrets get in: typed without echo, one custodian after the other, or a line each from standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click

from iso_gateway.cli.output import complain
from iso_gateway.errors import KeyStoreError

Value = TypeVar("Value")


def at_a_terminal() -> bool:
    """Say whether somebody sits there."""
    return sys.stdin.isatty()


def one_at_a_time(count: int, what: str, read: Callable[[str], Value], shown: Callable[[Value], str]) -> list[Value]:
    """Return *count* values, each read from what its custodian types, and confirmed by what is *shown* of it.

    The screen is cleared between two custodians, so that none sees what another one did.

    Raises:
        KeyStoreError: one is none, or nobody types.
    """
    if not at_a_terminal():
        return [_line(number, count, what, read, shown) for number in range(1, count + 1)]
    values: list[Value] = []
    while len(values) < count:
        number = len(values) + 1
        try:
            value = read(_hidden(f"{what} {number} of {count}: "))
        except KeyStoreError as error:
            complain(str(error))
            continue
        if click.confirm(f"check value {shown(value)}: is that the one on your sheet?", err=True):
            values.append(value)
            click.clear()
    return values


def _hidden(prompt: str) -> str:
    from iso_gateway.hsm.unlocking import typed

    return typed(prompt)


def _line(number: int, count: int, what: str, read: Callable[[str], Value], shown: Callable[[Value], str]) -> Value:
    text = sys.stdin.readline(1024).strip()
    if not text:
        raise KeyStoreError(f"{what} {number} of {count} is missing: a line each on standard input, or a terminal")
    try:
        value = read(text)
    except KeyStoreError as error:
        raise KeyStoreError(f"{what} {number} of {count}: {error}") from None
    complain(f"{what} {number} of {count}: check value {shown(value)}")
    return value


def passphrase() -> str:
    """Return a new passphrase, typed twice.

    Raises:
        KeyStoreError: the two differ, or there is no terminal.
    """
    first = _hidden("passphrase: ")
    if _hidden("once more: ") != first:
        raise KeyStoreError("the two passphrases differ; nothing was made")
    return first

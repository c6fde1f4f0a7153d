"""A group of commands whose modules are loaded when they are called, and whose mistakes are told in one line."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import click

from iso_gateway.cli.output import OutputLost, complain
from iso_gateway.errors import (
    CannotCarry,
    CaptureError,
    DecodeError,
    EncodeError,
    IsoGatewayError,
    NoAnswer,
    NoConnection,
    ProblemsError,
    did_you_mean,
)

EXIT_CODES: Final[tuple[tuple[type[IsoGatewayError], int], ...]] = (
    (NoConnection, 3),
    (NoAnswer, 4),
    (ProblemsError, 2),
    (EncodeError, 2),
    (CannotCarry, 2),
    (CaptureError, 2),
    (DecodeError, 1),
    (IsoGatewayError, 1),
)
"""What an error ends the command with, where the command does not know better. The first row that fits counts."""

INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells say it."""
NOBODY_READS: Final = 141
"""128 and the number of SIGPIPE: what was to be printed had no reader any more. No decline, and no finding."""
CANNOT_PRINT: Final = 74
"""EX_IOERR of sysexits.h: what was to be printed could not be written, as on a full disk."""


class Lazy(NamedTuple):
    """A command that is not loaded yet."""

    where: str
    """``package.module:name``."""
    help: str
    """One line for the list of commands."""


class LazyGroup(click.Group):
    """A group that knows its commands by name, and loads one when it is called."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy or {})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take in *args*; without any, show the help, as a mistake."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, loading it if need be."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.lazy[cmd_name].where.partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        _loaded()
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that *args* begin with, or say which one may be meant."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}{did_you_mean(args[0], known)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading one."""
        rows = [(name, self._line(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _line(self, ctx: click.Context, name: str) -> str:
        """Return what the list of commands says of *name*."""
        if name in self.lazy:
            return self.lazy[name].help
        command = self.get_command(ctx, name)
        return command.get_short_help_str(100) if command is not None else ""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 -- click's signature
        **extra: Any,
    ) -> Any:
        """Run, and end the process with the documented exit code; errors become one line on stderr."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            sys.exit(_usage(error))
        except IsoGatewayError as error:
            sys.exit(told(error))
        except OutputLost as lost:
            sys.exit(_lost(lost))
        except BaseExceptionGroup as group:
            if interrupted(group):
                complain("interrupted")
                sys.exit(INTERRUPTED)
            known = expected(group)
            if known is None:
                raise
            sys.exit(_lost(known) if isinstance(known, OutputLost) else told(known))
        except (KeyboardInterrupt, click.Abort):
            complain("interrupted")
            sys.exit(INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _loaded() -> None:
    """Have the collector of cycles go on, where the process is this command's and it was held until here.

    What was loaded by now it leaves alone: see `iso_gateway.__main__`.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def expected(group: BaseExceptionGroup) -> IsoGatewayError | OutputLost | None:
    """Return the first error of *group*, as nurseries raise them, or None where one of them is a bug."""
    _, bugs = group.split((IsoGatewayError, OutputLost))
    if bugs is not None:
        return None
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, (IsoGatewayError, OutputLost))
    return error


def interrupted(group: BaseExceptionGroup) -> bool:
    """Return whether Ctrl-C ended what raised *group*, and nothing in it is a bug."""
    stopped, others = group.split(KeyboardInterrupt)
    bugs = others.split((IsoGatewayError, OutputLost))[1] if others is not None else None
    return stopped is not None and bugs is None


def told(error: IsoGatewayError) -> int:
    """Tell *error* on stderr, a line per fault, and return the exit code for it."""
    if isinstance(error, ProblemsError):
        in_a_file = any(problem.line is not None for problem in error.problems)
        for line in error.lines:
            complain(line, place=in_a_file)
    else:
        complain(str(error))
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def _lost(lost: OutputLost) -> int:
    """Return the exit code for output that could not be written; that nobody reads it is no trouble."""
    with suppress(OSError, ValueError):
        # What waits in the buffer would be tried again at the end of the process, and complained about by Python.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if lost.number == errno.EPIPE:
        return NOBODY_READS
    complain(f"cannot print: {lost}")
    return CANNOT_PRINT


def _usage(error: click.ClickException) -> int:
    """Tell that a command was called wrongly, and where its help is."""
    said = error.format_message().rstrip(".").replace("\n", " ")
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    complain((said[:1].lower() if said[1:2].islower() else said[:1]) + said[1:] + hint)
    return error.exit_code

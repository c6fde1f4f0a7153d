"""``iso-gateway host --certify``: the report of what terminals did, on the screen and in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from iso_gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from iso_gateway.host.judging.certifying import Certification, Report
    from iso_gateway.host.judging.judge import Log
    from iso_gateway.host.server import HostServer

FILES: Final = ("report.txt", "report.xml", "report.html")
"""What is written: text, JUnit XML, and one HTML page."""


def certify_options(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Add ``--certify`` and ``--report``."""
    for option in (
        click.option(
            "--report", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Where reports are written."
        ),
        click.option(
            "--certify", "set_name", default="", metavar="SET", help="Certify terminals: cup-pos, iso87, or a file."
        ),
    ):
        function = option(function)
    return function


def spec_of_set(name: str) -> str:
    """Return the spec that the set *name* is for.

    Raises:
        ConfigError: there is no such set.
    """
    from iso_gateway.host.judging.sets import shape_of

    return shape_of(name)[0].spec


class Reporting:
    """The certification of one host, and where its reports go."""

    def __init__(self, server: HostServer, set_name: str, folder: Path | None, log: Log) -> None:
        """Have the terminals of *server* judged by the set *set_name*; empty: by the checks of every message alone.

        What the host's scenario expects is judged too; *log* gets each finding.

        Raises:
            ConfigError: the set is none, or is for another dialect; the folder cannot be written.
        """
        from iso_gateway.host.judging.certifying import Certification
        from iso_gateway.host.judging.sets import NO_CASES, certification_set, with_expectations

        dialect = server.authorizer.dialect
        chosen = certification_set(set_name, dialect.spec) if set_name else NO_CASES
        chosen = with_expectations(chosen, server.authorizer.scenario.expectations, "the scenario")
        self._certification: Certification = Certification(dialect, chosen, server.settings.protection, log)
        server.judge = self._certification.judge
        self._folder = folder
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise _unwritable(folder, error) from error

    def write(self) -> Report:
        """Write the report as all stands now, and return it.

        Raises:
            ConfigError: the folder cannot be written.
        """
        from iso_gateway.host.judging.junit import junit_of
        from iso_gateway.host.judging.page import page_of
        from iso_gateway.host.judging.text_report import text_of
        from iso_gateway.net import clock

        report = self._certification.report(clock.now())
        if self._folder is not None:
            contents = (text_of(report).encode(), junit_of(report), page_of(report).encode())
            for name, content in zip(FILES, contents, strict=True):
                try:
                    (self._folder / name).write_bytes(content)
                except OSError as error:
                    raise _unwritable(self._folder / name, error) from error
        return report

    def verb(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        """Write the report, for the admin socket; return how it stands."""
        from iso_gateway.host.judging.text_report import headline

        report = self.write()
        return {
            "clean": report.clean,
            "files": [] if self._folder is None else [str((self._folder / name).resolve()) for name in FILES],
            "terminals": {each.terminal.name: headline(each) for each in report.terminals},
        }

    def end(self) -> int:
        """Write the report and print it; return the exit code: 1 with findings."""
        from iso_gateway.cli.output import say
        from iso_gateway.host.judging.text_report import text_of

        report = self.write()
        say(text_of(report).rstrip("\n"))
        return 0 if report.clean else 1


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError([Problem("report", f"{path} cannot be written: {(error.strerror or 'refused').lower()}")])

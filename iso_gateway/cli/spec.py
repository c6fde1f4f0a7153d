"""``iso-gateway spec``: what specs there are, what one says and gets wrong, where two differ, and those of others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from iso_gateway.cli.lazy import LazyGroup
from iso_gateway.cli.options import json_option, schema_option
from iso_gateway.cli.output import say, say_json

if TYPE_CHECKING:
    from iso_gateway.inspect.lint import Finding


COLUMNS: Final = 80
"""What is longer is written in several lines."""


@click.group(cls=LazyGroup)
def spec() -> None:
    """Message specs: shipped ones, your own, and those of other libraries."""


@spec.command("list")
@json_option
def list_specs(*, as_json: bool) -> None:
    """List the shipped ones: names, versions and titles."""
    from iso_gateway.catalog import load_spec
    from iso_gateway.catalog.shelf import spec_names

    specs = [load_spec(name) for name in spec_names()]
    if as_json:
        say_json({"specs": [{"name": each.name, "version": each.version, "title": each.title} for each in specs]})
        return
    width = max(len(each.name) for each in specs)
    for each in specs:
        say(f"{each.name:<{width}}  {each.version}  {each.title}")


@spec.command("show")
@click.argument("name", metavar="NAME|FILE")
@click.argument("numbers", nargs=-1, metavar="[DE]...", type=click.IntRange(1, 192))
def show(*, name: str, numbers: tuple[int, ...]) -> None:
    """Show how each data element is written, or some of them."""
    from iso_gateway.catalog import load_spec
    from iso_gateway.cli import paint
    from iso_gateway.inspect.explaining import written
    from iso_gateway.page import Line, Style, column, line, wrapped

    shown = load_spec(name)
    unknown = [str(number) for number in numbers if number not in shown.fields]
    if unknown:
        raise click.UsageError(f"{shown.name} has no DE {', '.join(unknown)}")
    say(f"{shown.name}: {shown.title}" if shown.title else shown.name)
    say(f"message type in {shown.plan.mti_codec}, bitmap {shown.plan.bitmap_form}, profile {shown.profile or 'none'}\n")
    rows: list[Line] = []
    fields = {number: field for number, field in shown.fields.items() if not numbers or number in numbers}
    width = min(max((len(field.name) for field in fields.values()), default=0) + 2, 50)
    for number, field in fields.items():
        parts = ", has parts" if field.inside is not None else ""
        mask = "" if field.mask == "none" else f", masked: {field.mask}"
        head = line(f"{number:>3}  ", column(field.name, width, Style.NAME))
        rows += wrapped(f"{written(field)}{mask}{parts}", 5 + width, Style.PLAIN, head)
    paint.show(rows)


@spec.command("check")
@click.argument("name", metavar="NAME|FILE", required=False)
@click.option("--rules", "listed", is_flag=True, help="List the rules instead, with their ids.")
@json_option
@schema_option("spec check")
def check(*, name: str | None, listed: bool, as_json: bool) -> int:
    """Tell everything that is wrong with a spec, or doubtful, each with its line and the id of its rule.

    What is the same of several elements is one line, which begins with the place of the first; --json has each.

    Exits 1 where something is doubtful, 2 where the spec cannot be used.
    """
    from iso_gateway.inspect.lint import Level

    if listed:
        return _rules(as_json=as_json)
    if name is None:
        raise click.UsageError("name a spec, or the path of one; --rules lists what it is judged by")
    found, source = _judged(name)
    if as_json:
        from iso_gateway.inspect.told_specs import SpecFinding, SpecJudged

        rows = [
            SpecFinding(
                each.rule, str(each.level), problem.path, problem.line, problem.source or source, problem.message
            )
            for each in found
            for problem in [each.problem]
        ]
        say_json(SpecJudged(source, rows))
    else:
        from iso_gateway.inspect.grouping import grouped

        for told, rule in grouped((each.problem, each.rule) for each in found):
            say(f"{told.at(source)}  [{rule}]")
        if not found:
            say(f"{name}: nothing is wrong")
    return 2 if any(each.level is Level.ERROR for each in found) else 1 if found else 0


def _judged(name: str) -> tuple[list[Finding], str]:
    """Return what is wrong or doubtful in the spec *name*, with lines, and the file that they are of."""
    from iso_gateway.catalog import load_spec
    from iso_gateway.catalog.loading import placed
    from iso_gateway.catalog.shelf import SPECS, is_path
    from iso_gateway.errors import SpecError
    from iso_gateway.inspect import lint

    try:
        found = lint.of_spec(load_spec(name))
        problems = placed(name, [each.problem for each in found])
    except SpecError as error:
        return lint.of_errors(list(error.problems)), error.source or name
    source = name if is_path(name) else SPECS.shipped(name).source
    return [each._replace(problem=problem) for each, problem in zip(found, problems, strict=True)], source


def _rules(*, as_json: bool) -> int:
    """List the rules."""
    from iso_gateway.inspect.lint_rules import rules

    rows = rules()
    if as_json:
        say_json({"rules": rows})
        return 0
    width = max(len(row["id"]) for row in rows)
    for row in rows:
        say(f"{row['id']:<{width}}  {row['level']:<7}  {row['why']}\n{'':<{width}}  as in:   {row['example']}")
    return 0


@spec.command("diff")
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@click.option("--all", "everything", is_flag=True, help="Also names, masks and the like, which are not on the wire.")
@json_option
@schema_option("spec diff")
def diff(*, left: str, right: str, everything: bool, as_json: bool) -> int:
    """Tell where two specs differ on the wire, and in what they take: by element and part, A's before B's.

    [wire]: the same message has other bytes. [content]: the bytes are alike, but one refuses what the other takes, or
    cuts it in other parts. [words], with --all: what nobody else sees.

    Exits 0 where they do not, 1 where they do.
    """
    from iso_gateway.catalog import load_spec
    from iso_gateway.inspect.specdiff import What, compare

    one, other = load_spec(left), load_spec(right)
    found = [each for each in compare(one, other) if everything or each.what is not What.WORDS]
    if as_json:
        from iso_gateway.inspect.told_specs import SpecDifference, SpecsCompared

        rows = [SpecDifference(each.path, str(each.what), each.left, each.right) for each in found]
        say_json(SpecsCompared(one.name, other.name, rows))
        return 1 if found else 0
    for each in found:
        place = f"DE {each.path}" if each.path[:1].isdigit() else each.path
        line = f"{place}: {each.left} | {each.right}  [{each.what}]"
        say(line if len(line) <= COLUMNS else f"{place}:  [{each.what}]\n  {each.left}\n  {each.right}")
    if not found:
        say("on the wire they are alike")
    return 1 if found else 0


@spec.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--from", "kind", type=click.Choice(["jpos", "moov", "j8583", "pyiso8583"]), help="Else as its text looks."
)
@click.option("--name", default="", metavar="TEXT", help="What the spec is called.  [default: as the file]")
@click.option("--binary", is_flag=True, help="Of j8583: the program has setUseBinaryMessages(true).")
@click.option("--variable", default="", metavar="NAME", help="Of a Python file with several dicts: which of them.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it there, not to stdout.")
@click.option("--json", "as_json", is_flag=True, help="With -o: what it came to as one object on one line.")
@schema_option("spec import")
def import_spec(
    *, file: Path, kind: str | None, name: str, binary: bool, variable: str, output: Path | None, as_json: bool
) -> int:
    """Read a spec of another library, from a file or - for stdin, and write it as one of ours.

    Takes jPOS packagers in XML, moov-io/iso8583 in JSON or YAML, configurations of j8583 in XML, and pyiso8583 dicts in
    JSON or in a Python file, of which nothing is run. What does not translate is told on stderr, with its line and why;
    and what does and is called otherwise here.

    Exits 1 where something did not translate, 2 where nothing can be made of it.
    """
    from iso_gateway.cli import importing
    from iso_gateway.codec.build import build_spec
    from iso_gateway.errors import SpecError

    if output is not None:
        importing.writable(output)
    elif as_json:
        raise click.UsageError("--json needs -o: without, the spec itself is what is written")
    name = name or importing.name_of(file)
    try:
        wanted = importing.Wanted(importing.content_of(file), name, binary, variable)
        imported = importing.READERS[kind or importing.looks_like(wanted.content)](wanted)
        build_spec(imported.data)
    except SpecError as error:
        raise SpecError(error.problems, str(file)) from None
    if not as_json:
        importing.tell(imported.remarks, file)
        importing.tell(imported.notes, file)
    made = importing.as_yaml(imported.data)
    if output is None:
        say(made.rstrip("\n"))
        return 1 if imported.notes else 0
    importing.write_new(output, made)
    if as_json:
        say_json(importing.told(imported, file))
    else:
        say(f"{output}: {importing.tally(imported)}; check it with: iso-gateway spec check {output}")
    return 1 if imported.notes else 0


@spec.command("export")
@click.argument("name", metavar="NAME|FILE")
@click.option("--to", "kind", type=click.Choice(["pyiso8583", "moov"]), required=True, help="Whose form.")
def export_spec(*, name: str, kind: str) -> int:
    """Write a spec in the form of another library: JSON, which both read.

    Exits 1 where something could not be said there: it is told on stderr, by element and why. Formats and masks, which
    neither has, are not told.
    """
    from iso_gateway.catalog import load_spec
    from iso_gateway.cli import importing
    from iso_gateway.compat.imports import moov_writing, pyiso8583_writing

    writing = {"moov": moov_writing, "pyiso8583": pyiso8583_writing}[kind]
    text, notes = writing.written(load_spec(name))
    importing.tell(notes, Path(name))
    say(text)
    return 1 if notes else 0


@spec.command("vectors")
@click.argument("name", metavar="NAME|FILE")
@json_option
@schema_option("spec vectors")
def vectors(*, name: str, as_json: bool) -> None:
    """Write boundary messages of a spec, good ones and bad ones, as JSON: the same each time, a line each.

    Good ones decode and encode; bad ones stop a reader at a byte that is told; flawed ones decode, and are broken
    inside an element.
    """
    from iso_gateway.catalog import load_spec
    from iso_gateway.inspect.vectors import as_lines
    from iso_gateway.inspect.vectors import vectors as made

    written = made(load_spec(name))
    if as_json:
        say_json(written)
    else:
        say(as_lines(written))


@spec.command("stubs")
@click.argument("name", metavar="NAME|FILE")
def stubs(*, name: str) -> None:
    """Write Python classes by which type checkers know a spec's elements.

    The spec is loaded again as it is named here: a file by its path.
    """
    from iso_gateway.catalog import load_spec
    from iso_gateway.inspect.stubs import stubs as made

    say(made(load_spec(name), name).rstrip("\n"))


@spec.command("schema")
@click.argument("what", type=click.Choice(["spec", "profile", "scenario", "certification"]), default="spec")
def schema(*, what: str) -> None:
    """Print the JSON Schema of a file, for editors: a spec, a profile, a scenario or a certification set."""
    from iso_gateway.catalog.schema import profile_schema, spec_schema, written
    from iso_gateway.host.judging.schema import certification_schema
    from iso_gateway.host.scenario.schema import scenario_schema

    made = {
        "spec": spec_schema,
        "profile": profile_schema,
        "scenario": scenario_schema,
        "certification": certification_schema,
    }
    say(written(made[what]()).rstrip("\n"))

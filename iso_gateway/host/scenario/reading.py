"""Scenarios of YAML files and of plain data: every fault at once, each with file and line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from iso_gateway.catalog.lines import located
from iso_gateway.catalog.yaml_text import read_yaml
from iso_gateway.codec import mask
from iso_gateway.codec.mti import is_request
from iso_gateway.codec.tlv import made
from iso_gateway.errors import ConfigError, Problem, ProblemsError, did_you_mean
from iso_gateway.faults.elements import path_of
from iso_gateway.faults.fault import NO_FAULT
from iso_gateway.faults.grammar import fault_of, seconds_of
from iso_gateway.faults.when import When, resolved, when_of
from iso_gateway.host.judging.expectations import Expectation, expectation_of
from iso_gateway.host.scenario.rule import Respond, Rule, Send, Share
from iso_gateway.host.scenario.scenario import Scenario
from iso_gateway.host.scenario.shape import Answering, RespondShape, RuleShape, ScenarioShape, SendShape, plain
from iso_gateway.host.scenario.values import Fill, Piece, checked, source_of, template_of
from iso_gateway.host.transaction import State
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.profile import CodeClass
from iso_gateway.settings import read

Found = TypeVar("Found")

_APPROVED: Final = frozenset({CodeClass.APPROVED, CodeClass.PARTIAL})
_THE_HOSTS: Final = {
    "39": "say it as code, so that the ledger agrees",
    "4": "say it as approve, so that the ledger agrees, or as the fault wrong=amount",
    "64": "the MAC is made last; the faults wrong=mac and without=mac are about it",
    "128": "the MAC is made last; the faults wrong=mac and without=mac are about it",
}
"""Elements of an answer that no rule sets, and what it says instead."""


def load_scenario(source: str | os.PathLike[str], dialect: Dialect, seed: int | str | None = None) -> Scenario:
    """Return the scenario of the YAML file *source* for a host of *dialect*.

    Args:
        source: the file.
        dialect: whose elements and codes the rules name.
        seed: what all chance is made from; None: what the file says.

    Raises:
        ConfigError: with every fault of the file, each with its line.
    """
    name = os.fspath(source)
    try:
        text = Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "not in UTF-8"
        raise ConfigError([Problem("", f"cannot be read: {cause}")], name) from None
    try:
        data, lines = read_yaml(text, name)
    except ProblemsError as error:
        raise ConfigError(error.problems, name) from None
    try:
        return scenario_of(data, dialect, seed)
    except ConfigError as error:
        raise ConfigError(located(error.problems, lines), name) from None


def scenario_of(data: Mapping[str, Any], dialect: Dialect, seed: int | str | None = None) -> Scenario:
    """Return the scenario that *data* describes: what a file holds, in which scalars may be of any type.

    Raises:
        ConfigError: with every fault.
    """
    data = plain(data)
    shape, problems = read(ScenarioShape, data, text=True)
    if shape is None:
        raise ConfigError(problems + _more(dialect, data))
    rules = [_rule(dialect, each, f"rules.{place}", place, problems) for place, each in enumerate(shape.rules)]
    otherwise = _answering(dialect, shape.otherwise, "otherwise", problems)
    expectations: list[Expectation] = []
    for place, each in enumerate(shape.expect):
        expectation, wrong = expectation_of(each, dialect.spec, f"expect.{place}")
        problems += wrong
        expectations += [] if expectation is None else [expectation]
    problems += _repeated(rules) + _unreached(shape, rules)
    if not {"rules", "expect"} & data.keys():
        problems.append(Problem("rules", "is missing, and so is expect: nothing would come of it"))
    if problems:
        raise ConfigError(problems)
    return Scenario(
        rules,
        seed=shape.seed if seed is None else seed,
        first=shape.states.first,
        of_terminals=shape.states.of == "terminal",
        otherwise=None if shape.otherwise == Answering() else Rule(name="otherwise", **otherwise),
        expectations=tuple(expectations),
    )


def _more(dialect: Dialect, data: object) -> list[Problem]:
    """Return what is wrong with those rules that have the right shape, where others have not."""
    problems: list[Problem] = []
    rules = data.get("rules") if isinstance(data, dict) else None
    for place, each in enumerate(rules if isinstance(rules, list) else []):
        shape, _ = read(RuleShape, each, text=True)
        if shape is not None:
            _rule(dialect, shape, f"rules.{place}", place, problems)
    return problems


def rule_of(data: Mapping[str, Any], dialect: Dialect, path: str = "") -> Rule:
    """Return the one rule that *data* describes, as it stands under ``rules`` of a file.

    Raises:
        ConfigError: with every fault; their paths begin with *path*.
    """
    shape, problems = read(RuleShape, plain(data), text=True)
    rule = None if shape is None else _rule(dialect, shape, "", None, problems)
    if rule is None or problems:
        prefix = f"{path}." if path else ""
        raise ConfigError([Problem(prefix + each.path if each.path else path, each.message) for each in problems])
    return rule


def _rule(dialect: Dialect, shape: RuleShape, path: str, place: int | None, problems: list[Problem]) -> Rule:
    states = (shape.states,) if isinstance(shape.states, str) else tuple(shape.states)
    return Rule(
        # It stands in logs, whatever somebody may have called it.
        name=mask.printable(mask.scan(shape.name)) or ("rule" if place is None else f"rule {place + 1}"),
        when=_tried(lambda: _when(dialect, shape.when, _below(path, "when")), When(), problems),
        states=states,
        then=shape.then,
        **_answering(dialect, shape, path, problems),
    )


def _when(dialect: Dialect, said: Mapping[str, str], path: str) -> When:
    """Return the conditions that *said* describes; raises `ConfigError`."""
    when = resolved(when_of(said, path), dialect.spec, path)
    states = [str(state) for state in State]
    wrong = [
        Problem(f"{path}.original", f"never fits: no state of a transaction{did_you_mean(text, states)}")
        for condition in when.conditions
        if condition.subject == "original"
        for text in condition.pattern.texts
        if text not in states
    ]
    if wrong:
        raise ConfigError(wrong)
    return when


def _answering(dialect: Dialect, shape: Answering, path: str, problems: list[Problem]) -> dict[str, Any]:
    fault = NO_FAULT
    if shape.fault:
        fault = _tried(lambda: fault_of(shape.fault, _below(path, "fault")), NO_FAULT, problems)
        if fault.of_the_host:
            problems.append(Problem(_below(path, "fault"), "is of the whole host; a rule is about answers"))
    sends = tuple(
        _send(dialect, each, _below(path, f"send.{place}"), problems) for place, each in enumerate(shape.send)
    )
    respond = _respond(dialect, shape.respond, _below(path, "respond"), problems)
    return {"respond": respond, "fault": fault, "sends": sends}


def _respond(dialect: Dialect, shape: RespondShape, path: str, problems: list[Problem]) -> Respond:
    code, raw = _code(dialect, shape.code)
    approves = not raw and bool(code) and dialect.profile.verdict(dialect.profile.code(code)) in _APPROVED
    if raw:
        _try_value(dialect, "39", raw, _below(path, "code"), problems)
    if shape.approve and shape.code:
        problems.append(Problem(_below(path, "approve"), "does not go with code: it says 10 itself"))
    if code == "10":
        problems.append(Problem(_below(path, "code"), "10 says that a part is approved: say how much with approve"))
    fields = dialect.spec.fields
    if shape.emv and not (55 in fields and fields[55].binary):
        problems.append(Problem(_below(path, "emv"), f"{dialect.spec.name} has no DE 55 of bytes"))
    if shape.balance and dialect.number("additional_amounts") is None:
        problems.append(Problem(_below(path, "balance"), f"{dialect.spec.name} has no DE 54"))
    return Respond(
        code=code,
        approves=approves,
        raw=raw,
        approve=_share(shape.approve),
        record=shape.record,
        fills=_fills(dialect, shape, path, problems, _THE_HOSTS),
        balance=int(shape.balance) if shape.balance and shape.balance != "available" else None,
        balance_available=shape.balance == "available",
        emv=tuple((tag, _object(tag, value)) for tag, value in shape.emv.items()),
    )


def _code(dialect: Dialect, said: str) -> tuple[str, str]:
    """Return the canonical code that *said* means, and DE 39 as it is where the dialect knows none such."""
    rows = dialect.profile.codes
    if not said or any((row.canonical or row.code) == said for row in rows):
        return said, ""
    if any(row.code == said for row in rows):
        return dialect.profile.canonical(said), ""
    return said, said


def _share(said: str) -> Share | None:
    if not said:
        return None
    if said == "available":
        return Share()
    return Share(percent=int(said[:-1])) if said[-1] == "%" else Share(amount=int(said))


def _object(tag: str, value: str) -> bytes:
    item = made(tag, bytes.fromhex(value))
    return item.header + item.value


def _send(dialect: Dialect, shape: SendShape, path: str, problems: list[Problem]) -> Send:
    after = 0.0
    try:
        after = seconds_of(shape.after)
    except ValueError as error:
        problems.append(Problem(_below(path, "after"), str(error)))
    if shape.mti and (shape.mti not in dialect.spec.plan.mtis or not is_request(shape.mti)):
        problems.append(Problem(_below(path, "mti"), f"no type of a request of {dialect.spec.name}"))
    return Send(after=after, kind=shape.kind, mti=shape.mti, fills=_fills(dialect, shape, path, problems, {}))


def _fills(
    dialect: Dialect, shape: RespondShape | SendShape, path: str, problems: list[Problem], not_these: Mapping[str, str]
) -> tuple[Fill, ...]:
    """Return what elements get, by ``set``, ``copy`` and ``template``."""
    spec = dialect.spec
    copied = shape.copy if isinstance(shape.copy, dict) else {each: f"request.{each}" for each in shape.copy}
    said = [("set", shape.set, _set), ("copy", copied, source_of), ("template", shape.template, template_of)]
    fills: dict[str, Fill] = {}
    for key, values, meant in said:
        for name, text in values.items():
            here = _below(path, f"{key}.{name}")
            try:
                element = path_of(spec, name)
                if element in fills or element in not_these:
                    raise ValueError(not_these.get(element, "the element is said twice"))  # noqa: TRY301 -- as path_of
                pieces = _pieces(meant(spec, text))
                if key == "set" and pieces is not None:
                    checked(spec, element, text)
                fills[element] = Fill(element, pieces)
            except ValueError as error:
                problems.append(Problem(here, str(error)))
    return tuple(fills.values())


def _set(_spec: object, text: str) -> tuple[Piece, ...] | None:
    return None if text == "absent" else (Piece("text", text),)


def _pieces(meant: Piece | tuple[Piece, ...] | None) -> tuple[Piece, ...] | None:
    return (meant,) if isinstance(meant, Piece) else meant


def _try_value(dialect: Dialect, element: str, text: str, path: str, problems: list[Problem]) -> None:
    try:
        checked(dialect.spec, element, text)
    except ValueError as error:
        problems.append(Problem(path, str(error)))


def _repeated(rules: list[Rule]) -> list[Problem]:
    first: dict[str, int] = {}
    problems = []
    for place, rule in enumerate(rules):
        if first.setdefault(rule.name, place) != place:
            said = f"rule {first[rule.name] + 1} is called so already"
            problems.append(Problem(f"rules.{place}.name", said))
    return problems


def _unreached(shape: ScenarioShape, rules: list[Rule]) -> list[Problem]:
    """Return a problem for each state in which a rule is asked and to which none leads."""
    known = [shape.states.first, *(rule.then for rule in rules if rule.then)]
    return [
        Problem(f"rules.{place}.in", f"no rule leads to the state {state!r}{did_you_mean(state, known)}")
        for place, rule in enumerate(rules)
        for state in rule.states
        if state not in known
    ]


def _tried(find: Callable[[], Found], otherwise: Found, problems: list[Problem]) -> Found:
    try:
        return find()
    except ConfigError as error:
        problems += error.problems
        return otherwise


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key

"""The result of a run as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

The plots are SVG inside the page, and its colours follow the reader's light or dark setting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import Final, NamedTuple

from iso_gateway.terminal.fleet.histogram import Histogram
from iso_gateway.terminal.fleet.tally import Series
from iso_gateway.terminal.fleet.verdict import Verdict

WIDTH: Final = 760
HEIGHT: Final = 220
LEFT: Final = 64
BOTTOM: Final = 32
TOP: Final = 12
RIGHT: Final = 28

Point = tuple[float, float]


class Curve(NamedTuple):
    """One line of a plot."""

    name: str
    style: str
    """Its class in the style sheet: ``a``, ``b``, ``c``."""
    points: Sequence[Point]


class Axis(NamedTuple):
    """A scale from 0."""

    name: str
    largest: float
    ticks: Sequence[tuple[float, str]]
    """Where, and what stands there."""


def page(verdict: Verdict) -> str:
    """Return the page."""
    plan, findings = verdict.plan, verdict.findings()
    title = f"{plan.terminals} terminals at {plan.rate:g} a second"
    series, took = verdict.tally.series, verdict.tally.took
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(plan.to)} · {escape(plan.spec)} · {plan.duration:g} s · seed {plan.seed}</p>",
        _verdict(findings),
        "<h2>Rate</h2>",
        _rate(series),
        "<h2>Latency over time</h2>",
        _latency(series),
        "<h2>Latency by share</h2>",
        _shares(took),
        "<h2>Figures</h2>",
        _figures(verdict),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _verdict(findings: Iterable[str]) -> str:
    lines = "".join(f"<li>{escape(each)}</li>" for each in findings)
    if not lines:
        return '<p class="good">Rate kept, objectives met, nothing owed.</p>'
    return f'<ul class="bad">{lines}</ul>'


def _rate(series: Series) -> str:
    """Draw what was due and what was sent, a second."""
    width, steps = series.width, series.steps
    curves = [
        Curve("due", "c", [(at * width, step.due / width) for at, step in enumerate(steps)]),
        Curve("sent", "a", [(at * width, step.sent / width) for at, step in enumerate(steps)]),
        Curve("unknown", "b", [(at * width, step.unknown / width) for at, step in enumerate(steps)]),
    ]
    return _over_time(series, "transactions a second", curves, lambda value: f"{value:g}")


def _latency(series: Series) -> str:
    curves = [
        Curve(
            name,
            style,
            [
                (at * series.width, value * 1e3)
                for at, step in enumerate(series.steps)
                if (value := step.took.quantile(share)) is not None
            ],
        )
        for name, style, share in (("p50", "a", 0.5), ("p99", "b", 0.99))
    ]
    return _over_time(series, "milliseconds", curves, lambda value: f"{value:g}")


def _over_time(series: Series, name: str, curves: Sequence[Curve], said: Callable[[float], str]) -> str:
    span = max(len(series.steps) - 1, 1) * series.width
    across = Axis("seconds", span, [(tick, f"{tick:g}") for tick in ticks(span)])
    largest = max((y for curve in curves for _, y in curve.points), default=0.0) or 1.0
    up = Axis(name, largest, [(tick, said(tick)) for tick in ticks(largest)])
    return _plot(across, up, curves)


_NINES: Final = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999)
"""Shares at equal distances: what is rare is what one looks for."""


def _shares(took: Histogram) -> str:
    """Draw how long which share took at the most."""
    if not took.count:
        return "<p>Nothing was answered.</p>"
    points: list[Point] = []
    for at, (low, high) in enumerate(pairwise(_NINES)):
        for part in range(10):
            share = low + (high - low) * part / 10
            points.append((at + part / 10, (took.quantile(share) or 0.0) * 1e3))
    largest = max(took.largest / 1e3, 0.001)
    points.append((len(_NINES) - 1, largest))
    across = Axis("share of all", len(_NINES) - 1, [(at, f"{share * 100:g} %") for at, share in enumerate(_NINES)])
    up = Axis("milliseconds", largest, [(tick, f"{tick:g}") for tick in ticks(largest)])
    return _plot(across, up, [Curve("took at most", "a", points)])


def ticks(largest: float) -> list[float]:
    """Return round numbers from 0 to *largest*, six at the most."""
    step = 10.0 ** (len(f"{largest:.0f}") - 8) if largest < 1 else 10.0 ** (len(f"{int(largest)}") - 2)
    for factor in (1, 2, 5, 10, 20, 50, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7):
        if largest / (step * factor) <= 5:
            step *= factor
            break
    return [round(number * step, 9) for number in range(int(largest / step + 1e-9) + 1)]


def _plot(across: Axis, up: Axis, curves: Sequence[Curve]) -> str:
    def x(value: float) -> float:
        return LEFT + value / (across.largest or 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - value / (up.largest or 1) * (HEIGHT - BOTTOM - TOP)

    pieces = []
    for value, said in up.ticks:
        pieces.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        pieces.append(f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{escape(said)}</text>')
    for value, said in across.ticks:
        place = HEIGHT - BOTTOM + 18
        pieces.append(f'<text x="{x(value):.1f}" y="{place}" text-anchor="middle">{escape(said)}</text>')
    for curve in curves:
        drawn = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in curve.points)
        pieces.append(
            f'<polyline class="{curve.style}" points="{drawn}"><title>{escape(curve.name)}</title></polyline>'
        )
        if len(curve.points) == 1:
            (at, value) = curve.points[0]
            pieces.append(f'<circle class="{curve.style}" cx="{x(at):.1f}" cy="{y(value):.1f}" r="3"/>')
    label = f"{up.name} by {across.name}: {', '.join(curve.name for curve in curves)}"
    names = " ".join(f'<span class="{curve.style}">{escape(curve.name)}</span>' for curve in curves)
    legend = f'<p class="legend">{names} · {escape(up.name)} by {escape(across.name)}</p>'
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(pieces)}</svg>{legend}'
    )


def _figures(verdict: Verdict) -> str:
    """Return all that the JSON has, but for what stands above."""
    rows = []
    for name, value in verdict.as_json().items():
        if name in {"findings", "seed", "to", "spec"} or value in (None, {}, []):
            continue
        said = _said(value)
        rows.append(f"<tr><th>{escape(name.replace('_', ' '))}</th><td>{escape(said)}</td></tr>")
    return f"<table>{''.join(rows)}</table>"


def _said(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case dict():
            return ", ".join(f"{str(key).replace('_', ' ')} {_said(each)}" for key, each in value.items())
        case list() | tuple():
            return "; ".join(_said(each) for each in value)
        case _:
            return str(value)


_STYLE: Final = """
:root { color-scheme: light dark; --back: #fff; --ink: #1b1f24; --faint: #d5d9de; --a: #0b62c4; --b: #c2410c;
 --c: #8a929c; --good: #15803d; --bad: #b91c1c }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --ink: #e4e7eb; --faint: #363c44; --a: #6cb2ff;
 --b: #ff9a5c; --c: #8a929c; --good: #4ade80; --bad: #f87171 } }
body { background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto;
 max-width: 50rem; padding: 0 1rem }
svg { width: 100%; height: auto } svg text { fill: var(--ink); font-size: 12px }
polyline { fill: none; stroke-width: 2 } .grid { stroke: var(--faint) }
polyline.a { stroke: var(--a) } polyline.b { stroke: var(--b) } polyline.c { stroke: var(--c); stroke-dasharray: 5 4 }
circle.a { fill: var(--a) } circle.b { fill: var(--b) } circle.c { fill: var(--c) }
span.a { color: var(--a) } span.b { color: var(--b) } span.c { color: var(--c) } .legend { margin: 0 }
.good { color: var(--good) } .bad { color: var(--bad) }
table { border-collapse: collapse } th, td { border-bottom: 1px solid var(--faint); padding: .2rem .8rem .2rem 0;
 text-align: left; vertical-align: top } th { font-weight: 600; white-space: nowrap }
"""

"""A transaction's timeline as a Mermaid sequence diagram, as Markdown pages and wikis draw it."""

from __future__ import annotations

from typing import Final

from iso_gateway.office.timeline import Step
from iso_gateway.office.views import Shown

LETTERS: Final = {"terminal": "T", "gateway": "G", "host": "H", "operator": "O"}
"""The participants, in the order in which they stand."""

PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:/()+-_*?")
"""What means nothing to Mermaid within a text: the rest is written by its number."""


def diagram(shown: Shown) -> str:
    """Return the steps of *shown* as a diagram, a line for each."""
    names = {
        "terminal": f"terminal {shown.transaction.terminal}",
        "gateway": "gateway",
        "host": f"host {shown.transaction.acquirer}".strip(),
        "operator": "operator",
    }
    present = {"terminal", "gateway", *(step.by for step in shown.steps), *(step.to for step in shown.steps)}
    lines = ["sequenceDiagram"]
    lines += [f"    participant {LETTERS[who]} as {escaped(names[who])}" for who in LETTERS if who in present]
    lines += [f"    {_drawn(step)}" for step in shown.steps]
    return "\n".join(lines)


def _drawn(step: Step) -> str:
    """Return *step* as an arrow, or as a note where nothing went from one to another."""
    time = f"{step.at:%H:%M:%S}.{step.at.microsecond // 1000:03}"
    text = escaped(f"{time} {step.word}" + (f": {step.text}" if step.text else ""))
    by, to = LETTERS.get(step.by, "G"), LETTERS.get(step.to, "G")
    return f"{by}->>{to}: {text}" if by != to else f"Note over {by}: {text}"


def escaped(text: str) -> str:
    """Return *text* so that Mermaid shows it as it is: no comment, no end of a statement, no markup."""
    return "".join(each if each in PLAIN else f"#{ord(each)};" for each in text)

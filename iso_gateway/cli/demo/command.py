"""The command ``iso-gateway demo``."""

from __future__ import annotations

import sys

import click
import trio

from iso_gateway.cli.demo.proof import Proof
from iso_gateway.cli.demo.stage import perform, show
from iso_gateway.cli.output import say


@click.command()
def demo() -> None:
    """Show the main job on loopback: gateway, mock host and three terminals; then the proof that they agree."""

    async def play() -> Proof:
        return await perform(say)

    proof = trio.run(play)
    show(proof, say)
    sys.exit(0 if proof.holds else 1)

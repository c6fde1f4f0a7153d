"""``python -m iso_gateway``: the command, where it is not on the path."""

from __future__ import annotations

from iso_gateway.cli import main

if __name__ == "__main__":
    main(prog_name="iso-gateway")

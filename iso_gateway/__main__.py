"""The command ``iso-gateway``, and ``python -m iso_gateway`` where it is not on the path."""

from __future__ import annotations

import gc


def run() -> None:
    """Run the command.

    What its modules bring lives to the end of the process. So the collector of cycles need not look at it again and
    again while they load, which is a tenth of what a short command takes, nor once more at the end.
    """
    gc.disable()  # cli.lazy lets it go on, with what comes after
    try:
        from iso_gateway.cli import main  # noqa: PLC0415 -- see above

        main(prog_name="iso-gateway")
    finally:
        gc.freeze()


if __name__ == "__main__":
    run()

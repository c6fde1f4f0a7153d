"""For test suites: a mock host, a gateway and a terminal as fixtures of pytest.

`plugin` is what pytest loads at every start, so it imports nothing but pytest until a fixture is asked for; `options`
reads what a test or a project says of them. `background` runs trio on a thread of its own, so that tests may be plain
functions, or coroutines of asyncio or trio; `host`, `gateway` and `terminal` run on it and are what tests hold in their
hands. Their types are here for annotations, imported when they are asked for; so is `messages`, a strategy of
hypothesis::

    from iso_gateway.testing import Host, Terminal

    def test_a_sale(iso_host: Host, iso_terminal: Terminal) -> None: ...
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from iso_gateway.testing.gateway import Gateway
    from iso_gateway.testing.host import Host
    from iso_gateway.testing.strategies import messages
    from iso_gateway.testing.terminal import Terminal

__all__ = ["Gateway", "Host", "Terminal", "messages"]

_HOMES: Final = {"Gateway": "gateway", "Host": "host", "Terminal": "terminal", "messages": "strategies"}

if not TYPE_CHECKING:  # as in the package's own face

    def __getattr__(name: str) -> Any:
        """Import what is called *name*, once.

        Raises:
            AttributeError: nothing here is called so.
        """
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

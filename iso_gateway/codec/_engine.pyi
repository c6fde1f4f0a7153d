# The compiled engine, as Python sees it; _engine.pyx is its source.

from collections.abc import Callable, Iterable
from typing import Any

from iso_gateway.codec import engine, storage

# The SHA-256 of the sources that it was built from, in hexadecimal; empty where the build did not say.
SOURCE: str

def find_object(objects: bytes, wanted: bytes, /) -> bytes | bool | None: ...

class Storage(storage.Storage): ...

class Engine(engine.Refusing):  # it has the methods of engine.Engine
    def __init__(
        self,
        mti_zero: int,
        form: int,
        fixed: int,
        most: int,
        mtis: Iterable[str],
        rows: Iterable[tuple[Any, ...]],
        message_class: type[storage.Storage],
        carrier: Callable[..., Any],
        reader: Callable[..., Any],
        writer: Callable[..., Any],
        /,
    ) -> None: ...

class Fields:
    def __init__(
        self, used: tuple[str, ...], copies: tuple[dict[str, Any], ...], fields: tuple[tuple[Any, ...], ...], /
    ) -> None: ...
    def read(
        self, spec: Any, data: bytes, start: int, values: dict[str, str], raws: dict[str, dict[str, bytes]], /
    ) -> int: ...
    def write(
        self, spec: Any, values: dict[str, str], pieces: list[bytes], raws: dict[str, dict[str, bytes]], /
    ) -> bool: ...

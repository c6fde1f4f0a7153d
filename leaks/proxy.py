"""A listener between the admin socket and whoever asks there: it keeps what both say."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType


class Proxy:
    """Stands in the place of the socket at *path* while it is entered."""

    def __init__(self, path: Path, capture: Path) -> None:
        self._path = path
        self._behind = path.with_name("behind.sock")
        self._capture = capture
        self._server = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> None:
        self._path.rename(self._behind)
        self._server.bind(str(self._path))
        self._path.chmod(0o600)
        self._server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close()
        self._path.unlink()
        self._behind.rename(self._path)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._behind))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), self._capture.open("ab", buffering=0) as kept:
            while data := source.recv(65536):
                kept.write(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

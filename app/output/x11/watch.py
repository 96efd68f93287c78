"""Whether the user has typed or clicked since the last insertion: then nobody knows what stands before the cursor."""

from __future__ import annotations

from app.output.x11.connection import FAILED, NoX11
from app.output.x11.typed_since import TypedSince


class X11Watch:
    """Listens from an insertion until something is typed."""

    def __init__(self) -> None:
        self._typed: TypedSince | None = None

    def begin(self) -> None:
        self.close()
        try:
            self._typed = TypedSince()
        except (NoX11, *FAILED):
            return

    def is_quiet(self) -> bool:
        try:
            if self._typed is not None and self._typed.anything(clicks=True):
                self.close()
        except FAILED:
            self.close()
        return self._typed is not None

    def close(self) -> None:
        if self._typed is not None:
            self._typed.close()
        self._typed = None

"""Inserting text under X11."""

from __future__ import annotations

from app.output.contract import Focus, Watch, Way


def ways() -> list[Way]:
    """All ways of X11, the best first. They connect when they are first used."""
    from app.output.x11.clipboard import PasteX11
    from app.output.x11.copy import CopyX11
    from app.output.x11.keys import TypeX11

    return [PasteX11(), TypeX11(), CopyX11()]


def focus() -> Focus:
    """Raises NoX11."""
    from app.output.x11.keyboard_focus import X11Focus

    return X11Focus()


def watch() -> Watch:
    """Connects once something has been inserted."""
    from app.output.x11.watch import X11Watch

    return X11Watch()

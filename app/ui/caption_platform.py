"""What a desktop lets a captions window do, said plainly where it does not."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

_TAKES_NO_WINDOWS = ("eglfs", "linuxfb", "minimal", "offscreen", "vnc")  # one window fills the screen, or there is none

CLICK_THROUGH_HINT = (
    "Clicks now reach what is behind the captions. To move or change the captions again, switch this off in the menu "
    "of the tray icon or in the settings."
)


def on_top_fault() -> str:
    """Why captions may be covered and stand elsewhere than they should, and what to do; empty where they stay on top.

    Wayland's protocol for windows has neither a place nor an order; the X11 layer of its desktops honours both.
    """
    if not QGuiApplication.platformName().startswith("wayland"):
        return ""
    return (
        "On Wayland a program cannot keep a window above others or choose its place. Choose “Always on Top” in the "
        "window menu of the captions (Alt+Space), or start Dictate with QT_QPA_PLATFORM=xcb."
    )


def click_through_fault() -> str:
    """Why clicks cannot go through a window here, and what to do; empty on X11, Wayland, Windows, macOS."""
    platform = QGuiApplication.platformName()
    if platform not in _TAKES_NO_WINDOWS:
        return ""
    return f"Clicks cannot go through windows on the platform {platform}. Start Dictate on a desktop."

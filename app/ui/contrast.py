"""How well letters stand out: the contrast of WCAG 2.2, section 1.4.3; 4.5 is what text of ordinary size needs."""

from __future__ import annotations

from PySide6.QtGui import QColor

ENOUGH = 4.5


def contrast(one: QColor, other: QColor) -> float:
    """From 1 (the same) to 21 (black and white); opacity does not count."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def worst_contrast(ink: QColor, paper: QColor, opacity: float) -> float:
    """Of letters on a paper through which, at this opacity (0..1), a window of any grey may shine."""
    behind = [_mixed(paper, QColor(grey, grey, grey), opacity) for grey in range(0, 256, 5)]
    return min(contrast(ink, seen) for seen in behind)


def contrast_note(ink: QColor, paper: QColor, opacity: float) -> str:
    """What to say to somebody who chose these; "" where they can be read over every window."""
    opaque, seen = contrast(ink, paper), worst_contrast(ink, paper, opacity)
    if opaque < ENOUGH:
        return f"Hard to read: the contrast of the two colours is {opaque:.1f}, and {ENOUGH} is what eyes need."
    if seen < ENOUGH:
        return f"Hard to read over some windows: the contrast falls to {seen:.1f}. More opacity helps."
    return ""


def _luminance(colour: QColor) -> float:
    def part(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * part(colour.redF()) + 0.7152 * part(colour.greenF()) + 0.0722 * part(colour.blueF())


def _mixed(upper: QColor, lower: QColor, opacity: float) -> QColor:
    def part(a: int, b: int) -> int:
        return round(opacity * a + (1 - opacity) * b)

    return QColor(part(upper.red(), lower.red()), part(upper.green(), lower.green()), part(upper.blue(), lower.blue()))

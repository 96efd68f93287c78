"""The sign over other programs: a small pill that says what becomes of the dictation and takes nothing from them."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEasingCurve, QPoint, QPropertyAnimation, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCursor, QGuiApplication, QPainter, QPainterPath, QPaintEvent, QPalette, QRegion, QScreen
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsOpacityEffect, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.ui.announcer import announce
from app.ui.caption_look import mixed
from app.ui.icons import icon
from app.ui.level_meter import LevelMeter

PillLook = Literal["arming", "listening", "finishing", "done", "waiting", "cancelled", "fault"]
Area = tuple[int, int, int, int]

DONE_MS, FADE_MS = 1500, 300
_READ_MS = 70  # more, a sign of what is to be read
_LONGEST_MS = 10_000
_WIDEST = 46  # widths of an "m" that its text may take
_LOOKS: dict[PillLook, tuple[str, str]] = {  # icon, what it says if nothing else
    "arming": ("app-arming", "Waiting for sound"),
    "listening": ("app-listening", "Listening"),
    "finishing": ("app-draining", "Writing the last words"),
    "done": ("ok", "Done"),
    "waiting": ("app-paused", "The text waits"),
    "cancelled": ("stop", "Cancelled"),
    "fault": ("fault", "Something went wrong"),
}
_ENDS: tuple[PillLook, ...] = ("done", "waiting", "cancelled", "fault")  # these go by themselves and are read out
_EDGE = 0.6  # share of the letters' colour in the line around it, which stands out on light and on dark
_FLAGS = (
    Qt.WindowType.Tool
    | Qt.WindowType.FramelessWindowHint
    | Qt.WindowType.WindowStaysOnTopHint
    | Qt.WindowType.WindowDoesNotAcceptFocus
    | Qt.WindowType.WindowTransparentForInput  # clicks belong to what is below
    | Qt.WindowType.BypassWindowManagerHint  # X11's window managers neither place nor raise nor activate it
    | Qt.WindowType.NoDropShadowWindowHint
)
_ATTRIBUTES = (
    Qt.WidgetAttribute.WA_TranslucentBackground,
    Qt.WidgetAttribute.WA_ShowWithoutActivating,
    Qt.WidgetAttribute.WA_X11DoNotAcceptFocus,
    Qt.WidgetAttribute.WA_MacAlwaysShowToolWindow,
)


class Plate(QFrame):
    """What the sign is written on."""

    radius = 0.0

    def outline(self, inset: float = 0.0) -> QPainterPath:
        """Its rounded shape, so far within its edges."""
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), self.radius, self.radius)
        return path

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        edge = self.palette().color(QPalette.ColorRole.Text)
        painter.setPen(mixed(edge, self.palette().color(QPalette.ColorRole.Base), _EDGE))
        painter.drawPath(self.outline(0.5))
        painter.end()


class Pill(QWidget):
    """Hidden until `show_look`. It never has the keyboard, nor the mouse."""

    gone = Signal()  # by itself, what it said has been read

    def __init__(self) -> None:
        super().__init__(None, _FLAGS)
        for attribute in _ATTRIBUTES:
            self.setAttribute(attribute)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWindowTitle("Dictation")
        self.look: PillLook = "arming"
        self._area: Area | None = None
        self._frame = Plate()
        self._icon, self._label, self.meter = QLabel(), QLabel(), LevelMeter()
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setForegroundRole(QPalette.ColorRole.Text)
        self._veil = QGraphicsOpacityEffect(self._frame)
        self._veil.setEnabled(False)
        self._frame.setGraphicsEffect(self._veil)
        self._fade = QPropertyAnimation(self._veil, b"opacity", self)
        self._fade.setDuration(FADE_MS)
        self._fade.setStartValue(1.0)
        self._fade.setEndValue(0.0)
        self._fade.setEasingCurve(QEasingCurve.Type.InQuad)
        self._fade.finished.connect(self.hide)
        self._fade.finished.connect(self.gone)
        self._stay = QTimer(self, singleShot=True)
        self._stay.timeout.connect(self._go)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._frame)
        inside = QHBoxLayout(self._frame)
        for widget in (self._icon, self._label, self.meter):
            inside.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)

    @property
    def text(self) -> str:
        """What stands in it."""
        return self._label.text()

    def place(self, area: Area | None) -> None:
        """From now on be on the monitor of the window that has this area, in pixels of the screen; None: that of the
        mouse."""
        self._area = area

    def show_look(self, look: PillLook, text: str = "") -> None:
        """Look like this and say `text`, or what this look says by itself."""
        self._stay.stop()
        self._fade.stop()
        self._veil.setEnabled(False)
        name, said = _LOOKS[look]
        if look != self.look:
            self.meter.reset()
        self.look = look
        self._fit(name, text or said)
        self.setAccessibleName(f"Dictation: {text or said}")
        if look in _ENDS:
            announce(self, text or said)
            more = _READ_MS * len(text) if look in ("waiting", "fault") else 0
            self._stay.start(min(DONE_MS + more, _LONGEST_MS))
        if not pill_fault():
            self.show()

    def show_peak(self, peak: float) -> None:
        """How loud it is, 0..1, while it listens."""
        if self.look == "listening":
            self.meter.show_peak(peak)

    def _fit(self, name: str, text: str) -> None:
        """Everything follows the size of the letters, which may have changed since."""
        self._label.setFont(QApplication.font())
        height = self._label.fontMetrics().height()
        side = height * 4 // 3
        self._icon.setPixmap(icon(name).pixmap(QSize(side, side), self.devicePixelRatioF()))
        self._write(text)
        self.meter.setVisible(self.look == "listening")
        self.meter.setFixedSize(5 * height, max(6, height // 2))
        inside = self._frame.layout()
        if inside is not None:
            inside.setContentsMargins(height * 2 // 3, height // 3, height * 3 // 4, height // 3)
            inside.setSpacing(height // 2)
            inside.activate()  # by itself it would do so later: the layout around it still has the size of before
        self._frame.radius = 0.8 * height
        self.adjustSize()
        if QGuiApplication.platformName() == "xcb":  # without a compositor its corners would be black
            self._frame.setGeometry(self.rect())
            self.setMask(QRegion(self._frame.outline().toFillPolygon().toPolygon()))
        room = screen_of(self._area).availableGeometry()
        self.move(below_middle(room, self.size(), 2 * height))

    def _write(self, text: str) -> None:
        label, metrics = self._label, self._label.fontMetrics()
        width, widest = metrics.horizontalAdvance(text), _WIDEST * metrics.horizontalAdvance("m")
        label.setMinimumHeight(0)  # that of the text before: Qt counts it in when it says how high this one is
        label.setWordWrap(width > widest)
        label.setText(text)
        label.setFixedWidth(min(widest, width + 2))
        if label.wordWrap():
            label.setMinimumHeight(label.heightForWidth(label.width()))

    def _go(self) -> None:
        self._veil.setOpacity(1.0)
        self._veil.setEnabled(True)
        self._fade.start()


def pill_fault() -> str:
    """Why the pill is not shown here; empty where it is.

    Wayland knows no place for a window and no window that refuses the keyboard: there it would take both.
    """
    if not QGuiApplication.platformName().startswith("wayland"):
        return ""
    return (
        "On Wayland a sign over other programs would take the keyboard from them. The icon in the tray shows what "
        "happens, or start Dictate with QT_QPA_PLATFORM=xcb."
    )


def screen_of(area: Area | None) -> QScreen:
    """The monitor on which the middle of an area is, in pixels of the screen; else that of the mouse."""
    if area is not None:
        middle = QPoint(area[0] + area[2] // 2, area[1] + area[3] // 2)
        for screen in QGuiApplication.screens():
            if in_pixels(screen.geometry(), screen.devicePixelRatio()).contains(middle):
                return screen
    return QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()


def in_pixels(geometry: QRect, ratio: float) -> QRect:
    """A monitor's geometry as Qt gives it, in pixels of the screen: Qt scales its size, not its corner."""
    return QRect(geometry.topLeft(), QSize(round(geometry.width() * ratio), round(geometry.height() * ratio)))


def below_middle(room: QRect, size: QSize, gap: int) -> QPoint:
    """Where something of a size stands in the middle of the lower edge."""
    return QPoint(room.center().x() - size.width() // 2, room.bottom() - size.height() - gap)

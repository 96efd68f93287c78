"""The captions: the last lines of what is said, above all other windows, with hold of nothing but their own place."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QContextMenuEvent,
    QEnterEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QScreen,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from app.settings import CaptionSettings
from app.ui.caption_lines import CaptionLine, CaptionLines
from app.ui.caption_look import LEAST_PT, MOST_PT, CaptionLook
from app.ui.caption_menu import caption_menu
from app.ui.caption_place import Grip, dragged, find_screen, kept_inside, place
from app.ui.caption_platform import CLICK_THROUGH_HINT, click_through_fault, on_top_fault
from app.ui.caption_words import CaptionWords, Stretch
from app.ui.icons import icon
from s2t_core.transcript import TranscriptDocument

SILENCE_MS = 6000  # after it the lines have been read
_GRIP = 12  # pixels at either end that change the width
_STEP = 24  # pixels that an arrow key moves the window by
_STEP_PT = 2
_NOTCH = 120  # eighths of a degree that make a step of the wheel
_HINT_MS = 12_000
_WELCOME = CaptionLine("", tentative="Captions appear here.")
_FLAGS = Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint
_ATTRIBUTES = (
    Qt.WidgetAttribute.WA_TranslucentBackground,
    Qt.WidgetAttribute.WA_ShowWithoutActivating,
    Qt.WidgetAttribute.WA_MacAlwaysShowToolWindow,
    Qt.WidgetAttribute.WA_AlwaysShowToolTips,
)
_ARROWS = {
    Qt.Key.Key_Left: QPoint(-_STEP, 0),
    Qt.Key.Key_Right: QPoint(_STEP, 0),
    Qt.Key.Key_Up: QPoint(0, -_STEP),
    Qt.Key.Key_Down: QPoint(0, _STEP),
}


class CaptionWindow(QWidget):
    """Shows the end of a TranscriptDocument in whole lines that roll up. It never takes the focus by itself.

    Dragging moves it and its ends change its width; arrow keys do the same, with Shift for the width.
    """

    settings_changed = Signal(CaptionSettings)  # the user has changed something here
    closed = Signal()
    noticed = Signal(str)  # one line for the user: what this desktop cannot do, or how to leave click-through

    def __init__(self, settings: CaptionSettings) -> None:
        super().__init__()
        self.setWindowTitle("Captions")
        self.setWindowIcon(icon("app"))
        self.setAccessibleName("Captions")
        for attribute in _ATTRIBUTES:
            self.setAttribute(attribute)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._settings = settings
        self._look = CaptionLook(settings, self)
        self._words = CaptionWords()
        self._lines = CaptionLines(1, self._look.width_of)
        self._tentative: list[Stretch] = []
        self._visible: tuple[CaptionLine, ...] = ()
        self._begins = True  # nothing has been said in this recording yet
        self._held: tuple[Grip, QPoint, QRect] | None = None  # since the mouse was pressed: where, and what was there
        self._turned = 0  # of the wheel, not yet a step
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(SILENCE_MS)
        self._silence.timeout.connect(self._clear)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenAdded.connect(self._watch)
        application.screenRemoved.connect(self._unwatch)
        for screen in application.screens():
            self._watch(screen)
        self.use(settings)

    @property
    def visible_lines(self) -> tuple[CaptionLine, ...]:
        """What is drawn, from the top."""
        return self._visible

    @property
    def shows_welcome(self) -> bool:
        """Whether it says, in place of lines, what it is for. That is drawn and nothing else: it is no caption."""
        return self._begins and not self._visible

    def show_document(self, document: TranscriptDocument) -> None:
        """Show what has been said since the last call; its cost does not depend on how much there is before that."""
        settled, tentative = self._words.take(document)
        if not (document.closed or document.open):
            self._clear()
        changed = bool(settled) or (tentative != self._tentative and not self._settings.reading)
        self._tentative = tentative
        if self._begins and (settled or tentative):  # also while reading mode still waits for words to settle
            self._begins = False
            self.update()
        if changed:
            self._lines.add(settled)
            self._silence.start()
            self._show_lines()

    def begin(self) -> None:
        """Whatever is said from now on is of another recording; lines that are still being read stay."""
        self._begins = True
        self.update()

    def skip(self, document: TranscriptDocument) -> None:
        """Take all of it as read: for a transcript that is opened again."""
        self._words.take(document)
        self._clear()

    def use(self, settings: CaptionSettings) -> None:
        """Look and stand as these settings say."""
        self._settings = settings
        self._look = CaptionLook(settings, self)
        self._set_flags()
        self._place()
        self._lay_anew()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if on_top_fault():
            self.noticed.emit(on_top_fault())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._lay_anew()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._look.draw(painter, self.size(), (_WELCOME,) if self.shows_welcome else self._visible)
        if self.underMouse():
            self._look.draw_grips(painter, self.size())
        painter.end()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self.close()
        elif key in _ARROWS:
            self._keep_geometry(dragged(self.geometry(), Grip.RIGHT if shift else Grip.MIDDLE, _ARROWS[Qt.Key(key)]))
        elif control and key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._resize_letters(1)
        elif control and key == Qt.Key.Key_Minus:
            self._resize_letters(-1)
        elif control and key == Qt.Key.Key_0:
            self._change(replace(self._settings, size_pt=CaptionSettings().size_pt))
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            steps, self._turned = divmod(self._turned + event.angleDelta().y(), _NOTCH)
            self._resize_letters(steps)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.activateWindow()  # for the keys; a window manager that knows of this window would have done it
        grip = self._grip_at(event.position().x())
        # On Wayland only the compositor can move a window; nobody learns where to.
        if grip is Grip.MIDDLE and QGuiApplication.platformName().startswith("wayland"):
            self.windowHandle().startSystemMove()
        else:
            self._held = (grip, event.globalPosition().toPoint(), self.geometry())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None:
            at_end = self._grip_at(event.position().x()) is not Grip.MIDDLE
            self.setCursor(Qt.CursorShape.SizeHorCursor if at_end else Qt.CursorShape.SizeAllCursor)
            return
        grip, from_, rect = self._held
        self.setGeometry(dragged(rect, grip, event.globalPosition().toPoint() - from_))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held is not None and event.button() == Qt.MouseButton.LeftButton:
            before, self._held = self._held[2], None
            if self.geometry() != before:
                self._keep_geometry(self.geometry())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = caption_menu(self._settings, self._choose, self.close, self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def _choose(self, settings: CaptionSettings) -> None:
        """Take over what was chosen in the menu."""
        before = self._settings
        floats_now = settings.edge == "floating" and before.edge != "floating"
        self._change(self._floating(settings, self.geometry()) if floats_now else settings)
        if settings.click_through and not before.click_through:
            self.noticed.emit(CLICK_THROUGH_HINT)
            QToolTip.showText(self.mapToGlobal(QPoint(0, 0)), CLICK_THROUGH_HINT, self, QRect(), _HINT_MS)

    def _change(self, settings: CaptionSettings) -> None:
        self.use(settings)
        self.settings_changed.emit(settings)

    def _keep_geometry(self, rect: QRect) -> None:
        """The user has put the window there: it floats from now on."""
        screen = QGuiApplication.screenAt(rect.center()) or self.screen()
        self._change(self._floating(replace(self._settings, screen=screen.name()), rect))

    def _floating(self, settings: CaptionSettings, rect: QRect) -> CaptionSettings:
        screen = find_screen(settings.screen)
        rect = kept_inside(rect, screen.availableGeometry())
        at = rect.topLeft() - screen.geometry().topLeft()
        return replace(settings, edge="floating", x=at.x(), y=at.y(), width=rect.width())

    def _resize_letters(self, steps: int) -> None:
        size_pt = min(max(self._settings.size_pt + steps * _STEP_PT, LEAST_PT), MOST_PT)
        if size_pt != self._settings.size_pt:
            self._change(replace(self._settings, size_pt=size_pt))

    def _set_flags(self) -> None:
        flags = _FLAGS
        if self._settings.click_through and not click_through_fault():
            flags |= Qt.WindowType.WindowTransparentForInput
        if QGuiApplication.platformName() == "xcb":  # else a film that fills the screen covers its captions
            flags |= Qt.WindowType.X11BypassWindowManagerHint
        # Not setWindowFlags: that hides the window, and showing it again may take the focus.
        self.overrideWindowFlags(flags)
        if self.windowHandle() is not None:
            self.windowHandle().setFlags(flags)

    def _watch(self, screen: QScreen) -> None:
        screen.availableGeometryChanged.connect(self._place)
        self._place()

    def _unwatch(self, screen: QScreen) -> None:
        QTimer.singleShot(0, self, self._place)  # until then it is still among the screens

    def _place(self) -> None:
        screen = find_screen(self._settings.screen)
        usable, corner = screen.availableGeometry(), screen.geometry().topLeft()
        self.setGeometry(place(self._settings, usable, corner, self._look.wanted_size()))

    def _lay_anew(self) -> None:
        self._lines = self._lines.laid_anew(self._look.text_width(self.width()), self._look.width_of)
        if self._visible:
            self._show_lines()

    def _show_lines(self) -> None:
        self._lines.show_tentative([] if self._settings.reading else self._tentative)
        self._visible = self._lines.visible(self._look.lines_in(self.height()))
        self.setAccessibleDescription("\n".join(line.text for line in self._visible))
        self.update()

    def _clear(self) -> None:
        self._silence.stop()
        self._lines.clear()
        self._visible = ()
        self.setAccessibleDescription("")
        self.update()

    def _grip_at(self, x: float) -> Grip:
        if x < _GRIP:
            return Grip.LEFT
        return Grip.RIGHT if x >= self.width() - _GRIP else Grip.MIDDLE

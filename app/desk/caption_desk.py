"""The captions and the tray icon joined with the desktop."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from app.desk.desktop import Desktop
from app.settings import CaptionSettings, Settings
from app.ui.caption_window import CaptionWindow
from app.ui.come_forward import come_forward
from app.ui.tray import TrayIcon


class CaptionDesk(QObject):
    """The captions show what the main window shows, the tray what it can be asked for."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__(desktop)
        self._desktop = desktop
        window, controller = desktop.window, desktop.controller
        self._shown = window.actions_by_name["captions"]
        self.window = captions = CaptionWindow(desktop.settings.captions)
        self.tray = tray = TrayIcon(self)
        controller.document_changed.connect(captions.show_document)
        controller.recording_ended.connect(lambda _: captions.begin())
        desktop.document_opened.connect(captions.skip)
        desktop.settings_changed.connect(self._use)
        captions.settings_changed.connect(self._keep)
        captions.noticed.connect(window.hint.show_notice)
        captions.closed.connect(lambda: self._shown.setChecked(False))
        self._shown.toggled.connect(captions.setVisible)
        self._shown.toggled.connect(lambda _: self._tell_tray())
        controller.state_changed.connect(tray.show_state)
        tray.toggle_requested.connect(window.actions_by_name["toggle"].trigger)
        tray.pause_requested.connect(window.actions_by_name["pause"].trigger)
        tray.captions_toggled.connect(self._shown.setChecked)
        tray.click_through_toggled.connect(self._click_through)
        tray.window_requested.connect(lambda: come_forward(window))
        tray.quit_requested.connect(window.close)
        self._use(desktop.settings)

    def shut_down(self) -> None:
        """Nothing of it is left on the screen."""
        self.window.close()
        self.tray.show_icon(False)

    def _use(self, settings: Settings) -> None:
        self.window.use(settings.captions)
        self.tray.show_icon(settings.view.tray and TrayIcon.available())
        self._tell_tray()

    def _keep(self, captions: CaptionSettings) -> None:
        self._desktop.use(replace(self._desktop.settings, captions=captions))

    def _click_through(self, on: bool) -> None:
        self._keep(replace(self._desktop.settings.captions, click_through=on))

    def _tell_tray(self) -> None:
        self.tray.show_captions(self._shown.isChecked(), self._desktop.settings.captions.click_through)

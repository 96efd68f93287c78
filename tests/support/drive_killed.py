"""The real program, which brings back what was cut off, then records, and tells everything on stdout: to be killed.

usage: drive_killed.py [new | only]; "new" begins another transcript before it records, "only" brings back and ends.
One JSON a line:
    {"settled": text}      what the user has seen that does not change any more, whenever it grows
    {"heard_s": seconds}   how much sound of the running recording has come, every 50 ms
    {"state": name}
"""

from __future__ import annotations

import json
import os
import sys

from PySide6.QtCore import QTimer

import app.application as application
from app.paths import embedded_model
from app.state import State

TELL_MS = 50
PATIENCE_MS = 1500  # until it is clear that nothing was cut off


def tell(**values) -> None:
    os.write(1, (json.dumps(values) + "\n").encode())


class Driver:
    """Presses "Recover" as long as it is offered, then Start."""

    def __init__(self, desktop) -> None:
        self.desktop, self.settled, self.waited = desktop, "", 0
        desktop.controller.document_changed.connect(self.see)
        desktop.controller.state_changed.connect(lambda state: tell(state=state.value))
        self.timer = QTimer()
        self.timer.timeout.connect(self.look)
        self.timer.start(TELL_MS)

    def see(self, document) -> None:
        if document.settled_text != self.settled:
            self.settled = document.settled_text
            tell(settled=self.settled)

    def look(self) -> None:
        controller, window = self.desktop.controller, self.desktop.window
        if controller.state.is_recording:
            tell(heard_s=controller._source.received_s())
        elif controller.state is State.IDLE:
            self.waited += TELL_MS
            if window.hint.button.text() == "Recover" and window.hint.isVisible():
                self.waited = 0
                window.hint.button.click()
            elif self.waited > PATIENCE_MS and "only" in sys.argv:
                window.close()
            elif self.waited > PATIENCE_MS:
                if "new" in sys.argv:
                    window.actions_by_name["new"].trigger()
                window.toggle.click()


def open_and_drive(self) -> None:
    drivers.append(Driver(self))
    really_open(self)
    tell(state="open")


drivers: list[Driver] = []
really_open = application.Desktop.open
application.Desktop.open = open_and_drive
sys.exit(application.run_window(embedded_model(), "cpu"))

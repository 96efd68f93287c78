"""The dialogs about the program and about this computer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from app.ui.about_dialog import AboutDialog
from app.ui.doctor_dialog import DoctorDialog

PARTS = [("torch", "2.9", "BSD-3-Clause"), ("PySide6", "6.11", "LGPL-3.0")]


@pytest.fixture
def doctor(qtbot):
    dialog = DoctorDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def shown(dialog):
    return [label.text() for label in dialog.findChildren(QLabel) if label.text()]


def test_about_tells_the_parts_and_copies_them(qtbot):
    dialog = AboutDialog("Dictate", "0.1.0", "", PARTS)
    qtbot.addWidget(dialog)
    assert "The model is loading." in dialog.text
    dialog.show_model("s2t-base-en on cpu")
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().splitlines() == [
        "Dictate 0.1.0", "Model: s2t-base-en on cpu", "torch 2.9, BSD-3-Clause", "PySide6 6.11, LGPL-3.0",
    ]  # fmt: skip
    assert dialog.table.topLevelItemCount() == 2
    assert dialog.table.topLevelItem(1).text(2) == "LGPL-3.0"


def test_findings_come_in_one_by_one_and_are_copied(doctor, qtbot):
    assert not doctor.again.isEnabled() and not doctor.copy.isEnabled()
    doctor.show_finding("log", True, "/home/me/dictate.log")
    doctor.show_finding("microphone", False, "No microphone was found. Plug one in.")
    assert {"log", "microphone", "No microphone was found. Plug one in."} <= set(shown(doctor))
    signs = [label.accessibleName() for label in doctor.findChildren(QLabel) if label.accessibleName()]
    assert signs == ["in order", "fault"]
    doctor.show_done()
    assert doctor.status.text() == "1 of 2 checks found a fault."
    doctor.copy.click()
    assert QGuiApplication.clipboard().text().splitlines() == [
        "ok  log: /home/me/dictate.log",
        "FAULT  microphone: No microphone was found. Plug one in.",
    ]


def test_another_run_begins_with_an_empty_list(doctor, qtbot):
    doctor.show_finding("log", True, "there")
    doctor.show_done()
    assert doctor.status.text() == "All is in order."
    with qtbot.waitSignal(doctor.run_requested):
        doctor.again.click()
    assert doctor.text == "" and not doctor.again.isEnabled()
    doctor.show_finding("display", True, "a window can open")
    assert "there" not in shown(doctor)

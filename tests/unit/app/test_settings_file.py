"""Settings come back as they were saved, and no file whatever keeps the program from starting."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import AppError
from app.settings import CaptionSettings, HistorySettings, Settings, TextSettings, ViewSettings
from app.settings_file import read_settings, write_settings
from s2t_core.text.rules import TextRules

OTHER = Settings(
    text=TextSettings(TextRules(True, True, False, 10, (("acme", "ACME"),)), ("Müller",), 4.0),
    view=ViewSettings(theme="dark", text_scale=2.0),
    captions=CaptionSettings(lines=5, ink="#ffffff", edge="top"),
    history=HistorySettings(save=False, days=90),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "sound",
    "text",
    "view",
    "captions",
    "history",
    "rules",
    "lines",
    "theme",
    "replacements",
    "vocabulary",
    "days",
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "settings.json"


def test_settings_come_back_as_they_were_saved_for_this_user_alone(path):
    write_settings(path, OTHER)
    assert read_settings(path) == (OTHER, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_fresh_machine_has_the_defaults_and_no_file(path):
    assert read_settings(path) == (Settings(), "")
    assert not path.exists()


def test_a_value_that_makes_no_sense_falls_back_alone_and_is_named(path):
    write_settings(path, OTHER)
    content = json.loads(path.read_text())
    content["captions"]["lines"] = 99
    content["view"]["theme"] = "pink"
    content["text"]["rules"]["digits_from"] = True
    content["history"] = 7
    path.write_text(json.dumps(content))
    found, notice = read_settings(path)
    assert found.captions == replace(OTHER.captions, lines=3)
    assert found.view.text_scale == 2.0
    assert found.history == HistorySettings()
    for name in ("captions.lines", "view.theme", "text.rules.digits_from", "history"):
        assert name in notice


@pytest.mark.parametrize("content", ["{", "[1]", "\x00\xff", "[" * 100_000, ""])
def test_a_damaged_file_is_set_aside_and_said(path, content):
    path.parent.mkdir()
    path.write_text(content)
    found, notice = read_settings(path)
    assert found == Settings()
    assert "damaged" in notice
    (kept,) = path.parent.iterdir()
    assert kept.name.startswith("settings.broken-") and kept.read_text() == content


def test_what_a_newer_version_wrote_stays(path):
    path.parent.mkdir()
    path.write_text(json.dumps({"view": {"future": 1}, "later": [2]}))
    write_settings(path, OTHER)
    content = json.loads(path.read_text())
    assert content["later"] == [2]
    assert content["view"]["future"] == 1
    assert read_settings(path)[0] == OTHER


def test_a_folder_that_cannot_be_written_is_said_with_what_holds(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(AppError, match="cannot be saved"):
        write_settings(blocked / "settings.json", OTHER)


def test_a_file_that_cannot_be_read_gives_the_defaults(tmp_path):
    found, notice = read_settings(tmp_path)
    assert found == Settings()
    assert "cannot be read" in notice


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.dictionaries(st.sampled_from(NAMES), JSON | st.dictionaries(st.sampled_from(NAMES), JSON)))
def test_no_content_breaks_the_start(tmp_path, content):
    path = tmp_path / "any.json"
    path.write_text(json.dumps(content))
    found, _ = read_settings(path)
    write_settings(path, found)
    assert read_settings(path)[0] == found

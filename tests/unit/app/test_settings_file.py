"""Settings on disk: nothing in the file stops the program, nothing of the user's is lost."""

from __future__ import annotations

import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import AppError
from app.paths import runtime_folder, settings_file
from app.setting_paths import LIMITS, TYPES, Range, expected, fits, value_at, with_value
from app.settings import CaptionSettings, Settings
from app.settings_file import read_settings, write_settings
from app.settings_writer import SettingsWriter

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def values_of(path):
    """What a setting may hold."""
    kind, limit = TYPES[path], LIMITS.get(path)
    if kind is bool:
        return st.booleans()
    if get_origin(kind) is tuple:
        text = st.from_regex(limit.pattern, fullmatch=True)
        second = st.from_regex(limit.second, fullmatch=True)
        entry = text if get_args(kind)[0] is str else st.tuples(text, second)
        return st.lists(entry, max_size=3).map(tuple)
    if get_origin(kind) is not None and not isinstance(limit, Range):
        return st.sampled_from(get_args(kind))
    if kind is str:
        return st.from_regex(limit.pattern, fullmatch=True)
    if kind is float:
        return st.floats(limit.low, limit.high)
    numbers = st.integers(int(limit.low), int(limit.high))
    return numbers if kind is int else numbers | st.none()


def as_json(value):
    return json.loads(json.dumps(value))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "dictate" / "settings.json"


def put(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def test_every_number_and_text_has_a_limit_and_every_default_keeps_to_it():
    for path, kind in TYPES.items():
        assert fits(path, value_at(Settings(), path)), path
        assert expected(path)
        free = kind is bool or (get_origin(kind) is not None and "Literal" in str(kind))
        assert free != (path in LIMITS), path
    assert set(LIMITS) <= set(TYPES)


def test_no_file_means_the_defaults_and_nothing_to_say(file):
    assert read_settings(file) == (Settings(), "")
    assert not file.parent.exists()


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_again_exactly(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("settings") / "settings.json"
    chosen = Settings()
    for path in TYPES:
        chosen = with_value(chosen, path, data.draw(values_of(path), label=path))
    write_settings(file, chosen)
    assert read_settings(file) == (chosen, "")


@settings(max_examples=100, deadline=None)
@given(
    data=st.data(), where=st.sampled_from(["", *TYPES, *{p.split(".")[0] for p in TYPES}, "version"]), value=ANY_JSON
)
def test_any_value_anywhere_is_survived_and_only_that_value_is_lost(tmp_path_factory, data, where, value):
    file = tmp_path_factory.mktemp("settings") / "settings.json"
    chosen = replace(Settings(), captions=CaptionSettings(lines=5, ink="#102030"))
    write_settings(file, chosen)
    content = json.loads(file.read_text())
    at, *rest = where.split(".")
    if not where:
        content = value
    elif not rest:
        content[at] = value
    else:
        inner = content[at]
        for name in rest[:-1]:
            inner = inner[name]
        inner[rest[-1]] = value
    file.write_text(json.dumps(content), encoding="utf-8")
    found, notice = read_settings(file)
    assert all(fits(path, value_at(found, path)) for path in TYPES)
    if where in TYPES and as_json(value_at(found, where)) != as_json(value):
        assert where in notice
    for path in TYPES:
        if where and not (path == where or path.startswith(where + ".")):
            assert value_at(found, path) == value_at(chosen, path)
    write_settings(file, found)
    assert read_settings(file) == (found, "")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_survived_and_kept(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("settings") / "settings.json"
    file.write_bytes(data)
    found, notice = read_settings(file)
    if notice.startswith("The settings were damaged"):
        (aside,) = file.parent.glob("settings.broken-*.json")
        assert found == Settings() and aside.read_bytes() == data and str(aside) in notice and not file.exists()
    write_settings(file, found)
    assert read_settings(file) == (found, "")


@pytest.mark.parametrize("content", ["[" * 100_000, '{"x":' * 990 + "1" + "}" * 990, "9" * 5000, "[]", "", '{"a": 1'])
def test_what_is_no_settings_is_set_aside_with_a_notice(file, content):
    put(file, content)
    assert read_settings(file)[0] == Settings()
    put(file, content)
    found, notice = read_settings(file)  # a second time in the same second
    assert found == Settings() and "kept" in notice
    assert [f.read_text() for f in file.parent.iterdir()] == [content, content]


def test_settings_of_a_newer_version_survive(file):
    put(file, {"version": 7, "view": {"theme": "dark", "motion": {"speed": 2}}, "voice": [1, "Ü"]})
    found, notice = read_settings(file)
    assert (found.view.theme, notice) == ("dark", "")
    write_settings(file, with_value(found, "view.tray", False))
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["version"] == 7 and content["voice"] == [1, "Ü"] and content["view"]["motion"] == {"speed": 2}
    assert read_settings(file)[0].view.tray is False
    assert "Ü" in file.read_text(encoding="utf-8")  # readable for people as well


def test_faults_are_named_with_what_is_expected_and_the_rest_stays(file):
    put(file, {"view": {"theme": "purple", "tray": 1, "doubt": 0.25}, "captions": {"lines": 0}, "history": 4})
    found, notice = read_settings(file)
    assert found.view.doubt == 0.25 and found.view.theme == "system" and found.view.tray is True
    assert "view.theme must be one of system, light, dark" in notice and "view.tray must be true or false" in notice
    assert "captions.lines must be a whole number from 1 to 5" in notice and "and 1 more" in notice
    assert "\n" not in notice


def test_a_bad_entry_of_a_list_is_left_out_and_the_others_stay(file):
    words = ["Ebionites", "", 3, "Günther", "x" * 101, "two\nlines"]
    pairs = [["eta", "ETA"], ["um", ""], ["", "x"], ["one"], "no", [1, 2]]
    put(file, {"text": {"vocabulary": words, "rules": {"replacements": pairs}}})
    found, notice = read_settings(file)
    assert found.text.vocabulary == ("Ebionites", "Günther")
    assert found.text.rules.replacements == (("eta", "ETA"), ("um", ""))
    assert "text.vocabulary" in notice and "text.rules.replacements" in notice
    put(file, {"text": {"vocabulary": ["word"] * 1001}})
    found, notice = read_settings(file)
    assert len(found.text.vocabulary) == 1000 and "up to 1000" in notice


def test_a_whole_number_serves_where_a_fraction_may_stand(file):
    put(file, {"view": {"text_scale": 2}})
    found, notice = read_settings(file)
    assert found.view.text_scale == 2.0 and type(found.view.text_scale) is float and notice == ""


def test_the_byte_order_mark_of_other_editors_is_no_fault(file):
    put(file, "\ufeff" + json.dumps({"view": {"theme": "dark"}}))
    assert read_settings(file)[0].view.theme == "dark"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_file_is_for_its_user_alone_and_no_draft_stays(file):
    put(file, {})
    file.chmod(0o644)
    write_settings(file, Settings())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [f.name for f in file.parent.iterdir()] == ["settings.json"]


def test_a_link_to_the_file_stays_a_link(file, tmp_path):
    real = tmp_path / "dotfiles.json"
    put(file, {})
    file.rename(real)
    file.symlink_to(real)
    write_settings(file, Settings())
    assert file.is_symlink() and json.loads(real.read_text())["version"] == 1


def test_links_in_a_circle_are_an_error_with_a_remedy(file):
    file.parent.mkdir()
    file.symlink_to(file)
    found, notice = read_settings(file)
    assert found == Settings() and "cannot be read" in notice
    with pytest.raises(AppError):
        write_settings(file, Settings())


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_settings(file, monkeypatch, call):
    write_settings(file, with_value(Settings(), "view.theme", "dark"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*(("os.fsync", full) if call == "fsync" else (Path, "replace", full)))
    with pytest.raises(AppError, match="No space left on device"):
        write_settings(file, Settings())
    assert read_settings(file)[0].view.theme == "dark"
    assert [f.name for f in file.parent.iterdir()] == ["settings.json"]


def test_a_file_that_cannot_be_read_gives_defaults_and_is_never_overwritten(file, monkeypatch):
    put(file, {"view": {"theme": "dark"}})
    read = Path.read_bytes

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found, notice = read_settings(file)
    assert found == Settings() and "Permission denied" in notice and "Make it readable" in notice
    with pytest.raises(AppError, match="cannot be read"):
        write_settings(file, Settings())
    monkeypatch.setattr(Path, "read_bytes", read)
    assert read_settings(file)[0].view.theme == "dark"


def test_a_damaged_file_that_cannot_be_moved_stays_where_it_is(file, monkeypatch):
    put(file, "{")

    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "rename", refuse)
    found, notice = read_settings(file)
    assert found == Settings() and "Read-only file system" in notice
    with pytest.raises(AppError):
        write_settings(file, Settings())
    assert file.read_text() == "{"


def test_where_the_folder_should_be_there_is_a_file(file):
    file.parent.write_text("")
    assert "cannot be read" in read_settings(file)[1]
    with pytest.raises(AppError):
        write_settings(file, Settings())


def test_the_folders_are_those_of_the_platform(monkeypatch):
    assert settings_file().parts[-2:] == ("dictate", "settings.json")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert runtime_folder() == Path("/run/user/7/dictate")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    assert runtime_folder().is_absolute() and str(os.getuid()) in runtime_folder().name


def test_the_writer_keeps_the_newest_and_writes_it_before_it_ends(file, monkeypatch):
    begun, go, written = threading.Event(), threading.Event(), []

    def slow(path, settings):
        begun.set()
        assert go.wait(10)
        written.append(settings.captions.lines)

    monkeypatch.setattr("app.settings_writer.write_settings", slow)
    writer = SettingsWriter(file, pytest.fail)
    writer.start()
    writer.save(with_value(Settings(), "captions.lines", 1))
    assert begun.wait(10)
    for lines in (2, 3, 4):
        writer.save(with_value(Settings(), "captions.lines", lines))
    assert not writer.shut_down(0.01)
    go.set()
    writer.join(10)
    assert written == [1, 4]


def test_the_writer_reports_what_it_could_not_write_and_goes_on(file):
    file.parent.write_text("")
    reported = []
    said = threading.Event()
    writer = SettingsWriter(file, lambda line: (reported.append(line), said.set()))
    writer.start()
    writer.save(Settings())
    assert said.wait(10)
    file.parent.unlink()
    writer.save(with_value(Settings(), "view.theme", "light"))
    assert writer.shut_down(10)
    assert len(reported) == 1 and "cannot be read" in reported[0]
    assert read_settings(file)[0].view.theme == "light"

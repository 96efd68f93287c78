"""Where compiled code is kept: with the program or with its user, and never beside another version's for long."""

from __future__ import annotations

import pytest

from s2t_core.kernels.compiling import kept_in


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "kernel.py"
    file.write_text("one", encoding="utf-8")
    return file


def test_it_is_kept_in_the_first_place_that_can_be_written_to(source, tmp_path):
    barred = tmp_path / "barred"
    barred.write_text("no folder", encoding="utf-8")
    folder = kept_in([source], [barred, tmp_path / "cache", tmp_path / "other"])
    assert folder is not None
    assert folder.parent == tmp_path / "cache"
    assert not (tmp_path / "other").exists()


def test_other_sources_have_another_folder_and_the_old_one_goes(source, tmp_path):
    old = kept_in([source], [tmp_path / "cache"])
    assert kept_in([source], [tmp_path / "cache"]) == old
    source.write_text("two", encoding="utf-8")
    new = kept_in([source], [tmp_path / "cache"])
    assert list((tmp_path / "cache").iterdir()) == [new]


def test_where_nothing_can_be_written_it_is_kept_nowhere(source, tmp_path):
    barred = tmp_path / "barred"
    barred.write_text("no folder", encoding="utf-8")
    assert kept_in([source], [barred]) is None

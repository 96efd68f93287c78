"""Nobody else can read what is written, whatever the umask is and whatever was there before."""

from __future__ import annotations

import os
import stat

import pytest

from app.private_files import narrow, narrow_tree, private_file, private_folder, removed

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions of another kind")


@pytest.fixture(params=[0, 0o022, 0o077], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.usefixtures("umask")
def test_what_is_made_is_private_with_the_folders_above_it(tmp_path):
    folder = tmp_path / "share" / "dictate"
    private_folder(folder)
    private_file(folder / "file")
    assert (mode(folder.parent), mode(folder), mode(folder / "file")) == (0o700, 0o700, 0o600)


def test_what_is_there_is_narrowed_with_its_content_and_the_folder_above_stays_as_it_is(tmp_path):
    folder = tmp_path / "share" / "dictate"
    folder.mkdir(parents=True)
    (folder / "file").write_text("text")
    for path, wide in ((folder.parent, 0o755), (folder, 0o777), (folder / "file", 0o644)):
        path.chmod(wide)
    private_folder(folder)
    private_file(folder / "file")
    assert (mode(folder.parent), mode(folder), mode(folder / "file")) == (0o755, 0o700, 0o600)
    assert (folder / "file").read_text() == "text"


def test_a_tree_is_narrowed_and_what_links_lead_to_is_left(tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    (mine / "deep").mkdir(parents=True)
    other.mkdir(mode=0o755)
    for file in (mine / "deep" / "file", other / "shared"):
        file.write_text("")
        file.chmod(0o664)
    (mine / "link").symlink_to(other)
    (mine / "file link").symlink_to(other / "shared")
    narrow_tree(mine)
    assert (mode(mine), mode(mine / "deep"), mode(mine / "deep" / "file")) == (0o700, 0o700, 0o600)
    assert (mode(other), mode(other / "shared")) == (0o755, 0o664)


def test_what_is_not_there_or_not_ours_is_no_fault(tmp_path, monkeypatch):
    narrow_tree(tmp_path / "nothing")
    (tmp_path / "file").write_text("")

    def refuse(*_, **__):
        raise PermissionError(1, "not yours")

    monkeypatch.setattr(os, "chmod", refuse)
    narrow(tmp_path / "file")


def test_a_file_that_cannot_be_removed_is_told_and_one_that_is_gone_is_removed(tmp_path):
    assert removed(tmp_path / "gone")
    assert not removed(tmp_path)

"""Where compiled code is kept: with the program or with its user, and never beside another version's for long."""

from __future__ import annotations

import errno
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from numba.core.caching import FunctionCache

from s2t_core.kernels import compiling
from s2t_core.kernels.compiling import compiled
from s2t_core.kernels.compiling import kept_in as kept_in_for


def kept_in(sources, places, processor=("one",)):
    return kept_in_for(sources, places, processor)


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


def test_computers_that_share_a_disk_have_code_of_their_own(source, tmp_path):
    one, two = (kept_in([source], [tmp_path / "cache"], (name,)) for name in ("one", "two"))
    assert one != two and one.is_dir() and two.is_dir()
    source.write_text("two", encoding="utf-8")
    new = kept_in([source], [tmp_path / "cache"])
    assert list((tmp_path / "cache").iterdir()) == [new]


def test_where_nothing_can_be_written_it_is_kept_nowhere(source, tmp_path):
    barred = tmp_path / "barred"
    barred.write_text("no folder", encoding="utf-8")
    assert kept_in([source], [barred]) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is there alone")
def test_a_full_disk_is_no_place(source, tmp_path):
    full = kept_in([source], [tmp_path / "full"])
    (full / "claim").unlink()
    (full / "claim").symlink_to("/dev/full")
    assert kept_in([source], [tmp_path / "full", tmp_path / "cache"]).parent == tmp_path / "cache"
    assert not list((tmp_path / "full").iterdir())


@pytest.fixture
def a_mebibyte():
    """There is room for no more in a file."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("a_mebibyte")
def test_a_disk_that_becomes_full_gets_its_room_back(source, tmp_path):
    assert kept_in([source], [tmp_path / "cache"]) is None
    assert not list((tmp_path / "cache").iterdir())


def test_where_there_is_no_room_what_others_keep_there_stays(source, tmp_path):
    folder = kept_in([source], [tmp_path / "cache"])
    (folder / "code.nbi").touch()
    (folder / "claim").unlink()
    (folder / "claim").mkdir()  # nothing is written to a folder
    assert kept_in([source], [tmp_path / "cache"]) is None
    assert (folder / "code.nbi").exists()


def _no_home(*_):
    raise RuntimeError("Could not determine home directory.")


@pytest.mark.parametrize("found", [_no_home, lambda *_: Path("~/.cache/dictate")])
def test_a_user_without_a_home_has_the_program_s_own_place_alone(source, monkeypatch, found):
    monkeypatch.setattr(compiling, "user_cache_path", found)
    monkeypatch.setattr(compiling, "_here", source)  # where no folder can be made
    assert list(compiling._places()) == [source / "__pycache__"]
    assert kept_in([source], compiling._places()) is None


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a user's folders are not in HOME alone")
def test_it_can_be_imported_by_a_user_who_is_not_known(monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name)
    code = "import pwd; pwd.getpwuid = {}.__getitem__; import s2t_core.kernels.compiling"
    subprocess.run([sys.executable, "-c", code], cwd=Path(compiling.__file__).parents[2], check=True)


@pytest.fixture
def double(tmp_path, monkeypatch):
    """Makes a function whose code is kept in `tmp_path`, as a new process does."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    file = tmp_path / "doubling.py"
    file.write_text("def double(value):\n    return 2 * value\n", encoding="utf-8")

    def make():
        spec = importlib.util.spec_from_file_location("doubling", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return compiled()(module.double)

    return make


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [b"", b"\x80\x05garbage"])
def test_damaged_code_is_compiled_anew_and_kept_again(double, tmp_path, kind, damage):
    assert double()(4) == 8
    (kept,) = tmp_path.rglob(f"*.{kind}")
    whole = kept.read_bytes()
    kept.write_bytes(damage)
    assert double()(4) == 8
    assert len(kept.read_bytes()) == len(whole)
    again = double()
    assert again(4) == 8 and again.stats.cache_hits


def test_what_cannot_be_kept_is_compiled_for_now(double, monkeypatch):
    def refuse(self, *what):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FunctionCache, "save_overload", refuse)
    assert double()(4) == 8

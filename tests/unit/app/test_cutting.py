"""Files that are cut out in several processes give what they give in one, whatever becomes of the processes."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app import cutting as made
from app.cutting import cut_file, cutting
from s2t_core.errors import S2TError

ROOT = Path(__file__).parents[3]
# Starts to cut, says which processes do it, and goes on until it is stopped.
DRIVER = """
import sys, time, multiprocessing
from pathlib import Path
from app.cutting import cutting
try:
    with cutting([Path(name) for name in sys.argv[1:]], 2, 2, 20.0) as parts_of:
        for number in range(2):
            next(parts_of(number))
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        try:
            time.sleep(60)
        finally:
            time.sleep(0.3)  # so long the processes go on, whatever they were told
except KeyboardInterrupt:
    sys.exit(1)
"""


@pytest.fixture
def files(tmp_path, sample):
    """Speech with pauses, no speech, no file, damage behind the first words, another rate, and no sound."""
    samples, rate = sample
    pause = np.zeros(rate, np.float32)
    names = [tmp_path / name for name in ("a.wav", "b.wav", "c.wav", "d.flac", "e.wav", "f.wav")]
    soundfile.write(names[0], np.concatenate([samples[:90_000], pause, samples[60_000:170_000], pause, samples]), rate)
    soundfile.write(names[1], np.zeros(45 * rate, np.float32), rate)
    soundfile.write(names[3], samples, rate)
    whole = names[3].read_bytes()
    names[3].write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 4))
    soundfile.write(names[4], samples[20_000:160_000:2], rate // 2)
    names[5].write_text("no sound")
    return names


@pytest.fixture
def long_files(tmp_path, sample):
    """Two minutes each."""
    samples, rate = sample
    names = [tmp_path / "long.wav", tmp_path / "longer.wav"]
    for count, name in enumerate(names, 8):
        soundfile.write(name, np.tile(np.concatenate([samples, np.zeros(rate, np.float32)]), count), rate)
    return names


def told(parts):
    """All that the parts of a file say, to the last bit."""
    found = []
    try:
        for part in parts:
            sounds = [(number, sound.dtype, sound.tobytes()) for number, sound in part.sounds]
            found.append((part.events, sounds, part.done_s, part.length_s, str(part.fault)))
    except S2TError as error:
        found.append((type(error), error.what, error.remedy))
    return found


def in_turn(parts_of, count, at_once):
    """What all files say, so many at once, a part of each in turn."""
    found, todo, active = {}, iter(range(count)), []
    while True:
        active += [(number, parts_of(number)) for number in itertools.islice(todo, at_once - len(active))]
        if not active:
            return [found[number] for number in range(count)]
        number, parts = active.pop(0)
        new = told(itertools.islice(parts, 1))
        found[number] = found.get(number, []) + new
        if new:
            active.append((number, parts))


@pytest.mark.parametrize(("processes", "at_once", "ahead_s"), [(0, 2, 60.0), (1, 4, 0.0), (3, 1, 5.0)])
def test_every_number_of_processes_gives_the_same_bytes(files, processes, at_once, ahead_s):
    wanted = [told(cut_file(path)) for path in files]
    with cutting(files, processes, at_once, ahead_s) as parts_of:
        assert in_turn(parts_of, len(files), at_once) == wanted
    assert [len(one) for one in wanted] == [5, 5, 1, 1, 2, 1]
    assert sum(len(part[1]) for part in wanted[0]) == 5 and "damaged" in wanted[3][-1][-1]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(("processes", "count"), [(0, 2), (3, 1)])
def test_one_core_or_one_file_needs_no_process(files, processes, count):
    with cutting(files[:count], processes, 1, 60.0) as parts_of:
        assert told(parts_of(0)) == told(cut_file(files[0]))
        assert not multiprocessing.active_children()


def test_a_worker_loads_neither_torch_nor_qt(long_files):
    code = (
        "import sys; from pathlib import Path; import app.cutting;"
        "next(app.cutting.cut_file(Path(sys.argv[1])));"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'PySide6', 'numba', 'av', 'docx'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, long_files[0]], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
    if not Path("/proc/self/maps").exists():
        return
    with cutting(long_files, 1, 1, 60.0) as parts_of:
        next(parts_of(0))
        (worker,) = multiprocessing.active_children()
        loaded = Path(f"/proc/{worker.pid}/maps").read_text()
    assert "silero" in loaded
    assert not [name for name in ("libtorch", "Qt6", "llvmlite") if name in loaded]


def test_of_a_worker_that_is_killed_no_word_is_lost_and_the_next_file_has_another(long_files, files):
    paths = [long_files[0], files[0], files[4]]
    wanted = [told(cut_file(path)) for path in paths]
    with cutting(paths, 1, 1, 30.0) as parts_of:
        parts = parts_of(0)
        found = told(itertools.islice(parts, 3))
        (worker,) = multiprocessing.active_children()
        killed = worker.pid
        os.kill(killed, signal.SIGKILL)
        found += told(parts)
        assert [found, told(parts_of(1)), told(parts_of(2))] == wanted
        (other,) = multiprocessing.active_children()
        assert other.pid != killed


def test_where_no_process_can_be_started_files_are_cut_here(files, monkeypatch):
    def refuse(self):
        raise OSError("no memory")

    monkeypatch.setattr(made.SpawnProcess, "start", refuse)
    with cutting(files, 2, 2, 60.0) as parts_of:
        assert [told(parts_of(number)) for number in range(len(files))] == [told(cut_file(path)) for path in files]


def test_what_nobody_asks_for_is_not_cut_out(long_files):
    cutters = made._Cutters(long_files, 2, 2, 40.0)
    cutters.start()
    try:
        seen = [-1.0]
        while cutters._waiting_s < 40.0 or seen[-1] != cutters._waiting_s:  # until it stands still
            seen.append(cutters._waiting_s)
            time.sleep(0.2)
        assert 40.0 <= seen[-1] < 40.0 + 2 * 20.0  # a segment of each file more than what there is room for
        assert sum(part.speech_s for part in cutters.parts(0)) > 100.0  # it waits for its reader, not for the other
    finally:
        cutters.close()


def test_an_error_that_nobody_foresaw_is_met_where_it_can_be_told(files, monkeypatch):
    def broken(path):
        yield from itertools.islice(cut_file(path), 1)
        raise RuntimeError("a bug")

    ours, theirs = multiprocessing.Pipe()
    monkeypatch.setattr(made, "cut_file", broken)
    thread = threading.Thread(target=made._answer, args=(theirs,))
    thread.start()
    ours.send(files[0])
    assert isinstance(ours.recv(), made.Part)
    assert isinstance(ours.recv(), made._Again)
    ours.close()
    thread.join()


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_nobody_is_left_when_the_program_ends(long_files, tmp_path, way):
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(16_000 * 900, np.int16), 16_000)
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, long_files[0], silence],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as program:
        assert len(program.stdout.readline().split()) == 2  # one waits until there is room, one is busy
        if way is signal.SIGINT:
            os.killpg(program.pid, way)  # as a terminal does
        else:
            program.send_signal(way)
        said = program.communicate(timeout=20)  # not before all have ended that could write there
    assert said == ("", "") and program.returncode == (1 if way is signal.SIGINT else -way)

"""An archive on a cluster: who gets what, what becomes of it when workers die, and how a later run goes on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from support.crew import Death, FakeCrew, all_well, joined_here
from support.documents import document, segment

from app import cli
from app.archive.manifest import NAME, Entry, Manifest
from app.archive.spread import MOST_TRIES, in_batches, spread
from app.archive.work import Job, Outcome, Wish, Worker, fingerprint
from app.errors import AppError, AudioError
from app.export import DEFAULTS, Transcript
from app.paths import embedded_model
from app.terminal import lasting
from s2t_core.types import DecodingOptions

ROOT = Path(__file__).parent.parent.parent.parent


def job(name, length_s=100.0):
    return Job(Path("/archive") / name, Path(name), Path("/out") / f"{name}.txt", length_s)


def spread_over(crew, jobs):
    taken, said = [], []
    spread(jobs, crew, taken.extend, said.append)
    return taken, said


def test_the_longest_file_comes_first_and_short_ones_share_a_call():
    jobs = [job("b", 300), *(job(f"s{number}", 10) for number in range(20)), job("a", 900)]
    batches = [[one.path.name for one in batch] for batch in in_batches(jobs, 2)]
    assert batches[:2] == [["a"], ["b"]]
    assert [len(batch) for batch in batches[2:]] == [6, 6, 6, 2]


def test_few_short_files_are_shared_out_all_the_same():
    assert len(in_batches([job(str(number), 10) for number in range(8)], 2)) == 8


def test_every_file_is_heard_once_by_whoever_waits():
    crew = FakeCrew(3, all_well)
    taken, said = spread_over(crew, [job(str(number)) for number in range(10)])
    assert sorted(outcome.job.path.name for outcome in taken) == [str(number) for number in range(10)]
    assert len(crew.given) == 10 and said == []


def test_a_worker_that_dies_takes_no_file_with_it():
    deaths = ["killed"]

    def hear(batch):
        if deaths:
            raise Death(deaths.pop())
        return all_well(batch)

    taken, _ = spread_over(FakeCrew(2, hear), [job(str(number)) for number in range(5)])
    assert len(taken) == 5 and not any(outcome.reason for outcome in taken)


def test_a_file_that_kills_every_worker_is_found_among_others_and_given_up():
    def hear(batch):
        if any(one.path.name == "poison" for one in batch):
            raise Death("out of memory")
        return all_well(batch)

    names = ["poison", *(str(number) for number in range(60))]
    crew = FakeCrew(2, hear)
    taken, _ = spread_over(crew, [job(name, 5) for name in names])
    assert sorted(outcome.job.path.name for outcome in taken) == sorted(names)
    (given_up,) = [outcome for outcome in taken if outcome.reason]
    assert given_up.job.path.name == "poison" and "out of memory" in given_up.reason
    assert sum(given == ("poison",) for given in crew.given) == MOST_TRIES


def test_a_file_that_fails_is_tried_again_at_the_end_and_then_reported():
    def hear(batch):
        return [Outcome(one, reason="damaged" if one.path.name == "bad" else "") for one in batch]

    crew = FakeCrew(1, hear)
    taken, _ = spread_over(crew, [job("bad", 900), job("good", 100)])
    assert crew.given == [("bad",), ("good",), ("bad",)]
    assert [(one.job.path.name, one.reason) for one in taken] == [("good", ""), ("bad", "damaged")]


def test_a_worker_that_is_of_no_use_is_said_and_the_others_go_on():
    taken, said = spread_over(FakeCrew(2, all_well, unfit=[0]), [job("a"), job("b")])
    assert len(taken) == 2
    assert said == ["A worker is of no use, the others go on. no model"]


def test_without_any_worker_it_ends():
    with pytest.raises(AppError, match="No worker is left. no model"):
        spread_over(FakeCrew(2, all_well, unfit=[0, 1]), [job("a")])


def test_who_waits_for_room_is_told_once():
    crew = FakeCrew(1, all_well)
    ready = crew._events.popleft()

    seen, wait = [], crew.wait

    def waiting(seconds):
        seen.append(seconds)
        return [ready] if len(seen) == 20 else wait(seconds)

    crew.wait = waiting
    said = []
    spread([job("a")], crew, lambda _: None, said.append, lambda: 10.0 * len(seen))
    assert said == ["No worker has begun yet: they wait for room on the cluster."]


def entry(path="/archive/a.wav", **values):
    return Entry(**{"size": 1, "mtime_ns": 2, "format": "txt", "settings": "s", "state": "done", "target": "a.txt",
                    "path": path} | values)  # fmt: skip


@pytest.fixture
def manifest(tmp_path):
    def opened():
        nonlocal last
        if last is not None:
            last.close()
        last = Manifest(tmp_path)
        return last

    last = None
    yield opened
    if last is not None:
        last.close()


def test_of_a_file_the_last_line_counts(manifest):
    manifest().add(entry(state="failed", reason="damaged"), entry("/archive/b.wav"))
    manifest().add(entry())
    assert manifest().find("/archive/a.wav", "txt") == entry()
    assert manifest().find("/archive/a.wav", "srt") is None


def test_a_torn_last_line_costs_itself_alone(manifest, tmp_path):
    manifest().add(entry(), entry("/archive/b.wav"))
    whole = (tmp_path / NAME).read_bytes()
    for cut in range(len(whole.splitlines()[0]) + 2, len(whole) - 1, 7):
        (tmp_path / NAME).write_bytes(whole[:cut])
        manifest().add(entry("/archive/c.wav"))
        again = manifest()
        found = [again.find(f"/archive/{name}.wav", "txt") is not None for name in "abc"]
        assert found == [True, False, True]


@pytest.mark.parametrize(
    "line",
    [b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'"' + b"x" * 99, json.dumps(entry().__class__.__name__).encode()]
    + [
        json.dumps({name: getattr(entry(), name) for name in Entry.__slots__} | change).encode()
        for change in (
            {"target": "../outside.txt"}, {"target": "/etc/passwd"}, {"target": 7}, {"path": None}, {"size": "1"},
            {"audio_s": float("nan")}, {"target": "a\0b"},
        )
    ],
)  # fmt: skip
def test_a_line_that_is_none_counts_for_nothing(manifest, tmp_path, line):
    (tmp_path / NAME).write_bytes(line + b"\n")
    assert manifest().find("/archive/a.wav", "txt") is None


def test_names_that_are_no_text_come_back_as_they_were(manifest):
    odd = os.fsdecode(b"/archive/\xff\xfe.wav")
    manifest().add(entry(odd))
    assert manifest().find(odd, "txt") == entry(odd)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a lock is also against oneself, and said otherwise")
def test_two_commands_do_not_work_in_one_folder(manifest, tmp_path):
    manifest()
    with pytest.raises(AppError, match="Another dictate is at work"):
        Manifest(tmp_path)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Two recordings in folders, a worker in this process, and a recogniser that counts what it hears."""
    for name in ("in/a.wav", "in/deep/a.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, np.zeros(1600), 16000)
    heard = []

    def transcribe_file(recognizer, sound):
        heard.append(sound.path.name)
        fault = AudioError("It is damaged.", "Copy it.") if "bad" in sound.path.name else None
        return Transcript(document(segment("Hello.", 1.0)), str(sound.path), 0.1, "m"), fault

    monkeypatch.setattr("app.transcribe.transcribe_file", transcribe_file)
    monkeypatch.setattr("s2t_core.recognizer.load", lambda *_, **__: SimpleNamespace(hears_in_batches=False))
    monkeypatch.setattr("app.archive.cluster.joined", partial(joined_here, recognizer=object()))
    monkeypatch.chdir(tmp_path)
    return heard


def run(*words):
    return cli.main(["transcribe", *words, "-o", "out", "--ray", "auto"])


def test_the_files_are_those_of_one_machine(archive, capsys):
    assert run("in", "-f", "json") == 0
    assert cli.main(["transcribe", "in", "-f", "json", "-o", "one"]) == 0
    for name in ("a.json", "deep/a.json"):
        assert Path("out", name).read_bytes() == Path("one", name).read_bytes()
    assert json.loads(Path("out/deep/a.json").read_text())["source"] == "in/deep/a.wav"


def test_what_is_done_is_not_done_again_wherever_it_is_called_from(archive, monkeypatch, capsys):
    assert run("in", "in/a.wav") == 0
    assert re.search(r"^Done: 2 files, 0\.2 s of sound in [\d.]+ s; 0 were done before", capsys.readouterr().err, re.M)
    monkeypatch.setattr("app.archive.cluster.joined", None)  # nobody joins a cluster for nothing
    monkeypatch.chdir("in")
    assert cli.main(["transcribe", ".", "-o", "../out", "--ray", "auto"]) == 0
    assert sorted(archive) == ["a.wav", "a.wav"]
    assert "2 were done before, 0 failed" in capsys.readouterr().err


def test_what_has_changed_or_lost_its_text_is_done_again(archive):
    run("in")
    soundfile.write("in/a.wav", np.zeros(3200), 16000)
    run("in")
    assert len(archive) == 3
    Path("out/deep/a.txt").unlink()
    run("in")
    assert len(archive) == 4 and Path("out/deep/a.txt").is_file()


def test_other_wishes_give_other_texts_and_then_those_count(archive):
    for count, words in ((2, []), (4, ["-f", "srt"]), (4, []), (6, ["--beam", "5"]), (8, []), (8, [])):
        assert run("in", *words) == 0
        assert len(archive) == count


def test_a_text_keeps_its_place_when_files_are_added(archive):
    run("in")
    before = Path("out/a.txt").stat().st_mtime_ns
    soundfile.write("in/a.flac", np.zeros(1600), 16000)
    assert run("in") == 0
    assert Path("out/a.txt").stat().st_mtime_ns == before and Path("out/a.flac.txt").is_file()


def test_failures_are_listed_and_tried_again_by_the_next_run(archive, capsys):
    soundfile.write("in/bad.wav", np.zeros(1600), 16000)
    Path("in/none.wav").write_bytes(b"nothing")
    assert run("in") == 1
    said = capsys.readouterr().err
    assert "2 failed" in said and "in/bad.wav: It is damaged. Copy it." in said and "none.wav is not audio" in said
    assert "2 of 4 files are not done; the same command goes on with them." in said
    assert Path("out/bad.txt").read_text() == Path("out/a.txt").read_text()  # the text up to there
    assert archive.count("bad.wav") == MOST_TRIES
    Path("in/none.wav").rename("in/none.txt")
    soundfile.write("in/bad.wav", np.zeros(1600), 16000)
    assert run("in") == 1
    assert archive.count("bad.wav") == 2 * MOST_TRIES and archive.count("a.wav") == 2


def test_of_one_file_it_is_said_as_of_one(archive, capsys):
    Path("in/none.wav").write_bytes(b"nothing")
    assert run("in/none.wav", "in/a.wav") == 1
    capsys.readouterr()
    assert run("in/none.wav", "in/a.wav") == 1
    said = capsys.readouterr().err
    assert "; 1 was done before, 1 failed." in said
    assert "1 of 2 files is not done; the same command goes on with it." in said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "0.0 s"), (59.0, "59.0 s"), (108.0, "1.8 min"), (3600.0, "1.00 h"), (9000.0, "2.50 h")]
)
def test_a_time_is_said_in_the_unit_in_which_it_reads_well(seconds, said):
    assert lasting(seconds) == said


def test_an_interrupted_run_says_how_far_it_came(archive, monkeypatch, capsys):
    def interrupt(jobs, workers, take, say):
        take([Outcome(jobs[0], 0.1, 0.1)])
        raise KeyboardInterrupt

    monkeypatch.setattr("app.archive.command.spread", interrupt)
    assert run("in") == 1
    assert "Interrupted: 1 file, 0.1 s of sound in " in capsys.readouterr().err
    assert len(Path("out", NAME).read_text().splitlines()) == 1


def test_a_cluster_needs_a_folder_and_the_package(tmp_path, monkeypatch, capsys):
    soundfile.write(tmp_path / "a.wav", np.zeros(1600), 16000)
    assert cli.main(["transcribe", str(tmp_path), "--ray", "auto"]) == 2
    assert "Give -o DIR" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "ray", None)
    assert cli.main(["transcribe", str(tmp_path), "--ray", "auto", "-o", str(tmp_path / "out")]) == 1
    assert "--ray needs the package ray." in capsys.readouterr().err


def wish(tmp_path, **values):
    words = {"model": embedded_model(), "fingerprint": "", "device": "cpu", "beams": None, "form": "txt",
             "wishes": DecodingOptions(), "options": DEFAULTS, "manifest": tmp_path}  # fmt: skip
    return Wish(**words | values)


def test_a_worker_says_what_its_computer_lacks(tmp_path):
    assert "does not see" in Worker(wish(tmp_path)).prepare()
    (tmp_path / NAME).touch()
    assert "another model" in Worker(wish(tmp_path, manifest=tmp_path / NAME)).prepare()
    fitting = {"manifest": tmp_path / NAME, "fingerprint": fingerprint(embedded_model())}
    lacking = wish(tmp_path, device="quantum", **fitting)
    assert "Something went wrong" in Worker(lacking).prepare()


def test_an_error_that_nobody_foresaw_quotes_no_text_and_keeps_no_file_back(tmp_path, monkeypatch):
    def stumble(*_):
        raise ValueError("the words that were said")

    monkeypatch.setattr("app.archive.work.save_transcript", stumble)
    soundfile.write(tmp_path / "a.wav", np.zeros(1600), 16000)
    worker = Worker(wish(tmp_path))
    worker._recognizer = object()
    missing, broken = worker.hear([job("none.wav"), Job(tmp_path / "a.wav", Path("a.wav"), tmp_path / "a.txt", 0.1)])
    assert "There is no file" in missing.reason and missing.trace == ""
    assert broken.reason == "Something went wrong (ValueError)." and "stumble" in broken.trace
    assert "words" not in broken.trace.replace('the words that were said")', "")


def test_nothing_of_the_ordinary_program_loads_ray():
    code = (
        "import sys, app.application, app.cli, app.transcribe, app.archive.command, app.archive.cluster;"
        "print('ray' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

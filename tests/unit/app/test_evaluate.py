"""`dictate eval`: what goes into which figure, and what is said when something is missing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from conftest import SAMPLE, SAMPLE_TEXT
from support.fakes import FakeRecognizer, ScriptedSession

from app import cli
from app.audio.file import read_chunks
from app.errors import AppError
from app.evaluate import hear_all, joined, read_utterances, recognised, thinned, whisper_normaliser
from app.figures import Heard, corpus_figures, table
from s2t_core.config import SearchConfig
from s2t_core.manifest import Utterance
from s2t_core.metrics import plain
from s2t_core.types import AudioChunk


class PartlessRecognizer(FakeRecognizer):
    """Opens sessions as the real one does when only final text is wanted."""

    def open_session(self, config=None, *, partials=True):
        assert not partials
        return super().open_session(config)


def heard(text, transcript, corpus="books", cased="", audio_s=2.0):
    return Heard(Utterance(Path("x.wav"), transcript, None, "", corpus, cased), text, audio_s, 0.5, 0.8)


def figures(*items):
    return corpus_figures(items, plain)


def test_words_and_characters_are_counted_over_the_whole_corpus():
    (row,) = figures(heard("One two.", "ONE TWO"), heard("free four five six", "THREE FOUR FIVE SIX"))
    assert (row.utterances, row.words) == (2, 6)
    assert row.wer == row.raw_wer == 1 / 6
    assert row.cer == 2 / (7 + 19)
    assert row.wer_low <= row.wer <= row.wer_high
    assert (row.rtf, row.cpu) == (0.25, 0.4)


def test_the_normaliser_touches_the_first_rate_alone():
    (row,) = corpus_figures([heard("colour", "COLOR")], lambda text: text.lower().replace("colour", "color"))
    assert (row.wer, row.raw_wer) == (0.0, 1.0)


def test_what_the_reference_puts_in_brackets_was_spoken():
    (row,) = corpus_figures([heard("So he said yes. [coughs]", "So (he said) yes.")], whisper_normaliser())
    assert (row.words, row.wer) == (4, 0.0)


def test_corpora_keep_apart_and_in_their_order():
    rows = figures(heard("a", "A", "second"), heard("b", "A", "first"), heard("a", "A", "second"))
    assert [(row.corpus, row.utterances, row.wer) for row in rows] == [("second", 2, 0.0), ("first", 1, 1.0)]


def test_words_without_speech_are_counted_and_take_no_part_in_the_rates():
    (row,) = figures(heard("thank you", "", audio_s=60), heard("", "", audio_s=60), heard("a", "A", audio_s=60))
    assert (row.utterances, row.wer, row.silence_words, row.silence_s) == (1, 0.0, 2, 120)
    (row,) = figures(heard("[noise] ...", "", audio_s=300))
    assert (row.wer, row.wer_low, row.cer, row.punctuation_f1, row.silence_words) == (None, None, None, None, 1)
    assert table([row]).splitlines()[2].split(" | ")[1:] == [
        "-         ", "-                    ", "-        ", "-    ", "-               ", "-            ",
        "0.002 (0.003)", "1 in 5.0 min (2.0 per 10 min) |",
    ]  # fmt: skip


def test_marks_and_capitals_are_held_against_the_cased_column():
    (row,) = figures(heard("Hello world.", "HELLO WORLD", cased="Hello, World."), heard("so. So.", "SO SO"))
    assert (row.punctuation_f1, row.capitals_f1) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_or_against_transcripts_that_are_cased_themselves():
    (row,) = figures(heard("Hello world.", "Hello, World."), heard("and so on", "and so on,"))
    assert (row.punctuation_f1, row.capitals_f1) == (0.5, pytest.approx(2 / 3))


@pytest.mark.parametrize("transcript", ["HELLO WORLD", "hello world", "Hello World", "HELLO, WORLD."])
def test_or_against_nothing(transcript):
    (row,) = figures(heard("Hello, world.", transcript))
    assert row.punctuation_f1 is None and row.capitals_f1 is None
    assert table([row]).splitlines()[2].count("| -  ") == 3  # the two, and words on non-speech


def test_thinning_is_even_and_keeps_the_first():
    assert thinned(range(10), 4) == [0, 2, 5, 7]
    assert thinned(range(3), 9) == thinned(range(3), None) == [0, 1, 2]


def test_each_corpus_of_all_manifests_is_thinned(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.tsv").write_text("path\ttranscript\tcorpus\n1.wav\tx\tone\n2.wav\tx\ttwo\n3.wav\tx\tone\n")
    rows = read_utterances([tmp_path / "a.tsv", tmp_path / "b.tsv"], None, 2)
    assert [(row.corpus, row.path.name) for row in rows] == [
        ("one", "1.wav"), ("one", "1.wav"), ("two", "2.wav"), ("two", "2.wav"),
    ]  # fmt: skip


def test_every_utterance_is_heard_in_a_session_of_its_own():
    sessions = ScriptedSession(["one"]), ScriptedSession(["two", "three"])
    recognizer = PartlessRecognizer(*sessions)
    found = hear_all([Utterance(SAMPLE, "x")] * 2, lambda chunks: recognised(recognizer, chunks, whole=False))
    assert [item.text for item in found] == ["one", "two three"]
    seconds = sum(len(chunk.samples) / chunk.rate for chunk in sessions[1].heard)
    assert found[1].audio_s == pytest.approx(seconds) and found[1].work_s >= 0


def test_pieces_of_a_recording_join_at_16_khz(sample):
    samples, rate = sample
    pieces = [AudioChunk(samples[at : at + 700], rate, at) for at in range(0, 7000, 700)]
    assert (joined(pieces) == samples[:7000]).all()
    assert len(joined([AudioChunk(samples[:8000], 8000, 0)])) == pytest.approx(16000, abs=1)


@pytest.mark.parametrize("whole", [False, True])
def test_the_checkpoint_in_the_box_knows_the_bundled_recording(recognizer, whole):
    chunks = list(read_chunks(SAMPLE, 1.0))
    said = recognised(recognizer, chunks, whole)
    (row,) = figures(heard(said, SAMPLE_TEXT))
    assert row.wer <= 0.1 and row.punctuation_f1 >= 0.5 and row.capitals_f1 >= 0.5


def test_without_transformers_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers.models.whisper.english_normalizer", None)
    with pytest.raises(AppError, match=r"needs the package transformers\. Install the extra: pip install 'dictate\["):
        whisper_normaliser()


def test_the_normaliser_is_whispers():
    assert whisper_normaliser()("Mr. Hill won't pay twenty-five dollars, [laughs] um!") == (
        "mister hill will not pay $25"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("path\n1.wav\n", "no column 'transcript'"),
        ("path\ttranscript\n1.wav\ta\n", "1.wav. Name the folder in which the manifest's paths begin: --audio DIR"),
    ],
)
def test_what_is_missing_is_one_line_before_the_model_is_loaded(tmp_path, capsys, content, said):
    (tmp_path / "list.tsv").write_text(content)
    assert cli.main(["eval", str(tmp_path / "list.tsv"), "--model", "/nowhere"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("dictate: ") and said in line


def test_a_file_that_could_not_be_written_is_said_before_the_work(tmp_path, capsys):
    assert cli.main(["eval", "list.tsv", "--json", str(tmp_path / "none" / "out.json")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "There is no folder" in line


@pytest.mark.parametrize("words", [["eval"], ["eval", "a", "--limit", "0"], ["eval", "a", "--beam", "x"]])
def test_wrong_use_exits_with_2(words, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_command_prints_the_table_and_writes_the_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("s2t_core.recognizer.load", lambda *_, **__: recognizer)
    recognizer = PartlessRecognizer(ScriptedSession(["The", "invention."]))
    monkeypatch.setattr(recognizer.decoder, "search", SearchConfig(num_beams=3), raising=False)
    (tmp_path / "list.tsv").write_text(f"path\ttranscript\tcorpus\n{SAMPLE}\tThe invention.\tours\n")
    assert cli.main(["eval", str(tmp_path / "list.tsv"), "--json", str(tmp_path / "out.json")]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[2].startswith("| ours   | 1          | 0.0 (0.0 to 0.0)      | 0.0       | 0.0 ")
    assert captured.err == f"figures -> {tmp_path / 'out.json'}\n"
    content = json.loads((tmp_path / "out.json").read_text())
    assert (content["model"], content["device"], content["beams"], content["whole"]) == ("fake", "cpu", 3, False)
    assert content["corpora"][0]["wer"] == 0.0
    assert content["texts"] == [{"path": str(SAMPLE), "text": "The invention."}]


def test_a_look_ahead_without_chunks_is_refused(tmp_path, capsys):
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text(f"path\ttranscript\n{SAMPLE}\tX\n")
    assert cli.main(["eval", str(manifest), "--look-ahead-ms", "500"]) == cli.WRONG_USE
    assert "Give --chunk-ms as well." in capsys.readouterr().err

"""What files of transcripts hold, as other programs' parsers read them, and how files are written."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import docx
import pytest
import srt
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.documents import any_documents, document, lost, segment

from app.errors import AppError
from app.export import EXPORTERS, FORMATS, Transcript, free_path, preview, write_bytes, write_text
from app.export.options import DEFAULTS, ExportOptions
from app.export.prose import paragraphs
from app.export.transcript import clean
from s2t_core.events import SegmentUpdated
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment

TIMES = ExportOptions(timestamps=True)
TALK = document(
    segment("Shall we begin?", 1.0, "Me"),
    segment("Yes, with R&D <first>.", 5.0, "Anna & Co", 1),
    lost(8.0, 9.5),
    segment("Fine.", 3700.0, "Me", 2),
)


def export(form, made, options=DEFAULTS, **about):
    about = {"source": "/talks/a_b.wav", "duration_s": 3701.0, "model": "s2t", **about}
    return EXPORTERS[form](Transcript(made, **about), options)


def text(form, made, options=DEFAULTS, **about):
    return export(form, made, options, **about).decode("utf-8-sig" if form == "csv" else "utf-8")


def word_file(made, options=DEFAULTS, **about):
    return docx.Document(io.BytesIO(export("docx", made, options, **about)))


def subtitles(made, options=DEFAULTS):
    """What a parser of WebVTT reads, and the comments of the file."""
    return webvtt.from_string(text("vtt", made, options))


def rendered(markdown):
    """The text that a reader of Markdown sees, line by line; strict about kinds of blocks and inline signs."""
    lines = []
    for block in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown):
        assert block.type in (
            "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "bullet_list_open",
            "bullet_list_close", "list_item_open", "list_item_close",
        )  # fmt: skip
        if block.type == "inline":
            assert {part.type for part in block.children} <= {
                "text", "text_special", "hardbreak", "strong_open", "strong_close", "code_inline",
            }  # fmt: skip
            lines.append("".join("\n" if part.type == "hardbreak" else part.content for part in block.children))
    return lines


def test_every_format_has_an_exporter():
    assert set(EXPORTERS) == set(FORMATS)
    assert all(FORMATS[name].name == name and FORMATS[name].suffix == f".{name}" for name in FORMATS)


@settings(max_examples=25, deadline=None)
@given(any_documents(), st.booleans(), st.booleans(), st.text(max_size=20))
def test_whatever_is_said_can_be_exported_and_read_back(made, timestamps, speakers, title):
    options = ExportOptions(timestamps=timestamps, speakers=speakers)
    about = {"title": title, "source": "\udce4.wav"}
    assert isinstance(json.loads(text("json", made, options, **about))["segments"], list)
    assert next(csv.reader(io.StringIO(text("csv", made, options, **about), newline=""))) == [
        "start_s", "end_s", "speaker", "text",
    ]  # fmt: skip
    assert len(list(srt.parse(text("srt", made, options, **about)))) == text("srt", made, options).count(" --> ")
    webvtt.from_string(text("vtt", made, options, **about))
    assert word_file(made, options, **about).paragraphs
    for form in FORMATS:
        assert len(preview(Transcript(made, "a", 1.0, "m"), form, options).splitlines()) < 300


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("ab 1.)#>+-*_`[]()<&~|$\\=:!/\n\t;x")), st.text(max_size=20))
def test_in_markdown_text_stays_text(first, second):
    made = document(Segment(0, 0, 100, first + second, speaker="*_a"))
    said = [" ".join(line.split()) for one in paragraphs(made) for line in one.text.split("\n")]
    body = rendered(text("md", made, ExportOptions(speakers=False), title="1. *T*"))
    assert [" ".join(line.split()) for block in body[4:] for line in block.split("\n")] == said
    assert body[:2] == ["1. *T*", "Source: /talks/a_b.wav"]


class TestText:
    def test_it_is_the_text_of_the_document(self):
        made = document(
            segment("One.\nTwo"), segment(", three.\n\nFour", 2.0, number=1), segment("five.\n", 3.0, number=2),
            segment("Six.", 3.5, number=3), lost(4, 5), segment("Seven.", 20, number=4), "session", segment("Eight."),
        )  # fmt: skip
        assert text("txt", made) == made.text + "\n"
        assert text("txt", TALK) == TALK.text + "\n"

    def test_paragraphs_have_times_and_names_as_the_options_say(self):
        assert text("txt", TALK, TIMES).splitlines()[::2] == [
            "[0:00:01] Me: Shall we begin?", "[0:00:05] Anna & Co: Yes, with R&D <first>.",
            "[0:00:08] [1.5 s of sound lost]", "[1:01:40] Me: Fine.",
        ]  # fmt: skip
        assert text("txt", TALK, ExportOptions(speakers=False)).startswith("Shall we begin?\n\nYes, with")

    def test_a_spoken_paragraph_has_the_time_of_its_first_word_and_no_second_name(self):
        made = document(segment("One.\n\n", 10.0, "Me"), segment("Two.\n\nThree.", 12.0, "Me", 1))
        assert text("txt", made, TIMES).split("\n\n") == [
            "[0:00:10] Me: One.", "[0:00:12] Two.", "[0:00:12] Three.\n",
        ]  # fmt: skip

    def test_a_second_recording_begins_where_the_first_ended(self):
        made = document(segment("One.", 60.0), "session", segment("Two.", 5.0))
        assert "[0:01:05] Two." in text("txt", made, TIMES)
        assert json.loads(text("json", made))["segments"][1]["words"][0]["start_s"] == pytest.approx(65.3, abs=0.01)

    def test_what_is_still_open_is_exported_as_it_is_shown(self):
        made = TALK.apply(SegmentUpdated(Segment(3, 0, 16000, "And", "then", speaker="Me")))
        for form in FORMATS:
            shown = "\n".join(one.text for one in word_file(made).paragraphs) if form == "docx" else text(form, made)
            assert "And then" in shown


class TestMarkdown:
    def test_it_has_a_title_facts_times_and_bold_names(self):
        content = text("md", TALK, TIMES, date="3 May 2026")
        assert content.startswith(
            "# a\\_b.wav\n\n- Recorded: 3 May 2026\n- Source: /talks/a\\_b.wav\n- Length: 1:01:41\n- Model: s2t\n\n"
            "`0:00:01` **Me:** Shall we begin?\n\n"
        )
        assert rendered(content)[6] == "0:00:05 Anna & Co: Yes, with R&D <first>."


class TestSubtitles:
    def test_words_that_look_like_times_begin_no_cue(self):
        said = "so 2 00:00:01,000 --> 00:00:02,000 then <i> 1 --> 9 & -->"
        made = document(segment(said, 1.0, "a --> b"))
        for form, arrows in (("srt", text("srt", made)), ("vtt", text("vtt", made, title=said, source=said))):
            cues = [line for line in arrows.splitlines() if "-->" in line]
            assert all(line[:2].isdigit() and len(line) == 29 for line in cues), form
        assert len(subtitles(made)) == text("vtt", made).count(" --> ")

    def test_srt_names_speakers_and_text_is_as_it_is(self):
        first, second, gap, last = srt.parse(text("srt", TALK))
        assert (first.start, first.content) == (timedelta(seconds=1), "Me: Shall we begin?")
        assert second.content == "Anna & Co: Yes, with R&D <first>."
        assert gap.content == "[1.5 s of sound lost]"
        assert last.start == timedelta(seconds=3700) and [one.index for one in (first, last)] == [1, 4]
        assert "Me" not in text("srt", TALK, ExportOptions(speakers=False))

    def test_vtt_has_voices_and_escapes(self):
        cues = subtitles(TALK)
        assert [cue.voice for cue in cues] == ["Me", "Anna &amp; Co", None, "Me"]
        assert cues[1].raw_text == "<v Anna &amp; Co>Yes, with R&amp;D &lt;first&gt;."
        assert cues[3].start == "01:01:40.000"
        assert "<v" not in text("vtt", TALK, ExportOptions(speakers=False))

    def test_vtt_says_where_it_comes_from_and_no_title_can_end_the_note(self):
        content = text("vtt", TALK, title="a\n\n00:01.000 --> 00:02.000\nb")
        assert content.startswith("WEBVTT\n\nNOTE\na 00:01.000 --&gt; 00:02.000 b\nSource: /talks/a_b.wav\n")
        assert len(webvtt.from_string(content)) == 4

    def test_a_transcript_without_words_is_an_empty_file(self):
        assert text("srt", TranscriptDocument()) == ""
        assert len(subtitles(TranscriptDocument())) == 0


class TestData:
    def test_json_names_the_speaker_or_null(self):
        made = document(segment("One.", 0, "Me"), segment("Two.", 5, number=1))
        assert [one["speaker"] for one in json.loads(text("json", made))["segments"]] == ["Me", None]

    def test_csv_has_a_row_for_each_segment_and_gap_and_spreadsheets_know_its_letters(self):
        made = document(segment('Он сказал "да",\nи ушёл.', 1.0, "Me"), lost(8, 9.5))
        assert export("csv", made).startswith(b"\xef\xbb\xbfstart_s,end_s,speaker,text\r\n1.0,")
        rows = list(csv.DictReader(io.StringIO(text("csv", made), newline="")))
        assert [row["text"] for row in rows] == ['Он сказал "да",\nи ушёл.', "[1.5 s of sound lost]"]
        assert (rows[1]["start_s"], rows[1]["end_s"], rows[1]["speaker"]) == ("8.0", "9.5", "")

    @pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\uff1d1"])
    def test_a_cell_that_begins_like_a_formula_is_shown_not_run(self, cell):
        _, row = csv.reader(io.StringIO(text("csv", document(segment(cell, speaker="-x"))), newline=""))
        assert row[2:] == ["'-x", f"'{cell}"]
        _, row = csv.reader(io.StringIO(text("csv", document(segment("two = 2"))), newline=""))
        assert row[3] == "two = 2"


class TestWord:
    def test_it_has_a_title_facts_times_and_bold_names(self):
        page = word_file(TALK, TIMES, title="The talk")
        title, known, first, *_ = page.paragraphs
        assert (title.text, title.style.name, page.core_properties.title) == ("The talk", "Title", "The talk")
        assert known.text.splitlines() == ["Source: /talks/a_b.wav", "Length: 1:01:41", "Model: s2t"]
        assert [(run.text, bool(run.bold)) for run in first.runs] == [
            ("[0:00:01] ", False), ("Me: ", True), ("Shall we begin?", False),
        ]  # fmt: skip
        assert page.paragraphs[4].text == "[0:00:08] [1.5 s of sound lost]"
        assert "python-docx" not in page.core_properties.author + page.core_properties.comments

    def test_spoken_lines_stay_lines_and_characters_that_xml_cannot_hold_are_left_out(self):
        made = document(Segment(0, 0, 100, "One\x00\x1f\ud800\ufffe\ntwo.\x0b\n\nThree.", speaker="M\x07e"))
        assert [one.text for one in word_file(made).paragraphs[2:]] == ["Me: One\ntwo.", "Three."]


class TestPreview:
    def test_it_is_the_beginning_of_the_file(self):
        long = document(*(segment("Some more words here.", 5.0 * n, number=n) for n in range(2000)))
        for form in FORMATS:
            shown = preview(Transcript(long, "a", 1.0, "m"), form, DEFAULTS, lines=50).splitlines()
            assert len(shown) <= 51 and shown[-1] == "…"
            if form != "docx":
                assert text(form, long, source="a", duration_s=1.0, model="m").splitlines()[:3] == shown[:3]
        assert preview(Transcript(TALK, "a", 1.0, "m"), "txt", DEFAULTS) == TALK.text

    def test_a_word_document_is_previewed_as_markdown(self):
        about = Transcript(TALK, "a", 1.0, "m")
        assert preview(about, "docx", TIMES) == preview(about, "md", TIMES)


class TestFiles:
    def test_a_file_is_written_over_another_only_where_that_is_wished(self, tmp_path):
        target = tmp_path / "a.txt"
        write_bytes(target, b"one")
        with pytest.raises(AppError, match="already"):
            write_text(target, "two")
        assert target.read_bytes() == b"one"
        write_text(target, "zwölf \udce4", overwrite=True)
        assert target.read_text(encoding="utf-8") == "zwölf \\udce4"
        assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]

    def test_a_file_that_cannot_be_written_stays_as_it_was(self, tmp_path, monkeypatch):
        target = tmp_path / "a.docx"
        target.write_bytes(b"old")

        def full(self, target):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pathlib.Path.replace", full)
        with pytest.raises(AppError, match="No space left"):
            write_bytes(target, b"new", overwrite=True)
        assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.docx", b"old")]
        with pytest.raises(AppError, match="cannot be written"):
            write_bytes(tmp_path / "nowhere" / "a.txt", b"")

    def test_a_free_path_is_beside_what_is_there_and_a_name_that_every_system_takes(self, tmp_path):
        assert free_path(tmp_path, "talk", ".txt").name == "talk.txt"
        for taken in ("talk.txt", "talk-2.txt"):
            (tmp_path / taken).touch()
        assert free_path(tmp_path, "talk", ".txt").name == "talk-3.txt"
        assert free_path(tmp_path, "a/b: c?\n", ".srt").name == "a_b_ c__.srt"
        assert free_path(tmp_path, "..", ".srt").name == "transcript.srt"

    @pytest.mark.parametrize(
        "name",
        ["../../x", "/etc/passwd", "a\\b", "a\0b", "...x", "x . . ", "CON", "nul.txt", "Com1 .a", "LPT¹", "é" * 400,
         "😀" * 200, "a" * 99 + " b", "\u202egnp.exe", "\u2028", "\ud800", "", " ", "-", "~"],
    )  # fmt: skip
    def test_any_title_is_a_name_in_the_folder_that_every_system_takes(self, tmp_path, name):
        path = free_path(tmp_path, name, ".docx")
        write_bytes(path, b"text")
        assert [one.name for one in tmp_path.iterdir()] == [path.name] and path.parent == tmp_path
        assert path.stem.isprintable() and not path.name.startswith(".") and path.stem == path.stem.rstrip(". ")
        assert path.stem.upper().partition(".")[0].rstrip() not in ("CON", "NUL", "COM1", "LPT¹")
        assert len(path.name.encode()) < 250

    def test_links_that_lie_in_the_folder_are_not_written_through(self, tmp_path):
        outside, folder = tmp_path / "precious", tmp_path / "out"
        outside.write_text("mine")
        folder.mkdir()
        (folder / ".talk.txt.part").symlink_to(outside)
        (folder / "talk.txt").symlink_to(outside)
        (folder / "next.txt").symlink_to(tmp_path / "nowhere")
        with pytest.raises(AppError, match="already"):
            write_text(folder / "next.txt", "new")
        write_text(folder / "talk.txt", "new", overwrite=True)
        assert outside.read_text() == "mine" and (folder / "talk.txt").read_text() == "new"
        assert free_path(folder, "next", ".txt").name == "next-2.txt"
        assert not (tmp_path / "nowhere").exists()


def test_a_heading_is_one_line():
    about = Transcript(TALK, "/x/a.wav", 1.0, "m")
    assert about.heading == "a.wav"
    assert replace(about, title="a\n\x00b").heading == "a b"
    assert replace(about, source="").heading == "Transcript"
    assert clean("a\r\nb\rc") == "a\nb\nc"

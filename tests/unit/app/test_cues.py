"""Cues: every word once, in time, in lines that can be read; line breaks at natural places."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.documents import any_documents, document, lost, segment

from app.export.cues import to_cues
from app.export.line_breaks import wrap
from app.export.options import ExportOptions
from app.export.transcript import clean
from s2t_core.types import Segment, Word

LONG = (
    "Well, we went to the market because there was nothing left in the house, and then we came back with a loaf of "
    "bread. It was raining."
)
_OPTIONS = st.builds(
    ExportOptions,
    line_length=st.integers(8, 60),
    max_lines=st.integers(1, 3),
    chars_per_second=st.floats(5, 40),
    min_cue_s=st.floats(0.1, 1.5),
    max_cue_s=st.floats(2, 9),
    gap_s=st.floats(0, 0.2),
)


def shown(made):
    return [(" / ".join(line for voice in cue.voices for line in voice.lines)) for cue in made]


def plain(made, speaker):
    """What one speaker says, without spaces and dashes."""
    lines = [line for cue in made for voice in cue.voices if voice.speaker == speaker for line in voice.lines]
    return "".join("".join(lines).split())


@settings(max_examples=60, deadline=None)
@given(any_documents(text=st.text(alphabet="ab.,\n é😀\x00", max_size=80)), _OPTIONS)
def test_every_word_of_every_speaker_appears_once_and_in_order(made, options):
    cues = to_cues(made, options, named=False)
    for speaker in ("Me", "Others"):
        said = clean("".join(item.committed for item in made.closed if getattr(item, "speaker", None) == speaker))
        assert plain(cues, speaker).replace("-", "") == "".join(said.split())


@settings(max_examples=60, deadline=None)
@given(any_documents(), _OPTIONS, st.booleans())
def test_cues_follow_one_another_and_last_as_long_as_the_options_say(made, options, named):
    cues = to_cues(made, options, named)
    gap_ms = round(options.gap_s * 1000)
    for before, after in pairwise(cues):
        assert after.start_ms >= before.end_ms + gap_ms
    for cue in cues:
        assert options.min_cue_s * 1000 <= cue.end_ms - cue.start_ms <= options.max_cue_s * 1000


@settings(max_examples=60, deadline=None)
@given(any_documents(text=st.text(alphabet="ab .,", max_size=200)), _OPTIONS, st.booleans())
def test_no_line_is_too_long_and_no_cue_has_too_many_but_for_long_words(made, options, named):
    for cue in to_cues(made, options, named):
        lines = [line for voice in cue.voices for line in voice.lines]
        assert all(len(line) <= options.line_length or " " not in line for line in lines)
        longest = max(len(word) for line in lines for word in line.split())
        assert len(lines) <= options.max_lines or len("Others: ") + longest > options.line_length


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["the", "cat", "sat", "on", "mat,", "and", "it", "was", "glad.", "Oh!"]), min_size=1))
def test_ordinary_speech_is_shown_when_it_is_spoken(words):
    made = document(segment(" ".join(words), 1.0, letter_s=0.1))
    cues = to_cues(made, ExportOptions(), named=False)
    starts = {word.text + str(n): word.start_sample / 16 for n, word in enumerate(made.closed[0].words)}
    first = 0
    for cue in cues:
        assert cue.start_ms - list(starts.values())[first] < 1000
        first += sum(len(line.split()) for line in cue.voices[0].lines)
    assert cues[0].start_ms == 1000


def test_a_sentence_is_a_cue_and_a_long_one_is_cut_at_natural_places():
    made = to_cues(document(segment(LONG, letter_s=0.08)), ExportOptions(), named=False)
    assert shown(made) == [
        "Well, we went to the market because / there was nothing left in the house,",
        "and then we came back / with a loaf of bread.",
        "It was raining.",
    ]


def test_a_sentence_too_short_to_be_read_joins_the_next():
    assert shown(to_cues(document(segment("Yes. I know it.")), ExportOptions(), named=False)) == ["Yes. I know it."]


def test_a_pause_divides_what_a_line_could_hold():
    words = [Word("One", 0, 8000, 1.0), Word("two", 8000, 16000, 1.0), Word("three", 64000, 80000, 1.0)]
    made = document(Segment(0, 0, 80000, "One two three", words=tuple(words)))
    assert shown(to_cues(made, ExportOptions(), named=False)) == ["One two", "three"]


def test_a_spoken_new_line_ends_a_cue():
    made = document(segment("two pounds of flour\na dozen eggs from the farm"))
    assert shown(to_cues(made, ExportOptions(), named=False)) == ["two pounds of flour", "a dozen eggs from the farm"]


def test_a_cue_stays_into_the_silence_as_long_as_it_takes_to_read_but_not_for_ever():
    text = "Somebody speaks so fast that nobody can read it all."
    for letter_s, wanted_ms in ((0.04, 1000 * (len(text) + 1) / 17), (0.01, 10 * (len(text) + 1) + 1500)):
        made = document(segment(text, 0.0, letter_s=letter_s), segment("Then slowly.", 20.0, number=1))
        first, second = to_cues(made, ExportOptions(), named=False)
        assert first.end_ms == pytest.approx(wanted_ms, abs=2) and second.start_ms == 20_000


def test_a_short_silence_between_cues_is_closed_to_two_frames():
    made = document(segment("The first of them.", 0.0), segment("The second one.", 1.8, number=1))
    first, second = to_cues(made, ExportOptions(), named=False)
    assert (first.end_ms, second.start_ms) == (1800 - 83, 1800)


def test_two_who_speak_at_once_in_a_few_words_stand_below_one_another():
    made = document(segment("Shall we go now?", 0.0, "Me"), segment("Yes!", 0.5, "Others", 1))
    assert shown(to_cues(made, ExportOptions(), named=True)) == ["Me: Shall we go now? / Others: Yes!"]
    assert shown(to_cues(made, ExportOptions(), named=False)) == ["- Shall we go now? / - Yes!"]
    assert shown(to_cues(made, ExportOptions(max_lines=1), named=True)) == ["Me: Shall we go now?", "Others: Yes!"]


def test_a_name_stands_where_another_speaker_begins_and_counts_in_the_line():
    made = document(segment("I think so. We should ask.", 0.0, "Me"), segment("Ask whom?", 10.0, "Others", 1))
    made = to_cues(made, ExportOptions(line_length=15), named=True)
    assert shown(made) == ["Me: I think so.", "We should ask.", "Others: / Ask whom?"]


def test_a_name_stands_again_after_somebody_has_interrupted():
    text = "We walked along the river for an hour without a word. Then it began to rain, and we ran home."
    made = document(segment(text, 0.0, "Me"), segment("I remember how cold it was that day.", 3.0, "Others", 1))
    assert [line.split(":")[0] for line in shown(to_cues(made, ExportOptions(), named=True))] == ["Me", "Others", "Me"]


def test_lost_sound_is_a_cue_of_its_own():
    made = document(segment("Before it."), lost(3, 4.5), segment("After it.", 5.0, number=1))
    cues = to_cues(made, ExportOptions(), named=False)
    assert shown(cues) == ["Before it.", "[1.5 s of sound lost]", "After it."]
    assert cues[1].start_ms == 3000


def test_recordings_follow_one_another_on_one_timeline():
    made = document(segment("The first one.", 3.0), "session", segment("The second one.", 1.0))
    first, second = to_cues(made, ExportOptions(), named=False)
    assert second.start_ms - first.start_ms == made.closed[0].end_sample // 16 + 1000 - 3000


def test_a_mark_that_begins_a_segment_stays_with_the_word_before():
    made = document(segment("so it is"), segment(", as they say", 1.0, number=1))
    assert shown(to_cues(made, ExportOptions(), named=False)) == ["so it is, as they say"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("It fits.", ("It fits.",)),
        ("We came back late, they stayed at home", ("We came back late,", "they stayed at home")),
        ("They walked along the river for an hour", ("They walked along", "the river for an hour")),
        ("Nobody had ever asked Mr. Smith about it", ("Nobody had ever asked", "Mr. Smith about it")),
        ("I said no. It is what it is for now", ("I said no.", "It is what it is for now")),
        ("a Donaudampfschifffahrtsgesellschaft b", ("a", "Donaudampfschifffahrtsgesellschaft", "b")),
        ("", ()),
    ],
)
def test_lines_break_at_natural_places(text, lines):
    assert wrap(text.split(), 26) == lines


def test_options_that_no_subtitle_can_have_are_refused():
    for wrong in ({"line_length": 0}, {"max_lines": 0}, {"chars_per_second": 0}, {"min_cue_s": 8}, {"gap_s": -1}):
        with pytest.raises(ValueError):
            ExportOptions(**wrong)

"""What is learnt from: labels, lessons and examples made of recordings, changed and put into batches."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from conftest import SAMPLE_TEXT
from hypothesis import given, settings
from support.tiny_whisper import make_whisper

from s2t_core.errors import CheckpointError
from s2t_core.manifest import Utterance
from s2t_core.model.encoded import EncodedFrames
from s2t_core.tokenizer import load_tokenizer
from s2t_core.training.augment import (
    AugmentConfig,
    Surroundings,
    at_peak,
    augmented,
    babble,
    chords,
    coloured,
    faster,
    reverberant,
    stretch,
    with_noise,
)
from s2t_core.training.batches import batches_of, padded, shuffled_batches, token_batch
from s2t_core.training.curriculum import listen_once, read_windows
from s2t_core.training.cuts import cut_short
from s2t_core.training.examples import Example, ExampleConfig, examples, quiet
from s2t_core.training.labels import is_cased, label, plain, sentence
from s2t_core.training.lessons import Lesson, Listener, Window, windows, without_teacher
from s2t_core.training.teacher import load_teacher
from s2t_core.training.transplant import position_scale, transplant
from s2t_core.training.vocabulary import SPECIAL, carve, whisper_id
from s2t_core.training.whisper import read_whisper

RATE = 16000
UNCHANGED = AugmentConfig(speed=0.0, reverb=0.0, noise=0.0, babble=0.0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper")
    make_whisper(folder)
    return read_whisper(folder)


@pytest.fixture(scope="module")
def teacher(whisper):
    return load_teacher(whisper)


@pytest.fixture(scope="module")
def carved(whisper):
    return carve(whisper, [(SAMPLE_TEXT, 1.0)], 600)


@pytest.fixture(scope="module")
def tokenizer(carved, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocabulary")
    carved.save(folder)
    return load_tokenizer(folder)


# -- labels.py


@pytest.mark.parametrize(
    ("transcripts", "hypothesis", "texts", "wrong"),
    [
        (["THE CAT SAT", "ON THE MAT"], "The cat sat. On the mat!", ["The cat sat.", "On the mat!"], [0, 0]),
        (["THE CAT SAT"], "The dog sat.", ["The cat sat."], [1 / 3]),
        (["I SAW JON YESTERDAY"], "I saw John, yesterday.", ["I saw Jon, yesterday."], [1 / 4]),
        (["THE WHITE HORSE RAN"], "The horses ran.", ["The white horse ran."], [2 / 4]),
        (["ONE TWO", "THREE FOUR"], "One two. Three fore.", ["One two.", "Three four."], [0, 1 / 2]),
        (["ONE TWO"], "One, and a two", ["One, two"], [2 / 2]),
        (["ONE TWO", "THREE"], "One two", ["One two", "three"], [0, 1]),
        (["A B", "C"], "", ["a b", "c"], [1, 1]),
        (["IN NINETEEN OH FIVE"], "In 1905.", ["In 1905."], [0]),
        (["MISTER SMITH AND DOCTOR NO"], "Mr. Smith and Dr. No.", ["Mr. Smith and Dr. No."], [0]),
        (["GO TO MORROW"], "Go tomorrow.", ["Go tomorrow."], [0]),
        (["A WELL KNOWN MAN"], "A well-known man.", ["A well-known man."], [0]),
        (["I THINK I'M WRONG AM I"], "no", ["I think I'm wrong am I"], [1]),
        (["", "YES"], "Yes.", ["", "Yes."], [0, 0]),
    ],
)
def test_labels_have_the_words_of_the_transcript_and_the_marks_of_the_teacher(transcripts, hypothesis, texts, wrong):
    made = label(transcripts, hypothesis)
    assert [one.text for one in made] == texts
    assert [one.disagreement for one in made] == pytest.approx(wrong)


WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "Alpha,", "epsilon.", "zeta?"]), max_size=9)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4).filter(any), WORDS)
def test_no_word_of_a_transcript_is_lost_or_moves_to_a_neighbour(parts, heard):
    transcripts = [" ".join(part).upper().replace(",", "").replace(".", "").replace("?", "") for part in parts]
    for transcript, made in zip(transcripts, label(transcripts, " ".join(heard)), strict=True):
        assert "".join(sign for sign in made.text.upper() if sign.isalpha() or sign == " ") == transcript
        assert made.disagreement >= 0


@pytest.mark.parametrize(
    ("transcript", "text"),
    [
        ("HELLO I AM HERE", "Hello I am here."),
        ("WHAT IS IT", "What is it?"),
        ("IS IT", "Is it."),
        ("I'VE SEEN IT AND I'LL SAY SO", "I've seen it and I'll say so."),
        ("it is here already.", "It is here already."),
        ("  ", ""),
    ],
)
def test_a_short_transcript_becomes_a_sentence(transcript, text):
    assert sentence(transcript) == text


def test_a_writers_own_case_is_known():
    assert is_cased("Hello, McKay")
    assert is_cased("has never been surpassed.")
    assert not is_cased("HELLO")
    assert not is_cased("hello 12")


def test_typographic_signs_are_written_plainly():
    assert (
        plain("\u201cDon\u2019t\u201d \u2014 she  said \u2013 now\u2026 well--known - so")
        == '"Don\'t" she said now. well known so'
    )


# -- lessons.py


def said(name: str, transcript: str, seconds: float | None = 5.0, speaker: str = "s", cased: str = "") -> Utterance:
    return Utterance(Path(name), transcript, seconds, speaker, "books", cased)


def test_windows_hold_neighbours_of_one_speaker_below_the_limit():
    rows = [said(f"{k}", "A", 8.0) for k in range(4)]
    rows += [said("other", "A", 3.0, "t"), said("long", "A", 40.0, "t"), said("last", "A", 3.0, "t")]
    rows += [said("silent", "", 3.0, "t")]
    found = [[str(one.path) for one in window] for window in windows(rows)]
    assert found == [["0", "1", "2"], ["3"], ["other", "last"], ["silent"]]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0.5, 30.0), st.sampled_from("ab")), max_size=30))
def test_every_utterance_that_fits_is_in_one_window(rows):
    utterances = [said(str(k), "A", seconds, speaker) for k, (seconds, speaker) in enumerate(rows)]
    found = windows(utterances)
    assert [one for window in found for one in window] == [one for one in utterances if one.duration_s <= 26.0]
    for window in found:
        assert sum(one.duration_s for one in window) <= 26.0 + 1e-6
        assert len({one.speaker for one in window}) == 1


def silence(path: Path) -> np.ndarray:
    return np.zeros(int(5.0 * RATE), dtype=np.float32)


def unheard(samples) -> str:
    raise AssertionError("nothing had to be recognised")


def test_without_a_teacher_cased_transcripts_stay_and_short_ones_are_sentences():
    rows = [said("1", "Hello \u2014 Tom"), said("2", "WHAT IS THAT", speaker="t"), said("3", "YES I DO", speaker="t")]
    rows += [said("4", "ANY WORDS", speaker="u", cased="Any words!"), said("5", "", speaker="v")]
    found = list(without_teacher(rows, silence, unheard))
    assert [[lesson.text for lesson in one.lessons] for one in found] == [
        ["Hello Tom"], ["What is that?", "Yes I do."], ["Any words!"],
    ]  # fmt: skip
    assert [one.seconds for one in found] == [5.0, 10.0, 5.0]
    assert all(one.hidden is None and lesson.opinion is None for one in found for lesson in one.lessons)
    assert found[1].lessons[0] == Lesson((Path("2"),), "What is that?", "books", "t", 5.0)


def test_without_a_teacher_longer_transcripts_get_the_marks_of_a_recogniser():
    words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    heard = []

    def write(samples):
        heard.append(len(samples))
        return "One two three, four five six seven. Eight nine ten eleven twelve thirteen fourteen fifteen. Sick dog!"

    (window,) = without_teacher([said("1", words.upper()), said("2", "THE CAT")], silence, write)
    assert heard == [2 * 5 * RATE]
    assert window.lessons[0].text.startswith("One two three, four five six seven. Eight nine")
    assert window.lessons[1].text == ""  # what was heard there is something else


@pytest.fixture(scope="module")
def spoken(sample):
    """Three stretches of the sample by their paths."""
    cuts = {"1": sample[0][:60_000], "2": sample[0][60_000:130_000], "3": sample[0][130_000:200_000]}
    return {Path(name): samples for name, samples in cuts.items()}


def test_a_listener_brings_back_text_hidden_states_and_opinions(teacher, tokenizer, whisper, spoken):
    listener = Listener(teacher, tokenizer, whisper, spoken.__getitem__)
    rows = [said("1", "The invention of art"), said("2", "May justly be considered")]
    (window,) = listener.listen([rows])  # a random teacher hears nothing right, but cased texts are trusted
    assert [lesson.text for lesson in window.lessons] == [row.transcript for row in rows]
    assert window.seconds == sum(row.duration_s for row in rows)
    assert window.hidden.shape == ((130_000 - 200) // 320, 128)
    assert window.hidden.dtype == torch.float16
    joined = np.concatenate([spoken[row.path] for row in rows])
    encoded = teacher.encode([joined[200:]])
    assert torch.equal(window.hidden, encoded.values[0, : len(window.hidden)].half())

    pieces = tokenizer.pieces()
    ids = [tokenizer.encode(lesson.text)[:-1] for lesson in window.lessons]
    whisper_ids = [whisper_id(pieces[number], whisper.token_ids) for part in ids for number in part]
    want = teacher.states(EncodedFrames(encoded.values), whisper_ids)[:-1] / position_scale(whisper)
    assert [len(lesson.opinion) for lesson in window.lessons] == [len(part) for part in ids]
    got = torch.cat([lesson.opinion for lesson in window.lessons])
    assert got.dtype == torch.float16
    torch.testing.assert_close(got.float(), want, rtol=1e-2, atol=1e-3)


def test_the_pupils_head_makes_the_teachers_probabilities_of_an_opinion(teacher, tokenizer, whisper, spoken, carved):
    listener = Listener(teacher, tokenizer, whisper, spoken.__getitem__)
    (window,) = listener.listen([[said("1", "The invention of art")]])
    (lesson,) = window.lessons
    pupil = transplant(whisper, carved, [0, 1])
    known = [number for number in tokenizer.pieces() if number >= len(SPECIAL)]
    among = torch.tensor([whisper_id(tokenizer.pieces()[number], whisper.token_ids) for number in known])
    whisper_ids = [
        whisper_id(tokenizer.pieces()[number], whisper.token_ids) for number in tokenizer.encode(lesson.text)
    ]
    states = teacher.states(teacher.encode([spoken[Path("1")][200:]]), whisper_ids[:-1])[:-1]
    want = (states @ teacher.model.lm_head.weight[among].T).log_softmax(dim=1)
    with torch.no_grad():
        got = pupil.lm_head(lesson.opinion.float())[:, known].log_softmax(dim=1)
    torch.testing.assert_close(got, want, rtol=0, atol=0.05)


@pytest.fixture
def heard_by(teacher, tokenizer, whisper, spoken, monkeypatch):
    """A listener whose teacher writes what it is told."""

    def make(*written: str) -> Listener:
        monkeypatch.setattr(teacher, "transcribe", lambda encoded: list(written))
        return Listener(teacher, tokenizer, whisper, spoken.__getitem__)

    return make


def test_the_teacher_writes_the_marks_and_is_not_believed_where_it_hears_otherwise(heard_by):
    rows = [said("1", "THE ART OF PRINTING"), said("2", "A PASSAGE IN THE MIDDLE")]
    (window,) = heard_by("The art of printing. A message under the riddle.").listen([rows])
    assert [lesson.text for lesson in window.lessons] == ["The art of printing.", ""]
    assert [len(lesson.opinion) > 0 for lesson in window.lessons] == [True, False]


def test_windows_of_which_nothing_can_be_learnt_are_left_out(heard_by):
    batch = [[said("1", "THE ART")], [said("2", "A PASSAGE")]]
    (window,) = heard_by("Something else entirely.", "A passage!").listen(batch)
    assert [(lesson.paths, lesson.text) for lesson in window.lessons] == [((Path("2"),), "A passage!")]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("She said \u2013 \u201cso it is.\u201d", 'She said "so it is."'),
        ("", None),
        ("word " * 80, None),  # nobody speaks so fast
        ("so schön ist es", None),
    ],
)
def test_without_a_transcript_the_teacher_alone_is_believed_if_it_is_plausible(heard_by, written, text):
    found = list(heard_by(written).listen([[said("1", ""), said("2", "")]]))
    assert [lesson.text for window in found for lesson in window.lessons] == ([] if text is None else [text])
    assert all(lesson.paths == (Path("1"), Path("2")) for window in found for lesson in window.lessons)


# -- curriculum.py


class CountingListener:
    """Hears anything, and counts."""

    def __init__(self) -> None:
        self.heard = 0

    def listen(self, batch):
        for window in batch:
            self.heard += 1
            opinion = torch.ones(1, 4).half()
            lessons = tuple(
                Lesson((one.path,), one.transcript, one.corpus, one.speaker, one.duration_s, opinion) for one in window
            )
            yield Window(lessons, torch.full((3, 4), float(self.heard)).half())


def test_what_the_teacher_has_heard_is_kept_and_not_heard_again(tmp_path):
    rows = [said(f"{k}.wav", f"Text {k}", 20.0) for k in range(8)]
    listener, reports = CountingListener(), []
    for _ in range(2):
        listen_once(listener, rows, tmp_path / "lessons", lambda done, text: reports.append((done, text)))
    assert listener.heard == 8
    assert reports[:2] == [(0.75, "6 of 8 windows"), (1.0, "8 of 8 windows")]
    files = sorted((tmp_path / "lessons").iterdir())
    assert [path.name for path in files] == ["000000.pt", "000006.pt"]

    files[1].unlink()  # as if the run had been stopped
    listen_once(listener, rows, tmp_path / "lessons", lambda done, text: None)
    assert listener.heard == 10

    found = read_windows(tmp_path / "lessons")
    assert [lesson.text for window in found for lesson in window.lessons] == [row.transcript for row in rows]
    assert [window.lessons[0].paths for window in found] == [(row.path,) for row in rows]
    assert isinstance(found[0].lessons[0].paths[0], Path)
    assert torch.equal(found[1].hidden, torch.full((3, 4), 2.0).half())
    assert torch.equal(found[0].lessons[0].opinion, torch.ones(1, 4).half())


def test_files_that_are_no_lessons_are_refused(tmp_path):
    assert read_windows(tmp_path / "nothing") == []
    for content in (b"no pickle", torch):
        path = tmp_path / "000000.pt"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save([ExampleConfig()], path)  # a class that no lesson needs
        with pytest.raises(CheckpointError, match=r"000000.pt cannot be read \(\w+\). Remove it."):
            read_windows(tmp_path)


# -- examples.py


def tone(path: Path) -> np.ndarray:
    return np.full(RATE, 0.1, dtype=np.float32)


def opinion_of(tokenizer, text: str) -> torch.Tensor:
    """One state a token, which holds the token's number."""
    return torch.tensor(tokenizer.encode(text)[:-1]).unsqueeze(1).repeat(1, 4).half()


def lessons(tokenizer, *texts: str) -> list[Lesson]:
    return [
        Lesson((Path(str(number)),), text, "books", "s", 1.0, opinion_of(tokenizer, text) if text else None)
        for number, text in enumerate(texts)
    ]


def made_of(tokenizer, groups, rng, **settings) -> list[Example]:
    config = ExampleConfig(**({"longest_s": (20.0, 20.0), "gap_s": (0.25, 0.25), "quiet": 0.0} | settings))
    config = ExampleConfig(config.longest_s, config.gap_s, config.quiet, UNCHANGED)
    return list(examples(groups, tone, tokenizer, Surroundings(), config, rng))


def test_neighbours_are_joined_in_sound_text_and_opinion(tokenizer, rng):
    group = lessons(tokenizer, "The art.", "A passage in", "the middle.")
    (example,) = made_of(tokenizer, [group], rng)
    assert tokenizer.decode(example.ids) == "The art. A passage in the middle."
    assert len(example.samples) == 3 * RATE + 2 * RATE // 4
    assert not example.samples[RATE : RATE + RATE // 4].any()
    assert example.opinion[:, 0].tolist() == list(example.ids)


def test_a_capital_begins_what_begins_a_sentence(tokenizer, rng):
    group = lessons(tokenizer, "the art", "of printing?", "a passage")
    (example,) = made_of(tokenizer, [group], rng)
    assert tokenizer.decode(example.ids) == "The art of printing? A passage"


def test_an_opinion_about_other_tokens_is_left_out(tokenizer, rng):
    (lesson,) = lessons(tokenizer, "The art")
    other = Lesson(lesson.paths, "The art of printing", "books", "s", 1.0, lesson.opinion)
    (example,) = made_of(tokenizer, [[other]], rng)
    assert example.opinion is None


def test_lessons_without_text_divide_and_length_is_bounded(tokenizer, rng):
    group = lessons(tokenizer, "One", "Two", "", "Three", "Four", "Five")
    made = made_of(tokenizer, [group], rng, longest_s=(2.0, 2.0))
    assert [tokenizer.decode(one.ids) for one in made] == ["One Two", "Three Four", "Five"]
    assert made_of(tokenizer, [lessons(tokenizer, "", "")], rng) == []


def test_every_group_comes_once_in_an_order_of_its_own(tokenizer):
    groups = [lessons(tokenizer, f"Text {number}") for number in range(10)]
    orders = [
        [tokenizer.decode(one.ids) for one in made_of(tokenizer, groups, np.random.default_rng(seed))]
        for seed in (0, 0, 1)
    ]
    assert sorted(orders[0]) == sorted(orders[2]) == [f"Text {number}" for number in range(10)]
    assert orders[0] == orders[1] != orders[2]


def test_quiet_examples_have_no_text(tokenizer, rng):
    made = made_of(tokenizer, [lessons(tokenizer, "One")] * 5, rng, quiet=1.0)
    assert [bool(one.ids) for one in made] == [False, True] * 5
    assert all(0.3 * RATE <= len(one.samples) <= 12 * RATE for one in made[::2])


def test_what_is_quiet_is_finite_and_no_louder_than_full_scale(sample):
    around = Surroundings(noises=[sample[0][:9_000]], voices=[sample[0]])
    for seed in range(24):
        sound = quiet(0.5, around, np.random.default_rng(seed))
        assert sound.shape == (RATE // 2,) and sound.dtype == np.float32
        assert np.isfinite(sound).all() and np.abs(sound).max() <= 0.81


# -- cuts.py


def test_cutting_short_drops_what_was_not_heard(tokenizer):
    text = "The sleepers covered the entire floor."
    ids = tuple(tokenizer.encode(text)[:-1])
    ends = [4.0 * (number + 1) / len(ids) for number in range(len(ids))]
    example = Example(np.arange(5 * RATE, dtype=np.float32), ids, opinion_of(tokenizer, text))
    words = tokenizer.words(ids)
    kept_words = set()
    for seed in range(60):
        cut = cut_short(example, ends, tokenizer, np.random.default_rng(seed))
        if cut is None:
            continue
        heard_s = len(cut.samples) / RATE
        assert 0.25 * 5 - 0.01 <= heard_s <= 0.95 * 5
        assert np.array_equal(cut.samples, example.samples[: len(cut.samples)])
        assert cut.ids == ids[: len(cut.ids)] and len(cut.ids) < len(ids)
        assert cut.opinion[:, 0].tolist() == list(cut.ids)
        whole = [end for _, end in words[:-1]]
        assert len(cut.ids) in (0, *whole, len(ids) - 1)  # no half words; the last one without its mark
        assert all(end <= heard_s + 0.05 for end in ends[: len(cut.ids)])
        following = next(end for _, end in words if end > len(cut.ids))
        last_sound = following - 1 if following < len(ids) else len(ids) - 2
        if len(cut.ids) < len(ids) - 1:
            assert ends[last_sound] > heard_s + 0.03
        kept_words.add(len(cut.ids))
    assert len(kept_words) > 3


def test_a_mark_waits_for_the_pause_behind_it(tokenizer):
    ids = tuple(tokenizer.encode("The art. The middle")[:-1])
    mark = next(k for k, number in enumerate(ids) if tokenizer.decode([number]).strip() == ".")
    for pause_s, marked in ((0.1, False), (1.0, True)):
        ends = [0.5] * (mark + 1) + [9.0] * (len(ids) - mark - 1)
        example = Example(np.zeros(int((0.5 + pause_s) * RATE), dtype=np.float32), ids)
        cuts = [cut_short(example, ends, tokenizer, FixedRng(0.95)) for _ in range(3)]
        assert all(len(cut.ids) == mark + marked and cut.opinion is None for cut in cuts)


class FixedRng:
    """Draws one number for ever."""

    def __init__(self, value: float) -> None:
        self._value = value

    def uniform(self, low: float, high: float) -> float:
        return self._value


def test_what_is_too_short_is_not_cut(tokenizer, rng):
    ids = tuple(tokenizer.encode("The art")[:-1])
    assert cut_short(Example(np.zeros(RATE // 4, np.float32), ids), [0.1] * len(ids), tokenizer, rng) is None


# -- augment.py


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 30.0])
def test_noise_is_as_loud_as_asked(sample, rng, snr_db):
    speech, noise = sample[0], coloured(len(sample[0]), 1.0, rng)
    added = with_noise(speech, noise, snr_db) - speech
    assert 10 * np.log10(np.mean(speech**2) / np.mean(added**2)) == pytest.approx(snr_db, abs=0.05)


def test_reverberation_keeps_the_place_of_the_direct_sound(rng):
    room = np.zeros(4_000, dtype=np.float32)
    room[100:] = 0.2 * rng.standard_normal(3_900) * np.exp(-np.arange(3_900) / 500)
    room[100] = 1.0
    click = np.zeros(10_000, dtype=np.float32)
    click[3_000] = 0.5
    wet = reverberant(click, room)
    assert wet.shape == click.shape and wet.dtype == np.float32
    assert np.abs(wet).argmax() == 3_000
    assert np.abs(wet[:2_900]).max() < 1e-5
    np.testing.assert_allclose(wet[3_000:6_000], 0.5 * room[100:3_100], atol=1e-5)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_faster_speech_is_shorter_and_higher(factor):
    time_s = np.arange(RATE) / RATE
    changed = faster(np.sin(2 * np.pi * 440 * time_s).astype(np.float32), factor)
    assert len(changed) == pytest.approx(RATE / factor, abs=2)
    spectrum = np.abs(np.fft.rfft(changed))
    assert spectrum.argmax() * RATE / len(changed) == pytest.approx(440 * factor, abs=2)


def test_silence_stays_silence(rng, sample):
    around = Surroundings([sample[0]], [sample[0][:800]], [sample[0]])
    always = AugmentConfig(1.0, 1.0, 1.0, 1.0)
    assert not augmented(np.zeros(RATE, dtype=np.float32), around, rng, always).any()
    assert not at_peak(np.zeros(5, dtype=np.float32), 0.5).any()
    assert at_peak(np.zeros(0, dtype=np.float32), 0.5).shape == (0,)


@pytest.mark.parametrize("keep_time", [True, False])
def test_changes_are_told_by_the_seed_and_keep_time_where_asked(sample, keep_time):
    clip = sample[0][:40_000]
    around = Surroundings([sample[0][50_000:52_000]], [sample[0][:800]], [sample[0]])
    always = AugmentConfig(1.0, 1.0, 1.0, 1.0)
    first, again, other = (
        augmented(clip, around, np.random.default_rng(seed), always, keep_time) for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (len(first) == len(clip)) is keep_time
    assert first.dtype == np.float32 and 0.029 < np.abs(first).max() < 0.951
    assert np.array_equal(clip, sample[0][:40_000])


def test_made_up_sounds_have_the_length_asked_for(sample, rng):
    for length in (1, 999, RATE):
        for sound in (chords(length, rng), babble(length, [sample[0][:500]], rng), coloured(length, 2.0, rng)):
            assert sound.shape == (length,) and sound.dtype == np.float32
            assert np.isfinite(sound).all()
        assert len(stretch(sample[0][:700], length, rng)) == length


# -- batches.py

LENGTHS = st.lists(st.integers(1, 50), min_size=1, max_size=40)


@settings(max_examples=100, deadline=None)
@given(LENGTHS, st.integers(1, 120), st.integers(0, 5))
def test_every_example_is_in_one_batch_of_bounded_size(lengths, most, seed):
    numbered = list(enumerate(lengths))
    for rng in (None, np.random.default_rng(seed)):
        batches = batches_of(numbered, lambda one: one[1], most, rng)
        assert sorted(one for batch in batches for one in batch) == numbered
        assert all(len(batch) == 1 or len(batch) * max(length for _, length in batch) <= most for batch in batches)


@settings(max_examples=50, deadline=None)
@given(LENGTHS, st.integers(10, 120))
def test_shuffled_batches_give_every_example_once_a_round(lengths, most):
    numbered = list(enumerate(lengths))
    endless = shuffled_batches(numbered, lambda one: one[1], most, np.random.default_rng(0))
    for _ in range(3):
        seen = []
        while len(seen) < len(numbered):
            seen += next(endless)
        assert sorted(seen) == numbered


def test_rows_are_filled_up_to_the_longest():
    rows, lengths = padded([torch.ones(2, 3), torch.ones(4, 3)], 7.0)
    assert rows.shape == (2, 4, 3)
    assert rows[0, 2:].unique().tolist() == [7.0]
    assert lengths.tolist() == [2, 4]


def test_decoder_inputs_are_the_labels_one_later():
    inputs, labels = token_batch([(5, 6, 2), (2,)], start=9, pad=1)
    assert inputs.tolist() == [[9, 5, 6], [9, 1, 1]]
    assert labels.tolist() == [[5, 6, 2], [2, -100, -100]]

"""However a segment grows, what is committed of its formatted text only grows; closed, it has the text it has alone."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from s2t_core.events import SegmentClosed, SegmentRetracted, SegmentUpdated
from s2t_core.text.formatter import Formatter, format_all
from s2t_core.text.rules import TextRules
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment, Word

SAID = (
    "hello Hello the The a I I'm NASA iPhone well-known comma-separated comma Comma period full stop question mark "
    "exclamation colon dash hyphen no space open close quote parenthesis percent sign slash literally word of dot "
    "twenty twenty-one one two five nineteen oh hundred thousand million and point first second twenty-second minus "
    'per cent percent 5 new line New paragraph york um er scratch that all caps cap Mr etc e.g semi - ... , " ( )'
)
MARKS = ("", "", "", "", "", ",", ".", "?", '."', "...", "-", "'s", ")")
RULES = (
    TextRules(),
    TextRules(spoken_marks=True),
    TextRules(capitals=False, commands=True),
    TextRules(digits_from=10),
    TextRules(
        True, True, True, 2, (("new york", "New York"), ("um", ""), ("er", ""), ("two", "2,\n"), ("new", "etc."))
    ),
)
words = st.lists(st.tuples(st.sampled_from(SAID.split()), st.sampled_from(MARKS)).map("".join), max_size=8)
texts = words.map(" ".join)


def placed(text: str, offset: int = 0) -> tuple[Word, ...]:
    """Every word lasts 10 samples; the later the surer."""
    return tuple(Word(w, offset + i * 10, offset + i * 10 + 10, i / 1000) for i, w in enumerate(text.split()))


@st.composite
def growths(draw):
    """The raw states of one segment: what is committed grows by letters, and anything may stand behind it."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=5)))
    states = []
    for cut in cuts:
        committed = text[:cut].strip()
        behind = draw(st.one_of(st.just(text[cut:].strip()), texts, texts.map(lambda tentative: ", " + tentative)))
        states.append((committed, behind))
    return [*states, (text, None)]


def events(number: int, states, speaker: str = ""):
    for committed, tentative in states:
        segment = Segment(number, 0, 1000, committed, tentative or "", placed(committed), speaker=speaker)
        yield SegmentClosed(segment) if tentative is None else SegmentUpdated(segment)


def closed_texts(formatted) -> list[str]:
    return ["<" if isinstance(e, SegmentRetracted) else e.segment.committed for e in formatted if not is_update(e)]


def is_update(event) -> bool:
    return isinstance(event, SegmentUpdated)


@settings(max_examples=60)
@given(st.lists(growths(), min_size=1, max_size=3), st.sampled_from(RULES))
def test_committed_text_only_grows_and_closing_gives_what_the_closed_segments_give_alone(segments, rules):
    formatter, document, formatted = Formatter(rules), TranscriptDocument(), []
    for number, states in enumerate(segments):
        for event in events(number, states):
            for done in formatter.push(event):
                formatted.append(done)
                document = document.apply(done)
                if not isinstance(done, SegmentRetracted):
                    assert [w.text for w in done.segment.words] == done.segment.committed.split()
    alone = format_all([e for number, states in enumerate(segments) for e in events(number, states[-1:])], rules)
    assert closed_texts(formatted) == closed_texts(alone)


@settings(max_examples=40)
@given(growths(), st.sampled_from(RULES))
def test_words_are_placed_one_behind_the_other_where_their_sources_were_said(states, rules):
    formatter = Formatter(rules)
    for event in events(0, states):
        for done in formatter.push(event):
            if isinstance(done, SegmentRetracted):
                continue
            for word in done.segment.words:
                assert word.start_sample < word.end_sample
                assert word.confidence == word.start_sample / 10_000  # the least sure is the first of them
            for one, other in pairwise(done.segment.words):
                assert one.start_sample <= other.start_sample
                assert one.end_sample <= other.end_sample


@settings(max_examples=40)
@given(growths(), st.sampled_from(RULES))
def test_a_segment_that_never_closes_keeps_every_committed_word(states, rules):
    formatter, document = Formatter(rules), TranscriptDocument()
    for event in events(0, states[:-1]):
        for done in formatter.push(event):
            document = document.apply(done)
    for done in formatter.finish():
        document = document.apply(done)
    committed = states[-2][0] if len(states) > 1 else ""
    if committed.split() and not committed.lower().startswith("scratch"):
        alone = format_all([SegmentClosed(Segment(0, 0, 1000, committed))], rules)
        assert [one.committed for one in document.open] == closed_texts(alone)


@given(texts.filter(lambda text: "literally" not in text.lower()))
@example("Hello, comma, how are you? Question mark.")
def test_capitals_and_numbers_change_nothing_that_was_written_by_them(text):
    rules = TextRules(digits_from=10)
    once = closed_texts(format_all([SegmentClosed(Segment(0, 0, 1, text))], rules))[0]
    assert closed_texts(format_all([SegmentClosed(Segment(0, 0, 1, once))], rules)) == [once]


@settings(max_examples=40)
@given(growths(), growths())
def test_speakers_do_not_mix(mine, theirs):
    rules = RULES[-1]
    a, b = list(events(0, mine, "Me")), list(events(0, theirs, "Others"))
    formatter = Formatter(rules)
    count = min(len(a), len(b))
    mixed = [e for pair in zip(a, b, strict=False) for e in pair] + a[count:] + b[count:]
    done = [event for raw in mixed for event in formatter.push(raw)]
    for speaker, alone in (("Me", a), ("Others", b)):
        own = [event for event in done if getattr(event, "speaker", None) in (speaker,) or of(event) == speaker]
        assert own == list(format_all(alone, rules))


def of(event) -> str | None:
    return None if isinstance(event, SegmentRetracted) else event.segment.speaker

"""Documents for tests: speech of given words and speakers, with times."""

from __future__ import annotations

from hypothesis import strategies as st

from s2t_core.events import AudioLost, SegmentClosed
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, Segment, Word

LETTER_S = 0.06


def segment(text, start_s=0.0, speaker="", number=0, letter_s=LETTER_S):
    """A closed segment whose words last by their letters and follow one another without a pause."""
    words, at = [], round(start_s * SAMPLE_RATE_HZ)
    for one in text.split():
        end = at + round(letter_s * (1 + len(one)) * SAMPLE_RATE_HZ)
        words.append(Word(one, at, end, 0.9))
        at = end
    return Segment(number, round(start_s * SAMPLE_RATE_HZ), at, text, words=tuple(words), speaker=speaker)


def document(*items):
    """Of closed segments and gaps; "session" begins a new recording."""
    made = TranscriptDocument()
    for item in items:
        if item == "session":
            made = made.begin_session()
        else:
            made = made.apply(item if isinstance(item, AudioLost) else SegmentClosed(item))
    return made


def lost(start_s, end_s):
    return AudioLost(round(start_s * SAMPLE_RATE_HZ), round(end_s * SAMPLE_RATE_HZ))


_SAMPLE = st.integers(0, 100 * SAMPLE_RATE_HZ)


@st.composite
def any_documents(draw, text=None, speakers=("", "Me", "Others")):
    """Whatever a document can hold, times that make no sense included."""
    text = st.text(max_size=60) if text is None else text
    items = []
    for number in range(draw(st.integers(0, 6))):
        start, end = sorted((draw(_SAMPLE), draw(_SAMPLE)))
        if draw(st.integers(0, 9)) == 0:
            items.append(draw(st.sampled_from(["session", AudioLost(start, end)])))
            continue
        committed = draw(text)
        words = tuple(
            Word(one, draw(_SAMPLE), draw(_SAMPLE), 0.5) for one in committed.split() if draw(st.integers(0, 19))
        )
        items.append(Segment(number, start, end, committed, words=words, speaker=draw(st.sampled_from(speakers))))
    return document(*items)

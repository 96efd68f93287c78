"""What a finished checkpoint is told about itself: how sure it may be of its words, and where live words lie."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from s2t_core.decoding.draft_words import draft_words
from s2t_core.decoding.reading import DecodedText
from s2t_core.tokenizer import Tokenizer


def fit_reach(texts: Sequence[DecodedText], frame_ms: float, tokenizer: Tokenizer) -> tuple[int, int]:
    """Milliseconds from where a word's first piece is attended to its start, and from its last piece to its end.

    Medians over all words, whose places in `texts` are those of the final text.
    """
    starts, ends = [0.0], [0.0]
    for text in texts:
        pairs = zip(draft_words(text.draft, 0, frame_ms, tokenizer), text.words, strict=False)
        for heard, word in pairs:
            starts.append(word.first_frame * frame_ms - heard.first_ms)
            ends.append(word.end_frame * frame_ms - heard.last_ms)
    return round(median(starts)), round(median(ends))

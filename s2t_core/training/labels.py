"""Text to learn from: a teacher's capitals and punctuation on the words of the given transcript."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from s2t_core.manifest import Utterance

# Whisper writes these short; transcripts of read books write them out.
_SHORT = {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint", "messrs": "messieurs"}
_SPELLING = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2026": ".", "\u2014": " ", "\u2013": " "}
)
_QUESTIONS = {
    "what", "how", "do", "does", "did", "is", "are", "can", "where", "who", "when", "why", "will", "would", "could",
    "shall", "may", "have", "has", "which", "whose",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """Cased, punctuated text, and the share of the transcript's words that the teacher heard differently."""

    text: str
    disagreement: float


def plain(text: str) -> str:
    """Typographic signs as ASCII writes them, blanks tidied."""
    return " ".join(text.translate(_SPELLING).replace("--", " ").replace(" - ", " ").split())


def label(transcripts: Sequence[str], hypothesis: str) -> list[Label]:
    """Labels of neighbouring utterances from what the teacher wrote for all of them together.

    Words are the transcripts', except where the teacher writes the same as a number, an abbreviation or a compound.
    """
    words = [word for text in transcripts for word in text.lower().split()]
    owners = [index for index, text in enumerate(transcripts) for _ in text.split()]
    written = [word for word in plain(hypothesis).replace("-", "- ").split() if _bare(word)]
    texts: list[list[str]] = [[] for _ in transcripts]
    errors = [0] * len(transcripts)
    matcher = difflib.SequenceMatcher(None, [_bare(word) for word in words], [_bare(word) for word in written], False)
    for kind, first, end, at, stop in matcher.get_opcodes():
        heard = written[at:stop]
        if kind == "insert":
            owner = owners[max(first - 1, 0)]
            errors[owner] += len(heard)
        elif kind == "equal":
            for index, word in zip(range(first, end), heard, strict=True):
                texts[owners[index]].append(word)
        elif _same_sense(words[first:end], heard):
            texts[owners[first]] += heard
        else:
            for index, word in zip(range(first, end), _dressed(words[first:end], heard), strict=True):
                texts[owners[index]].append(word)
                errors[owners[index]] += 1
    counts = [max(len(text.split()), 1) for text in transcripts]
    joined = [" ".join(map(_pronoun, text)).replace("- ", "-") for text in texts]
    return [Label(text, wrong / count) for text, wrong, count in zip(joined, errors, counts, strict=True)]


def sentence(transcript: str) -> str:
    """A transcript without case or punctuation, written as the one sentence it is."""
    words = [_pronoun(word) for word in transcript.lower().split()]
    if not words:
        return ""
    text = " ".join(words).rstrip(",;:")
    end = "?" if words[0].lower() in _QUESTIONS and len(words) > 2 else "."
    return text[0].upper() + text[1:] + ("" if text[-1] in ".?!" else end)


def known_text(utterance: Utterance) -> str:
    """What was said as text is written, where the manifest knows it; else nothing."""
    return utterance.cased or (plain(utterance.transcript) if is_cased(utterance.transcript) else "")


def is_cased(text: str) -> bool:
    """Whether a transcript is written as text is: in small letters, with a capital or a mark among them."""
    return any(map(str.islower, text)) and any(sign.isupper() or sign in ".,?!;:" for sign in text)


def _bare(word: str) -> str:
    bare = re.sub(r"[^a-z0-9']", "", word.lower()).strip("'")
    return _SHORT.get(bare, bare)


def _same_sense(words: Sequence[str], heard: Sequence[str]) -> bool:
    if not heard:
        return False
    has_digits = any(sign.isdigit() for word in heard for sign in word)
    return has_digits or "".join(map(_bare, words)) == "".join(map(_bare, heard))


def _dressed(words: Sequence[str], heard: Sequence[str]) -> list[str]:
    """The transcript's words with the capitals and the last mark of those heard in their place."""
    dressed = [
        word.capitalize() if place < len(heard) and heard[place][:1].isupper() else word
        for place, word in enumerate(words)
    ]
    mark = re.search(r"[.,?!;:]+$", heard[-1]) if heard else None
    if mark:
        dressed[-1] += mark.group()[0]
    return dressed


def _pronoun(word: str) -> str:
    return re.sub(r"^i(?=$|['.,?!;:])", "I", word)

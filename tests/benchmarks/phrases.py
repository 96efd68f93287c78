"""What phrases bring and cost, by boost: rare names of held-out recordings, favoured alone and among others.

usage: phrases.py MANIFEST.tsv... [--audio DIR] [--limit N] [--boosts X...] [--others N] [--beam N] [--model DIR]

A rare word takes two pieces of the vocabulary or more; a name is one with a capital inside a sentence of the text with
capitals. Recordings with names are heard whole, with their own names as phrases and with N rare words of the other
recordings among them; as many recordings without names are heard with the N alone. Words are compared after Whisper's
English normaliser. All that is drawn is drawn alike in every run.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.audio.file import read_chunks
from app.evaluate import joined, read_utterances, thinned, whisper_normaliser
from app.figures import markdown
from app.paths import embedded_model
from app.terminal import note, out
from s2t_core.decoding.phrases import make_bias
from s2t_core.manifest import Utterance
from s2t_core.metrics import Errors, Tally, errors
from s2t_core.recognizer import Recognizer, load
from s2t_core.tokenizer import Tokenizer
from s2t_core.types import DecodingOptions, Phrase

_SHORTEST = 4  # letters of a name


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording, the names in it, and the words that are in other recordings only."""

    utterance: Utterance
    names: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Word errors, and the listed words that were found, missed or written where nobody said them."""

    errors: Errors = field(default_factory=Errors)
    listed: Tally = field(default_factory=Tally)

    def __add__(self, other: Score) -> Score:
        return Score(self.errors + other.errors, self.listed + other.listed)


def rare_words(text: str, tokenizer: Tokenizer) -> dict[str, bool]:
    """The rare words of a text, and whether each is a name."""
    found: dict[str, bool] = {}
    before = "."
    for written in text.split():
        word = re.sub(r"'s$", "", written.strip(".,;:!?\"'()-"))
        if word.isalpha() and len(word) >= _SHORTEST and len(tokenizer.encode(word)) > len(tokenizer.prefix()) + 2:
            found[word] = found.get(word, False) or (word.istitle() and before[-1] not in ".!?\"'")
        before = written
    return found


def make_clips(utterances: Sequence[Utterance], tokenizer: Tokenizer, others: int) -> tuple[list[Clip], list[Clip]]:
    """The recordings with names, and as many without."""
    rare = [rare_words(utterance.cased or utterance.transcript, tokenizer) for utterance in utterances]
    pool = sorted({word for words in rare for word in words})
    named, nameless = [], []
    for utterance, words in zip(utterances, rare, strict=True):
        said = utterance.transcript.lower()
        unsaid = [word for word in pool if word.lower() not in said]
        drawn = random.Random(str(utterance.path.name)).sample(unsaid, min(others, len(unsaid)))
        names = tuple(word for word, is_name in words.items() if is_name)
        (named if names else nameless).append(Clip(utterance, names, tuple(drawn)))
    return named, thinned(nameless, len(named))


def heard(recognizer: Recognizer, clip: Clip, listed: Sequence[str], boost: float) -> str:
    """The text of a recording with the listed words as phrases."""
    wishes = DecodingOptions(tuple(Phrase(word, boost) for word in listed if boost))
    decoder = replace(recognizer.decoder, bias=make_bias(wishes, recognizer.decoder.tokenizer))
    return decoder.hear(joined(list(read_chunks(clip.utterance.path, block_s=1.0)))).text


def judged(clip: Clip, text: str, listed: Sequence[str], normal: Callable[[str], str]) -> Score:
    """One text against what was said."""
    reference, hypothesis = (normal(one).split() for one in (clip.utterance.transcript, text))
    said, written = (Counter(word.removesuffix("'s") for word in words) for words in (reference, hypothesis))
    tally = Tally()
    for word in {normal(one) for one in listed}:
        found = min(said[word], written[word])
        tally += Tally(found, said[word] - found, written[word] - found)
    return Score(errors(reference, hypothesis), tally)


def row(recognizer: Recognizer, named: Sequence[Clip], nameless: Sequence[Clip], boost: float) -> list[str]:
    """The figures of one boost; without a boost lists change nothing and only their words are looked for."""
    normal = whisper_normaliser()
    cells = [f"{boost:g}"]
    alone, among, without = Score(), Score(), Score()
    for clip in named:
        text = heard(recognizer, clip, clip.names, boost)
        alone += judged(clip, text, clip.names, normal)
        both = (*clip.names, *clip.others)
        among += judged(clip, heard(recognizer, clip, both, boost) if boost else text, both, normal)
    for clip in nameless:
        without += judged(clip, heard(recognizer, clip, clip.others, boost), clip.others, normal)
    for score in (alone, among):
        cells += [f"{score.listed.found} of {score.listed.found + score.listed.missed}"]
        cells += [f"{100 * (score.errors.rate or 0):.1f}", str(score.listed.invented)]
    return [*cells, f"{100 * (without.errors.rate or 0):.1f}", str(without.listed.invented)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifests", nargs="+", type=Path, metavar="MANIFEST")
    parser.add_argument("--audio", type=Path, metavar="DIR")
    parser.add_argument("--limit", type=int, metavar="N")
    parser.add_argument("--boosts", type=float, nargs="+", default=[0, 2, 4, 6, 8], metavar="X")
    parser.add_argument("--others", type=int, default=100, metavar="N")
    parser.add_argument("--beam", type=int, default=1, metavar="N")
    parser.add_argument("--model", type=Path, default=embedded_model(), metavar="DIR")
    options = parser.parse_args()
    utterances = read_utterances(options.manifests, options.audio, options.limit)
    utterances = [one for one in utterances if one.cased or (one.transcript and not one.transcript.isupper())]
    recognizer = load(options.model, "cpu", options.beam)
    named, nameless = make_clips(utterances, recognizer.decoder.tokenizer, options.others)
    names = sum(len(clip.names) for clip in named)
    note(f"{len(named)} recordings with {names} names, {len(nameless)} without")
    group = ["found", "WER %", "invented"]
    headings = ["boost", *(f"names alone: {one}" for one in group), *(f"among others: {one}" for one in group)]
    rows = []
    for boost in options.boosts:
        rows.append(row(recognizer, named, nameless, boost))
        note(str(rows[-1]))
    out(markdown([*headings, "none said: WER %", "none said: invented"], rows))


if __name__ == "__main__":
    main()

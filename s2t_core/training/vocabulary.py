"""A small vocabulary carved out of Whisper's: the most useful pieces, closed under merges, as a sentencepiece model.

Every piece is a token of Whisper's, so its embedding row can be taken over as it is, and text is cut as Whisper does.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from s2t_core.errors import CheckpointError, S2TError
from s2t_core.tokenizer import WORD_START
from s2t_core.training.teacher import byte_of
from s2t_core.training.whisper import WhisperCheckpoint

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_SPACE = "Ġ"  # how a byte-level vocabulary spells the space
_END = "<|endoftext|>"
# GPT-2's cuts, which come before any merge (Radford et al. 2019, encoder.py).
_CUTS = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
# What dictation needs whatever the texts say: each of these numbers as one piece where Whisper has one.
_NUMBERS = [str(n) for n in (*range(100), *range(1900, 2040))]
_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")
_BPE = 2  # the kind of model in the same file
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6  # kinds of pieces in sentencepiece_model.proto
_EXTRA_COUNT = 1e-5  # of all tokens: the weight of such a number


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces in the order of their ids, and the score of each in sentencepiece's sense (a later merge scores less)."""

    pieces: tuple[str, ...]
    scores: tuple[float, ...]

    def save(self, folder: Path) -> None:
        """Write `sentencepiece.bpe.model`, `vocab.json` and the two files that make transformers read them.

        Raises S2TError where protobuf is not installed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sentencepiece.bpe.model").write_bytes(self._sentencepiece())
        numbers = {piece: number for number, piece in enumerate(self.pieces)}
        tokens = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), SPECIAL, strict=True))
        for name, content in (
            ("vocab.json", numbers),
            ("special_tokens_map.json", tokens),
            ("tokenizer_config.json", {"tokenizer_class": "Speech2TextTokenizer", **tokens}),
        ):
            text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
            (folder / name).write_text(text + "\n", encoding="utf-8")

    def _sentencepiece(self) -> bytes:
        try:
            from sentencepiece import sentencepiece_model_pb2 as model_pb2
        except ImportError:
            raise S2TError(
                "Writing a vocabulary needs protobuf.", "Install it: pip install 'dictate[train]'."
            ) from None
        model = model_pb2.ModelProto()  # type: ignore[attr-defined]
        for number, (piece, score) in enumerate(zip(self.pieces, self.scores, strict=True)):
            entry = model.pieces.add()
            entry.piece, entry.score, entry.type = piece, score, _kind(number, piece)
        trainer, normalizer = model.trainer_spec, model.normalizer_spec
        trainer.model_type, trainer.vocab_size = _BPE, len(self.pieces)
        trainer.byte_fallback, trainer.split_digits = True, False
        trainer.bos_id, trainer.pad_id, trainer.eos_id, trainer.unk_id = range(len(SPECIAL))
        trainer.bos_piece, trainer.pad_piece, trainer.eos_piece, trainer.unk_piece = SPECIAL
        normalizer.name, normalizer.add_dummy_prefix = "identity", True
        normalizer.remove_extra_whitespaces = normalizer.escape_whitespaces = True
        serialized: bytes = model.SerializeToString()
        return serialized


def carve(whisper: WhisperCheckpoint, texts: Iterable[tuple[str, float]], size: int) -> Vocabulary:
    """The `size` most useful pieces for weighted `texts` of printable ASCII, byte pieces and special tokens included.

    Raises CheckpointError when so few pieces leave no room for the letters and bytes every text needs.
    """
    counts = count_tokens(whisper, texts)
    parents: dict[str, tuple[str, str]] = {}
    rank: dict[str, int] = {}
    for order, (left, right) in enumerate(whisper.merges):
        rank.setdefault(left + right, order)
        parents.setdefault(left + right, (left, right))
    chosen = {chr(code) for code in range(33, 127)} | {_SPACE}
    room = size - len(SPECIAL) - len(byte_of())
    if room < len(chosen):
        raise CheckpointError(f"{size} pieces are too few.", f"Ask for {size - room + len(chosen)} at least.")
    for token, _ in counts.most_common():
        if token in whisper.token_ids and _is_plain(token):
            wider = chosen | _with_parents(token, parents)
            if len(wider) > room:
                break
            chosen = wider
    merged = sorted((token for token in chosen if token in rank), key=rank.__getitem__)
    single = sorted(chosen - rank.keys(), key=whisper.token_ids.__getitem__)
    pieces = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *map(_as_piece, [*merged, *single])]
    scores = [*[0.0] * (len(SPECIAL) + 256), *(-float(rank[token]) for token in merged)]
    scores += [-float(len(whisper.merges) + whisper.token_ids[token]) for token in single]
    return Vocabulary(tuple(pieces), tuple(scores))


def whisper_id(piece: str, token_ids: dict[str, int]) -> int | None:
    """The token of Whisper that `piece` was; None for the special pieces that Whisper lacks."""
    if piece == "</s>":
        return token_ids[_END]
    byte = _BYTE_PIECE.fullmatch(piece)
    if byte:
        sign = {number: sign for sign, number in byte_of().items()}[int(byte[1], 16)]
        return token_ids[sign]
    return token_ids.get(piece.replace(WORD_START, _SPACE))


def count_tokens(whisper: WhisperCheckpoint, texts: Iterable[tuple[str, float]]) -> Counter[str]:
    """How often each token of Whisper occurs in weighted texts, plus a little for every number of `_NUMBERS`."""
    rank = {pair: order for order, pair in reversed(list(enumerate(whisper.merges)))}
    sign = {byte: sign for sign, byte in byte_of().items()}
    words: Counter[str] = Counter()
    for text, weight in texts:
        for word in _CUTS.findall(" " + text.strip()):
            words[word] += weight  # type: ignore[assignment]
    counts: Counter[str] = Counter()
    for word, weight in words.items():
        for token in _merged([sign[byte] for byte in word.encode()], rank):
            counts[token] += weight
    share = sum(counts.values()) * _EXTRA_COUNT
    for number in _NUMBERS:
        for token in (number, _SPACE + number):
            counts[token] += share  # type: ignore[assignment]
    return counts


def _merged(signs: list[str], rank: dict[tuple[str, str], int]) -> list[str]:
    """Byte-pair encoding: the earliest merge first (Sennrich et al. 2016, arXiv 1508.07909)."""
    while len(signs) > 1:
        pairs = list(itertools.pairwise(signs))
        best = min(pairs, key=lambda pair: rank.get(pair, len(rank)))
        if best not in rank:
            break
        at = pairs.index(best)
        signs = [*signs[:at], best[0] + best[1], *signs[at + 2 :]]
    return signs


def _with_parents(token: str, parents: dict[str, tuple[str, str]]) -> set[str]:
    """The token and all that is merged on the way to it."""
    found = {token}
    for part in parents.get(token, ()):
        found |= _with_parents(part, parents)
    return found


def _is_plain(token: str) -> bool:
    """Printable ASCII with no space but one in front."""
    body = token.removeprefix(_SPACE)
    return all(33 <= ord(sign) < 127 for sign in body)


def _as_piece(token: str) -> str:
    return token.replace(_SPACE, WORD_START)


def _kind(number: int, piece: str) -> int:
    if number == SPECIAL.index("<unk>"):
        return _UNKNOWN
    if number < len(SPECIAL):
        return _CONTROL
    return _BYTE if _BYTE_PIECE.fullmatch(piece) else _NORMAL

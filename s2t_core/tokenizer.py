"""Text to token ids and back, through sentencepiece and the checkpoint's vocabulary."""

from __future__ import annotations

import itertools
import reprlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece

from s2t_core.config import TokenizerConfig, read_json, read_tokenizer_config
from s2t_core.errors import ConfigError, TokenizerError
from s2t_core.types import MARKS

WORD_START = "\u2581"  # sentencepiece writes the space before a word as this sign
# Languages of the MuST-C checkpoints, whose target language is the first token (transformers' `lang_codes`).
LANGUAGES = {"mustc": ("pt", "fr", "ru", "nl", "ro", "it", "es", "de")}
_USE_WHOLE = "Use a complete Speech2Text checkpoint folder."


class Tokenizer:
    """Same ids and text as transformers' `Speech2TextTokenizer` of the same folder."""

    def __init__(
        self, config: TokenizerConfig, vocabulary: dict[str, int], pieces: sentencepiece.SentencePieceProcessor
    ) -> None:
        """Made by `load_tokenizer`. Raises TokenizerError for a special token or language that is not there."""
        self.config = config
        self._ids = vocabulary
        self._tokens = {token_id: token for token, token_id in vocabulary.items()}
        self._pieces = pieces
        self.bos_id = self._special(config.bos_token)
        self.eos_id = self._special(config.eos_token)
        self.pad_id = self._special(config.pad_token)
        self.unk_id = self._special(config.unk_token)
        self._language_ids = self._find_languages()
        # Tokens that end the current run of pieces; they are no text.
        self.special_ids = {self.bos_id, self.eos_id, self.pad_id, self.unk_id, *self._language_ids.values()}
        self._starts = {i for i, token in self._tokens.items() if token.startswith(WORD_START)}
        self.marks = frozenset(i for i, token in self._tokens.items() if set(token) <= set(MARKS))

    @property
    def size(self) -> int:
        return len(self._ids)

    @property
    def highest_id(self) -> int:
        return max(self._tokens)

    def prefix(self, language: str | None = None) -> tuple[int, ...]:
        """Tokens the decoder is given before the text: the language's code, for checkpoints that have languages.

        Raises TokenizerError for a language the checkpoint does not have.
        """
        if not self._language_ids:
            return ()
        language = language or self.config.tgt_lang or next(iter(self._language_ids))
        if language not in self._language_ids:
            raise TokenizerError(f"There is no language {language!r}.", f"Choose of {', '.join(self._language_ids)}.")
        return (self._language_ids[language],)

    def encode(self, text: str, language: str | None = None) -> list[int]:
        """The ids of `text`, between the language prefix and the end token."""
        if self.config.do_lower_case:
            text = text.lower()
        pieces: list[str] = self._pieces.encode(text, out_type=str)
        return [*self.prefix(language), *(self._ids.get(piece, self.unk_id) for piece in pieces), self.eos_id]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; special tokens are left out."""
        pieces = [self._tokens[i] for i in ids if i not in self.special_ids and i in self._tokens]
        text: str = self._pieces.decode(pieces)
        return text.upper() if self.config.do_upper_case else text

    def pieces(self) -> dict[int, str]:
        """Every piece by its id."""
        return dict(self._tokens)

    def starts_word(self, token_id: int) -> bool:
        """Whether this piece begins a new word, so that the one before it is whole."""
        return token_id in self._starts or token_id in self.special_ids

    def words(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """The ids cut into words: (first, end) index pairs; a piece of mere space belongs to the word it starts."""
        cuts = [i for i, token in enumerate(ids) if i == 0 or self.starts_word(token)]
        return list(itertools.pairwise([*cuts, len(ids)]))

    def _special(self, token: str) -> int:
        if token not in self._ids:
            raise TokenizerError(f"The vocabulary has no token {reprlib.repr(token)}.", _USE_WHOLE)
        return self._ids[token]

    def _find_languages(self) -> dict[str, int]:
        if self.config.lang_codes is None:
            return {}
        if self.config.lang_codes not in LANGUAGES:
            raise TokenizerError(
                f"The language codes {reprlib.repr(self.config.lang_codes)} are not known.", _USE_WHOLE
            )
        return {name: self._special(f"<lang:{name}>") for name in LANGUAGES[self.config.lang_codes]}


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint folder. Raises ConfigError or TokenizerError."""
    config = read_tokenizer_config(folder)
    path = folder / "vocab.json"
    vocabulary = read_json(path)
    if not all(type(i) is int and i >= 0 for i in vocabulary.values()):
        raise ConfigError(f"{path} must give every token a number.", _USE_WHOLE)
    _check_tokens(path, vocabulary)
    model = folder / "sentencepiece.bpe.model"
    if not model.is_file():
        raise TokenizerError(f"{model} is missing.", _USE_WHOLE)
    pieces = sentencepiece.SentencePieceProcessor()
    try:
        pieces.Load(str(model))
        known = {pieces.IdToPiece(i) for i in range(pieces.GetPieceSize())}
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        raise TokenizerError(f"{model} cannot be read ({type(error).__name__}).", _USE_WHOLE) from None
    _check_vocabulary(path, vocabulary, known)
    return Tokenizer(config, vocabulary, pieces)


def _check_tokens(path: Path, vocabulary: dict[str, int]) -> None:
    """Raises ConfigError for halves of characters, which JSON can hold and no text can."""
    try:
        "".join(vocabulary).encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{path} holds a token that is no text.", _USE_WHOLE) from None


def _check_vocabulary(path: Path, vocabulary: dict[str, int], known: set[str]) -> None:
    """Raises TokenizerError unless the vocabulary numbers the known pieces of the model, each once.

    Public vocabularies leave out a piece or add a few words to fill up; another model's differ in most.
    """
    if len(set(vocabulary.values())) != len(vocabulary) or max(vocabulary.values(), default=0) >= 2 * len(vocabulary):
        raise TokenizerError(f"{path} numbers its tokens twice or with gaps.", _USE_WHOLE)
    if len(known & vocabulary.keys()) < 0.95 * max(len(known), len(vocabulary)):
        raise TokenizerError(f"{path} is not the vocabulary of the sentencepiece model beside it.", _USE_WHOLE)

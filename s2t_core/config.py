"""The settings a checkpoint folder carries in its JSON files, checked once and frozen."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from reprlib import repr as brief
from typing import Any, TypeVar

from s2t_core.errors import ConfigError

T = TypeVar("T")

_USE_WHOLE = "Use a complete Speech2Text checkpoint folder."


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Shape of a Speech2Text network; names and defaults are those of transformers' `Speech2TextConfig`."""

    vocab_size: int = 10000
    d_model: int = 256
    encoder_layers: int = 12
    encoder_ffn_dim: int = 2048
    encoder_attention_heads: int = 4
    encoder_layerdrop: float = 0.0
    decoder_layers: int = 6
    decoder_ffn_dim: int = 2048
    decoder_attention_heads: int = 4
    decoder_layerdrop: float = 0.0
    activation_function: str = "relu"
    dropout: float = 0.1
    attention_dropout: float = 0.0
    activation_dropout: float = 0.0
    init_std: float = 0.02
    scale_embedding: bool = True
    tie_word_embeddings: bool = True
    bos_token_id: int = 0
    pad_token_id: int = 1
    eos_token_id: int = 2
    decoder_start_token_id: int = 2
    max_source_positions: int = 6000
    max_target_positions: int = 1024
    num_conv_layers: int = 2
    conv_kernel_sizes: tuple[int, ...] = (5, 5)
    conv_channels: int = 1024
    input_feat_per_channel: int = 80
    input_channels: int = 1

    @property
    def subsampling(self) -> int:
        """Feature frames per encoder frame: every convolution has stride 2."""
        return int(2**self.num_conv_layers)

    def to_json(self) -> dict[str, Any]:
        """The `config.json` that transformers reads."""
        settings = asdict(self) | {"conv_kernel_sizes": list(self.conv_kernel_sizes)}
        return settings | {
            "model_type": "speech_to_text",
            "architectures": ["Speech2TextForConditionalGeneration"],
            "is_encoder_decoder": True,
            "use_cache": True,
        }


@dataclass(frozen=True, slots=True)
class FeatureConfig:
    """How sound becomes frames; names are those of `preprocessor_config.json` (the spelling `ceptral` is theirs)."""

    sampling_rate: int = 16000
    num_mel_bins: int = 80
    dither: float = 0.0
    do_ceptral_normalize: bool = True
    normalize_means: bool = True
    normalize_vars: bool = True


@dataclass(frozen=True, slots=True)
class TokenizerConfig:
    """Options of `tokenizer_config.json` as transformers' `Speech2TextTokenizer` takes them."""

    bos_token: str = "<s>"
    eos_token: str = "</s>"
    pad_token: str = "<pad>"
    unk_token: str = "<unk>"
    do_upper_case: bool = False
    do_lower_case: bool = False
    tgt_lang: str | None = None
    lang_codes: str | None = None


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """Defaults of the search, from `generation_config.json`; `max_new_tokens` is bounded by the audio as well."""

    num_beams: int = 1
    length_penalty: float = 1.0
    early_stopping: bool = False
    max_new_tokens: int = 200


@dataclass(frozen=True, slots=True)
class AlignmentConfig:
    """How cross-attention tells where words lie, from our own `alignment.json`.

    heads          (decoder layer, head) pairs that follow the audio; none: a middle layer's do
    word_start_ms  from the place a word's first piece attends to most to the start of the word
    word_end_ms    and from its last piece's to its end
    """

    heads: tuple[tuple[int, int], ...] = ()
    word_start_ms: int = 0
    word_end_ms: int = 100


@dataclass(frozen=True, slots=True)
class ConfidenceConfig:
    """How a model's own certainty becomes a confidence, from our own `confidence.json`: log odds times `slope` plus
    `offset` (Platt 1999). As it is it changes next to nothing."""

    slope: float = 1.0
    offset: float = 0.0

    def apply(self, certainty: float) -> float:
        """certainty in 0..1 -> the chance that a word of this certainty is right."""
        return 1.0 / (1.0 + math.exp(-(self.slope * log_odds(certainty) + self.offset)))


def log_odds(value: float) -> float:
    """Of a probability; one nearer to 0 or 1 than 0.0001 is taken for that."""
    value = min(max(value, 1e-4), 1.0 - 1e-4)
    return math.log(value / (1.0 - value))


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ConfigError when it is missing or is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing.", _USE_WHOLE) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read as JSON ({error}).", _USE_WHOLE) from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds no JSON object.", _USE_WHOLE)
    return content


def read_model_config(folder: Path) -> ModelConfig:
    """`config.json` of a checkpoint. Raises ConfigError."""
    path = folder / "config.json"
    content = read_json(path)
    kind = content.get("model_type", "speech_to_text")
    if kind != "speech_to_text":
        raise ConfigError(f"{path} describes a {brief(kind)} model.", "Choose a folder of a Speech2Text model.")
    sizes = content.get("conv_kernel_sizes")
    if isinstance(sizes, list) and all(type(size) is int for size in sizes):
        content["conv_kernel_sizes"] = tuple(sizes)
    config = _take(ModelConfig, content, path)
    fault = _size_fault(config) or _value_fault(config)  # why no network can be built from it
    if fault:
        raise ConfigError(f"{path}: {fault}.", _USE_WHOLE)
    return config


def read_feature_config(folder: Path) -> FeatureConfig:
    """`preprocessor_config.json`; the extractor's own defaults where the file is missing. Raises ConfigError."""
    config = _optional(FeatureConfig, folder / "preprocessor_config.json")
    if not 1 <= config.num_mel_bins <= _MOST_BINS or config.sampling_rate != 16000 or not 0 <= config.dither <= 100:
        raise ConfigError(
            f"{folder / 'preprocessor_config.json'} asks for {brief(config.num_mel_bins)} bins at "
            f"{brief(config.sampling_rate)} Hz with dither {config.dither}; Speech2Text listens at 16000 Hz.",
            _USE_WHOLE,
        )
    return config


def read_tokenizer_config(folder: Path) -> TokenizerConfig:
    """`tokenizer_config.json`; defaults where the file is missing. Raises ConfigError."""
    path = folder / "tokenizer_config.json"
    content = read_json(path) if path.exists() else {}
    for name in ("bos_token", "eos_token", "pad_token", "unk_token"):
        if isinstance(content.get(name), dict):  # older transformers wrote tokens as objects
            content[name] = content[name].get("content", "")
    return _take(TokenizerConfig, content, path)


def read_search_config(folder: Path) -> SearchConfig:
    """`generation_config.json`; greedy where the file is missing. Raises ConfigError."""
    path = folder / "generation_config.json"
    content = read_json(path) if path.exists() else {}
    content.setdefault("max_new_tokens", content.get("max_length", SearchConfig().max_new_tokens))
    config = _take(SearchConfig, content, path)
    if not 1 <= config.num_beams <= 100 or config.max_new_tokens < 1 or not abs(config.length_penalty) < 100:
        raise ConfigError(f"{path}: num_beams, the maximal length or length_penalty is out of range.", _USE_WHOLE)
    return config


def read_alignment_config(folder: Path, model: ModelConfig) -> AlignmentConfig:
    """`alignment.json`, ours; without heads where the file is missing. Raises ConfigError."""
    path = folder / "alignment.json"
    content = read_json(path) if path.exists() else {}
    rows = content.pop("heads", [])
    layers, heads = range(model.decoder_layers), range(model.decoder_attention_heads)
    if not isinstance(rows, list) or not all(
        isinstance(row, list) and len(row) == 2 and all(type(number) is int for number in row) for row in rows
    ):
        raise ConfigError(f"{path}: heads must be pairs of layer and head.", _USE_WHOLE)
    pairs = tuple((layer, head) for layer, head in rows)
    if not all(layer in layers and head in heads for layer, head in pairs):
        raise ConfigError(f"{path} names a head that the model does not have.", _USE_WHOLE)
    config = replace(_take(AlignmentConfig, content, path), heads=pairs)
    if max(abs(config.word_start_ms), abs(config.word_end_ms)) > _FARTHEST_MS:
        raise ConfigError(f"{path} places words more than {_FARTHEST_MS} ms away from their sound.", _USE_WHOLE)
    return config


def read_confidence_config(folder: Path) -> ConfidenceConfig:
    """`confidence.json`, ours; the certainty itself where the file is missing. Raises ConfigError."""
    path = folder / "confidence.json"
    config = _optional(ConfidenceConfig, path)
    if not max(abs(config.slope), abs(config.offset)) <= _STEEPEST:
        raise ConfigError(f"{path}: slope or offset is not between {-_STEEPEST} and {_STEEPEST}.", _USE_WHOLE)
    return config


def _optional(kind: type[T], path: Path) -> T:
    return _take(kind, read_json(path) if path.exists() else {}, path)


def _take(kind: type[T], content: dict[str, Any], path: Path) -> T:
    """The known keys of `content` as a `kind`; unknown ones belong to other programs, null means the default."""
    defaults = kind()
    chosen: dict[str, Any] = {}
    for entry in fields(kind):  # type: ignore[arg-type]
        value = content.get(entry.name)
        if value is None:
            continue
        default = getattr(defaults, entry.name)
        if isinstance(default, float) and type(value) is int and abs(value) < 2**53:
            value = float(value)
        belongs = str if default is None else type(default)
        if type(value) is not belongs:
            what = f"{path}: {entry.name} is {brief(value)}, where a {belongs.__name__} belongs."
            raise ConfigError(what, _USE_WHOLE)
        chosen[entry.name] = value
    return kind(**chosen)


# Far above any published model; what is larger is a broken or hostile file, and building it would hang.
_LARGEST_KERNEL = 1_024
_MOST_BINS = 16_384
_FARTHEST_MS = 10_000
_STEEPEST = 50  # of the scaling of confidences; beyond it the exponential function overflows
_MOST = {
    "vocab_size": 1_000_000,
    "d_model": 16_384,
    "encoder_ffn_dim": 65_536,
    "decoder_ffn_dim": 65_536,
    "conv_channels": 65_536,
    "encoder_layers": 128,
    "decoder_layers": 128,
    "encoder_attention_heads": 128,
    "decoder_attention_heads": 128,
    "num_conv_layers": 8,
    "max_source_positions": 100_000,
    "max_target_positions": 100_000,
    "input_feat_per_channel": 1_024,
    "input_channels": 16,
}


def _size_fault(config: ModelConfig) -> str:
    for name, most in _MOST.items():
        if not 1 <= getattr(config, name) <= most:
            return f"{name} is {brief(getattr(config, name))}, not between 1 and {most}"
    for name in ("encoder_attention_heads", "decoder_attention_heads"):
        if config.d_model % getattr(config, name):
            return f"d_model {config.d_model} cannot be divided among {getattr(config, name)} heads"
    if len(config.conv_kernel_sizes) != config.num_conv_layers or not all(
        1 <= kernel <= _LARGEST_KERNEL for kernel in config.conv_kernel_sizes
    ):
        return f"conv_kernel_sizes {brief(config.conv_kernel_sizes)} does not give {config.num_conv_layers} kernels"
    if config.num_conv_layers > 1 and config.conv_channels % 2:
        return f"conv_channels {config.conv_channels} is odd, and a gated linear unit halves it"
    return ""


def _value_fault(config: ModelConfig) -> str:
    for name in ("dropout", "attention_dropout", "activation_dropout", "encoder_layerdrop", "decoder_layerdrop"):
        if not 0 <= getattr(config, name) <= 1:
            return f"{name} {getattr(config, name)} is no probability"
    if not 0 <= config.init_std < float("inf"):
        return f"init_std {config.init_std} is no spread"
    for name in ("bos_token_id", "pad_token_id", "eos_token_id", "decoder_start_token_id"):
        if not 0 <= getattr(config, name) < config.vocab_size:
            return f"{name} {brief(getattr(config, name))} is outside the vocabulary of {config.vocab_size}"
    return ""

"""A Whisper checkpoint, read as transformers or CTranslate2 saves it: shape, weights (transformers' names), tokens."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from s2t_core.config import ModelConfig, read_json
from s2t_core.decoding.alignment import Heads
from s2t_core.errors import CheckpointError
from s2t_core.model.checkpoint import PLAIN, TORCH, read_weights

Weights = dict[str, Tensor]
Merge = tuple[str, str]

CT2 = "model.bin"
_HEAD_DIM = 64  # of every published Whisper
# CTranslate2's numbers for the types of its tensors (model_spec.py, version 6 of the format).
_CT2_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_USE_WHOLE = "Give a complete Whisper folder, as transformers or CTranslate2 saves it."


@dataclass(frozen=True, slots=True)
class WhisperShape:
    """Sizes of the network (Radford et al. 2022, arXiv 2212.04356, table 1)."""

    d_model: int
    encoder_layers: int
    decoder_layers: int
    heads: int
    ffn: int
    mel_bins: int
    vocab_size: int

    def network(self) -> ModelConfig:
        """What a Speech2Text network has in common with this one; front end and tokens are the caller's."""
        return ModelConfig(
            vocab_size=self.vocab_size,
            d_model=self.d_model,
            encoder_layers=self.encoder_layers,
            encoder_ffn_dim=self.ffn,
            encoder_attention_heads=self.heads,
            decoder_layers=self.decoder_layers,
            decoder_ffn_dim=self.ffn,
            decoder_attention_heads=self.heads,
            activation_function="gelu",
            dropout=0.0,
            scale_embedding=False,
            num_conv_layers=1,
            conv_kernel_sizes=(3,),
        )


@dataclass(frozen=True, slots=True)
class WhisperCheckpoint:
    """Weights (float32, transformers' names), token ids by their byte-level spelling, and the merges in their order.

    heads  those of the decoder whose attention follows the audio, as its maker found them; empty where it does not say
    """

    shape: WhisperShape
    weights: Weights
    token_ids: dict[str, int]
    merges: tuple[Merge, ...]
    heads: Heads = ()


def read_whisper(folder: Path) -> WhisperCheckpoint:
    """The checkpoint of a folder. Raises CheckpointError or ConfigError when it is not whole or not Whisper."""
    path = next((folder / name for name in (PLAIN, TORCH, CT2) if (folder / name).is_file()), None)
    if path is None:
        raise CheckpointError(f"{folder} holds no weights ({PLAIN}, {TORCH} or {CT2}).", _USE_WHOLE)
    tensors = _read_ct2(path) if path.name == CT2 else read_weights(path)
    tokens = read_json(folder / "tokenizer.json")
    try:
        weights = _from_ct2(tensors) if path.name == CT2 else {_prefixed(name): tensors[name] for name in tensors}
        shape = _shape(weights)
        vocabulary = {str(token): int(number) for token, number in tokens["model"]["vocab"].items()}
        vocabulary |= {str(entry["content"]): int(entry["id"]) for entry in tokens["added_tokens"]}
        merges = tuple(_merge(line) for line in tokens["model"]["merges"])
        heads = _aligning_heads(folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{folder} holds no Whisper model ({error!r} is missing).", _USE_WHOLE) from None
    return WhisperCheckpoint(shape, weights, vocabulary, merges, heads)


def _aligning_heads(folder: Path) -> Heads:
    """CTranslate2 names them in one file, transformers in the other."""
    settings = [
        read_json(path) for name in ("generation_config.json", "config.json") if (path := folder / name).exists()
    ]
    rows = next((one["alignment_heads"] for one in settings if one.get("alignment_heads")), ())
    return tuple((int(layer), int(head)) for layer, head in rows)


def _prefixed(name: str) -> str:
    """Some folders hold `WhisperModel`, without the outer name."""
    return name if name.startswith(("model.", "proj_out.")) else f"model.{name}"


def _merge(line: str | list[str]) -> Merge:
    left, right = line.split(" ") if isinstance(line, str) else line
    return left, right


_SIDES = ("encoder", "decoder")


def _shape(weights: Weights) -> WhisperShape:
    d_model, mel_bins, _ = weights["model.encoder.conv1.weight"].shape
    layers = [{name.split(".")[3] for name in weights if name.startswith(f"model.{side}.layers.")} for side in _SIDES]
    return WhisperShape(
        d_model=d_model,
        encoder_layers=len(layers[0]),
        decoder_layers=len(layers[1]),
        heads=d_model // _HEAD_DIM,
        ffn=weights["model.encoder.layers.0.fc1.weight"].shape[0],
        mel_bins=mel_bins,
        vocab_size=weights["model.decoder.embed_tokens.weight"].shape[0],
    )


def _read_ct2(path: Path) -> Weights:
    """The tensors of a CTranslate2 model, int8 rows multiplied out."""
    try:
        with path.open("rb") as file:
            _number(file, "<I")  # version of the format
            _text(file)  # the name of the specification
            _number(file, "<I")  # its revision
            arrays = dict(_variable(file) for _ in range(_number(file, "<I")))
    except (struct.error, ValueError, KeyError, OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read ({type(error).__name__}).", _USE_WHOLE) from None
    tensors = {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}
    for name in list(tensors):
        scale = tensors.get(f"{name}_scale")
        if scale is not None:  # CTranslate2 stores weight * scale
            tensors[name] = tensors[name] / scale.view(-1, *[1] * (tensors[name].dim() - 1))
    return tensors


def _number(file: BinaryIO, form: str) -> int:
    return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "<H")).rstrip(b"\0").decode()


def _variable(file: BinaryIO) -> tuple[str, np.ndarray]:
    name = _text(file)
    shape = [_number(file, "<I") for _ in range(_number(file, "<B"))]
    kind = _CT2_TYPES[_number(file, "<B")]
    return name, np.frombuffer(file.read(_number(file, "<I")), kind).reshape(shape)


def _from_ct2(tensors: Weights) -> Weights:
    """CTranslate2's names and fused projections -> those of transformers."""
    weights = {"model.decoder.embed_tokens.weight": tensors["decoder/embeddings/weight"]}
    for name in ("conv1", "conv2"):
        weights |= _linear(tensors, [f"model.encoder.{name}"], f"encoder/{name}")
    for side in _SIDES:
        weights[f"model.{side}.embed_positions.weight"] = tensors[f"{side}/position_encodings/encodings"]
        weights |= _norm(tensors, f"model.{side}.layer_norm", f"{side}/layer_norm")
        layers = {match[1] for name in tensors if (match := re.match(rf"{side}/layer_(\d+)/", name))}
        for index in layers:
            target, source = f"model.{side}.layers.{index}", f"{side}/layer_{index}"
            weights |= _attention(tensors, f"{target}.self_attn", f"{source}/self_attention", ("qkv", "o"))
            if side == "decoder":
                weights |= _attention(tensors, f"{target}.encoder_attn", f"{source}/attention", ("q", "kv", "o"))
            weights |= _norm(tensors, f"{target}.final_layer_norm", f"{source}/ffn/layer_norm")
            for part in (0, 1):
                weights |= _linear(tensors, [f"{target}.fc{part + 1}"], f"{source}/ffn/linear_{part}")
    return weights


def _attention(tensors: Weights, target: str, source: str, fused: tuple[str, ...]) -> Weights:
    """`fused`: which of the query, key, value and output projections each linear layer of CTranslate2 holds."""
    names = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "out_proj"}
    weights = _norm(tensors, f"{target}_layer_norm", f"{source}/layer_norm")
    for index, parts in enumerate(fused):
        weights |= _linear(tensors, [f"{target}.{names[part]}" for part in parts], f"{source}/linear_{index}")
    return weights


def _linear(tensors: Weights, targets: list[str], source: str) -> Weights:
    weights = {}
    parts = [tensors[f"{source}/{kind}"].chunk(len(targets)) for kind in ("weight", "bias")]
    for target, weight, bias in zip(targets, *parts, strict=True):
        weights[f"{target}.weight"] = weight.contiguous()
        if not target.endswith("k_proj"):  # Whisper's keys have no bias
            weights[f"{target}.bias"] = bias.contiguous()
    return weights


def _norm(tensors: Weights, target: str, source: str) -> Weights:
    return {f"{target}.weight": tensors[f"{source}/gamma"], f"{target}.bias": tensors[f"{source}/beta"]}

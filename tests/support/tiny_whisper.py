"""A tiny random Whisper, in the forms in which Whisper folders come: as transformers and as CTranslate2 save it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import torch
from conftest import SAMPLE_TEXT
from transformers import WhisperConfig, WhisperForConditionalGeneration
from transformers.convert_slow_tokenizer import bytes_to_unicode

SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>")
VOCAB_SIZE = 700  # more than there are tokens: the last ones stand for timestamps
Tensors = dict[str, np.ndarray]


def merges(text: str = SAMPLE_TEXT) -> list[tuple[str, str]]:
    """Merges by which every word of `text` becomes one token, letter by letter from its front."""
    found: dict[tuple[str, str], None] = {}
    for word in text.replace(".", "").split():
        signs = "Ġ" + word
        found |= {(signs[:end], signs[end]): None for end in range(1, len(signs))}
    return list(found)


def token_ids() -> dict[str, int]:
    """The 256 signs of bytes, what is merged of them, and the special tokens."""
    tokens = [*bytes_to_unicode().values(), *(left + right for left, right in merges()), *SPECIAL]
    return {token: number for number, token in enumerate(tokens)}


def make_whisper(folder: Path, seed: int = 0) -> WhisperForConditionalGeneration:
    """transformers' model with random weights, saved with its tokens in `folder`."""
    numbers = token_ids()
    torch.manual_seed(seed)
    config = WhisperConfig(
        vocab_size=VOCAB_SIZE,
        d_model=128,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=256,
        decoder_ffn_dim=256,
        max_target_positions=160,  # more than the teacher ever writes
        init_std=0.1,
        pad_token_id=VOCAB_SIZE - 1,
        bos_token_id=numbers[SPECIAL[0]],
        eos_token_id=numbers[SPECIAL[0]],
        decoder_start_token_id=numbers[SPECIAL[1]],
    )
    peer = WhisperForConditionalGeneration(config).eval()
    peer.save_pretrained(folder)
    write_tokenizer(folder)
    return peer


def write_tokenizer(folder: Path, as_pairs: bool = True) -> None:
    """`tokenizer.json`; older ones write a merge as one text."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = token_ids()
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    content = {
        "version": "1.0",
        "added_tokens": [{"id": numbers[token], "content": token, **added} for token in SPECIAL],
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {token: number for token, number in numbers.items() if token not in SPECIAL},
            "merges": [list(pair) if as_pairs else " ".join(pair) for pair in merges()],
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")


def write_ct2(peer: WhisperForConditionalGeneration, folder: Path, int8: tuple[str, ...] = ()) -> None:
    """`model.bin` in version 6 of CTranslate2's format, the named tensors as int8 rows with a scale each."""
    tensors = ct2_tensors({name: weight.numpy() for name, weight in peer.state_dict().items()})
    for name in int8:
        rows = tensors[name].reshape(len(tensors[name]), -1)
        scale = (127 / np.abs(rows).max(axis=1)).astype(np.float32)
        tensors[name] = (rows * scale[:, None]).round().astype(np.int8).reshape(tensors[name].shape)
        tensors[f"{name}_scale"] = scale
    tensors["encoder/num_heads"] = np.array(2, dtype=np.int16)
    folder.mkdir(parents=True, exist_ok=True)
    aliases = _text("decoder/projection/weight") + _text("decoder/embeddings/weight")
    content = struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<II", 3, len(tensors))
    content += b"".join(_variable(name, tensor) for name, tensor in tensors.items())
    (folder / "model.bin").write_bytes(content + struct.pack("<I", 1) + aliases)


def ct2_tensors(weights: Tensors) -> Tensors:
    """transformers' tensors under CTranslate2's names, with its fused projections."""
    found = {"decoder/embeddings/weight": weights["model.decoder.embed_tokens.weight"]}
    for name in ("conv1", "conv2"):
        found |= _fused(weights, f"encoder/{name}", [f"model.encoder.{name}"])
    for side in ("encoder", "decoder"):
        found[f"{side}/position_encodings/encodings"] = weights[f"model.{side}.embed_positions.weight"]
        found |= _norm(weights, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for index in (0, 1):
            to, at = f"{side}/layer_{index}", f"model.{side}.layers.{index}"
            found |= _norm(weights, f"{to}/self_attention/layer_norm", f"{at}.self_attn_layer_norm")
            qkv = [f"{at}.self_attn.{name}_proj" for name in "qkv"]
            found |= _fused(weights, f"{to}/self_attention/linear_0", qkv)
            found |= _fused(weights, f"{to}/self_attention/linear_1", [f"{at}.self_attn.out_proj"])
            if side == "decoder":
                found |= _norm(weights, f"{to}/attention/layer_norm", f"{at}.encoder_attn_layer_norm")
                for number, parts in enumerate((["q_proj"], ["k_proj", "v_proj"], ["out_proj"])):
                    names = [f"{at}.encoder_attn.{part}" for part in parts]
                    found |= _fused(weights, f"{to}/attention/linear_{number}", names)
            found |= _norm(weights, f"{to}/ffn/layer_norm", f"{at}.final_layer_norm")
            found |= _fused(weights, f"{to}/ffn/linear_0", [f"{at}.fc1"])
            found |= _fused(weights, f"{to}/ffn/linear_1", [f"{at}.fc2"])
    return found


def _fused(weights: Tensors, to: str, names: list[str]) -> Tensors:
    rows = [weights[f"{name}.weight"] for name in names]
    biases = [
        weights.get(f"{name}.bias", np.zeros(len(row), np.float32)) for name, row in zip(names, rows, strict=True)
    ]
    return {f"{to}/weight": np.concatenate(rows), f"{to}/bias": np.concatenate(biases)}


def _norm(weights: Tensors, to: str, name: str) -> Tensors:
    return {f"{to}/gamma": weights[f"{name}.weight"], f"{to}/beta": weights[f"{name}.bias"]}


def _text(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def _variable(name: str, tensor: np.ndarray) -> bytes:
    kind = {"float32": 0, "int8": 1, "int16": 2}[tensor.dtype.name]
    shape = struct.pack(f"<B{tensor.ndim}I", tensor.ndim, *tensor.shape)
    return _text(name) + shape + struct.pack("<BI", kind, tensor.nbytes) + tensor.tobytes()

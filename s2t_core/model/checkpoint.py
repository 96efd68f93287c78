"""Checkpoint folders: weights from safetensors, torch's own form or packed, checked against the configuration."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.overrides import TorchFunctionMode

from s2t_core.config import ModelConfig, read_model_config
from s2t_core.errors import CheckpointError
from s2t_core.model.packing import SCALE, pack, unpack
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration

PACKED, PLAIN, TORCH = "model.packed.safetensors", "model.safetensors", "pytorch_model.bin"
EMBEDDINGS, HEAD = "model.decoder.embed_tokens.weight", "lm_head.weight"
# Old transformers saved the computed positions and the tied head as well.
_COMPUTED = ("model.encoder.embed_positions.weights", "model.decoder.embed_positions.weights")
_AGAIN = "Copy or download the checkpoint again."


class _Unfilled(TorchFunctionMode):
    """Modules made under it skip their random weights, which on the meta device cost two seconds of imports."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def load_model(folder: Path) -> Speech2TextForConditionalGeneration:
    """The network of a checkpoint folder, in float32 on the CPU, ready for inference.

    Raises ConfigError for a bad `config.json`, CheckpointError for weights that are missing, broken or do not fit.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder.", "Give the folder of a Speech2Text checkpoint.")
    config = read_model_config(folder)
    with torch.device("meta"), _Unfilled():  # shapes only: nothing is allocated before the weights are known to fit
        model = Speech2TextForConditionalGeneration(config)
    path = weights_file(folder)
    state = read_weights(path)
    _check_fit(path, state, model, config)
    model.load_state_dict(state, strict=False, assign=True)
    model.tie_weights()
    return model.eval()


def weights_file(folder: Path) -> Path:
    """The file that holds the folder's weights. Raises CheckpointError when there is none."""
    for name in (PACKED, PLAIN, TORCH):
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(
        f"{folder} holds no weights ({PLAIN}, {TORCH} or {PACKED}).", "Give the folder of a Speech2Text checkpoint."
    )


def read_weights(path: Path) -> dict[str, Tensor]:
    """All tensors of a weights file as float32; safetensors are memory-mapped, pickles may hold tensors only."""
    try:
        state = _read_torch(path) if path.name == TORCH else _read_safetensors(path)
    except Exception as error:  # a pickle that is damaged raises whatever its remains lead to
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(f"{path} cannot be read ({reason[:160]}).", _AGAIN) from None
    for name in _COMPUTED:
        state.pop(name, None)
    return state


def save_model(model: Speech2TextForConditionalGeneration, folder: Path, packed: bool = False) -> None:
    """Write `config.json` and the weights, plain (transformers reads them) or packed, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(model.config.to_json(), indent=1) + "\n", encoding="utf-8")
    state = {name: weight.detach().contiguous() for name, weight in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        del state[HEAD]
    if packed:
        state = dict(pack(state.items()))
    weights = folder / (PACKED if packed else PLAIN)
    save_file(state, weights, metadata={"format": "pt"})
    shutil.copymode(folder / "config.json", weights)  # safetensors makes it readable by the user alone


def export_folder(source: Path, target: Path) -> None:
    """Write the checkpoint of `source` to `target` in the plain form that transformers loads.

    Raises CheckpointError when `target` holds a model or cannot be written, and whatever `load_model` raises.
    """
    if any((target / name).exists() for name in (PACKED, PLAIN, TORCH)):
        raise CheckpointError(f"{target} already holds a model.", "Choose a new folder.")
    model = load_model(source)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(source.iterdir()):
            if path.suffix in (".json", ".model", ".txt", ".md"):
                shutil.copyfile(path, target / path.name)
        save_model(model, target)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{target} cannot be written ({error}).", "Choose another folder.") from None


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        names = set(file.keys())
        state = {}
        for name in sorted(names):
            if name.endswith(SCALE):
                continue
            weight = file.get_tensor(name)
            if weight.dtype in (torch.int8, torch.uint8):
                if name + SCALE not in names:
                    raise ValueError(f"{name} has no scale")
                scale = file.get_tensor(name + SCALE)
                state[name] = unpack(weight, scale)
            else:
                state[name] = weight.float()
    return state


def _read_torch(path: Path) -> dict[str, Tensor]:
    # weights_only: a pickle from elsewhere must not be able to run code
    state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise ValueError("it holds no state dict")
    for name, weight in state.items():
        if not isinstance(weight, Tensor) or weight.layout != torch.strided or weight.device.type != "cpu":
            raise ValueError(f"{name[:80]} is no plain tensor")
        if weight.nbytes > weight.untyped_storage().nbytes():  # one number can be stretched to terabytes
            raise ValueError(f"{name[:80]} promises more numbers than there are")
    return {name: weight.detach().float() for name, weight in state.items()}


def _check_fit(
    path: Path, state: dict[str, Tensor], model: Speech2TextForConditionalGeneration, config: ModelConfig
) -> None:
    """Raises CheckpointError unless the tensors are those of the model, by name and shape, and finite."""
    if config.tie_word_embeddings and EMBEDDINGS in state:
        state[HEAD] = state[EMBEDDINGS]
    expected = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    missing = sorted(expected.keys() - state.keys())
    extra = sorted(state.keys() - expected.keys())
    wrong = [name for name in sorted(expected.keys() & state.keys()) if tuple(state[name].shape) != expected[name]]
    use_other = "Use the config.json that belongs to these weights."
    if missing or extra:
        listed = ", ".join((["missing " + name for name in missing] + ["unknown " + name for name in extra])[:3])
        raise CheckpointError(
            f"{path} does not fit its config.json: {len(missing)} tensors missing, {len(extra)} unknown ({listed}).",
            use_other,
        )
    if wrong:
        name = wrong[0]
        raise CheckpointError(
            f"{path} does not fit its config.json: {name} is {tuple(state[name].shape)}, not {expected[name]}.",
            use_other,
        )
    for name, weight in state.items():
        least, largest = weight.aminmax()  # ten times as fast as to ask of every weight
        if not math.isfinite(float(largest - least)):
            raise CheckpointError(f"{path} holds a value in {name} that is not a finite number.", _AGAIN)

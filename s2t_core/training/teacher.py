"""Whisper as a teacher: its encoder's output, its text and its opinion of every token, on audio padded to 30 s.

The teacher is our own Speech2Text network with Whisper's front end and learnt positions in their places.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2t_core.decoding.search import SearchOptions, search
from s2t_core.errors import CheckpointError
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.training.whisper import WhisperCheckpoint
from s2t_core.types import SAMPLE_RATE_HZ, Samples

WINDOW_S = 30
FRAMES_PER_SECOND = 50
_FFT, _HOP = 400, 160
_PROMPT = ("<|en|>", "<|transcribe|>", "<|notimestamps|>")


class WhisperStem(nn.Module):
    """Two convolutions with GELU: (batch, mel frames, bins) -> (batch, mel frames / 2, d_model)."""

    def __init__(self, mel_bins: int, d_model: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(mel_bins, d_model, 3, padding=1)
        self.conv2 = nn.Conv1d(d_model, d_model, 3, stride=2, padding=1)

    def before_gelu(self, features: Tensor) -> Tensor:
        """The same shapes, without the last activation."""
        hidden: Tensor = self.conv2(functional.gelu(self.conv1(features.transpose(1, 2))))
        return hidden.transpose(1, 2)

    def forward(self, features: Tensor) -> Tensor:
        return functional.gelu(self.before_gelu(features))


class TablePositions(nn.Module):
    """Positions from a table (positions, d_model), called as `SinusoidalPositions` is."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(table, requires_grad=False)

    def forward(
        self, is_real: Tensor, past: int = 0, room: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        return self.weight[past : past + is_real.shape[1]].unsqueeze(0).to(dtype)


class Teacher:
    """A Whisper network and its tokens; made by `load_teacher`."""

    def __init__(self, model: Speech2TextForConditionalGeneration, token_ids: dict[str, int], mel_bins: int) -> None:
        self.model = model
        self._spelling = {number: token for token, number in token_ids.items()}
        self.mel_bins = mel_bins
        self._prompt = tuple(token_ids[token] for token in _PROMPT if token in token_ids)
        self._first_special = token_ids["<|endoftext|>"]

    @torch.inference_mode()
    def encode(self, clips: Sequence[Samples]) -> EncodedFrames:
        """Clips of at most 30 s at 16 kHz -> (clips, 1500, d_model)."""
        features = torch.stack([log_mel(torch.from_numpy(clip), self.mel_bins) for clip in clips])
        return self.model.encode(features.to(self.model.device))

    def transcribe(self, encoded: EncodedFrames, max_new_tokens: int = 130) -> list[str]:
        """What greedy decoding without timestamps writes for every clip."""
        options = SearchOptions(max_new_tokens=max_new_tokens, early_stopping=True, prefix=self._prompt)
        found = search(self.model, encoded, options)
        return [self.text(hypotheses[0].tokens) for hypotheses in found]

    def text(self, ids: Sequence[int]) -> str:
        """The text of token ids; special tokens are left out."""
        spelled = "".join(self._spelling[number] for number in ids if number < self._first_special)
        return bytes(byte_of()[sign] for sign in spelled).decode("utf-8", errors="replace").strip()

    @torch.inference_mode()
    def states(self, encoded: EncodedFrames, ids: Sequence[int]) -> Tensor:
        """The decoder's last states on one clip and its text: ids (n,) of Whisper -> (n + 1, d_model).

        From row i the token at i is predicted; from the last one what follows the text.
        """
        start = (self.model.config.decoder_start_token_id, *self._prompt)
        tokens = torch.tensor([[*start, *ids]], device=self.model.device)
        hidden: Tensor = self.model.model.decoder(tokens, encoded).hidden[0, len(start) - 1 :]
        return hidden


def load_teacher(checkpoint: WhisperCheckpoint) -> Teacher:
    """The network of a Whisper checkpoint. Raises CheckpointError when weights are missing or do not fit."""
    shape, ids = checkpoint.shape, checkpoint.token_ids
    config = replace(
        shape.network(),
        pad_token_id=shape.vocab_size - 1,  # a timestamp that is never written
        eos_token_id=ids["<|endoftext|>"],
        decoder_start_token_id=ids["<|startoftranscript|>"],
    )
    model = Speech2TextForConditionalGeneration(config)
    encoder, decoder = model.model.encoder, model.model.decoder
    encoder.conv = WhisperStem(shape.mel_bins, shape.d_model)  # type: ignore[assignment]
    weights = dict(checkpoint.weights)
    for name in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            weights[f"model.encoder.conv.{name}.{kind}"] = weights.pop(f"model.encoder.{name}.{kind}")
    for part, name in ((encoder, "encoder"), (decoder, "decoder")):
        table = TablePositions(weights[f"model.{name}.embed_positions.weight"])
        part.embed_positions = table  # type: ignore[assignment]
    for name, parameter in model.state_dict().items():
        if name.endswith("k_proj.bias"):
            weights[name] = torch.zeros_like(parameter)
    weights["lm_head.weight"] = weights["model.decoder.embed_tokens.weight"]
    weights.pop("proj_out.weight", None)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"The Whisper weights do not fit ({str(error).splitlines()[1].strip()}).") from None
    return Teacher(model.eval().requires_grad_(False), ids, shape.mel_bins)


def log_mel(samples: Tensor, bins: int) -> Tensor:
    """samples (n,) at 16 kHz -> (3000, bins): Whisper's features of the clip padded with silence to 30 s."""
    padded = functional.pad(samples, (0, WINDOW_S * SAMPLE_RATE_HZ - len(samples)))
    spectrum = torch.stft(padded, _FFT, _HOP, window=torch.hann_window(_FFT), return_complex=True)[:, :-1]
    energies = mel_filters(bins) @ spectrum.abs().square()
    logs = energies.clamp(min=1e-10).log10()
    return ((torch.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0).T


@functools.cache
def mel_filters(bins: int) -> Tensor:
    """(bins, 201) triangles of equal area on Slaney's scale: linear to 1 kHz, logarithmic above (Auditory Toolbox)."""
    step = math.log(6.4) / 27
    top = 15 + math.log(SAMPLE_RATE_HZ / 2 / 1000) / step
    mels = torch.linspace(0, top, bins + 2, dtype=torch.float64)
    edges = torch.where(mels < 15, mels * 200 / 3, 1000 * torch.exp(step * (mels - 15)))  # Hz
    bands = torch.linspace(0, SAMPLE_RATE_HZ / 2, _FFT // 2 + 1, dtype=torch.float64)
    rising = (bands - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bands) / (edges[2:] - edges[1:-1])[:, None]
    triangles = torch.minimum(rising, falling).clamp(min=0)
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).float()


@functools.cache
def byte_of() -> dict[str, int]:
    """The byte that each sign of a byte-level vocabulary stands for (GPT-2's table).

    Printable bytes stand for themselves, the others for the signs from U+0100 on, in their order.
    """
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + k): byte for k, byte in enumerate(others)}

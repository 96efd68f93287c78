"""A Speech2Text network made of a Whisper one: same layers, other front end, positions and vocabulary.

What is equal is taken over (attention, feed-forward, norms). The rest has something near in Speech2Text: instead of
two convolutions one with a gated linear unit, fitted on speech; instead of learnt decoder positions sinusoids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from s2t_core.config import FeatureConfig
from s2t_core.errors import CheckpointError
from s2t_core.features.fbank import fbank
from s2t_core.model.checkpoint import EMBEDDINGS, HEAD
from s2t_core.model.positions import sinusoids
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.training.teacher import WINDOW_S, Teacher, WhisperStem, log_mel
from s2t_core.training.vocabulary import SPECIAL, Vocabulary, whisper_id
from s2t_core.training.whisper import WhisperCheckpoint
from s2t_core.types import SAMPLE_RATE_HZ, Samples

KERNEL = 9  # feature frames that the one convolution sees: as many as Whisper's two see of its own, and the GLU's room
FEATURES = FeatureConfig(do_ceptral_normalize=False)  # Whisper listens to levels as they are
HEAD_SAMPLES = 200  # Whisper's frame i has its middle at sample 320 i, Kaldi's at 320 i + 200
_POSITIONS = 100  # the usual length of a text, over which positions are compared
_GELU_GATE = 1.702  # gelu(x) is nearly x * sigmoid(1.702 x) (Hendrycks & Gimpel 2016, arXiv 1606.08415)
_RIDGE = 10.0
_LAYERS = "model.decoder.layers."
_LEARNT_CROSS_ATTENTION = 0.6  # the rest is Whisper's
_SAME_KEYS = 0.9  # cosine; of different layers it is near 0


def transplant(
    whisper: WhisperCheckpoint, vocabulary: Vocabulary, decoder_layers: Sequence[int]
) -> Speech2TextForConditionalGeneration:
    """The network before its first lesson; its front end is zero until `fit_front_end`.

    decoder_layers  which of Whisper's are kept, in this order
    Raises CheckpointError for a layer that Whisper does not have.
    """
    lacking = set(decoder_layers) - set(range(whisper.shape.decoder_layers))
    if lacking:
        last = whisper.shape.decoder_layers - 1
        raise CheckpointError(f"This Whisper has no decoder layer {min(lacking)}.", f"It has 0 to {last}.")
    config = replace(
        whisper.shape.network(),
        vocab_size=len(vocabulary.pieces),
        decoder_layers=len(decoder_layers),
        conv_kernel_sizes=(KERNEL,),
        conv_channels=2 * whisper.shape.d_model,
        input_feat_per_channel=FEATURES.num_mel_bins,
    )
    model = Speech2TextForConditionalGeneration(config)
    state = {}
    for name, own in model.state_dict().items():
        source = _source(name, decoder_layers)
        state[name] = whisper.weights[source].clone() if source in whisper.weights else torch.zeros_like(own)
    scale = position_scale(whisper)
    state[EMBEDDINGS] = state[HEAD] = _rows(whisper, vocabulary, scale)
    model.load_state_dict(_grown(state, scale))
    model.tie_weights()
    return model.eval()


@torch.no_grad()
def transplant_again(
    whisper: WhisperCheckpoint,
    vocabulary: Vocabulary,
    decoder_layers: Sequence[int],
    trained: Speech2TextForConditionalGeneration,
) -> Speech2TextForConditionalGeneration:
    """A new transplant that keeps what an earlier one had to learn: its encoder, and how its decoder attends.

    The words stay Whisper's: a decoder that little data has trained forgets some of those it knew. Embeddings and
    feed-forward layers, which hold them, are Whisper's own; self-attention, which had to learn other positions, is the
    trained one; cross-attention lies between both (Wortsman et al. 2022, arXiv 2109.01903).
    Raises CheckpointError where the earlier one has another encoder.
    """
    fresh = transplant(whisper, vocabulary, decoder_layers)
    state, learnt = fresh.state_dict(), trained.state_dict()
    if not _same_shape(fresh.model.encoder, trained.model.encoder):
        raise CheckpointError("The earlier checkpoint has another encoder than this Whisper.", "Leave out --from.")
    earlier_of = {layer: _same_layer(whisper, layer, trained) for layer in decoder_layers}
    for name in state:
        layer = _layer_of(name)
        if name.startswith("model.encoder."):
            state[name] = learnt[name]
        elif layer is not None and "_attn" in layer[1]:
            index, tail = layer
            earlier = earlier_of[decoder_layers[index]]
            if earlier is not None:
                share = 1.0 if tail.startswith("self_attn") else _LEARNT_CROSS_ATTENTION
                state[name] = torch.lerp(state[name], learnt[f"{_LAYERS}{earlier}.{tail}"], share)
    state[EMBEDDINGS][: len(SPECIAL)] = learnt[EMBEDDINGS][: len(SPECIAL)]
    state[HEAD] = state[EMBEDDINGS]
    fresh.load_state_dict(state)
    return fresh


def _same_shape(one: nn.Module, other: nn.Module) -> bool:
    shapes = [{name: weight.shape for name, weight in module.state_dict().items()} for module in (one, other)]
    return shapes[0] == shapes[1]


def _same_layer(whisper: WhisperCheckpoint, layer: int, trained: Speech2TextForConditionalGeneration) -> int | None:
    """Which layer of a trained transplant came from this one of Whisper's: its keys to the encoder hardly change."""
    tail = "encoder_attn.k_proj.weight"
    source, learnt = whisper.weights[f"{_LAYERS}{layer}.{tail}"].flatten(), trained.state_dict()
    for index in range(trained.config.decoder_layers):
        own = learnt[f"{_LAYERS}{index}.{tail}"].flatten()
        if float(torch.cosine_similarity(source, own, dim=0)) > _SAME_KEYS:
            return index
    return None


def position_scale(whisper: WhisperCheckpoint) -> float:
    """How much larger sinusoids are than Whisper's learnt positions (about 70 for base)."""
    learnt = whisper.weights["model.decoder.embed_positions.weight"][:_POSITIONS]
    computed = sinusoids(len(learnt), learnt.shape[1])
    return float((computed - computed.mean(dim=0)).norm() / (learnt - learnt.mean(dim=0)).norm())


def _layer_of(name: str) -> tuple[int, str] | None:
    """The number of a decoder layer and the name within it; None for tensors elsewhere."""
    if not name.startswith(_LAYERS):
        return None
    index, _, tail = name.removeprefix(_LAYERS).partition(".")
    return int(index), tail


def _source(name: str, decoder_layers: Sequence[int]) -> str:
    """Whisper's name of a tensor: the same, but for the numbers of the decoder layers that are left."""
    layer = _layer_of(name)
    return name if layer is None else f"{_LAYERS}{decoder_layers[layer[0]]}.{layer[1]}"


def _rows(whisper: WhisperCheckpoint, vocabulary: Vocabulary, scale: float) -> Tensor:
    """Whisper's embeddings of the pieces, with the mean of its positions in place of the sinusoids' mean."""
    rows = whisper.weights[EMBEDDINGS]
    learnt = whisper.weights["model.decoder.embed_positions.weight"][:_POSITIONS]
    computed = sinusoids(len(learnt), learnt.shape[1]) / scale
    offset = learnt.mean(dim=0) - computed.mean(dim=0)
    sources = [whisper_id(piece, whisper.token_ids) for piece in vocabulary.pieces]
    mean = rows[[source for source in sources if source is not None]].mean(dim=0)
    return torch.stack([mean if source is None else rows[source] for source in sources]) + offset


def _grown(state: dict[str, Tensor], scale: float) -> dict[str, Tensor]:
    """The same decoder at the size of sinusoids.

    All that is added to its residual stream grows by `scale`, the last norm shrinks: with the tied head the same
    function, but for the positions, which are too large for Whisper's own embeddings.
    """
    for name in state:
        if name == EMBEDDINGS or (name.startswith(_LAYERS) and ("out_proj" in name or ".fc2." in name)):
            state[name] = state[name] * scale
        if name.startswith("model.decoder.layer_norm"):
            state[name] = state[name] / scale
    state[HEAD] = state[EMBEDDINGS]
    return state


@torch.no_grad()
def fit_front_end(model: Speech2TextForConditionalGeneration, teacher: Teacher, clips: Sequence[Samples]) -> float:
    """Fit the convolution by least squares to what goes into the teacher's last GELU, on some minutes of speech.

    With weights (W, 1.702 W) a gated linear unit is that GELU. Returns the share of the variance that is explained.
    """
    stem = teacher.model.model.encoder.conv
    assert isinstance(stem, WhisperStem)
    inputs, targets = [], []
    for recording in clips:
        clip = recording[: WINDOW_S * SAMPLE_RATE_HZ]
        features = torch.from_numpy(fbank(clip, FEATURES))
        padded = torch.nn.functional.pad(features, (0, 0, KERNEL // 2, KERNEL // 2))
        seen = padded.unfold(0, KERNEL, 2).flatten(1)  # (frames, bins * kernel)
        mel = log_mel(torch.from_numpy(clip[HEAD_SAMPLES:]), teacher.mel_bins)
        goal = stem.before_gelu(mel.unsqueeze(0))[0, : len(seen)]
        inner = slice(KERNEL // 4 + 1, -(KERNEL // 4 + 1))  # frames whose view is all speech
        inputs.append(seen[inner])
        targets.append(goal[inner])
    seen, goal = torch.cat(inputs).double(), torch.cat(targets).double()
    mean, goal_mean = seen.mean(dim=0), goal.mean(dim=0)
    centred = seen - mean
    square = centred.T @ centred + _RIDGE * torch.eye(seen.shape[1], dtype=torch.float64)
    weight = torch.linalg.solve(square, centred.T @ (goal - goal_mean))  # (bins * kernel, d_model)
    bias = goal_mean - mean @ weight
    kernel = weight.T.reshape(-1, FEATURES.num_mel_bins, KERNEL).float()
    conv = model.model.encoder.conv.conv_layers[0]
    assert isinstance(conv, nn.Conv1d) and conv.bias is not None
    conv.weight.copy_(torch.cat([kernel, _GELU_GATE * kernel]))
    conv.bias.copy_(torch.cat([bias, _GELU_GATE * bias]).float())
    rest = (goal - goal_mean - centred @ weight).square().sum() / (goal - goal_mean).square().sum()
    return 1.0 - float(rest)

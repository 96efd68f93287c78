"""The encoder over an utterance that is still being spoken: what was heard long enough ago is not encoded again."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from s2t_core.model.attention import KeysValuesBuffer
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.encoder import Encoder, EncoderLayer
from s2t_core.model.subsampler import padded_frames, settled_frames


class EncoderStream:
    """Takes feature frames as they come and gives the encoding of all of them.

    Frames with `look_ahead` frames behind them are settled: they keep their encoding, and their keys and values in
    every layer. The others are encoded anew at every step, seeing everything heard so far. Without look-ahead, in steps
    of a chunk, this is encoding under `chunk_mask`; with a look-ahead as long as the utterance it is full context.
    """

    def __init__(self, encoder: Encoder, look_ahead: int) -> None:
        self._encoder = encoder
        self._look_ahead = look_ahead
        config, like = encoder.config, encoder.layer_norm.weight
        self._stride = config.subsampling
        self._contaminated = padded_frames(config)
        self._features = like.new_zeros(0, config.input_feat_per_channel * config.input_channels)
        self._dropped = 0  # features before those, no longer needed
        self._heard = 0  # frames that have left the convolutions
        self._open = like.new_zeros(1, 0, config.d_model)  # inputs of the layers, not settled yet
        self._settled = self._open  # encoding of the frames before
        self._past = [KeysValuesBuffer() for _ in encoder.layers]

    @property
    def taken(self) -> int:
        """Feature frames so far."""
        return self._dropped + len(self._features)

    @property
    def settled(self) -> int:
        """Frames at the beginning that will not change any more."""
        return self._settled.shape[1]

    @torch.inference_mode()
    def push(self, features: Tensor) -> EncodedFrames:
        """features (frames, bins), those that come next -> the encoding of all so far, (1, frames, d_model).

        The last frames, which see beyond the features, are left out until those come.
        """
        self._hear(features)
        hidden = self._open
        for layer, past in zip(self._encoder.layers, self._past, strict=True):
            hidden = cast(EncoderLayer, layer).extend(hidden, past)
        encoded = torch.cat([self._settled, self._encoder.layer_norm(hidden)], dim=1)
        self._settle(max(0, hidden.shape[1] - self._look_ahead), encoded)
        return EncodedFrames(encoded, settled=self.settled)

    def _hear(self, features: Tensor) -> None:
        """Convolutions and positions of the frames that have become whole."""
        self._features = torch.cat([self._features, features.to(self._features)])
        end = settled_frames(self.taken, self._encoder.config)
        if end <= self._heard:
            return
        first = self._dropped // self._stride
        fresh = self._encoder.conv(self._features.unsqueeze(0))[:, self._heard - first : end - first]
        real = torch.ones(1, end - self._heard, dtype=torch.bool, device=fresh.device)
        positions = self._encoder.embed_positions(real, past=self._heard, dtype=fresh.dtype)
        self._open = torch.cat([self._open, fresh * self._encoder.embed_scale + positions], dim=1)
        self._heard = end
        needed = min(max(0, end - self._contaminated), self.taken // self._stride) * self._stride
        self._features, self._dropped = self._features[needed - self._dropped :], needed

    def _settle(self, count: int, encoded: Tensor) -> None:
        """Keep what is known of the first `count` open frames."""
        self._settled = encoded[:, : self.settled + count]
        self._open = self._open[:, count:]
        for past in self._past:
            past.keep(count)

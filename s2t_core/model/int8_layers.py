"""Parts of the network in eight bits on a CPU, with compiled products: they take the place of others for inference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from s2t_core.kernels.attention import arranged_sources, attend
from s2t_core.kernels.layer import GELU, RELU, EncoderWeights, begin_encoder_layer, end_encoder_layer
from s2t_core.kernels.products import Int8Weights, arranged, gathered, multiply
from s2t_core.model.activations import Activation
from s2t_core.model.attention import KeysValues, KeysValuesBuffer
from s2t_core.model.encoder import EncoderLayer

Floats = NDArray[np.float32]

KINDS: dict[Activation, int] = {functional.relu: RELU, functional.gelu: GELU}
NOT_RECORDED = np.empty((0, 0, 0), np.float32)
_FEW = 128  # queries, for which the keys are not worth the way to eight bits


def int8_weights(weight: Tensor, bias: Tensor | None) -> Int8Weights:
    """weight (outputs, inputs), bias (outputs,) -> the same with a scale a row."""
    found: Int8Weights = arranged(weight.detach().contiguous().numpy())
    if bias is not None:
        found.rows[2] = bias.detach().numpy()
    return found


def weights_of(linears: Iterable[nn.Linear | None]) -> Iterator[Int8Weights]:
    """Of layers, all of which there must be."""
    for linear in linears:
        assert linear is not None
        yield int8_weights(linear.weight, linear.bias)


def norm_weights(norms: Iterable[nn.LayerNorm]) -> Floats:
    """(2 * norms, d_model): weight and bias of each."""
    found: Floats = torch.stack([part.detach() for norm in norms for part in (norm.weight, norm.bias)]).numpy()
    return found


def rows_of(tensor: Tensor) -> Tensor:
    """(..., width) -> (n, width), in one piece: for another layout in memory kernels would be compiled anew."""
    return tensor.reshape(-1, tensor.shape[-1]).contiguous()


class Int8Linear(nn.Module):
    """A linear layer: the head, or embeddings when it is looked up in."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self._weights = int8_weights(weight, bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., features in) -> (..., features out)"""
        rows = rows_of(inputs)
        outputs = rows.new_empty(len(rows), self._weights.rows.shape[1])
        multiply(rows.numpy(), self._weights, outputs.numpy(), False)
        return outputs.view(*inputs.shape[:-1], -1)

    def rows(self, ids: NDArray[np.int64], width: int) -> Floats:
        """Rows of its matrix: ids (n,) -> (n, width), the features in"""
        found: Floats = gathered(ids, self._weights, width)
        return found


class Int8Conv(nn.Module):
    """A convolution, as a linear layer over its windows."""

    def __init__(self, conv: nn.Conv1d) -> None:
        super().__init__()
        (self._kernel,), (self._stride,) = conv.kernel_size, conv.stride
        self._padding = int(conv.padding[0])
        self._linear = Int8Linear(conv.weight.transpose(1, 2).flatten(1), conv.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden (batch, channels, frames) -> (batch, channels out, frames out)."""
        padded = functional.pad(hidden.transpose(1, 2), (0, 0, self._padding, self._padding))
        windows = padded.unfold(1, self._kernel, self._stride).transpose(2, 3)  # (batch, frames out, kernel, channels)
        outputs: Tensor = self._linear(windows.flatten(2)).transpose(1, 2)
        return outputs


class Int8EncoderLayer(nn.Module):
    """An `EncoderLayer` whose projections are joined. Attention goes without masks of heads, and gives no weights."""

    def __init__(self, layer: EncoderLayer) -> None:
        super().__init__()
        self._heads = layer.self_attn.num_heads
        self._kind = KINDS[layer.activation]
        self._weights = EncoderWeights(
            norm_weights((layer.self_attn_layer_norm, layer.final_layer_norm)),
            *weights_of((layer.self_attn.joined, layer.self_attn.out_proj, layer.fc1, layer.fc2)),
        )

    def forward(
        self, hidden: Tensor, mask: Tensor | None = None, head_mask: None = None, need_weights: bool = False
    ) -> tuple[Tensor, None]:
        """As `EncoderLayer.forward`."""
        query, own = self._project(hidden)
        return self._finish(hidden, _attended(query, own, mask)), None

    def extend(self, hidden: Tensor, past: KeysValuesBuffer) -> Tensor:
        """As `EncoderLayer.extend`."""
        query, own = self._project(hidden)
        return self._finish(hidden, _attended(query, past.behind(own), None))

    def _project(self, hidden: Tensor) -> tuple[Tensor, KeysValues]:
        """hidden (batch, n, d_model) -> queries, and keys and values, each (batch, heads, n, head_dim)."""
        batch, count, width = hidden.shape
        joined = hidden.new_empty(batch * count, 3 * width)
        begin_encoder_layer(rows_of(hidden).numpy(), self._weights, joined.numpy())
        query, keys, values = joined.view(batch, count, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        return query, KeysValues(keys, values)

    def _finish(self, hidden: Tensor, context: Tensor) -> Tensor:
        """context (batch, n, d_model)"""
        outputs = hidden.clone(memory_format=torch.contiguous_format)
        rows = outputs.view(-1, outputs.shape[-1])
        end_encoder_layer(rows.numpy(), rows_of(context).numpy(), self._weights, self._kind)
        return outputs


def _attended(query: Tensor, source: KeysValues, mask: Tensor | None) -> Tensor:
    """(batch, heads, n, head_dim) -> (batch, n, d_model)"""
    if mask is not None or query.shape[2] < _FEW:
        return functional.scaled_dot_product_attention(query, *source, attn_mask=mask).transpose(1, 2).flatten(2)
    batch, _, count, _ = query.shape
    queries = rows_of(query.transpose(1, 2).flatten(2))
    frames = np.full(batch, source.keys.shape[2])
    sources, context = arranged_sources(torch.stack(source).numpy(), frames), torch.empty_like(queries)
    attend(queries.numpy(), sources, frames, count, context.numpy(), NOT_RECORDED)
    return context.view(batch, count, -1)

"""Multi-head attention. It takes keys and values and never fetches them: caches are the caller's."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

BACKENDS = ("sdpa", "eager")


class KeysValues(NamedTuple):
    """What attention looks at, split by head: both (batch, heads, positions, head_dim)."""

    keys: Tensor
    values: Tensor


class KeysValuesBuffer:
    """Keys and values that grow along the positions; room is doubled when it runs out, so that growing costs little."""

    def __init__(self) -> None:
        self.length = 0  # positions that count
        self._room: KeysValues | None = None

    def behind(self, new: KeysValues, capacity: int = 0) -> KeysValues:
        """Write `new` behind the positions that count and return all of them.

        What is returned are views: the new positions are written over by the next call unless they are counted before.

        capacity  room to take at first, if that is more than is needed at once
        """
        end = self.length + new.keys.shape[2]
        if self._room is None or end > self._room.keys.shape[2]:
            room = max(end, capacity) if self._room is None else max(end, 2 * self._room.keys.shape[2])
            self._room = KeysValues(self._wider(0, new.keys, room), self._wider(1, new.values, room))
        for kept, part in zip(self._room, new, strict=True):
            kept[:, :, self.length : end] = part
        return KeysValues(self._room.keys[:, :, :end], self._room.values[:, :, :end])

    def keep(self, positions: int) -> None:
        """Count so many of those that were written last."""
        self.length += positions

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row `rows[i]` was."""
        for part in self._room or ():
            known = part[:, :, : self.length]
            known.copy_(known.index_select(0, rows))

    def _wider(self, index: int, like: Tensor, room: int) -> Tensor:
        wider = like.new_empty((*like.shape[:2], room, like.shape[3]))
        if self._room is not None:
            wider[:, :, : self.length] = self._room[index][:, :, : self.length]
        return wider


def apart(both: Tensor) -> KeysValues:
    """Views of (batch, positions, 2, heads, head_dim) as attention looks at them."""
    keys, values = both.unbind(dim=2)
    return KeysValues(keys.transpose(1, 2), values.transpose(1, 2))


def additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """What a bool mask, True where a query may look, adds to the scores: made once, where the kernels would do it anew
    in every layer.

    Finite, not -inf: a row that may look nowhere gives a mean, not NaN; and half of the least, so that no score that it
    is added to overflows.
    """
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, torch.finfo(dtype).min / 2)


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention over several heads (Vaswani et al. 2017, eq. 1).

    Parameter names are those of transformers' `Speech2TextAttention`. `backend` is "sdpa" (torch's fused kernel) or
    "eager"; both give the same output, only eager can give the weights, and it is taken when they are asked for.
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.dropout = dropout
        self.backend = "sdpa"
        self.k_proj = nn.Linear(embed_dim, embed_dim)
        self.v_proj = nn.Linear(embed_dim, embed_dim)
        self.q_proj = nn.Linear(embed_dim, embed_dim)
        self.out_proj = nn.Linear(embed_dim, embed_dim)
        self.joined: nn.Linear | None = None

    def project(self, source: Tensor) -> KeysValues:
        """Keys and values of `source` (batch, positions, embed_dim)."""
        keys, values = (self.k_proj(source), self.v_proj(source)) if self.joined is None else self._parts(source)
        return KeysValues(self._split(keys), self._split(values))

    def project_own(self, hidden: Tensor) -> tuple[Tensor, KeysValues]:
        """Queries, keys and values of `hidden` (batch, positions, embed_dim), for attention among its positions."""
        if self.joined is None:
            return self.q_proj(hidden), self.project(hidden)
        query, keys, values = self._parts(hidden)
        return query, KeysValues(self._split(keys), self._split(values))

    def project_together(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """As `project_own`, but keys and values in one tensor, that a cache can write at once: (batch, positions, 2,
        heads, head_dim); `apart` takes it."""
        if self.joined is None:
            query, both = self.q_proj(hidden), torch.cat([self.k_proj(hidden), self.v_proj(hidden)], dim=-1)
        else:
            width = self.num_heads * self.head_dim
            query, both = self.joined(hidden).split([width, 2 * width], dim=-1)
        return query, both.view(*both.shape[:-1], 2, self.num_heads, self.head_dim)

    def join(self, own: bool) -> None:
        """One layer in the place of those for keys and values, and where they attend to their own positions also for
        queries: for inference, since their parameters have other names then."""
        parts = [self.q_proj, self.k_proj, self.v_proj][0 if own else 1 :]
        joined = nn.Linear(self.k_proj.in_features, sum(part.out_features for part in parts), device="meta")
        joined.weight = nn.Parameter(torch.cat([part.weight.detach() for part in parts]), requires_grad=False)
        joined.bias = nn.Parameter(torch.cat([part.bias.detach() for part in parts]), requires_grad=False)
        self.joined = joined
        del self.k_proj, self.v_proj
        if own:
            del self.q_proj

    def forward(
        self,
        query: Tensor,
        source: KeysValues,
        mask: Tensor | None = None,
        head_mask: Tensor | None = None,
        need_weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend from `query` to `source`.

        query      (batch * beams, queries, embed_dim), of `q_proj` or `project_own`; beams > 1 only where they share
                   their keys and no mask tells the queries of a row apart: the beams are then attended to as further
                   queries of one row
        source     keys and values of `batch` rows
        mask       what is added to the scores (see `additive`), broadcastable to (batch, heads, queries, positions)
        head_mask  (heads,) factor on each head's contribution; 0 silences it
        Returns (batch * beams, queries, embed_dim) and, if asked for, the weights (batch * beams, heads, queries,
        positions).
        """
        rows, queries, embed_dim = query.shape
        batch = source.keys.shape[0]
        query = self._split(query.reshape(batch, -1, embed_dim))  # (batch, heads, beams * queries, dim)
        eager = need_weights or self.backend == "eager"
        attend = self._attend_eager if eager else self._attend_sdpa
        context, weights = attend(query, source, mask)
        if head_mask is not None:  # scaling a head's weights scales its context: one rule for both back ends
            context = context * head_mask.view(1, -1, 1, 1)
            weights = weights * head_mask.view(1, -1, 1, 1) if weights is not None else None
        output = self.out_proj(context.transpose(1, 2).reshape(rows, queries, embed_dim))
        if not need_weights or weights is None:
            return output, None
        by_beam = weights.view(batch, self.num_heads, rows // batch, queries, -1).transpose(1, 2)
        return output, by_beam.reshape(rows, self.num_heads, queries, -1)

    def _parts(self, source: Tensor) -> tuple[Tensor, ...]:
        assert self.joined is not None
        parts: tuple[Tensor, ...] = self.joined(source).split(self.num_heads * self.head_dim, dim=-1)
        return parts

    def _split(self, flat: Tensor) -> Tensor:
        """(batch, positions, embed_dim) -> (batch, heads, positions, head_dim)."""
        return flat.view(*flat.shape[:-1], self.num_heads, self.head_dim).transpose(1, 2)

    def _attend_eager(self, query: Tensor, source: KeysValues, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        scores = query @ source.keys.transpose(2, 3) * self.head_dim**-0.5
        if mask is not None:
            scores = scores + mask
        weights = functional.dropout(scores.softmax(dim=-1), p=self.dropout, training=self.training)
        return weights @ source.values, weights

    def _attend_sdpa(self, query: Tensor, source: KeysValues, mask: Tensor | None) -> tuple[Tensor, None]:
        dropout = self.dropout if self.training else 0.0
        context = functional.scaled_dot_product_attention(
            query, source.keys, source.values, attn_mask=mask, dropout_p=dropout
        )
        return context, None

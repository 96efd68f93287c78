"""The hypotheses of a search, in tensors of fixed size and place: a GPU extends them without the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

_PIECES = 64  # of a vocabulary, at most
_STRETCH = 64  # scores whose maximum a CPU looks at first
_NEVER = -1.0e9  # log probability of what must not be chosen; finite, so that sums stay comparable


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """New tokens (the end token included if it was reached) and their length-normalised log probability, biased."""

    tokens: tuple[int, ...]
    score: float


class Hypotheses(Protocol):
    """Of several utterances, `width` each.

    open  (utterances,) bool, where a better end is still possible
    """

    open: Tensor
    width: int

    def begin(self, limits: Sequence[int]) -> None:
        """Forget everything: utterance i may have `limits[i]` tokens, the end token included; 0: it is none."""
        ...

    def extend(self, log_probs: Tensor) -> tuple[Tensor, Tensor | None]:
        """Take the log probabilities (utterances * width, vocabulary) of the next tokens; where no score is asked for,
        anything that has their order.

        Returns the last tokens (utterances * width, 1), and which row (utterances * width,) each of them continues;
        None: its own.
        """
        ...

    def written(self) -> list[list[int]]:
        """The tokens so far, row by row."""
        ...

    def found(self) -> list[list[Hypothesis]]:
        """Of every utterance what has ended, best first."""
        ...


class Greedy:
    """The most probable token, and again, up to the first end."""

    def __init__(
        self, utterances: int, most_tokens: int, end: int, device: torch.device, *, length_penalty: float = 1.0
    ) -> None:
        self.width = 1
        self._end = end
        self._length_penalty = length_penalty
        self._tokens = torch.zeros(utterances, most_tokens, dtype=torch.long, device=device)
        self._totals = torch.zeros(utterances, device=device)
        self._limits = torch.zeros(utterances, dtype=torch.long, device=device)
        self._lengths = torch.zeros_like(self._limits)
        self._count = torch.zeros(1, dtype=torch.long, device=device)
        self.open = torch.zeros(utterances, dtype=torch.bool, device=device)

    def begin(self, limits: Sequence[int]) -> None:
        self._limits.copy_(torch.tensor(limits), non_blocking=True)
        self.open.copy_(self._limits > 0)
        for counter in (self._count, self._lengths, self._totals):
            counter.zero_()

    def extend(self, log_probs: Tensor) -> tuple[Tensor, None]:
        best, token = log_probs.max(dim=1)
        self._tokens.index_copy_(1, self._count, token.unsqueeze(1))
        self._count += 1
        self._totals += best * self.open
        self._lengths += self.open
        self.open &= (token != self._end) & (self._lengths < self._limits)
        return token.unsqueeze(1), None

    def written(self) -> list[list[int]]:
        return self._tokens[:, : int(self._count)].tolist()

    def found(self) -> list[list[Hypothesis]]:
        rows = zip(self._tokens.tolist(), self._lengths.tolist(), self._totals.tolist(), strict=True)
        return [
            [Hypothesis(tuple(tokens[:length]), total / length**self._length_penalty)] if length else []
            for tokens, length, total in rows
        ]


class Beams:
    """The `width` best running hypotheses and the best that have ended.

    With equal options they end as transformers' do: the same candidates (the best 2 * width continuations of an
    utterance), the same length-normalised scores, the same rule when to stop.
    """

    def __init__(
        self,
        utterances: int,
        width: int,
        most_tokens: int,
        end: int,
        device: torch.device,
        *,
        length_penalty: float = 1.0,
        early_stopping: bool = False,
    ) -> None:
        self.width = width
        self._end = end
        self._length_penalty = length_penalty
        self._early_stopping = early_stopping
        beams = (utterances, width)
        self._tokens = torch.zeros(*beams, most_tokens, dtype=torch.long, device=device)
        self._totals = torch.zeros(beams, device=device)
        self._ended = torch.zeros_like(self._tokens)
        self._scores = torch.zeros(beams, device=device)  # of those that have ended, best first; -inf: none
        self._lengths = torch.zeros(beams, dtype=torch.long, device=device)
        self._limits = torch.zeros(utterances, dtype=torch.long, device=device)
        self._count = torch.zeros(1, dtype=torch.long, device=device)
        self._first_rows = torch.arange(utterances, device=device).unsqueeze(1) * width
        self._may_end = torch.arange(2 * width, device=device) < width
        self.open = torch.zeros(utterances, dtype=torch.bool, device=device)

    def begin(self, limits: Sequence[int]) -> None:
        self._limits.copy_(torch.tensor(limits), non_blocking=True)
        self.open.copy_(self._limits > 0)
        self._count.zero_()
        self._totals.fill_(_NEVER)[:, 0] = 0.0  # all start alike, so only the first may be continued at first
        self._scores.fill_(-torch.inf)
        self._lengths.zero_()

    def extend(self, log_probs: Tensor) -> tuple[Tensor, Tensor]:
        totals, beams, tokens = self._candidates(log_probs)
        lines = self._tokens.gather(1, beams.unsqueeze(2).expand(-1, -1, self._tokens.shape[2]))
        lines.index_copy_(2, self._count, tokens.unsqueeze(2))
        self._count += 1
        last = (self._limits <= self._count).unsqueeze(1)
        ends = (tokens == self._end) | last
        self._take_ended(lines, totals / self._count**self._length_penalty, ends)
        kept = ends.to(torch.uint8).sort(dim=1, stable=True).indices[:, : self.width]  # the best that do not end
        self._tokens.copy_(lines.gather(1, kept.unsqueeze(2).expand(-1, -1, lines.shape[2])))
        self._totals.copy_(totals.gather(1, kept))
        self._close(last.squeeze(1))
        parents = self._first_rows + beams.gather(1, kept)
        return tokens.gather(1, kept).view(-1, 1), parents.view(-1)

    def _candidates(self, log_probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The best 2 * width continuations: their log probabilities, beams and tokens, (utterances, 2 * width) each."""
        utterances, count = len(self._limits), 2 * self.width
        best, tokens = best_of(log_probs.view(utterances, self.width, -1), min(count, log_probs.shape[1]))
        each = best.shape[2]
        totals, where = (best + self._totals.unsqueeze(2)).flatten(1).topk(count, dim=1)
        return totals, where.div(each, rounding_mode="floor"), tokens.flatten(1).gather(1, where)

    def _take_ended(self, lines: Tensor, scores: Tensor, ends: Tensor) -> None:
        """Only the best `width` candidates may end; the others are there to keep enough hypotheses running."""
        ended = ends & self._may_end & self.open.unsqueeze(1)
        scores = torch.cat([self._scores, scores.masked_fill(~ended, -torch.inf)], dim=1)
        best = scores.sort(dim=1, descending=True, stable=True).indices[:, : self.width]  # of equals the earlier
        lengths = torch.cat([self._lengths, self._count.expand(ends.shape)], dim=1)
        lines = torch.cat([self._ended, lines], dim=1)
        self._scores.copy_(scores.gather(1, best))
        self._lengths.copy_(lengths.gather(1, best))
        self._ended.copy_(lines.gather(1, best.unsqueeze(2).expand(-1, -1, lines.shape[2])))

    def _close(self, last: Tensor) -> None:
        """An utterance is settled when its ends are all there and none that still runs can become better."""
        worst = self._scores[:, -1]
        settled = worst > -torch.inf
        if not self._early_stopping:
            settled &= self._totals[:, 0] / self._count**self._length_penalty <= worst
        self.open &= ~(settled | last)

    def written(self) -> list[list[int]]:
        return self._tokens[:, :, : int(self._count)].flatten(0, 1).tolist()

    def found(self) -> list[list[Hypothesis]]:
        utterances = zip(self._ended.tolist(), self._lengths.tolist(), self._scores.tolist(), strict=True)
        return [
            [
                Hypothesis(tuple(tokens[:length]), score)
                for tokens, length, score in zip(*beams, strict=True)
                if score > -torch.inf
            ]
            for beams in utterances
        ]


def best_of(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The best `count` along the last dimension and where they are, best first: of pieces first, then of what is left.

    A GPU searches many short rows at once, and one long row in a dozen rounds.
    """
    long = scores.shape[-1]
    if not scores.is_cuda and long >= 8 * count * _STRETCH:
        return _best_on_cpu(scores, count)
    pieces = next(pieces for pieces in range(_PIECES, 0, -1) if long % pieces == 0)
    length = long // pieces
    if length < 2 * count:
        return scores.topk(count, dim=-1)
    of_pieces, at = scores.view(*scores.shape[:-1], pieces, length).topk(count, dim=-1)
    at += torch.arange(0, long, length, device=scores.device).unsqueeze(1)
    best, where = of_pieces.flatten(-2).topk(count, dim=-1)
    return best, at.flatten(-2).gather(-1, where)


def _best_on_cpu(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Looks in those `count` stretches alone that have the largest maxima, and in what is left over at the end."""
    long = scores.shape[-1]
    whole = long - long % _STRETCH
    stretches = scores[..., :whole].reshape(*scores.shape[:-1], -1, _STRETCH)
    chosen = stretches.amax(dim=-1).topk(count, dim=-1).indices
    places = (chosen.unsqueeze(-1) * _STRETCH + torch.arange(_STRETCH)).flatten(-2)
    rest = torch.arange(whole, long).expand(*scores.shape[:-1], -1)
    places = torch.cat([places, rest], dim=-1)
    best, where = scores.gather(-1, places).topk(count, dim=-1)
    return best, places.gather(-1, where)

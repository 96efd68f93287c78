"""What of a draft may be committed: exchangeable rules, pure functions of the draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a command line that offers the policies by name must not wait for torch
    from s2t_core.decoding.draft import Draft


class CommitPolicy(Protocol):
    """Says of one token after the other whether it will stay as it is."""

    def is_safe(self, draft: Draft, index: int, age_ms: float, heard_ms: float) -> bool:
        """Whether the token at `index` may be committed, those before it being committed.

        age_ms    how long before the end of the audio it was heard
        heard_ms  of the segment so far
        """
        ...


@dataclass(frozen=True, slots=True)
class AgreeAndHold:
    """Both of the next two, with more patience the less certain it is; calibrated on the embedded checkpoint (README,
    "Measured"). What is never certain waits for the final text.

    agreeing_passes  so many drafts in a row have written it
    steps            (ms, certainty) pairs: it was heard so long ago, and is at least so certain
    """

    agreeing_passes: int = 2
    steps: tuple[tuple[int, float], ...] = ((560, 0.8), (1600, 0.5))

    def is_safe(self, draft: Draft, index: int, age_ms: float, heard_ms: float) -> bool:
        sure = any(age_ms >= age and draft.certainties[index] >= least for age, least in self.steps)
        return draft.passes[index] >= self.agreeing_passes and sure


@dataclass(frozen=True, slots=True)
class LocalAgreement:
    """So many drafts in a row have written it (Liu et al. 2020, arXiv 2005.11185, section 3.2)."""

    passes: int = 2

    def is_safe(self, draft: Draft, index: int, age_ms: float, heard_ms: float) -> bool:
        return draft.passes[index] >= self.passes


@dataclass(frozen=True, slots=True)
class AlignAtt:
    """It attends to audio that is not among the last `hold_ms` (Papi et al. 2023, arXiv 2305.11408)."""

    hold_ms: int = 320

    def is_safe(self, draft: Draft, index: int, age_ms: float, heard_ms: float) -> bool:
        return age_ms >= self.hold_ms


@dataclass(frozen=True, slots=True)
class HoldBack:
    """All but the last `tokens` of a draft (hold-n of Liu et al. 2020)."""

    tokens: int = 5

    def is_safe(self, draft: Draft, index: int, age_ms: float, heard_ms: float) -> bool:
        return index < len(draft.tokens) - self.tokens


@dataclass(frozen=True, slots=True)
class WaitK:
    """`wait_ms` of audio first, then a token for every `token_ms` (Ma et al. 2019, arXiv 1810.08398, on a clock)."""

    wait_ms: int = 2000
    token_ms: int = 280

    def is_safe(self, draft: Draft, index: int, age_ms: float, heard_ms: float) -> bool:
        return heard_ms >= self.wait_ms + index * self.token_ms


POLICIES: dict[str, CommitPolicy] = {
    "agree-and-hold": AgreeAndHold(),
    "local-agreement-2": LocalAgreement(),
    "align-att": AlignAtt(),
    "hold-5": HoldBack(),
    "wait-k": WaitK(),
}


def stable_count(
    draft: Draft,
    committed: int,
    heard_ms: float,
    frame_ms: float,
    policy: CommitPolicy,
    starts_word: Callable[[int], bool],
) -> int:
    """How many tokens of the draft are committed now, never fewer than before.

    frame_ms  of an encoder frame
    Only whole words count: the token after the last one must begin a word.
    """
    stable = committed
    while stable < len(draft.tokens):
        age_ms = heard_ms - draft.attended[stable] * frame_ms
        if not policy.is_safe(draft, stable, age_ms, heard_ms):
            break
        stable += 1
    while stable > committed and not (stable < len(draft.tokens) and starts_word(draft.tokens[stable])):
        stable -= 1
    return stable

"""What of a draft may be committed: a pure function of the draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from s2t_core.decoding.draft import Draft


@dataclass(frozen=True, slots=True)
class CommitConfig:
    """When a token is safe to commit; calibrated on the embedded checkpoint (README, "Measured").

    hold_ms           it was heard at least this long ago
    agreeing_passes   and so many drafts in a row have written it (LocalAgreement)
    doubtful_below    a token less probable than this
    doubtful_hold_ms  must have been heard this long ago
    """

    hold_ms: int = 640
    agreeing_passes: int = 2
    doubtful_below: float = 0.7
    doubtful_hold_ms: int = 1600


def stable_count(
    draft: Draft,
    committed: int,
    ages_ms: Callable[[int], float],
    config: CommitConfig,
    starts_word: Callable[[int], bool],
) -> int:
    """How many tokens of the draft are committed now, never fewer than before.

    ages_ms  how long before the end of the audio an encoder frame was heard
    Only whole words count: the token after the last one must begin a word.
    """
    stable = committed
    while stable < len(draft.tokens) and _is_safe(draft, stable, ages_ms, config):
        stable += 1
    while stable > committed and not (stable < len(draft.tokens) and starts_word(draft.tokens[stable])):
        stable -= 1
    return stable


def _is_safe(draft: Draft, index: int, ages_ms: Callable[[int], float], config: CommitConfig) -> bool:
    doubtful = draft.probabilities[index] < config.doubtful_below
    hold_ms = config.doubtful_hold_ms if doubtful else config.hold_ms
    return draft.passes[index] >= config.agreeing_passes and ages_ms(draft.attended[index]) >= hold_ms

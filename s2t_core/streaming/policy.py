"""What of a draft may be committed: a pure function of the draft."""

from __future__ import annotations

from collections.abc import Callable

from s2t_core.decoding.draft import Draft


def stable_count(
    draft: Draft, committed: int, frames: int, hold_frames: int, starts_word: Callable[[int], bool]
) -> int:
    """How many tokens of the draft are committed now, never fewer than before.

    A token is stable when two passes agree on it and it was heard at least `hold_frames` before the last of the
    `frames` encoded ones. Only whole words count: the token after the last one must begin a word.
    """
    stable = committed
    while stable < draft.agreed and draft.attended[stable] < frames - hold_frames:
        stable += 1
    while stable > committed and not (stable < len(draft.tokens) and starts_word(draft.tokens[stable])):
        stable -= 1
    return stable

"""When a draft stops, and when it changes: known before torch is there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DraftConfig:
    """When a draft stops, and when it changes.

    edge_ms    it stops at the first token that attends to the last bit of the audio: words there are half heard
    rewind_ms  it stops where it jumps back further than this: it has lost its place
    echo_ms    it does not say the same again within the last bit: what is half heard comes out twice
    stay       log probability that is added to what the draft before says: of two readings that are about as likely
               the old one stays (biased search, Arivazhagan et al. 2020, arXiv 1912.03393, section 4.2)
    """

    edge_ms: int = 80
    rewind_ms: int = 1500
    echo_ms: int = 500
    stay: float = 0.7

"""When a session decodes, what it commits and shows, and how careful it is: all of it data."""

from __future__ import annotations

from dataclasses import dataclass, field

from s2t_core.decoding.draft_config import DraftConfig
from s2t_core.streaming.display import ShowRule
from s2t_core.streaming.endpoint import EndpointConfig
from s2t_core.streaming.policy import AgreeAndHold, CommitPolicy


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Settings of a session; the defaults suit the embedded checkpoint on a desktop processor (README, "Measured").

    partials    live drafts; without them only closed segments are decoded
    hop_ms      audio between two drafts (a slow machine makes it longer by pushing more at once)
    preroll_ms  kept before the first frame of speech, so that the first word is whole
    tail_ms     kept of the pause behind the last frame of speech; so long a pause gets the final text at once, as if
                it were the end of the segment, which it turns out to be or not
    look_ahead_ms  a draft's sound is heard anew until so much has come after it, where the checkpoint allows it
    draft       when a draft stops, and when it changes
    commit      when a word of a draft becomes final
    show        when it is shown before that
    endpoint    when a segment is over
    """

    partials: bool = True
    hop_ms: int = 320
    preroll_ms: int = 640
    tail_ms: int = 304
    look_ahead_ms: int = 1000
    draft: DraftConfig = field(default_factory=DraftConfig)
    commit: CommitPolicy = field(default_factory=AgreeAndHold)
    show: ShowRule = field(default_factory=ShowRule)
    endpoint: EndpointConfig = field(default_factory=EndpointConfig)

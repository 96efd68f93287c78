"""An input that gives no sound: noticed after a few seconds of listening, said once, forgotten when sound comes."""

from __future__ import annotations

_QUIET = 1e-3  # peak of full scale, -60 dB: no room with a working microphone is so quiet
_PATIENCE_S = 5.0
_MUTED = "The microphone sends nothing but silence. Check that it is not muted, or choose another input."
_FAINT = "Hardly any sound is coming in. Check the microphone's level, or choose another input."


class SilentInput:
    """Asked again and again with the loudest sample since the last time; one for a recording."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._since_s = 0.0  # where the quiet began
        self._loudest = 0.0  # since then
        self._is_dismissed = False

    def hint(self, peak: float, listened_s: float) -> str:
        """What the user should be told, empty while sound comes or nothing is certain yet.

        peak        0..1, the loudest sample since the last call
        listened_s  how long the recording has run
        """
        if peak >= _QUIET:
            self._since_s, self._loudest = listened_s, 0.0
            return ""
        self._loudest = max(self._loudest, peak)
        if self._is_dismissed or listened_s - self._since_s < self._patience_s:
            return ""
        return _FAINT if self._loudest else _MUTED

    def dismiss(self) -> None:
        """The user has seen it: nothing more is said about this recording."""
        self._is_dismissed = True

"""What can go wrong in the core, each said in one line that ends with a remedy."""


class S2TError(Exception):
    """Base of every error the core raises on purpose.

    `what` says what happened, `remedy` what the user can do; `str(error)` is both, fit to be shown as it is.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what} {remedy}".strip())
        self.what = what
        self.remedy = remedy


class ConfigError(S2TError):
    """A JSON file of a checkpoint is missing, is not JSON, or holds a value that no model can have."""


class CheckpointError(S2TError):
    """Weights are missing, truncated, or do not fit the configuration beside them."""


class TokenizerError(S2TError):
    """The sentencepiece model or the vocabulary is missing, broken, or does not fit the other."""


class AudioFormatError(S2TError):
    """Samples that cannot be recognised: not finite, of no known rate, or not a vector."""


class OptionsError(S2TError):
    """A wish for what is written, or how, that a checkpoint cannot fulfil."""


class ManifestError(S2TError):
    """A list of utterances that is missing, is not UTF-8, or is no table of the expected columns."""


class StaleCacheError(S2TError):
    """A decoder cache was used with another encoding than the one it was made from."""

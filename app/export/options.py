"""What can be chosen for the file of a transcript: its format, what it shows, the shape of its subtitles."""

from __future__ import annotations

from dataclasses import dataclass

LINE_LENGTHS = (10, 200)  # what a user may choose, from and to
LINE_COUNTS = (1, 5)
READING_SPEEDS = (5, 50)  # characters a second


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a file shows; a format uses the options that its entry in FORMATS names. Raises ValueError out of range.

    timestamps        when each paragraph begins, "0:01:23"
    speakers          who speaks, where that is known
    line_length       characters in a line of a subtitle, the speaker's name included
    max_lines         in one subtitle
    chars_per_second  what somebody can read: a subtitle stays longer where there is silence behind it
    min_cue_s         of one subtitle on the screen, and
    max_cue_s         the longest
    gap_s             between two subtitles, so that a change is seen

    42 characters, 2 lines, 5/6 to 7 s and 2 frames (of 24 a second) are the general requirements of Netflix's Timed
    Text Style Guide, 17 characters a second those of its English templates (adult programmes, 200 words a minute).
    """

    timestamps: bool = False
    speakers: bool = True
    line_length: int = 42
    max_lines: int = 2
    chars_per_second: float = 17.0
    min_cue_s: float = 5 / 6
    max_cue_s: float = 7.0
    gap_s: float = 2 / 24

    def __post_init__(self) -> None:
        if min(self.line_length, self.max_lines) < 1 or self.chars_per_second <= 0:
            raise ValueError("a subtitle needs a line, a character in it, and time to read it")
        if not (0 < self.min_cue_s <= self.max_cue_s and self.gap_s >= 0):
            raise ValueError(f"no subtitle lasts {self.min_cue_s} to {self.max_cue_s} s, {self.gap_s} s apart")


DEFAULTS = ExportOptions()
_LONGEST_STEM, _MOST_BYTES = 100, 200  # systems take 255 bytes, with what comes behind
_PORTS = (f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³")
_DEVICES = frozenset(("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", *_PORTS))  # of Windows, whatever the suffix


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    label     for people
    suffix    of the file's name, with its dot
    options   names of the ExportOptions that it uses
    is_text   it can be shown and copied
    in_a_row  several may follow one another in one stream
    """

    name: str
    label: str
    suffix: str
    options: frozenset[str]
    is_text: bool = True
    in_a_row: bool = False


_PROSE = frozenset({"timestamps", "speakers"})
_SUBTITLES = frozenset({"speakers", "line_length", "max_lines", "chars_per_second"})

FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("txt", "Plain text", ".txt", _PROSE, in_a_row=True),
        Format("md", "Markdown", ".md", _PROSE, in_a_row=True),
        Format("docx", "Word document", ".docx", _PROSE, is_text=False),
        Format("srt", "Subtitles for video players (SRT)", ".srt", _SUBTITLES),
        Format("vtt", "Subtitles for web pages (WebVTT)", ".vtt", _SUBTITLES),
        Format("csv", "Table for spreadsheets (CSV)", ".csv", frozenset()),
        Format("json", "Words and times for programs (JSON)", ".json", frozenset(), in_a_row=True),
    )
}


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What was chosen last; `folder`: where it was saved, empty if nowhere yet."""

    form: str = "txt"
    options: ExportOptions = DEFAULTS
    folder: str = ""


def file_stem(name: str) -> str:
    """`name` as every system takes it for a file: never empty, hidden, too long, or the name of a device."""
    signs = ("_" if sign in '<>:"/\\|?*' or not sign.isprintable() else sign for sign in name)
    short = "".join(signs).strip(". ")[:_LONGEST_STEM].encode()[:_MOST_BYTES].decode(errors="ignore").rstrip(". ")
    return f"_{short}" if short.partition(".")[0].rstrip().upper() in _DEVICES else short or "transcript"

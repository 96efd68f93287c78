"""What the user has chosen: values, each with the default that suits a fresh machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from app.export.options import ExportChoice
from s2t_core.text.rules import TextRules
from s2t_core.types import DEFAULT_BOOST

Theme = Literal["system", "light", "dark"]
Edge = Literal["bottom", "top", "floating"]
When = Literal["live", "stop"]
WayName = Literal["auto", "paste", "keys", "copy"]


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """input: name of a device, empty for the system's default; meeting: system audio is heard as well."""

    input: str = ""
    meeting: bool = False
    own_name: str = "Me"
    other_name: str = "Others"


@dataclass(frozen=True, slots=True)
class TextSettings:
    """vocabulary: words and names to expect, favoured by `boost`."""

    rules: TextRules = field(default_factory=TextRules)
    vocabulary: tuple[str, ...] = ()
    boost: float = DEFAULT_BOOST


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """text_scale: of the transcript's letters; doubt: words of less confidence are underlined, 0: none."""

    theme: Theme = "system"
    text_scale: float = 1.0
    timestamps: bool = False
    doubt: float = 0.5
    announce: bool = True  # final text to screen readers
    tray: bool = True


@dataclass(frozen=True, slots=True)
class CaptionSettings:
    """The captions window. Colours are "#rrggbb"; an empty one is the look's own, as is an empty font.

    reading   only committed text is shown, so that no word is ever rewritten
    screen    name of the monitor; x, y, width hold where it floats (edge "floating"), in that monitor's pixels
    """

    lines: int = 3
    font: str = ""
    size_pt: int = 24
    ink: str = ""
    paper: str = ""
    opacity: float = 0.85
    edge: Edge = "bottom"
    screen: str = ""
    x: int = -1
    y: int = -1
    width: int = 0
    click_through: bool = False
    reading: bool = True


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """save: sessions are kept; days: for so long, 0 for ever; audio: with their sound."""

    save: bool = True
    days: int = 0
    audio: bool = False


@dataclass(frozen=True, slots=True)
class InsertionSettings:
    """How the text comes into other programs.

    when   as it is spoken, or all of it once the dictation stops
    way    pasted, typed, or only copied; auto: what works best here
    pill   a small sign shows what happens while another window has the keyboard
    blind  insert also where this desktop does not tell which window has the keyboard; else the text is copied
    """

    when: When = "live"
    way: WayName = "auto"
    pill: bool = True
    blind: bool = False


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """rest_min: minutes without dictation after which its memory is given back until the next; 0: never."""

    rest_min: int = 10


@dataclass(frozen=True, slots=True)
class KeySettings:
    """Keys that work in every program ("Ctrl+Alt+Space"), empty for none; hold_ms: a longer press is a hold."""

    on: bool = True
    toggle: str = "Ctrl+Alt+Space"
    insert_last: str = "Ctrl+Alt+V"
    take_back: str = "Ctrl+Alt+Backspace"
    hold_ms: int = 400


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it, a group for every page of the dialog, and how the last transcript was exported."""

    sound: SoundSettings = field(default_factory=SoundSettings)
    text: TextSettings = field(default_factory=TextSettings)
    view: ViewSettings = field(default_factory=ViewSettings)
    captions: CaptionSettings = field(default_factory=CaptionSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    insertion: InsertionSettings = field(default_factory=InsertionSettings)
    keys: KeySettings = field(default_factory=KeySettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    export: ExportChoice = field(default_factory=ExportChoice)

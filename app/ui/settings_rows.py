"""The table of the settings dialog: a page is a line, a setting is a line; ranges are in app.setting_paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "switch",  # on or off
    "number",  # a whole one
    "decimal",
    "percent",  # shown as 50 %, held as 0.5
    "optional",  # a switch and a number; off: None
    "choice",  # of `options`, or of what the dialog is told to offer
    "font",
    "text",
    "colour",
    "lines",  # texts, one a line
    "pairs",  # a table of two columns
    "keys",  # a combination of keys, pressed
    "shown",  # only read
]


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as the user sees it.

    why      a sentence on what it does
    also     other words under which it is found
    options  (label, value) pairs of a choice
    unit     stands behind a number; of an optional one before it, of pairs the two headings with a tab between
    least    what is shown instead of the lowest number
    needs    path of the switch without which it means nothing
    """

    path: str
    label: str
    why: str
    kind: Kind
    also: str = ""
    options: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    least: str = ""
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """group: of the settings on it, "" where there are none; intro: a few sentences above them."""

    title: str
    group: str
    intro: str = ""


_PRIVACY = (
    "Everything stays on this computer and nothing is ever sent anywhere. What is saved can be read by whoever can "
    "read your files; the program's log never holds what you dictate."
)
_INSERTION = (
    "A key starts to dictate while you are in any other program, and the words arrive at its cursor. Nothing is put "
    "into a window other than the one you dictate to: if you go elsewhere, the text waits."
)
_KEYS = (
    "The first keys work in every program. Tap the one for dictation to start and to stop, or hold it while you speak; "
    "Esc drops what is being dictated. The keys below them work in this program's own windows."
)
PAGES = (
    Page("Sound", "sound"),
    Page("Text", "text"),
    Page("View", "view"),
    Page("Captions", "captions"),
    Page("History", "history", _PRIVACY),
    Page("Insertion", "insertion", _INSERTION),
    Page("Keys", "keys", _KEYS),
    Page("Model", "model"),
)
_THEMES = (("Like the system", "system"), ("Light", "light"), ("Dark", "dark"))
_WHEN = (("As they are spoken", "live"), ("When the dictation stops", "stop"))
_WAYS = (("What works best here", "auto"), ("Paste", "paste"), ("Type", "keys"), ("Only copy", "copy"))
_EDGES = (("At the bottom", "bottom"), ("At the top", "top"), ("Where I put them", "floating"))
# fmt: off
ROWS = (
    Row("sound.input", "Input device", "Where your voice comes from.", "choice", "microphone mic recording source"),
    Row("sound.meeting", "Meeting: hear the computer's sound as well",
        "What the others say in a call is written, too, each side under its own name.", "switch",
        "system audio loopback speakers zoom teams call conference video"),
    Row("sound.own_name", "Your name", "It stands before what you say in a meeting.", "text",
        "speaker label me", needs="sound.meeting"),
    Row("sound.other_name", "Name of the others", "It stands before what the computer plays in a meeting.", "text",
        "speaker label them participants", needs="sound.meeting"),
    Row("text.rules.spoken_marks", "Write spoken punctuation",
        "“comma”, “question mark” or “open quote” become the mark itself.", "switch",
        "marks full stop period dictate symbols"),
    Row("text.rules.commands", "Obey spoken commands",
        "“new line”, “new paragraph”, and “scratch that” for the last sentence.", "switch",
        "voice control undo delete line break"),
    Row("text.rules.capitals", "Put capitals and spaces right",
        "Sentences begin with a capital, and marks stand where they belong.", "switch",
        "uppercase case formatting spacing"),
    Row("text.rules.digits_from", "Numbers as digits",
        "Numbers of this value and above are written in digits; otherwise they are as they were recognised.",
        "optional", "figures numerals ten 10", unit="From"),
    Row("text.rules.replacements", "Replacements",
        "Whole words, whatever their capitals. With nothing written, the word is left out.", "pairs",
        "abbreviations corrections snippets autocorrect substitute expand", unit="When this is said\tWrite this"),
    Row("text.vocabulary", "Vocabulary",
        "Names and words to expect, one a line, written as they should be. Dozens are a good list.", "lines",
        "dictionary phrases custom words hotwords spelling jargon"),
    Row("text.boost", "Strength of the vocabulary",
        "How much these words are favoured where the sound leaves a doubt. More finds more of them, and writes some "
        "that nobody said.", "decimal", "boost bias weight phrases"),
    Row("view.theme", "Theme", "Light or dark. A desktop of high contrast keeps its own colours.", "choice",
        "dark mode light mode night colours appearance", _THEMES),
    Row("view.text_scale", "Size of the transcript", "The letters of the transcript, beside those of the program.",
        "percent", "zoom font large letters scale bigger"),
    Row("view.timestamps", "Show times", "Before each paragraph stands when it was said.", "switch",
        "timestamps clock minutes"),
    Row("view.doubt", "Underline doubtful words",
        "Words that are less certain than this get a line below them.", "percent",
        "confidence threshold uncertain errors check", least="none"),
    Row("view.announce", "Tell screen readers the final text",
        "Text is read out once it is final, never while it may change.", "switch",
        "accessibility speech orca nvda narrator braille announce blind"),
    Row("view.tray", "Icon in the system tray",
        "It shows whether the program listens; closing the window keeps it there.", "switch",
        "notification area background indicator minimise minimize"),
    Row("captions.lines", "Lines", "How many lines of captions are shown at once.", "number", "rows height subtitles"),
    Row("captions.font", "Font", "The letters of the captions.", "font", "typeface family subtitles dyslexia"),
    Row("captions.size_pt", "Size", "How large the letters of the captions are.", "number",
        "font bigger larger points scale", unit=" pt"),
    Row("captions.ink", "Colour of the letters", "The letters of the captions.", "colour",
        "color text ink foreground contrast"),
    Row("captions.paper", "Colour behind them", "The background of the captions.", "colour",
        "color paper background contrast"),
    Row("captions.opacity", "Opacity",
        "The less, the more of the window behind the captions shines through.", "percent",
        "transparency transparent translucent"),
    Row("captions.edge", "Place", "Captions lie over other windows.", "choice",
        "position edge top bottom floating dock move", _EDGES),
    Row("captions.screen", "Monitor", "On which screen the captions are.", "choice",
        "display screen projector second"),
    Row("captions.click_through", "Let clicks through",
        "The mouse reaches what is behind the captions. Not every desktop can do this.", "switch",
        "mouse pointer pass"),
    Row("captions.reading", "Reading mode",
        "Words appear once they are final, a second or two later, and never change under your eyes.", "switch",
        "calm stable flicker committed rewrite delay"),
    Row("history.save", "Save sessions", "What you dictate can be opened again later, also after a crash.", "switch",
        "history keep store privacy recover transcripts"),
    Row("history.days", "Keep them", "Older sessions are deleted by themselves.", "number",
        "retention delete days expire forever cleanup", unit=" days", least="for ever", needs="history.save"),
    Row("history.audio", "Keep the sound as well", "A click on a word plays it. Five minutes take about a megabyte.",
        "switch", "audio recording flac wav voice play", needs="history.save"),
    Row("insertion.when", "Words arrive",
        "As they are spoken, each once it will not change any more, or all at once.", "choice",
        "live typing type text into other applications window cursor", _WHEN),
    Row("insertion.way", "Way of inserting",
        "Pasting is fast and leaves the clipboard as it was; typing also works where nothing can be pasted.", "choice",
        "clipboard keyboard paste type method", _WAYS),
    Row("insertion.pill", "Show a sign while another program has the keyboard",
        "A small sign at the edge of the screen: listening, writing, done. It never takes the keyboard.", "switch",
        "overlay indicator pill popup osd status"),
    Row("insertion.blind", "Insert without knowing where",
        "Not every desktop tells which window has the keyboard. There the text is only copied, unless this is on: then "
        "it goes wherever the cursor is.", "switch", "wayland unsafe target focus"),
    Row("keys.on", "Keys that work in every program", "Not every desktop can give keys to a program.", "switch",
        "global hotkey shortcut push to talk anywhere"),
    Row("keys.toggle", "Dictate", "Tap to start and to stop, or hold while you speak.", "keys",
        "global hotkey shortcut push to talk start stop toggle record", needs="keys.on"),
    Row("keys.insert_last", "Insert the last text again", "The last dictation, at the cursor.", "keys",
        "global hotkey shortcut paste repeat", needs="keys.on"),
    Row("keys.take_back", "Take back what was inserted", "The last text, if it still stands before the cursor.", "keys",
        "global hotkey shortcut undo delete remove", needs="keys.on"),
    Row("keys.hold_ms", "A press is a hold after", "A shorter one is a tap.", "number",
        "push to talk threshold milliseconds", unit=" ms", needs="keys.on"),
    Row("model.rest_min", "Free its memory after",
        "So long after the last dictation the model leaves the memory; the next one brings it back, and nothing that "
        "is said meanwhile is lost.", "number", "RAM unload idle sleep battery graphics GPU", unit=" minutes",
        least="never"),
)
# fmt: on


def page_rows(page: Page) -> tuple[Row, ...]:
    """The settings of a page, in the table's order."""
    return tuple(row for row in ROWS if page.group and row.path.split(".")[0] == page.group)

"""What live text costs the window when the transcript is long: python tests/benchmarks/transcript_view.py

Prints, for transcripts of some lengths, the median time to show one more state of the open segment, to close it, and to
show the whole transcript anew, painting included.
"""

from __future__ import annotations

import os
import statistics
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from app.figures import markdown
from app.ui.transcript_view import TranscriptView
from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, Segment, Word

WORDS = 14  # in a segment
PARAGRAPH = 10  # segments
SHOWN = 30  # states that are timed


def main() -> None:
    application = QApplication([])
    rows = []
    for count in (1_000, 10_000, 100_000):
        view = TranscriptView()
        view.resize(820, 480)
        view.mark_doubt(0.5)
        view.show()
        document = TranscriptDocument(tuple(segment(number) for number in range(count // WORDS)))
        whole = timed(view, document, application)
        updates, closings = [], []
        for number in range(len(document.closed), len(document.closed) + SHOWN):
            full = segment(number)
            said = full.committed.split()
            for words in range(2, WORDS, 4):
                part = Segment(full.id, full.start_sample, full.end_sample, " ".join(said[:words]), said[words])
                document = document.apply(SegmentUpdated(part))
                updates.append(timed(view, document, application))
            document = document.apply(SegmentClosed(full))
            closings.append(timed(view, document, application))
        medians = (statistics.median(updates), statistics.median(closings), whole)
        rows.append([str(count), *(f"{value:.1f}" for value in medians)])
        view.deleteLater()
    print(markdown(("words", "update ms", "close ms", "whole ms"), rows))


def segment(number: int) -> Segment:
    start = number * 5 * SAMPLE_RATE_HZ + (3 * SAMPLE_RATE_HZ if number % PARAGRAPH == 0 else 0)
    words = tuple(Word(f"word{i}", start + i * 100, start + i * 100 + 90, 0.4 + 0.05 * i) for i in range(WORDS))
    return Segment(number, start, start + 4 * SAMPLE_RATE_HZ, " ".join(word.text for word in words), words=words)


def timed(view: TranscriptView, document: TranscriptDocument, application: QApplication) -> float:
    """Milliseconds until it is painted."""
    began = time.perf_counter()
    view.show_document(document)
    view.viewport().repaint()
    application.processEvents()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()

"""Hours of speech through everything behind the window, with a fault every minute: what is lost, and what grows.

    python tests/benchmarks/soak.py [--hours 8] [--speed 20] [--pauses 3] [--manifest FILE --audio FOLDER]

Speech with long pauses, as in dictation, comes at so many times its speed, through spool, journal, recorder,
recogniser, formatter and history, each on the thread that it has in the program (the widgets alone are missing). Every
minute of it the next fault comes: sound that is missing, another rate, a pass that fails once or twice, a full disk, a
locked history, half a minute of sound at once, samples that are no numbers, a kill with what the next start makes of
it. In the end every sample must have been transcribed or stand as a gap. SIGTERM ends it early, with its figures.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.soaking import Faults, Row, Soak, Speaker, thoughtful  # noqa: E402

from app.evaluate import read_utterances  # noqa: E402
from app.paths import embedded_model, sample_audio  # noqa: E402
from app.soak import trend  # noqa: E402
from s2t_core.manifest import Utterance  # noqa: E402
from s2t_core.recognizer import load  # noqa: E402
from s2t_core.types import SAMPLE_RATE_HZ  # noqa: E402

_SHOWN_S = 600.0
_WARM_S = 1800.0  # memory settles


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--pauses", type=float, default=3.0, help="times as long as what is said between them")
    parser.add_argument("--manifest", type=Path, help="recordings to string together; default: the sample, over again")
    parser.add_argument("--audio", type=Path, default=Path())
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    utterances = [Utterance(sample_audio(), "")]
    if options.manifest is not None:
        utterances = read_utterances([options.manifest], options.audio, None)
    recognizer, faults, rows = load(embedded_model(), "cpu"), Faults(options.speed), list[Row]()
    faults.breaking(recognizer)

    def show(row: Row) -> None:
        rows.append(row)
        before_s = rows[-2].end_s if len(rows) > 1 else 0.0
        if row.end_s // _SHOWN_S != before_s // _SHOWN_S:
            print(f"{row.end_s / 3600:5.2f} h {row.memory_mb:7.1f} MiB, {row.handles} handles, {row.threads} threads, "
                  f"{row.disk_mb:.1f} MiB of journal; {soak.totals}", flush=True)  # fmt: skip

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        minutes = round(options.hours * 60)
        speaker = Speaker(
            thoughtful(utterances, options.pauses), minutes, options.speed, faults, home / "history.sqlite"
        )
        soak = Soak(home, recognizer, speaker, show)
        signal.signal(signal.SIGTERM, lambda *_: speaker.fall_silent())
        soak.run()
        left = len(list((home / "journals").iterdir()))
    totals = soak.totals
    offered_h = totals.offered / SAMPLE_RATE_HZ / 3600
    print(f"{offered_h:.2f} h in {(time.monotonic() - began) / 3600:.2f} h; faults {dict(faults.tried)}")
    print(
        f"{totals.recordings} recordings, {totals.recovered} brought back, {totals.words} words, {left} journals left"
    )
    for name in ("offered", "missing", "left_out", "unaccounted"):
        samples = getattr(totals, name)
        print(f"{name}: {samples} samples, {samples / SAMPLE_RATE_HZ:.1f} s")
    warm = [row for row in rows if row.end_s > _WARM_S] or rows
    for name in ("memory_mb", "handles", "threads", "disk_mb"):
        found = trend(warm, name)
        print(f"{name}: mean {found.mean:.1f}, {found.per_hour or 0:+.2f} an hour, +- {found.doubt or 0:.2f}")
    print("said:", dict(soak.said))
    return 1 if totals.unaccounted or left else 0


if __name__ == "__main__":
    sys.exit(main())

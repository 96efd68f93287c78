"""Words that a checkpoint writes where nobody speaks to it: minutes of music and of many voices at once.

usage: no_speech.py MANIFEST.tsv [--audio DIR] [--model DIR] [--minutes N]

The voices are those of the manifest's recordings, four to eight at once and equally loud; the music is chords that
change every half second or so. Both come in clips of 20 s, from faint to full scale, the same ones every time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from app.audio.file import read_chunks
from app.evaluate import joined, recognised
from app.paths import embedded_model
from s2t_core.manifest import read_manifest
from s2t_core.recognizer import load
from s2t_core.training.augment import at_peak, babble, chords
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk

CLIP_S = 20
VOICES = 60  # recordings to draw from
LOUDNESS = (0.01, 0.9)  # peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--model", type=Path, default=embedded_model())
    parser.add_argument("--minutes", type=float, default=10.0, help="of both kinds together")
    options = parser.parse_args()
    recognizer = load(options.model)
    rows = [row for row in read_manifest(options.manifest, options.audio) if row.transcript]
    voices = [joined(list(read_chunks(row.path, block_s=1.0))) for row in rows[:: max(1, len(rows) // VOICES)]]
    rng = np.random.default_rng(0)
    length = CLIP_S * SAMPLE_RATE_HZ
    for name in ("voices", "music"):
        words, clips = 0, round(options.minutes * 60 / CLIP_S / 2)
        for _ in range(clips):
            sound = babble(length, voices, rng) if name == "voices" else chords(length, rng)
            level = float(np.exp(rng.uniform(*np.log(LOUDNESS))))
            text = recognised(recognizer, [AudioChunk(at_peak(sound, level), SAMPLE_RATE_HZ, 0)], whole=False)
            words += len(text.split())
            if text:
                print(f"{name}: {text}")
        print(f"{name}: {words} words in {clips * CLIP_S / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()

"""`dictate eval` as a user runs it: a process of its own, real files, the checkpoint in the box."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
from conftest import SAMPLE, SAMPLE_TEXT

ROOT = Path(__file__).parent.parent.parent


def test_speech_and_silence_are_measured_and_written(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(2 * 16000), 16000)
    (tmp_path / "list.tsv").write_text(
        f"path\ttranscript\tcorpus\n{SAMPLE}\t{SAMPLE_TEXT}\tspeech\nsilence.wav\t\tsilence\n", encoding="utf-8"
    )
    words = ["eval", tmp_path / "list.tsv", "--json", tmp_path / "out.json", "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"figures -> {tmp_path / 'out.json'}\n"
    heading, _, speech, silence = done.stdout.splitlines()
    assert heading.startswith("| corpus ") and speech.startswith("| speech ") and "0 in 0.0 min" in silence
    content = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    speech, silence = content["corpora"]
    assert speech["wer"] <= 0.1 and speech["cer"] <= 0.1 and speech["punctuation_f1"] >= 0.5
    assert (silence["wer"], silence["silence_s"], silence["silence_words"]) == (None, 2.0, 0)

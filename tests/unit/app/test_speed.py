"""`dictate bench speed`: times in turn, bounds of a processor, the table, and once the whole."""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys

import pytest

from app.cli import main
from app.plot import draw_bars, draw_lines
from app.speed.command import told
from app.speed.ours import recordings, speech
from app.speed.peaks import Peaks, encoder_bounds, step_bounds, text_bounds
from app.speed.rows import interleaved, row, table
from s2t_core.config import ModelConfig

PEAKS = Peaks(float32=2.0, int8=4.0, read=1.0, read_far=0.5)


class Clock:
    """Goes on by what each work says that it takes."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s

    def work(self, *seconds):
        each = itertools.cycle(seconds)

        def run():
            self.now_s += next(each)

        return run


def test_works_are_timed_in_turn_once_each_has_run():
    order = []
    interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2, lambda: 0.0)
    assert "".join(order) == "ababab"


def test_a_row_has_medians_of_a_share_bounds_and_how_many_times_as_fast_as_the_first():
    clock = Clock()
    works = {"slow": clock.work(100.0, 4.0, 8.0, 6.0), "fast": clock.work(100.0, 2.0, 2.0, 2.0)}
    found = row("x", works, 3, {"fast": 0.5, "another": 1.0}, share=0.5, clock=clock)
    assert found == {
        "row": "x", "ms": {"slow": 3000.0, "fast": 1000.0}, "bound ms": {"fast": 500.0},
        "ratio": {"slow": 1.0, "fast": 3.0},
    }  # fmt: skip
    slow, fast = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table([found]).splitlines()[2:])
    assert slow == ["x", "slow", "3000.00", "", "", "1.00"] and fast == ["x", "fast", "1000.00", "500.00", "50", "3.00"]


def test_bounds_are_those_of_the_shape():
    config = ModelConfig(
        d_model=2, encoder_layers=1, encoder_ffn_dim=3, decoder_layers=2, decoder_ffn_dim=5, vocab_size=7,
        num_conv_layers=2, conv_kernel_sizes=(3, 3), conv_channels=4, input_feat_per_channel=8,
        encoder_attention_heads=1, decoder_attention_heads=1,
    )  # fmt: skip
    first = 2 * 50 * 8 * 3 * 4
    others = 2 * 25 * 2 * 3 * 4 + 25 * 2 * (4 * 4 + 2 * 2 * 3) + 4 * 25 * 25 * 2
    encoder = encoder_bounds(PEAKS, 1.0, config)
    assert encoder["ours float32"] == encoder["transformers"] == pytest.approx((first + others) / 2)
    assert encoder["ours int8"] == pytest.approx(first / 2 + others / 4)
    weights = 2 * (4 * 4 + 2 * 4 + 2 * 2 * 5) + 7 * 2
    step = step_bounds(config, read=float)
    assert step == {"transformers": 4 * weights, "ours float32": 4 * weights, "ours int8": weights}
    assert text_bounds({"a": 10.0}, {"a": 2.0, "b": 1.0}, 3) == {"a": 16.0}


def test_the_computer_is_told_as_a_sentence():
    computer = {"processor": "A CPU", "torch": "2.9", "load": [0.5, 1.0, 2.0], "transformers": "5.2"}
    said = told(computer, Peaks(2e9, 4e9, 1e9, 5e8).to_json())
    assert said.startswith(
        "A CPU, torch 2.9, transformers 5.2, load 0.5 1.0 2.0. Peaks in G/s: float32 2.0, int8 4.0, read"
    )
    assert "load" not in told(computer | {"load": None}, {})


def test_without_transformers_the_extra_is_named(capsys, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "transformers" else find(name))
    monkeypatch.setattr("app.speed.command.measured_peaks", lambda *_: sys.exit(9))
    with pytest.raises(SystemExit):
        main(["bench", "speed"])
    assert "left out. Install the extra: pip install 'dictate[eval]'." in capsys.readouterr().err


def test_speech_goes_round():
    once = recordings()
    longer = speech(len(once) / 16_000 + 1.0)
    assert (longer[len(once) :] == once[:16_000]).all() and len(longer) == len(once) + 16_000


def test_pictures_are_drawn(tmp_path):
    draw_bars({"x": {"a": 1.0, "b": 2.0}, "y": {"a": 3.0}}, {"x": {"a": 0.5}, "y": {}}, tmp_path / "bars.png")
    draw_lines({"x": {"a": {1.0: 2.0, 10.0: 3.0}}}, ("s", "ms"), tmp_path / "lines.svg")
    assert all((tmp_path / name).stat().st_size for name in ("bars.png", "lines.svg"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--device", "cuda"], 2, "measures the processor"),
        (["--json", "/nowhere/x.json"], 1, "no folder"),
        (["--plot", "x.txt"], 1, "no name of a picture"),
        (["--whisper", "/nowhere"], 1, "faster-whisper is not installed"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(words, code, said, capsys, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "faster_whisper" else find(name))
    assert main(["bench", "speed", *words]) == code
    assert said in capsys.readouterr().err


def test_all_of_it_once(tmp_path, capsys):
    figures, picture = tmp_path / "speed.json", tmp_path / "speed.png"
    words = ["--quick", "--seconds", "1", "--beams", "2", "--json", str(figures), "--plot", str(picture)]
    assert main(["bench", "speed", *words]) == 0
    content = json.loads(figures.read_text())
    assert [one["row"] for one in content["rows"]] == ["encoder, 1 s", "decoder step", "text of 1 s, 2 beams"]
    for one in content["rows"]:
        assert {"transformers", "ours float32"} <= one["ms"].keys() and min(one["ms"].values()) > 0
        assert one["bound ms"].keys() <= one["ms"].keys()
    said = capsys.readouterr()
    assert picture.stat().st_size and "of the bound %" in said.out
    assert ". Peaks in G/s: float32 " in said.err and "{" not in said.err

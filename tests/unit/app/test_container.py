"""Films and sound in containers give their sound at its time; what is none is said in a line and harms nothing."""

from __future__ import annotations

import itertools
import os
import struct

import av
import numpy as np
import pytest

from app.audio.file import duration_s, read_chunks
from app.errors import AudioError
from s2t_core.types import join_chunks

RATE = 48000
KINDS = {"a.mp4": "aac", "a.m4a": "aac", "a.mkv": "flac", "a.webm": "libopus", "a.mov": "pcm_s16le", "a.avi": "mp3"}


def tone(seconds, rate=RATE):
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def film(path, codec, parts, video=False, channels=1, pictures_hz=10, **options):
    """A file with these (second, samples) parts of sound."""
    with av.open(str(path), "w", options=options) as out:
        if video:
            pictures = out.add_stream("mpeg4", rate=pictures_hz)
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
        sound = out.add_stream(codec, rate=RATE) if parts is not None else None
        if sound is not None:
            sound.layout = "stereo" if channels == 2 else "mono"
        if video:
            for number in range(10):
                picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 20 * number, np.uint8), format="rgb24")
                out.mux(pictures.encode(picture))
            out.mux(pictures.encode())
        for second, samples in parts or ():
            for at in range(0, len(samples), 960):
                block = np.tile(samples[at : at + 960], (channels, 1))
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=sound.layout.name)
                frame.sample_rate, frame.pts = RATE, int(second * RATE) + at
                for part in av.AudioResampler(sound.format, sound.layout, RATE).resample(frame):
                    out.mux(sound.encode(part))
        if sound is not None:
            out.mux(sound.encode())
    return path


@pytest.mark.parametrize(("name", "codec"), KINDS.items())
def test_the_sound_of_a_film_is_whole_and_at_its_pitch(tmp_path, name, codec):
    path = film(tmp_path / name, codec, [(0, tone(2))], video=name.endswith(("mp4", "mkv", "avi")))
    chunks = list(read_chunks(path, 0.5))
    whole = join_chunks(chunks)
    assert len(whole.samples) / whole.rate == pytest.approx(2, abs=0.1)
    assert duration_s(path) == pytest.approx(2, abs=0.15)
    assert all(a.start + len(a.samples) == b.start for a, b in itertools.pairwise(chunks))
    assert max(len(chunk.samples) for chunk in chunks) < 0.7 * whole.rate
    middle = whole.samples[whole.rate // 2 : whole.rate // 2 + whole.rate]
    assert np.abs(np.fft.rfft(middle)).argmax() == 440
    assert middle.std() == pytest.approx(0.5 / 2**0.5, abs=0.05)


def test_both_channels_are_heard(tmp_path):
    path = film(tmp_path / "a.mkv", "flac", [(0, tone(1))], channels=2)
    assert np.abs(join_chunks(list(read_chunks(path))).samples).max() == pytest.approx(0.5, abs=0.05)


def test_sound_that_is_missing_in_the_midst_shows_as_a_jump(tmp_path):
    path = film(tmp_path / "a.mkv", "flac", [(0, tone(1)), (3, tone(1))])
    chunks = list(read_chunks(path, 0.5))
    assert chunks[-1].start + len(chunks[-1].samples) == pytest.approx(4 * RATE, abs=RATE // 10)
    assert sum(len(chunk.samples) for chunk in chunks) == pytest.approx(2 * RATE, abs=RATE // 10)


def test_a_film_without_sound_is_said(tmp_path):
    path = film(tmp_path / "a.mp4", "aac", None, video=True)
    for ask in (duration_s, lambda one: list(read_chunks(one))):
        with pytest.raises(AudioError, match="has no sound"):
            ask(path)


def heard(path):
    """The chunks that can be read, and the error behind them."""
    chunks = []
    try:
        for chunk in read_chunks(path, 0.5):
            chunks.append(chunk)
    except AudioError as error:
        assert "\n" not in str(error) and error.remedy
        return chunks, str(error)
    return chunks, ""


def seconds(chunks):
    return sum(len(chunk.samples) for chunk in chunks) / RATE


@pytest.mark.parametrize(("name", "codec", "options"), [
    ("a.mkv", "flac", {}), ("a.webm", "libopus", {}), ("a.mp4", "aac", {"movflags": "faststart"}), ("a.flv", "aac", {}),
    ("a.amr", "libopencore_amrnb", {}),
])  # fmt: skip
def test_a_cut_film_gives_what_is_there_and_says_that_it_is_not_whole(tmp_path, name, codec, options, monkeypatch):
    if name == "a.amr":
        monkeypatch.setattr(f"{__name__}.RATE", 8000)
    path = film(tmp_path / name, codec, [(0, tone(6, RATE))], **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    chunks, error = heard(path)
    assert 2 < seconds(chunks) < 4
    assert "breaks off" in error or "damaged" in error


def test_a_film_whose_pictures_go_on_behind_its_sound_is_not_cut(tmp_path):
    path = film(tmp_path / "a.mkv", "flac", [(0, tone(1))], video=True, pictures_hz=1)
    chunks, error = heard(path)
    assert seconds(chunks) == pytest.approx(1, abs=0.01) and not error


def test_what_comes_behind_a_damaged_stretch_is_read_and_the_damage_is_said(tmp_path):
    path = film(tmp_path / "a.mp4", "aac", [(0, tone(6))])
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 10] = b"\xa5" * (len(data) // 10)
    path.write_bytes(data)
    chunks, error = heard(path)
    assert chunks[-1].start + len(chunks[-1].samples) == pytest.approx(6 * RATE, abs=RATE // 10)
    assert 4 < seconds(chunks) < 5.9
    assert "damaged" in error


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_sound_that_begins_late_is_at_its_time(tmp_path, name):
    codec = "flac" if name == "a.mkv" else "aac"
    path = film(tmp_path / name, codec, [(1.5, tone(1))], video=True)
    chunks, error = heard(path)
    assert chunks[0].start == pytest.approx(1.5 * RATE, abs=RATE // 20) and not error
    assert duration_s(path) == pytest.approx(2.5, abs=0.1)


def test_sound_that_is_encrypted_or_of_an_unknown_kind_is_said(tmp_path):
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "0f" * 16, "encryption_kid": "a7" * 16}
    locked = film(tmp_path / "locked.mp4", "aac", [(0, tone(2))], **key)
    chunks, error = heard(locked)
    assert seconds(chunks) < 1 and "copy-protected" in error
    unknown = film(tmp_path / "a.mkv", "flac", [(0, tone(1))])
    unknown.write_bytes(unknown.read_bytes().replace(b"A_FLAC", b"A_XYZW"))
    for ask in (duration_s, lambda one: list(read_chunks(one))):
        with pytest.raises(AudioError, match="kind that cannot be read"):
            ask(unknown)


def test_a_broadcast_may_change_its_channels_and_its_rate_on_its_way(tmp_path, monkeypatch):
    before = film(tmp_path / "a.ts", "ac3", [(0, tone(2))]).read_bytes()
    monkeypatch.setattr(f"{__name__}.RATE", 32000)
    after = film(tmp_path / "b.ts", "ac3", [(2, tone(2, 32000))], channels=2).read_bytes()
    (tmp_path / "c.ts").write_bytes(before + after)
    chunks, error = heard(tmp_path / "c.ts")
    whole = join_chunks(chunks)
    assert len(whole.samples) / whole.rate == pytest.approx(4, abs=0.2) and not error
    end = whole.samples[5 * whole.rate // 2 : 7 * whole.rate // 2]
    assert np.abs(np.fft.rfft(end)).argmax() == pytest.approx(440, abs=2)


@pytest.mark.parametrize("named", ["pipe.wav", "list.mp4"])
def test_a_list_of_files_is_not_followed_to_a_pipe_or_itself(tmp_path, named):
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile {named}\n")
    with pytest.raises(AudioError, match="not audio or video"):
        duration_s(tmp_path / "list.mp4")


@pytest.mark.parametrize("content", [
    b"just text", b"\x00" * 5000, b"\x00\x00\x00\x20ftypisom" + b"\xff" * 100,
    b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
])  # fmt: skip
def test_what_is_no_sound_is_said_and_nothing_else_is_opened(tmp_path, content):
    for name in ("a.mp4", "a.m3u8", "a.wav"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AudioError):
            list(read_chunks(tmp_path / name))


def test_a_head_that_promises_centuries_is_taken_to_say_nothing(tmp_path):
    path = film(tmp_path / "a.mkv", "flac", [(0, tone(1))])
    data = path.read_bytes()
    at = data.index(b"\x44\x89\x88")  # the length, in milliseconds
    path.write_bytes(data[: at + 3] + struct.pack(">d", 1e15) + data[at + 11 :])
    assert duration_s(path) == 0


def test_a_film_whose_sound_has_a_rate_that_no_sound_has_is_said(tmp_path):
    path = film(tmp_path / "a.mkv", "pcm_s16le", [(0, tone(1))])
    rate = struct.pack(">d", 48000.0)
    path.write_bytes(path.read_bytes().replace(rate, struct.pack(">d", 2e9)))
    with pytest.raises(AudioError, match="sampling rate of 2000000000 Hz"):
        duration_s(path)

"""Manifests: what each column means, and how a broken table is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from s2t_core.errors import ManifestError
from s2t_core.manifest import Utterance, read_manifest

HELD_OUT = Path(__file__).parent.parent.parent / "data" / "held_out.tsv"


@pytest.fixture
def write(tmp_path):
    def put(content: str | bytes) -> Path:
        path = tmp_path / "books" / "list.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return put


def test_a_path_and_a_transcript_are_enough(write):
    path = write("path\ttranscript\na/1.flac\tHELLO WORLD\nnoise.ogg\t\n")
    assert read_manifest(path) == [
        Utterance(path.parent / "a" / "1.flac", "HELLO WORLD", None, "", "books", ""),
        Utterance(path.parent / "noise.ogg", "", None, "", "books", ""),
    ]


def test_columns_come_in_any_order_and_unknown_ones_are_ignored(write):
    path = write("cased\tspeaker\tx\ttranscript\tduration\tpath\tcorpus\nHello.\ts1\t?\tHELLO\t1.5\t1.wav\tmine\n")
    (utterance,) = read_manifest(path, Path("elsewhere"))
    assert utterance == Utterance(Path("elsewhere/1.wav"), "HELLO", 1.5, "s1", "mine", "Hello.")


def test_an_absolute_path_stays_what_it_is(write, tmp_path):
    (utterance,) = read_manifest(write(f"path\ttranscript\n{tmp_path}/1.wav\ta\n"), Path("elsewhere"))
    assert utterance.path == tmp_path / "1.wav"


def test_the_marks_of_other_systems_are_no_part_of_the_text(write):
    path = write("\ufeffpath\ttranscript\r\n1.wav\tone\r\n\r\n2.wav\ttwo\u2028and a half\r\n")
    assert [utterance.transcript for utterance in read_manifest(path)] == ["one", "two\u2028and a half"]


def test_quotes_are_text(write):
    (utterance,) = read_manifest(write('path\ttranscript\n1.wav\t"Yes," he said, "I\n'))
    assert utterance.transcript == '"Yes," he said, "I'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: there is no column 'path'. The first line names the columns"),
        ("path\ttext\n1.wav\ta\n", "line 1: there is no column 'transcript'."),
        ("path\tpath\ttranscript\n1.wav\t2.wav\ta\n", "line 1: there is more than one column 'path'."),
        ("path\ttranscript\n", "lists no utterances. Write one"),
        ("path\ttranscript\n\n1.wav\n", "line 3: 1 fields, but 2 columns. Separate fields by single tabs"),
        ("path\ttranscript\n1.wav\ta\tb\n", "line 2: 3 fields, but 2 columns."),
        ("path\ttranscript\n\ta\n", "line 2: no path of an audio file."),
        ("path\ttranscript\n\0\ta\n", "line 2: no path of an audio file."),
        ("path\ttranscript\tduration\n1.wav\ta\tlong\n", "line 2: 'long' is no duration. Write seconds"),
        ("path\ttranscript\tduration\n1.wav\ta\t-1\n", "'-1' is no duration"),
        ("path\ttranscript\tduration\n1.wav\ta\tnan\n", "'nan' is no duration"),
        (b"path\ttranscript\n1.wav\tcaf\xe9\n", "line 2: this is not UTF-8. Save the table as UTF-8"),
    ],
)
def test_a_broken_table_is_said_in_one_line_with_its_place_and_a_remedy(write, content, said):
    with pytest.raises(ManifestError) as caught:
        read_manifest(write(content))
    assert said in str(caught.value) and len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", [".", "missing.tsv"])
def test_what_is_no_file_is_said(tmp_path, name):
    with pytest.raises(ManifestError, match=r"cannot be read \(.+\)\. Name a manifest"):
        read_manifest(tmp_path / name)


def test_the_held_out_list_is_whole():
    rows = read_manifest(HELD_OUT)
    corpora = {row.corpus for row in rows}
    assert corpora == {"librispeech_dev_clean", "ljspeech", "speechocean762", "noise"}
    assert all((row.transcript == "") == (row.corpus == "noise") for row in rows)
    assert all(row.duration_s for row in rows)
    assert len({row.path for row in rows}) == len(rows)
    for row in rows:
        if row.cased:
            assert len(row.cased.split()) == len(row.transcript.split()), row.path

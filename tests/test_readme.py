"""The commands in the README exist, and its map names files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.cli import _parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^\s*(?:\$ )?dictate ([^#\n]*?)\s*(?:#.*)?$", README, re.MULTILINE)))
PLACEHOLDERS = {"FILE": "a.wav", "DIR": "out", "NAME": "Yeti", "N": "5"}


def test_the_readme_shows_commands():
    assert len(COMMANDS) >= 5


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_is_understood(command):
    words = [PLACEHOLDERS.get(word.strip("[]."), word.strip("[]")) for word in command.split()]
    assert callable(_parser().parse_args(words).run)


@pytest.mark.parametrize("target", re.findall(r"^(run|test|lint)\b", (ROOT / "Makefile").read_text(), re.MULTILINE))
def test_a_make_target_of_the_readme_is_there(target):
    assert f"make {target}" in README


def mapped() -> set[str]:
    """What the rows of the map name; in a row the folder is that of its first file."""
    named = set()
    for row in re.findall(r"^\| (`(?:s2t_core|app)/[^|]*) \|", README, re.MULTILINE):
        first, *others = re.findall(r"`([^`]*)`", row)
        named |= {first, *(other if "/" in other else f"{first.rpartition('/')[0]}/{other}" for other in others)}
    return named


@pytest.mark.parametrize("package", ["s2t_core", "app"])
def test_the_map_has_every_file_beside_the_rooms(package):
    files = {f"{package}/{path.name}" for path in (ROOT / package).glob("*.py") if path.name != "__init__.py"}
    assert files - mapped() == set()


@pytest.mark.parametrize("path", sorted(path for path in mapped() if "*" not in path))
def test_what_the_map_names_is_there(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:s2t_core|app|resources|tests)/[\w/.-]*)`", README))))
def test_a_path_in_the_readme_is_there(path):
    assert (ROOT / path).exists()

"""Whatever is in a file, a line or a name, a reader takes it or refuses it in words. `make fuzz` goes on for longer."""

from __future__ import annotations

import pytest
from fuzz.mutate import hostile_bytes, hostile_json
from fuzz.targets import TARGETS, survive
from hypothesis import HealthCheck, given, settings

QUICK = {"sentencepiece": 15, "history": 40, "model": 40, "safetensors": 60, "vocabulary": 40}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_what_is_valid_is_taken(name):
    target = TARGETS[name]
    for seed in target.seeds():
        target.feed(seed) if name not in ("vocabulary", "pickle") else survive(target, seed)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_hostile_input_is_taken_or_refused_in_words(name):
    target = TARGETS[name]
    hostile = (hostile_json if target.is_json else hostile_bytes)(target.seeds())

    @given(hostile)
    @settings(
        max_examples=QUICK.get(name, 80), deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def feed(hostile):
        survive(target, hostile.data)

    feed()

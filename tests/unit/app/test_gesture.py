"""What presses of the global key mean, for every order of changes that a platform may tell of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hotkey.gesture import Gesture, hear, pass_time, tell

changes = st.lists(
    st.tuples(st.sampled_from(["down", "up", "other", "cancel", "time", "began", "ended"]), st.floats(0, 4)),
    max_size=60,
)


def play(steps, gesture=None):
    """The acts of (what, seconds since the start) pairs, and the gesture behind them."""
    gesture, done = gesture or Gesture(), []
    for what, at_s in steps:
        if what == "time":
            gesture, acts = pass_time(gesture, at_s)
        elif what in ("began", "ended"):
            gesture, acts = tell(gesture, what == "began"), ()
        else:
            gesture, acts = hear(gesture, what, at_s)
        done += acts
    return [act.value for act in done], gesture


def acts(*steps):
    return play(steps)[0]


def test_a_tap_begins_at_key_down_and_goes_on_until_the_next():
    assert acts(("down", 0)) == ["begin"]
    assert acts(("down", 0), ("up", 0.1)) == ["begin", "tap"]
    assert acts(("down", 0), ("up", 0.1), ("down", 9), ("up", 9.1)) == ["begin", "tap", "end"]


def test_a_hold_talks_until_it_is_let_go():
    assert acts(("down", 0), ("time", 0.39)) == ["begin"]
    assert acts(("down", 0), ("time", 0.4), ("time", 3), ("up", 5)) == ["begin", "hold", "end"]
    assert acts(("down", 0), ("up", 5)) == ["begin", "hold", "end"]


def test_the_press_that_ends_means_nothing_more_however_long_it_is():
    assert acts(("down", 0), ("up", 0.1), ("down", 9), ("time", 10), ("up", 12)) == ["begin", "tap", "end"]


def test_a_press_tells_when_it_becomes_a_hold():
    gesture = play([("down", 1)])[1]
    assert gesture.due_s == pytest.approx(1.4)
    assert play([("time", 1.5)], gesture)[1].due_s is None
    assert play([("up", 1.1)], gesture)[1].due_s is None


def test_another_key_shows_that_a_press_was_a_shortcut_of_somebody_else():
    assert acts(("down", 0), ("other", 0.2), ("up", 0.3)) == ["begin", "cancel"]
    assert acts(("down", 0), ("other", 0.2), ("time", 1), ("up", 2)) == ["begin", "cancel"]


def test_another_key_cancels_a_hold_however_long_it_has_lasted():
    assert acts(("down", 0), ("other", 3), ("up", 5)) == ["begin", "cancel"]
    assert acts(("down", 0), ("time", 1), ("other", 3), ("up", 5)) == ["begin", "hold", "cancel"]


def test_keys_that_are_pressed_after_a_tap_are_typed_by_the_user_and_mean_nothing():
    assert acts(("down", 0), ("up", 0.1), ("other", 3), ("other", 4)) == ["begin", "tap"]


def test_cancelling_works_only_while_a_dictation_runs():
    assert acts(("cancel", 0)) == []
    assert acts(("down", 0), ("up", 0.1), ("cancel", 3), ("cancel", 4)) == ["begin", "tap", "cancel"]
    assert acts(("down", 0), ("cancel", 2), ("up", 3), ("down", 4)) == ["begin", "cancel", "begin"]


def test_a_key_that_repeats_itself_is_pressed_once():
    repeats = [("down", 0.66 + 0.04 * i) for i in range(50)]
    assert acts(("down", 0), *repeats, ("up", 3)) == ["begin", "hold", "end"]


def test_releases_that_are_none_are_nothing():
    assert acts(("up", 0), ("down", 1), ("up", 1.1), ("up", 1.2), ("up", 9)) == ["begin", "tap"]


def test_a_hold_whose_release_was_lost_ends_with_the_next_press():
    assert acts(("down", 0), ("time", 1), ("down", 9), ("up", 9.1)) == ["begin", "hold", "end"]
    assert acts(("down", 0), ("up", 0.1), ("down", 2), ("down", 9), ("up", 9.1)) == [
        "begin",
        "tap",
        "end",
        "begin",
        "tap",
    ]


def test_a_dictation_that_others_began_or_ended_is_known():
    assert acts(("began", 0), ("down", 1), ("up", 1.1)) == ["end"]
    assert acts(("down", 0), ("ended", 2), ("up", 3), ("down", 4)) == ["begin", "begin"]
    assert acts(("began", 0), ("cancel", 1)) == ["cancel"]


@given(changes)
def test_every_dictation_begins_once_and_ends_once(steps):
    steps = sorted(steps, key=lambda step: step[1])
    gesture, runs = Gesture(), False
    for step in steps:
        done, gesture = play([step], gesture)
        for act in done:
            assert (act == "begin") == (not runs), (act, runs)
            runs = act in ("begin", "tap", "hold")
        if step[0] in ("began", "ended"):
            runs = step[0] == "began"
        assert gesture.active == runs
        assert not gesture.mine or (gesture.active and gesture.down_s is not None)


@given(changes)
def test_whatever_came_before_a_release_ends_every_hold(steps):
    *_, gesture = play(sorted(steps, key=lambda step: step[1]))
    _, gesture = play([("up", 5)], gesture)
    assert gesture.down_s is None and gesture.due_s is None and not gesture.held
    assert play([("cancel", 20)], gesture)[1].active is False
    assert play([("down", 30), ("up", 30.1)], play([("cancel", 20)], gesture)[1])[0] == ["begin", "tap"]


@given(st.lists(st.tuples(st.floats(0.01, 0.39), st.floats(0.01, 3), st.integers(0, 3)), max_size=50))
def test_every_tap_is_one_toggle(taps):
    at_s, steps = 0.0, []
    for down_s, pause_s, extra in taps:
        steps += [("down", at_s), ("up", at_s + down_s * 0.99), *[("up", at_s + down_s)] * extra]
        at_s += down_s + pause_s
    done = [act for act in acts(*steps) if act != "tap"]
    assert done == (["begin", "end"] * len(taps))[: len(taps)]

"""What is inserted, where, and what waits: the typist with a desktop made of strings."""

from __future__ import annotations

import queue

import pytest
from support.strings import Clipboard, Desk, Keys, Quiet

from app.output.contract import Target
from app.output.typist import SECRET, Inserted, Pinned, TakenBack, Typist


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def work(desk):
    """The typist on its thread: its calls, and `told()`, the next report."""
    reports, watch = queue.Queue(), Quiet()
    ways = [Keys(desk, "broken", "It does not work here."), Keys(desk), Clipboard(desk)]
    typist = Typist(lambda: (desk, watch, ways), reports.put)
    typist.start()
    typist.told = lambda: reports.get(timeout=20)
    typist.ways, typist.user = ways, watch
    yield typist
    assert typist.shut_down(20) and not desk.open


def settled(typist):
    """Everything asked so far has been done."""
    typist.take_back()
    return typist.told()


def test_words_arrive_as_they_are_settled_and_the_rest_at_the_end(work, desk):
    work.pin()
    work.see("Hello")
    work.see("Hello there")
    work.finish("Hello there, you.")
    assert work.told() == Pinned(Target("a"))
    assert work.told() == Inserted("Hello there, you.")
    assert desk.windows["a"] == "Hello there, you."


def test_the_first_word_waits_until_it_is_whole(work, desk):
    work.pin()
    work.see("It")
    _drain(work)
    assert desk.windows["a"] == ""
    work.see("It's late")
    _drain(work)
    assert desk.windows["a"] == "It's late"


def test_the_first_way_that_works_is_taken_or_the_one_that_was_chosen(work, desk):
    work.pin("copy")
    work.finish("Hello")
    assert (work.told(), work.told()) == (Pinned(Target("a")), Inserted("", is_copied=True))
    assert work.ways[2].text == "Hello" and desk.windows["a"] == ""
    work.pin("broken")
    work.finish("Hello")
    assert work.told() and "doctor" in work.told().why


@pytest.mark.parametrize("back", [True, False])
def test_what_is_said_while_another_window_has_the_keyboard_waits_for_its_own(work, desk, back):
    work.pin()
    work.see("One more")
    _drain(work)
    desk.now = Target("b")
    work.see("One more two")
    _drain(work)
    desk.now = Target("a") if back else desk.now
    work.finish("One more two three")
    assert work.told() == Pinned(Target("a"))
    told = work.told()
    assert desk.windows == {"a": "One more two three" if back else "One more", "b": ""}
    assert (told.text, told.waits) == (("One more two three", "") if back else ("One more", "two three"))
    assert bool(told.why) is not back


def _drain(typist):
    """Wait until the typist has nothing to do."""
    done = queue.Queue()
    typist._jobs.put(lambda: done.put(True))
    done.get(timeout=20)


def test_nothing_goes_into_a_password_field_be_it_there_from_the_beginning_or_later(work, desk):
    desk.now = Target("a", is_secret=True)
    work.pin()
    work.finish("Secret")
    assert work.told().target.is_secret
    assert work.told() == Inserted("", "Secret", SECRET)
    desk.now = Target("a")
    work.pin()
    work.see("One more")
    _drain(work)
    desk.now = Target("a", is_secret=True)
    work.finish("One more two")
    assert work.told() and work.told() == Inserted("One more", "two", SECRET)
    assert desk.windows["a"] == "One more"


def test_a_part_that_did_not_arrive_is_not_given_twice(work, desk):
    work.ways[1].breaks_after = 4
    work.pin()
    work.see("Hello there")
    _drain(work)
    work.ways[1].breaks_after = None
    work.finish("Hello there")
    assert work.told() and work.told() == Inserted("Hello there")
    assert desk.windows["a"] == "Hello there"


def test_where_nobody_tells_which_window_has_the_keyboard_the_text_is_copied_unless_it_may_be_inserted_blindly(
    work, desk
):
    desk.now = None
    work.pin()
    work.see("One")
    work.finish("One two")
    assert (work.told(), work.told().is_copied) == (Pinned(None), True)
    assert work.ways[2].text == "One two" and desk.windows["a"] == ""
    work.pin(blind=True)
    work.finish("One two")
    assert (work.told(), work.told()) == (Pinned(None), Inserted("One two"))
    assert desk.windows["a"] == "One two"


def test_our_own_window_shows_its_text_itself(work, desk):
    desk.now = Target("a", is_own=True)
    work.pin()
    work.finish("Hello")
    assert work.told() and work.told() == Inserted("Hello")
    assert desk.windows["a"] == ""


def test_a_line_end_runs_nothing_in_a_terminal(work, desk):
    desk.now = Target("a", "xterm", is_terminal=True)
    work.pin()
    work.finish("rm\n\nnow")
    assert work.told() and work.told()
    assert desk.windows["a"] == "rm  now"


def test_a_second_dictation_into_the_same_window_is_joined_to_the_first(work, desk):
    for text in ("One.", "Two."):
        work.pin()
        work.finish(text)
    _drain(work)
    desk.now = Target("b")
    work.pin()
    work.finish("Three.")
    _drain(work)
    assert desk.windows == {"a": "One. Two.", "b": "Three."}


def test_what_the_user_has_typed_since_is_not_joined_to(work, desk):
    work.pin()
    work.finish("One,")
    _drain(work)
    work.user.is_typing = True
    work.pin()
    work.finish("Two.")
    _drain(work)
    assert desk.windows["a"] == "One,Two."


def test_taking_back_removes_exactly_the_last_insertion_once(work, desk):
    for text in ("One.", "Two."):
        work.pin()
        work.finish(text)
    _drain(work)
    for _ in range(4):
        work.told()
    assert settled(work) == TakenBack(" Two.") and desk.windows["a"] == "One."
    assert settled(work).text == "" and desk.windows["a"] == "One."


@pytest.mark.parametrize("how", ["typed on", "went away"])
def test_what_is_not_before_the_cursor_any_more_is_not_taken_back(work, desk, how):
    work.pin()
    work.finish("One.")
    assert work.told() and work.told()
    if how == "typed on":
        desk.windows["a"] += "x"
    else:
        desk.now = Target("b")
    told = settled(work)
    assert told.text == "" and "before the cursor" in told.why
    assert desk.windows["a"].startswith("One.")


def test_what_is_taken_back_by_voice_goes_from_the_window(work, desk):
    work.pin()
    work.see("One. Two.")
    work.see("One.")
    work.finish("One. Three.")
    assert work.told() and work.told() == Inserted("One. Three.")
    assert desk.windows["a"] == "One. Three."


def test_a_fault_nobody_foresaw_ends_no_later_dictation(work, desk):
    work.ways[1].insert, whole = None, work.ways[1].insert
    work.pin()
    work.finish("One")
    assert work.told() and "went wrong" in work.told().why
    work.ways[1].insert = whole
    work.pin()
    work.finish("Two")
    assert work.told() and work.told() == Inserted("Two")


def test_what_stood_before_the_words_that_were_taken_back_is_still_joined(work, desk):
    for text in ("We met at the", "Station", "Harbour today."):
        work.pin()
        work.finish(text)
        assert work.told() and work.told().why == ""
        if text == "Station":
            work.take_back()
            assert work.told() == TakenBack(" station")
    assert desk.windows["a"] == "We met at the harbour today."


def test_what_was_said_after_words_that_were_taken_back_by_voice_is_joined_too(work, desk):
    work.pin()
    work.finish("We met at the")
    work.pin()
    work.see("Station at")
    work.see("")
    work.finish("Harbour today.")
    _drain(work)
    assert desk.windows["a"] == "We met at the harbour today."


def test_a_desktop_that_cannot_be_asked_does_not_turn_to_the_dictation_before(work, desk, monkeypatch):
    work.pin()
    work.finish("Old words stand.")
    _drain(work)
    monkeypatch.setattr(desk, "target", lambda: [][0])
    work.pin()
    _drain(work)
    monkeypatch.undo()
    work.see("New words come")
    work.finish("New words come.")
    _drain(work)
    assert desk.windows["a"] == "Old words stand."
    told = [work.told() for _ in range(4)]
    assert told[3].waits == "New words come."

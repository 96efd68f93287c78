"""A desktop whose windows are strings, and ways of inserting into them, for tests of who is given which words."""

from __future__ import annotations

from app.output.contract import NotInserted, Target


class Desk:
    """Windows as strings, one of which has the keyboard; a Focus."""

    def __init__(self):
        self.windows = {"a": "", "b": ""}
        self.now: Target | None = Target("a")
        self.open = True

    def target(self):
        return self.now

    def close(self):
        self.open = False


class Quiet:
    """A Watch of a user who types when a test says so."""

    def __init__(self):
        self.is_typing = False

    def begin(self):
        self.is_typing = False

    def is_quiet(self):
        return not self.is_typing

    def close(self):
        pass


class Keys:
    """A Way that writes to the window with the keyboard."""

    def __init__(self, desk, name="keys", fault=""):
        self.desk, self.name, self._fault = desk, name, fault
        self.breaks_after = None  # so many letters

    def fault(self):
        return self._fault

    def insert(self, text, target):
        id = self.desk.now.id if self.desk.now else "a"
        if target is not None and id != target.id:
            raise NotInserted("It moved.", "Go back.", text)
        arrived = text if self.breaks_after is None else text[: self.breaks_after]
        self.desk.windows[id] += arrived
        if arrived != text:
            raise NotInserted("It broke.", "Try again.", text[len(arrived) :])

    def take_back(self, text, target):
        written = self.desk.windows[target.id if target else "a"]
        if not written.endswith(text):
            return False
        self.desk.windows[target.id if target else "a"] = written[: len(written) - len(text)]
        return True

    def close(self):
        pass


class Clipboard(Keys):
    def __init__(self, desk):
        super().__init__(desk, "copy")
        self.text = ""

    def insert(self, text, target):
        self.text = text

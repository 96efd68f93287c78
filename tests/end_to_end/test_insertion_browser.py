"""Text into a page of a real browser under X11: an area, a line, a password field. `make test-browser` installs it."""

from __future__ import annotations

import shutil

import pytest
from support.desktop import screen
from support.text_fields import MARKS, TEXT, chromium

TOOLS = ("Xvfb", "openbox", "xdotool", "chromium")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING} (make test-browser)"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    with screen(folder) as env, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", env["DISPLAY"])
        with chromium(env | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}, folder) as found:
            yield found


@pytest.fixture(params=["paste", "keys"])
def way(page, request):
    from app.output.x11 import ways

    found = {way.name: way for way in ways()}
    yield found[request.param]
    for one in found.values():
        one.close()


@pytest.fixture
def target(page):
    from app.output.x11 import focus

    found = focus()
    yield found.target()
    found.close()


@pytest.mark.parametrize("name", ["area", "line", "secret"])
def test_text_arrives_whole_in_each_field(page, target, way, name):
    assert target.program == "chromium"
    page.go_to(name)
    page.clear()
    for _ in range(10):
        way.insert(TEXT + " ", target)
    page.expect((TEXT + " ") * 10)


@pytest.mark.parametrize("text", [TEXT, MARKS], ids=["text", "marks"])
def test_the_last_insertion_is_taken_back_if_it_still_stands_before_the_cursor(page, target, way, text):
    page.go_to("area")
    page.clear()
    way.insert("Stays. ", target)
    way.insert(text, target)
    page.expect("Stays. " + text)
    assert way.take_back(text, target)
    page.expect("Stays. ")
    way.insert(text, target)
    page.keys("y")
    page.expect(f"Stays. {text}y")
    assert not way.take_back(text, target)
    way.insert("!", target)
    page.expect(f"Stays. {text}y!")

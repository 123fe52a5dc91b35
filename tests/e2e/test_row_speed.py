"""How long a press on Predict takes until its answer stands on the page, in the browser.

A report, not a race: the press is printed beside Streamlit's own floor, a button that changes one
line of a page of its own, pressed in turn on the same machine.
"""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from tests.e2e import harness
from tests.e2e.harness import settle

pytestmark = pytest.mark.e2e

ROUNDS = 9
ANSWER = ".st-key-row-answer code"  # the id under which the row was logged
FLOOR = """
import streamlit as st
st.session_state.setdefault("presses", 0)
if st.button("Press"):
    st.session_state["presses"] += 1
st.code(f"r{st.session_state['presses']}")
"""

# From the click to the frame after the text in the marked place has changed, by the page's clock.
_PRESS = """
([button, place]) => new Promise((done, fail) => {
    setTimeout(() => fail(new Error('nothing changed in a minute')), 60000);
    const read = () => document.querySelector(place)?.innerText ?? '';
    const before = read(), began = performance.now();
    const watch = new MutationObserver(() => {
        const now = read();
        if (!now || now === before) return;
        watch.disconnect();
        requestAnimationFrame(() => done(performance.now() - began));
    });
    watch.observe(document, {childList: true, subtree: true, characterData: true});
    [...document.querySelectorAll('button')].find(one => one.innerText.includes(button)).click();
})
"""


def press(page: Any, button: str, place: str) -> float:
    """Milliseconds from the click on ``button`` to another text in ``place``."""
    page.bring_to_front()  # a page behind another one is drawn once a second
    settle(page)
    return float(page.evaluate(_PRESS, [button, place]))


def test_from_the_press_to_the_answer(page, context, full_app, tmp_path, capsys):
    script = tmp_path / "floor.py"
    script.write_text(FLOOR)
    page.goto(full_app.link("Production_scoring", project="sample", way="row"))
    page.get_by_role("button", name="Predict").wait_for()
    with harness.running_app(tmp_path / "floor", script) as floor_app:
        floor_page = context.new_page()
        floor_page.goto(floor_app.url)
        floor_page.get_by_role("button", name="Press").wait_for()
        answers, floors = [], []
        for _ in range(ROUNDS + 1):
            answers.append(press(page, "Predict", ANSWER))
            floors.append(press(floor_page, "Press", "[data-testid=stCode]"))
        floor_page.close()
    answer, floor = statistics.median(answers[1:]), statistics.median(floors[1:])
    with capsys.disabled():
        print(f"\npress to answer   first {answers[0]:6.0f} ms   then {answer:6.0f} ms (median)")
        print(f"a trivial button  first {floors[0]:6.0f} ms   then {floor:6.0f} ms")
        print(f"ratio {answer / floor:.1f}, {answer - floor:.0f} ms more, {ROUNDS} rounds in turn")
    logged = page.locator(ANSWER).first.inner_text()
    assert logged.startswith("r")
    assert min(answers) > 0

"""What a retraining costs is said before it is started, as a training's is."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from core.services import retraining, training
from core.services.training import Forecast
from core.settings import REPOSITORY
from core.tracking import runs
from core.ui.retraining import _another_share, _held_against

RENEWAL = SimpleNamespace(
    train=range(9000),
    old_train_rows=8000,
    added_rows=1000,
    learnt_until="2007-11-04",
    recent_rows=1000,
    judged_from="2007-11-06",
    old_test_rows=2000,
    asked_share=0.5,
    learnt_share=0.5,
    together="game_date",
)
RECENT = SimpleNamespace(unlabelled=0, unusable=0)


@pytest.fixture
def form(hoops, monkeypatch):
    """The form, opened by an alarm; how long it would take is what ``asked`` last answered."""
    with runs.action(hoops.settings, "hoops", "train"):
        pass
    hoops.log(400, further=15, labelled=True)
    asked = []
    seconds = {"rf": Forecast(200.0, 200.0)}
    unknown = Forecast(None, None, ("lr",))

    def expected(settings, plan, train_rows):
        asked.append((plan, train_rows))
        return seconds.get(plan.models[-1].algorithm, unknown)

    monkeypatch.setattr(retraining, "preview", lambda *_: (RENEWAL, RECENT))
    monkeypatch.setattr(training, "forecast", expected)
    at = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=60)
    at.query_params["project"] = "hoops"
    at.switch_page("pages/5_Drift_monitoring.py").run()
    assert not at.exception
    return SimpleNamespace(at=at, asked=asked)


def said(at):
    return "\n".join(element.value for element in at.markdown)


def tried(plan):
    return {model.algorithm: model.candidates for model in plan.models}


def test_fits_and_minutes_are_said_before_the_press(form):
    plan, rows = form.asked[-1]
    assert (tried(plan), plan.options.minutes, rows) == ({"lr": 20, "gbc": 5, "rf": 8}, None, 9000)
    fits = "**330 fits** (33 candidates × 10 folds) on 9,000 training rows: **about 3 min**"
    assert fits in said(form.at), said(form.at)
    rule = "the best Youden's J in cross-validation, on the production rows it learns from"
    assert any(rule in caption.value for caption in form.at.caption)
    form.at.multiselect(key="retrain-algorithms").set_value(["lr"]).run()
    assert tried(form.asked[-1][0]) == {"lr": 20}
    assert "training rows. :gray[No estimate yet: Logistic Regression has not been tuned" in said(
        form.at
    )


def test_too_few_rows_to_judge_by_are_told_of_with_what_follows():
    assert "Monitor will hold" not in _held_against(100)
    assert "Fewer than 100 rows to judge by: Monitor will hold" in _held_against(99)


def test_a_share_that_cannot_be_had_is_told_with_both_figures():
    assert _another_share(RENEWAL) == ""
    whole_days = SimpleNamespace(asked_share=0.5, learnt_share=0.626, together="game_date")
    said = _another_share(whole_days)
    assert r"Rows of the same game\_date stay on one side" in said
    assert "the oldest 63% of production are learnt from, not 50%" in said
    # Between rows of the log every share can be had: what is left is rounding.
    by_row = SimpleNamespace(asked_share=0.5, learnt_share=0.54, together="")
    assert _another_share(by_row) == ""


def test_candidates_and_time_are_changed_before_the_press(form, monkeypatch):
    started = []
    monkeypatch.setattr(retraining, "start", lambda settings, plan, *_: started.append(plan))
    form.at.number_input(key="retrain-hoops-candidates-gbc").set_value(7)
    form.at.number_input(key="retrain-hoops-minutes").set_value(2.0).run()
    assert not form.at.exception
    assert "Up to **350 fits**" in said(form.at) and "tuned for 2 min at the most" in said(form.at)
    form.at.button(key="retrain").click().run()
    [plan] = started
    assert (tried(plan), plan.options.minutes) == ({"lr": 20, "gbc": 7, "rf": 8}, 2.0)


def test_without_an_algorithm_nothing_is_promised(form):
    form.at.multiselect(key="retrain-algorithms").set_value([]).run()
    assert not form.at.exception
    assert "fits**" not in said(form.at)
    assert next(one for one in form.at.button if one.key == "retrain").disabled


def test_a_number_out_of_range_is_told_of_and_nothing_can_be_started(form):
    form.at.number_input(key="retrain-hoops-candidates-gbc").set_value(-5)
    form.at.number_input(key="retrain-hoops-candidates-rf").set_value(0).run()
    (told,) = [one.value for one in form.at.warning if "Candidates" in one.value]
    assert "found −5" in told and "found 0" in told, "all at once"
    assert form.at.button(key="retrain").disabled
    assert "rows to judge by" in said(form.at), "the rest of the form stays"
    form.at.number_input(key="retrain-hoops-candidates-gbc").set_value(5)
    form.at.number_input(key="retrain-hoops-candidates-rf").set_value(8)
    form.at.number_input(key="retrain-hoops-minutes").set_value(-1.0).run()
    assert form.at.button(key="retrain").disabled
    assert any("time budget" in one.value for one in form.at.warning)

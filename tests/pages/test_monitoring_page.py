"""The drift monitoring page: the verdict in words, and a judgement only where rows are new."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import f1_score
from streamlit.testing.v1 import AppTest

from core.errors import TrackingError
from core.monitoring.profile import build_profile
from core.monitoring.reference import RECENT_PROFILE, Reference
from core.scoring.log import open_log
from core.services import monitoring, monitoring_timeline
from core.settings import REPOSITORY
from core.tracking import runs
from core.ui import monitoring_window
from core.ui.monitoring_labels import words
from core.ui.monitoring_timeline import _why_no_estimate

_CARDS = ("What moved", "What it did to the model", "What next")


def open_page():
    at = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=60)
    at.query_params["project"] = "hoops"
    at.switch_page("pages/5_Drift_monitoring.py").run()
    assert not at.exception
    return at


def look(at, view):
    """Open one of the views below the verdict."""
    at.segmented_control(key="monitor-view-hoops").set_value(view).run()
    assert not at.exception
    return at


def said(at):
    parts = [at.markdown, at.caption, at.warning, at.error, at.info, at.success, at.subheader]
    return "\n".join(element.value for part in parts for element in part).replace("\\", "")


@pytest.fixture
def watched(hoops):
    """The fake project with an action on record, as any project that has a champion."""
    with runs.action(hoops.settings, "hoops", "train"):
        pass
    return hoops


@pytest.fixture
def judgements(monkeypatch):
    """How often rows were judged."""
    counted = []
    judge = monitoring.judge

    def judge_and_count(window, *arguments):
        counted.append(window.rows)
        return judge(window, *arguments)

    monkeypatch.setattr(monitoring, "judge", judge_and_count)
    return counted


def test_without_a_champion_it_leads_to_training(hoops):
    assert "train a model first" in said(open_page())


def test_without_predictions_it_leads_to_scoring(watched):
    at = open_page()
    assert "Nothing has been scored yet" in said(at)
    assert [one.key for one in at.button] == ["monitor-check-file"]


def test_rows_like_training_need_nothing(watched):
    watched.log(400)
    at = open_page()
    assert "Production looks like the training data" in said(at)
    assert "No alerts" in said(at)
    assert "Lead back to a good model" not in said(at)
    assert "No label of these rows is known yet" in said(at)


@pytest.mark.parametrize(
    ("further", "f1", "shown"),
    [
        (0, 0.01, r"F1 0\.\d+ → \*\*0\.\d+\*\* :gray\[within chance\]"),
        (0, -0.01, r"F1 0\.\d+ → \*\*0\.\d+\*\*\n?$"),  # better
        (40, 0.01, r"F1 0\.\d+ → :red\[\*\*0\.\d+\*\*\]"),
    ],
)
def test_a_figure_is_red_only_where_it_is_held_for_a_loss(watched, further, f1, shown):
    watched.log(400, further=further, labelled=True)
    rows = watched.rows(400)
    found = f1_score(watched.labels(rows), watched.pipeline.predict_proba(rows)[:, 1] > 0.5)
    [version] = watched.versions
    watched.versions[0] = replace(version, metrics={"test_f1": round(found, 3) + f1})
    text = said(open_page())
    [line] = [one for one in text.splitlines() if one.startswith("F1 ") and "**" in one]
    assert re.match(shown, line), line


def promoted(watched):
    """Another version takes over what the first one scored."""
    watched.versions[:] = [replace(watched.versions[0], version="2")]


def test_a_new_champion_is_to_score_rows_before_anything_is_known_of_it(watched):
    watched.log(400, labelled=True)
    promoted(watched)
    at = open_page()
    text = said(at)
    assert "How v2 performs is not known yet: the 400 labelled rows were scored by v1." in text
    assert "Score new rows with v2." in text
    assert "All rows were scored by other versions" in text
    assert "Score new rows with v2: only rows that it answers itself show" in text
    assert "Nothing to do" not in text and "without labels" not in text
    assert "Nothing has to be done" not in text and "No label of these rows" not in text
    look(at, "Performance")
    assert "No label of these rows" not in said(at)


def test_an_alarm_under_a_new_champion_leads_to_scoring_too(watched):
    watched.log(200, further=40, labelled=True)
    promoted(watched)
    text = said(open_page())
    assert "Score new rows with v2: only rows" in text
    assert "[Retrain](#retrain) on the labelled production rows" in text, "there are labels"


def test_without_any_label_a_new_champion_has_scored_nothing(watched):
    watched.log(400)
    promoted(watched)
    assert "How v2 performs is not known yet: it has scored none of these rows." in said(
        open_page()
    )


def test_an_alarm_says_what_moved_and_where_to_go(watched):
    watched.log(200, further=40, labelled=True)
    at = open_page()
    text = said(at)
    assert "Production has left the training data: distance" in text
    assert "Lead back to a good model" in text
    assert "200 of 200 rows are labelled" in text
    assert "Population stability index" in text


def test_who_has_just_retrained_is_not_sent_round_in_a_circle(watched, monkeypatch):
    from core.services import retraining_view

    monkeypatch.setattr(retraining_view, "is_retrained", lambda metrics: True)
    watched.log(200, further=40, labelled=True)
    text = said(open_page())
    assert "Lead back to a good model" not in text
    assert "retraining at once on the same rows brings no better model" in text


@pytest.fixture
def renewed(watched):
    """The champion was retrained for rows 40 ft further out, and is held against them."""
    rows = watched.rows(600, seed=5, further=40)
    watched.profiles[RECENT_PROFILE] = build_profile(
        rows,
        dict(watched.spec.kinds),
        watched.pipeline.predict_proba(rows)[:, 1],
        watched.labels(rows),
        units=watched.spec.units,
        reference=Reference(350, 250, 2000, "2026-01-05", "2026-02-05"),
    ).to_dict()
    recent = {"recent_roc_auc": 0.6, "recent_log_loss": 0.01, "recent_f1": 0.0}
    champion = watched.versions[0]
    watched.versions[0] = replace(
        champion, metrics={**champion.metrics, **recent, "cv_recent_log_loss": 0.01}
    )
    return watched


def test_the_rows_that_a_version_was_retrained_for_are_no_news(renewed):
    renewed.log(300, seed=9, further=40)
    text = said(open_page())
    assert (
        "300 rows against the 600 production rows that v1 Logistic Regression was retrained for "
        "(2026-01-05 to 2026-02-05)"
    ) in text
    assert "Production looks like the rows that the model was retrained for" in text
    assert "Rows that judged it → estimate" in text
    assert "Nothing has to be done" in text
    assert "training rows" not in text


def test_the_old_kind_of_rows_is_said_to_be_known_to_a_retrained_version(renewed):
    renewed.log(300, seed=9, labelled=True)
    at = open_page()
    text = said(at)
    assert "Production has left the rows that the model was retrained for" in text
    assert "it also learnt from 2,000 older rows" in text
    assert "unlike the production rows that this version was retrained for" in text
    assert "Lead back to a good model" not in text
    assert "brings no better model" not in text
    assert "on the rows that judged it" in said(look(at, "Performance"))
    assert "none in the reference" in said(look(at, "Features"))


@pytest.mark.parametrize(
    ("metrics", "expected"), [({"cv_recent_log_loss": 0.6}, True), ({}, False)]
)
def test_a_retrained_version_is_known_by_what_chose_it(metrics, expected):
    from core.services import retraining_view

    assert retraining_view.is_retrained(metrics | {"test_roc_auc": 0.6}) is expected


def test_the_first_screen_says_what_moved_what_it_did_and_what_next(watched):
    watched.log(200, further=40, labelled=True)
    text = said(open_page())
    cards = [text.index(f"**{title}**") for title in _CARDS]
    assert cards == sorted(cards)
    assert cards[-1] < text.index("Found in these rows"), "details come below"
    assert re.search(r"[Dd]istance\*\*\s+:small\[median \S+ → \S+", text)
    assert re.search(r"F1 [\d.]+ → ", text[cards[1] : cards[2]])


def test_a_view_is_drawn_when_it_is_looked_at_and_stands_in_the_url(watched, monkeypatch):
    opened = []
    draw = monitoring_timeline.open_timeline
    monkeypatch.setattr(
        monitoring_timeline, "open_timeline", lambda *given: opened.append(1) or draw(*given)
    )
    watched.log(60, further=40, labelled=True)
    at = open_page()
    assert (opened, dict(at.query_params).get("view")) == ([], None)
    assert "Estimated, without labels" not in said(at)
    look(at, "Performance")
    assert at.query_params["view"] in ("Performance", ["Performance"])
    assert "Estimated, without labels" in said(at)
    assert "Feature by feature" not in said(at)
    look(at, "Over time")
    assert opened == [1]
    look(at, "Features")
    assert "view" not in at.query_params


def test_a_refused_estimate_is_said_in_words(watched):
    watched.log(200, further=40)
    text = said(open_page())
    assert "only labels can tell" in text
    assert "Nothing can be said about performance yet" in text


def test_nothing_is_judged_again_without_new_rows(watched, judgements):
    watched.log(50)
    at = open_page()
    assert judgements == [50]
    at.run()
    at.toggle(key="monitor-live").set_value(False).run()
    at.selectbox(key="monitor-feature-hoops").set_value("home").run()
    assert judgements == [50]
    watched.log(5, seed=2)
    at.run()
    assert judgements == [50, 55]
    assert not at.exception


def test_who_comes_back_after_a_while_sees_the_rows_that_came_since(watched, judgements):
    watched.log(40)
    at = open_page()
    key = "monitor-judged-hoops"
    # Long ago: the page would be drawn again at once, were its rows not judged first.
    at.session_state[key] = at.session_state[key] | {"at": float("-inf")}
    watched.log(10, seed=2)
    at.run()
    assert judgements == [40, 50]
    assert "50 rows against" in said(at)


def test_the_poll_draws_the_page_again_only_for_new_rows(watched, judgements, monkeypatch):
    watched.log(40)
    at = open_page()
    assert "Following the log; the newest was logged just now" in said(at)
    monkeypatch.setattr(monitoring_window, "_REST_SECONDS", 1e6)
    watched.log(10, seed=2)
    # While the last judgement is fresh, new rows wait: the fragment says so and reruns nothing.
    reruns = []
    monkeypatch.setattr(monitoring_window.st, "rerun", lambda: reruns.append(1))
    watch(at, watched)
    assert reruns == []
    monkeypatch.setattr(monitoring_window, "_REST_SECONDS", 0.0)
    monkeypatch.setattr(monitoring_window.time, "monotonic", lambda: 1e12)
    watch(at, watched)
    assert reruns == [1]
    assert judgements == [40]


def watch(at, watched):
    """One poll, as the fragment does it every 3 seconds, with the tab's own state."""
    from types import SimpleNamespace

    page = SimpleNamespace(settings=watched.settings, project="hoops")
    names = ("monitor-log-hoops", "monitor-judged-hoops")
    state = {name: at.session_state[name] for name in names}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monitoring_window.st, "session_state", state)
        patch.setattr(monitoring_window.st, "caption", lambda *_: None)
        monitoring_window._watch(page, True)


def test_the_live_refresh_tells_the_webhook_again(watched, monkeypatch):
    from core.services import alerts

    asked = []
    monkeypatch.setattr(alerts, "tell_again", lambda settings, project: asked.append(project))
    watched.log(40)
    at = open_page()
    assert asked == ["hoops"]
    at.toggle(key="monitor-live").set_value(False).run()
    assert asked == ["hoops"]


def test_the_last_rows_and_all_rows(watched, judgements):
    watched.log(60)
    at = open_page()
    at.segmented_control(key="monitor-window").set_value("last").run()
    at.number_input(key="monitor-rows").set_value(30).run()
    assert judgements[-1] == 30
    at.segmented_control(key="monitor-window").set_value("all").run()
    assert judgements[-1] == 60
    at.segmented_control(key="monitor-window").set_value("period").run()
    assert judgements[-1] == 60
    assert not at.exception


def test_what_rests_on_a_draw_of_the_rows_is_said(watched, monkeypatch):
    monkeypatch.setattr(monitoring, "MOST_ROWS", 50)
    watched.log(120, labelled=True)
    at = open_page()
    at.segmented_control(key="monitor-window").set_value("all").run()
    assert not at.exception
    text = said(at)
    assert "120 rows against" in text
    assert "counted on all 120 rows" in text
    assert "120 of 120 rows are labelled" in text


def test_a_check_is_recorded_by_a_press_only(watched):
    watched.log(50)
    at = open_page()
    assert runs.recent(watched.settings, "hoops", action="monitor") == []
    at.button(key="monitor-record").click().run()
    assert not at.exception
    [run] = runs.recent(watched.settings, "hoops", action="monitor")
    assert run.params["last_rows"] == "20000"
    at.run()
    assert f"Recorded as run `{run.run_id[:8]}`" in said(at)
    assert len(runs.recent(watched.settings, "hoops", action="monitor")) == 1


def test_a_failure_is_one_message_and_no_traceback(watched, monkeypatch):
    watched.log(50)

    def fail(*_):
        raise TrackingError("MLflow cannot be reached; start it.")

    monkeypatch.setattr(monitoring, "judge", fail)
    at = open_page()
    assert [error.value for error in at.error] == ["MLflow cannot be reached; start it."]


def test_late_labels_are_joined_and_judged(watched, judgements):
    ids = watched.log(40)
    at = open_page()
    assert at.button(key="monitor-add-labels").disabled
    lines = ["prediction_id,made", *(f"{name},{place % 2}" for place, name in enumerate(ids))]
    content = "\n".join(lines).encode()
    at.file_uploader[0].set_value(("labels.csv", content, "text/csv")).run()
    at.button(key="monitor-add-labels").click().run()
    assert not at.exception
    assert "40 labels were new and have been added." in said(at)
    assert "40 of 40 rows are labelled" in said(at)
    assert judgements == [40, 40]


def test_open_alerts_are_acknowledged_with_a_note_and_closed(watched):
    from core.services import alerts

    watched.log(60, further=40)
    monitoring.monitor(watched.settings, "hoops")
    at = open_page()
    [first, *_] = alerts.alerts(watched.settings, "hoops")
    at.text_input(key=f"alert-note-{first.alert_id}").set_value("the play-offs").run()
    at.button(key=f"alert-seen-{first.alert_id}").click().run()
    assert not at.exception
    assert "acknowledged just now: the play-offs" in said(at)
    at.button(key=f"alert-close-{first.alert_id}").click().run()
    assert not alerts.alerts(watched.settings, "hoops")[-1].is_open
    assert "Resolved (1)" in said(at)


def test_a_window_of_the_timeline_is_looked_into_and_left_again(watched, judgements):
    watched.log(40)
    watched.log(60, seed=2)
    at = look(open_page(), "Over time")
    assert judgements == [100]
    at.button(key="monitor-into-batch").click().run()
    assert judgements == [100, 60]
    assert "Looking into one window" in said(at)
    at.button(key="monitor-back").click().run()
    assert "Looking into one window" not in said(at)
    assert judgements == [100, 60]
    assert not at.exception


def test_a_window_by_number_of_rows_is_looked_into_like_any_other(watched, judgements):
    watched.log(130)
    at = look(open_page(), "Over time")
    at.selectbox(key="monitor-cut").set_value("count").run()
    at.number_input(key="monitor-cut-rows").set_value(50).run()
    windows = at.selectbox(key="monitor-look-count-50")
    assert [text.split(",")[0] for text in windows.options] == [
        "rows 101 to 150",
        "rows 51 to 100",
        "rows 1 to 50",
    ]
    windows.set_value("|1").run()
    at.button(key="monitor-into-count-50").click().run()
    assert not at.exception
    assert judgements == [130, 50]
    assert "Looking into one window: **rows 51 to 100**" in said(at)


def test_the_timeline_is_cut_in_every_way(watched):
    watched.log(120)
    at = look(open_page(), "Over time")
    for kind in ("count", "time", "source", "version", "batch"):
        at.selectbox(key="monitor-cut").set_value(kind).run()
        assert not at.exception
        assert not at.error
        assert "The one window drifts no more than chance gives" in said(at)


@pytest.mark.parametrize(
    ("rows", "changes"),
    [
        (1, {}),
        (60, {"distance": 7.0, "home": True, "zone": "left"}),
        (60, {"distance": np.nan, "home": None, "zone": None}),
        (60, {"zone": "moon"}),
        (60, {"distance": np.inf}),
    ],
    ids=["one row", "constant", "all missing", "new category only", "infinite"],
)
def test_hard_rows_are_answered_in_words_and_figures_that_are_numbers(watched, rows, changes):
    open_log(watched.settings, watched.spec).append(
        watched.rows(rows, seed=3).assign(**changes),
        probability=np.full(rows, 0.4),
        prediction=np.zeros(rows, dtype=np.int8),
        label=np.arange(rows) % 2 * 1.0,
        source="batch",
        model_version="1",
    )
    at = open_page()
    shown = []
    for view in ("Features", "Over time", "Does it matter?", "Performance"):
        look(at, view)
        assert not at.error
        shown += [said(at), *(one.value for one in at.metric)]
        for table in at.dataframe:
            shown += [str(cell) for cell in table.value.select_dtypes(object).to_numpy().ravel()]
    for text in shown:
        assert not re.search(r"\b(nan|inf)\b", text, re.IGNORECASE), text


def test_a_file_is_checked_without_being_scored(watched):
    watched.log(40)
    at = open_page()
    assert at.button(key="monitor-check-file").disabled
    content = watched.rows(100, seed=4, further=40).to_csv(index=False).encode()
    at.file_uploader[1].set_value(("new.csv", content, "text/csv")).run()
    at.button(key="monitor-check-file").click().run()
    assert not at.exception
    assert "100 rows of new.csv" in said(at)
    assert "Production has left the training data" in said(at)
    assert watched.logged() == 40


def test_the_rules_are_kept_and_in_force(watched, judgements):
    from core.services import alerts

    watched.log(60, further=40)
    at = open_page()
    assert "alarm" in said(at)
    label = "False alarms, in windows"
    next(one for one in at.selectbox if one.label == label).set_value(20)
    next(one for one in at.selectbox if one.label == "Drift").set_value("warning")
    next(one for one in at.button if one.label == "Keep these rules").click().run()
    assert not at.exception
    policy = alerts.policy(watched.settings, "hoops")
    assert (policy.false_alarms, policy.drift) == (0.05, "warning")
    assert judgements == [60, 60]


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        (["few"], "Not estimated: few."),
        (["few", "few"], "Not estimated in 2 of 2 windows: few."),
        (["few", ""], "Not estimated in 1 of 2 windows. It is window 1: few."),
        (
            ["few", "none", ""],
            "Not estimated in 2 of 3 windows. The latest of these is window 2: none.",
        ),
        ([], "Nothing has been logged yet."),
    ],
)
def test_the_window_that_was_not_estimated_is_named(reasons, said):
    found = [
        SimpleNamespace(label=f"window {place}", refused=one)
        for place, one in enumerate(reasons, start=1)
    ]
    assert _why_no_estimate(found) == said


def test_what_a_label_file_brought_in_words():
    assert words(monitoring.LabelCount(3, 0, 0, 0)) == "3 labels were new and have been added."
    assert words(monitoring.LabelCount(0, 2, 1, 4, 3)) == (
        "0 labels were new and have been added. Of the others, 1 were known already; 4 contradict "
        "a known label, which stays; 2 belong to no logged prediction and were left out; 3 rows "
        "hold no label."
    )


def test_an_alarm_opens_the_way_back(watched):
    watched.log(400, further=15, labelled=True)
    at = open_page()
    assert "[Retrain](#retrain) on the labelled production rows" in said(at)
    sources = next(box for box in at.selectbox if box.key == "retrain-source")
    assert sources.options == ["Labelled rows of the inference log"]
    assert "no prepared data yet" in said(at), "what is missing is said where it is missing"


def test_a_finished_retraining_shows_challenger_beside_champion(watched, monkeypatch):
    from core.evaluation.challenge import Scores, challenge
    from core.services import retraining, retraining_view

    rows = watched.rows(300)
    y = watched.labels(rows).astype(int)
    p = watched.pipeline.predict_proba(rows)[:, 1]
    one = challenge(y, Scores("v1 Old", p * 0.4, 0.5), Scores("v2 New", p, 0.5), resamples=50)
    found = {
        "challenger": "2",
        "chosen_by": "cross-validated log loss",
        "learnt_until": "2026-01-05",
        "judged_from": "2026-01-06",
        "sentences": [
            "v2 New challenges v1 Old.",
            "On 300 rows, log loss is better.",
            "On the old rows, log loss is not shown to differ.",
        ],
        "parts": {part: {"2": one.as_dict()} for part in ("recent", "old")},
    }
    job = retraining.JobView(
        job_id="1",
        kind="training",
        title="Retraining",
        state="succeeded",
        created_at="2026-01-07T10:00:00+00:00",
        started_at=None,
        finished_at="2026-01-07T10:05:00+00:00",
        progress=None,
        message="",
        result={"retraining": found, "run_id": "a" * 32},
    )
    monkeypatch.setattr(retraining_view, "latest", lambda settings, project: job)
    watched.log(400, further=15, labelled=True)
    at = open_page()
    assert "v2 New challenges v1 Old" in said(at)
    assert "On the old rows, log loss is not shown to differ" in said(at)
    assert any(button.key == "retrained-compare" for button in at.button)
    found["challenger"], found["parts"] = "1", {p: {"1": one.as_dict()} for p in ("recent", "old")}
    at = open_page()
    assert "is in charge; this is how it did when it was made" in said(at)
    assert not any(button.key == "retrained-compare" for button in at.button)

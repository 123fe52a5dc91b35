"""The production scoring page: what it says in every state, and that only presses are logged."""

import dataclasses

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import EndpointError
from core.evaluation.metrics import binary_metrics
from core.files import atomic_path
from core.jobs.folder import JobFolder, JobState, Plan, new_job_id
from core.monitoring.profile import build_profile
from core.monitoring.reference import Reference
from core.scoring.endpoint import Endpoint
from core.services import inference_log, scoring, scoring_jobs, scoring_reference, serving
from core.settings import REPOSITORY
from core.ui import scoring_file


def open_page(way="file", **query):
    at = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=30)
    at.query_params["project"] = "hoops"
    at.query_params["way"] = way
    for name, value in query.items():
        at.query_params[name] = value
    at.switch_page("pages/4_Production_scoring.py").run()
    assert not at.exception
    return at


def production(hoops, frame, name="prod.parquet"):
    folder = hoops.settings.layer("hoops", "01_raw")
    with atomic_path(folder / hoops.spec.prod_file) as path:
        frame.to_parquet(path, index=False)


def said(at):
    """All text of the page."""
    parts = [at.markdown, at.caption, at.warning, at.error, at.info, at.success, at.subheader]
    return "\n".join(element.value for part in parts for element in part)


def upload(at, name, frame):
    at.file_uploader[0].set_value((name, frame.to_csv(index=False).encode(), "text/csv")).run()
    return at


def test_without_a_model_it_leads_to_training(hoops):
    hoops.versions.clear()
    at = open_page()
    assert "train one first" in said(at)
    assert not at.button


def test_a_file_that_does_not_fit_is_explained_and_cannot_be_scored(hoops):
    production(hoops, hoops.rows(5).rename(columns={"distance": "how far"}))
    at = open_page()
    assert "does not fit in 1 column that the model needs" in said(at)
    assert "missing `distance`" in said(at)
    assert at.button(key="score-file").disabled
    assert at.button(key="score-background").disabled
    assert hoops.logged() == 0


def test_a_column_of_the_wrong_type_is_explained(hoops):
    production(hoops, hoops.rows(5).assign(distance="far"))
    at = open_page()
    assert "wrong type: 'distance' where finite numbers belong" in said(at).replace("\\", "")
    assert at.button(key="score-file").disabled


def test_a_likely_rename_is_one_click_and_can_be_undone(hoops):
    production(hoops, hoops.rows(5).rename(columns={"distance": "Distance"}))
    at = open_page()
    assert "missing `distance`: is it `Distance`?" in said(at)
    at.button(key="scoring-rename").click().run()
    assert "every column that the model needs is there" in said(at)
    assert "This file only: `Distance` as `distance`" in said(at)
    at.button(key="scoring-undo").click().run()
    assert at.button(key="score-file").disabled
    at.button(key="scoring-rename").click().run()
    at.button(key="score-file").click().run()
    assert not at.exception
    assert hoops.logged() == 5


def test_a_file_of_the_inbox_can_be_chosen(hoops):
    inbox = hoops.settings.inbox("hoops")
    inbox.mkdir(parents=True)
    hoops.rows(7).to_csv(inbox / "july.csv.gz", index=False)
    at = open_page()
    assert at.selectbox(key="scoring-server-hoops").value == "inbox/july.csv.gz"
    at.button(key="score-file").click().run()
    assert not at.exception
    assert hoops.logged() == 7


def test_a_large_file_goes_to_the_background(hoops, monkeypatch):
    monkeypatch.setenv("COURTSIDE_BACKGROUND_ROWS", "10")
    orders = []
    monkeypatch.setattr(scoring_jobs, "submit", lambda settings, order: orders.append(order))
    production(hoops, hoops.rows(11))
    at = open_page()
    assert "More than 10 rows are scored in the background" in said(at)
    at.button(key="score-background").click().run()
    assert not at.exception
    assert (orders[0].project, orders[0].model, hoops.logged()) == ("hoops", "1", 0)


def test_a_job_that_ended_badly_after_its_rows_were_logged_says_so(hoops):
    folder = JobFolder(hoops.settings.scoring_jobs_dir("hoops") / new_job_id())
    kind, moment = scoring_jobs.KIND, "2026-01-05T10:00:00+00:00"
    folder.create(
        Plan("core.jobs.selftest:count", {"to": 1}, kind, "july", {}, 1),
        JobState(
            kind,
            "july.parquet with v1",
            "failed",
            created_at=moment,
            finished_at=moment,
            message="MLflow is away.",
            attachments={"rows_logged": "1250"},
        ),
    )
    production(hoops, hoops.rows(5))
    at = open_page()
    assert "MLflow is away. By then all its 1,250 rows were logged" in said(at)


def test_a_file_is_scored_once_and_the_result_stays(hoops):
    rows = hoops.rows(60)
    production(hoops, rows.assign(made=hoops.labels(rows), note="x"))
    at = open_page()
    assert "1 column more that the model does not use" in said(at)
    assert hoops.logged() == 0
    at.button(key="score-file").click().run()
    assert not at.exception
    assert hoops.logged() == 60
    shown = {metric.label: metric.value for metric in at.metric}
    assert (shown["Rows in the file"], shown["Scored"], shown["Rejected"]) == ("60", "60", "0")
    assert "Measured on 60 labelled rows" in said(at)
    at.run()
    assert "60 rows scored with v1 Logistic Regression" in said(at)
    assert hoops.logged() == 60


def test_rejected_rows_are_counted_with_their_reasons(hoops):
    rows = hoops.rows(10).astype({"distance": object})
    rows.loc[:1, "distance"] = None
    production(hoops, rows.astype({"distance": float}))
    at = open_page()
    at.button(key="score-file").click().run()
    shown = {metric.label: metric.value for metric in at.metric}
    assert (shown["Rows in the file"], shown["Scored"], shown["Rejected"]) == ("10", "8", "2")
    assert "2 × distance: missing" in said(at).replace("\\", "")
    assert "The file has no labels" in said(at)


def test_a_stopped_scoring_says_that_nothing_was_logged(hoops, monkeypatch):
    production(hoops, hoops.rows(5))
    at = open_page()

    def interrupted(*_, **options):
        from streamlit.runtime.scriptrunner_utils.exceptions import StopException

        raise StopException

    monkeypatch.setattr(scoring, "score_file", interrupted)
    at.button(key="score-file").click().run()
    at.run()
    assert not at.exception
    assert "stopped before its end; nothing was logged" in said(at)
    at.run()
    assert "stopped before its end" not in said(at)


def test_a_stop_that_comes_after_the_end_does_not_hide_what_was_logged(hoops, monkeypatch):
    production(hoops, hoops.rows(5))
    at = open_page()

    class Place:
        def container(self):
            return scoring_file.st.container()

        def empty(self):
            from streamlit.runtime.scriptrunner_utils.exceptions import StopException

            raise StopException

    with monkeypatch.context() as patch:
        patch.setattr(scoring_file.st, "empty", Place)
        at.button(key="score-file").click().run()
    assert hoops.logged() == 5
    at.run()
    assert not at.exception
    assert "nothing was logged" not in said(at)
    assert "5 rows scored with v1" in said(at)
    assert hoops.logged() == 5


def test_a_failure_is_one_message_and_no_traceback(hoops, monkeypatch):
    production(hoops, hoops.rows(5))
    at = open_page()

    def fail(*_, **__):
        raise EndpointError("The store is gone; start it.")

    monkeypatch.setattr(scoring, "score_file", fail)
    at.button(key="score-file").click().run()
    assert not at.exception
    assert [error.value for error in at.error] == ["The store is gone; start it."]


def test_another_version_is_chosen_by_the_url(hoops):
    second = dataclasses.replace(hoops.versions[0], version="2", aliases=(), title="Tree")
    hoops.versions.insert(0, second)
    at = open_page(version="2")
    assert at.selectbox(key="scoring-version").value == "2"
    assert open_page().selectbox(key="scoring-version").value == "1"
    assert open_page(version="99").selectbox(key="scoring-version").value == "1"


def test_opening_the_form_and_moving_its_widgets_asks_and_logs_nothing(hoops):
    at = open_page("row")
    at.number_input(key="row-hoops-distance").set_value(30.0).run()
    at.toggle(key="row-hoops-home").set_value(True).run()
    at.selectbox(key="row-hoops-zone").set_value("left").run()
    at.run()
    assert not at.exception
    assert (hoops.logged(), hoops.pipeline.asked) == (0, 0)


def test_a_press_logs_exactly_one_row_and_says_what_it_means(hoops):
    at = open_page("row")
    at.number_input(key="row-hoops-distance").set_value(300.0)
    predict(at).click().run()
    assert not at.exception
    assert hoops.logged() == 1
    logged = inference_log.recent_rows(hoops.settings, "hoops").iloc[0]
    assert logged["distance"] == 300
    assert "## Missed" in said(at)
    assert "lies above everything in training" in said(at)
    assert "Training had hardly anything like this row" in said(at)
    assert logged["prediction_id"] in said(at)
    at.run()
    assert hoops.logged() == 1
    predict(at).click().run()
    assert hoops.logged() == 2


def test_the_passport_says_what_moved_the_answer_and_what_was_near(hoops):
    at = open_page("row")
    predict(at).click().run()
    assert not at.exception
    assert not at.error
    assert "Every value lies within training" in said(at)
    assert "nearest training rows: made" in said(at)
    assert "all contributions" in said(at)
    near = next(table.value for table in at.dataframe if "Away" in table.value)
    assert set(near["Outcome"]) <= {"made", "missed"}
    assert len(near) == 8


def test_what_if_changes_the_probability_and_logs_nothing(hoops):
    at = open_page("row")
    predict(at).click().run()
    before = explored(at)
    moved = next(slider for slider in at.slider if slider.label == "Shot distance (ft)")
    moved.set_value(1.0).run()
    assert not at.exception
    assert before.delta == "as scored"
    assert explored(at).value > before.value
    assert explored(at).delta.endswith("points")
    assert "Changed: Shot distance" in said(at)
    assert "nothing is logged" in said(at)
    assert hoops.logged() == 1


def test_a_needed_value_that_was_cleared_is_refused_and_not_logged(hoops):
    at = open_page("row")
    at.number_input(key="row-hoops-distance").set_value(None)
    predict(at).click().run()
    assert not at.exception
    assert "distance: missing" in said(at).replace("\\", "")
    assert hoops.logged() == 0


def test_a_form_that_changed_after_the_answer_says_so(hoops):
    at = open_page("row")
    predict(at).click().run()
    assert "The form has changed since" not in said(at)
    at.number_input(key="row-hoops-distance").set_value(1.0).run()
    assert "The form has changed since" in said(at)
    assert hoops.logged() == 1


def test_the_form_starts_in_the_middle_of_training(hoops):
    at = open_page("row")
    profile = scoring.profile(hoops.settings, hoops.versions[0])
    median = profile.features["distance"].quantile(0.5)
    assert at.number_input(key="row-hoops-distance").value == pytest.approx(median)
    assert "Through" not in [control.label for control in at.button_group]


def test_through_rest_the_endpoints_version_answers(hoops, monkeypatch):
    running = endpoint("running")
    monkeypatch.setattr(serving, "status", lambda *_: serving.EndpointView(running, "1"))

    class Client:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def predict(self, frame):
            return hoops.pipeline.predict_proba(frame)[:, 1]

    monkeypatch.setattr(serving, "client", lambda *_: Client())
    at = open_page("row")
    at.button_group(key="row-through").set_value("rest")
    predict(at).click().run()
    assert not at.exception
    assert inference_log.recent_rows(hoops.settings, "hoops").iloc[0]["source"] == "rest"


def endpoint(state, version="1", message="It answers."):
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    url = "http://127.0.0.1:5002"
    return Endpoint(state, url, "127.0.0.1", 5002, 1, version, "models:/x/1", now, message)


def test_what_was_logged_last_is_listed(hoops):
    at = open_page()
    assert "Nothing yet" in said(at)
    ids = hoops.log(30)
    at.run()
    table = at.dataframe[-1].value
    assert isinstance(table, pd.DataFrame)
    assert len(table) == 20
    assert table["prediction_id"].iloc[0] == ids[-1]


def predict(at):
    return next(button for button in at.button if button.label == "Predict")


def explored(at):
    return next(metric for metric in at.metric if metric.label == "Made, explored")


def test_a_figure_that_is_worse_is_red_and_none_is_green(hoops):
    version = hoops.versions[0]
    known = {"test_roc_auc": 0.2, "test_f1": 0.99, "test_log_loss": 0.01, "test_accuracy": 0.1}
    hoops.versions[0] = dataclasses.replace(version, metrics=known)
    rows = hoops.rows(200, further=40)  # it says yes to none of them
    production(hoops, rows.assign(made=[1.0] * 40 + [0.0] * 160))
    at = open_page()
    at.button(key="score-file").click().run()
    assert not at.exception
    shown = {metric.label: metric for metric in at.metric if metric.delta}
    assert shown["F1"].value == "0.000"
    assert shown["F1"].delta == "worse: 0.990 on the holdout"
    assert shown["Log loss"].delta.startswith("worse: 0.010")
    assert shown["Accuracy"].delta == "0.100 on the holdout"
    colours = {label: metric.proto.color for label, metric in shown.items()}
    red, green = metric_colours()
    assert colours["F1"] == colours["Log loss"] == red
    assert green not in colours.values()
    assert "It says “made” of no row, though 20.0% of the labelled ones were" in said(at)


def test_what_may_be_chance_is_not_red(hoops):
    rows = hoops.rows(60)
    labels = hoops.labels(rows)
    auc = binary_metrics(labels, hoops.pipeline.predict_proba(rows)[:, 1]).roc_auc
    known = {"test_roc_auc": auc + 0.03, "test_f1": 0.99}
    hoops.versions[0] = dataclasses.replace(hoops.versions[0], metrics=known)
    production(hoops, rows.assign(made=labels))
    at = open_page()
    at.button(key="score-file").click().run()
    shown = {metric.label: metric for metric in at.metric if metric.delta}
    assert shown["ROC AUC"].delta == f"{auc + 0.03:.3f} on the holdout"
    assert shown["ROC AUC"].proto.color not in metric_colours()
    assert shown["F1"].delta == "worse: 0.990 on the holdout"


def test_a_retrained_version_is_held_against_the_rows_that_judged_it(hoops, monkeypatch):
    """The same word and rule as Monitor's, and how many rows it knew already."""
    rows = hoops.rows(400)
    labels, p = hoops.labels(rows), hoops.pipeline.predict_proba(rows)[:, 1]
    hoops.profiles["recent_profile.json"] = build_profile(
        rows, dict(hoops.spec.kinds), p, labels, reference=Reference(400, 400)
    ).to_dict()
    judging = {f"recent_{k}": v for k, v in binary_metrics(labels, p).as_dict().items()}
    mixed = {"test_roc_auc": 0.999, "test_f1": 0.999, "cv_recent_log_loss": 0.5}
    hoops.versions[0] = dataclasses.replace(hoops.versions[0], metrics=mixed | judging)
    monkeypatch.setattr(scoring_reference, "learnt_among", lambda *_: 150)
    production(hoops, rows.assign(made=labels))
    at = open_page()
    assert (
        f"(production ROC AUC {judging['recent_roc_auc']:.3f})"
        in (at.selectbox(key="scoring-version").options[0])
    )
    at.button(key="score-file").click().run()
    assert not at.exception and not at.error
    shown = {metric.label: metric for metric in at.metric if metric.delta}
    assert shown["ROC AUC"].delta == f"{judging['recent_roc_auc']:.3f} on the rows that judged it"
    assert not [one for one in shown.values() if one.delta.startswith("worse")]
    assert "beside the figures on the rows that judged it" in said(at)
    assert "150 of these 400 rows equal rows that v1 Logistic Regression learnt from" in said(at)


def metric_colours():
    from streamlit.proto.Metric_pb2 import Metric

    return Metric.MetricColor.RED, Metric.MetricColor.GREEN


@pytest.mark.parametrize("where", ["upload", "inbox", "project"])
def test_an_empty_file_is_told_at_once_and_offers_no_button(hoops, where):
    if where == "inbox":
        hoops.settings.inbox("hoops").mkdir(parents=True)
        (hoops.settings.inbox("hoops") / "empty.csv").touch()
    if where == "project":
        path = hoops.settings.layer("hoops", "01_raw") / hoops.spec.prod_file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    at = open_page()
    if where == "upload":
        at.file_uploader[0].set_value(("empty.csv", b"", "text/csv")).run()
    assert not at.exception
    assert "is empty (0 bytes)" in said(at)
    assert not [one for one in at.button if one.key.startswith("score-")]

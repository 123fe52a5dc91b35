"""The comparison page: evidence without a trace until asked, and aliases that move on a press."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import IntegrityError
from core.services import comparison, promotion, registration
from core.settings import REPOSITORY
from core.tracking import registry, runs, store


def open_page(versions: str = "") -> AppTest:
    page = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=60)
    page.query_params["project"] = "club"
    if versions:
        page.query_params["versions"] = versions
    page.switch_page("pages/3_Model_comparison.py")
    return page.run()


def said(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.success, *page.error, *page.warning, *page.info]
    return "\n".join(str(element.value) for element in parts)


def show_view(page: AppTest, view: str) -> None:
    page.button_group(key="compared-view-club").set_value(view).run()


def frame(page: AppTest, column: str) -> Any:
    """The table with this column, or index, among its names."""
    tables = [one.value for one in page.dataframe]
    return next(one for one in tables if column in (*one.columns, one.index.name))


def champion(club: Any) -> str | None:
    found = registry.champion(club.settings, "club")
    return found.version if found else None


@pytest.fixture
def trained(club: Any) -> Any:
    club.train(club.prepare())
    return club


def test_without_a_model_the_way_leads_to_training(club: Any) -> None:
    page = open_page()
    assert not page.exception
    assert "no model to compare yet" in said(page)
    assert any(link.label == "Train a model" for link in page.get("page_link"))


def test_versions_evidence_and_settings_side_by_side(trained: Any) -> None:
    page = open_page()
    assert not page.exception
    assert not page.error and not page.warning
    names = list(page.table[0].value.index)
    assert names[0].startswith("**v1** Logistic Regression :violet-badge")
    assert names[1] == "**v2** Decision Tree Classifier"
    assert "**v2 Decision Tree Classifier** is worse by" in said(page)
    assert len(page.get("plotly_chart")) == 5
    show_view(page, "Cost and settings")
    assert set(frame(page, "hyperparameter").index) == {"C", "depth"}, (
        "random_state is the same in both"
    )
    page.toggle(key="compared-all-hyperparameters").set_value(True).run()
    assert "random_state" in frame(page, "hyperparameter").index
    costs = frame(page, "threshold rule")
    assert list(costs["version"]) == ["v1 Logistic Regression", "v2 Decision Tree Classifier"]
    assert (costs["latency (µs a row)"] != "–").all()


@pytest.mark.parametrize(
    ("view", "charts", "words"),
    [
        ("Metrics", 2, "On 400 rows, 95% percentile intervals"),
        ("Calibration", 2, "Marks grow with the rows"),
        ("Decisions and gain", 3, "What-if only"),
        ("Where is it worse?", 3, "against the champion, by slice"),
    ],
)
def test_every_view_is_drawn_without_a_fault(
    trained: Any, view: str, charts: int, words: str
) -> None:
    page = open_page()
    show_view(page, view)
    assert not page.exception and not page.error
    assert len(page.get("plotly_chart")) == charts
    assert words in said(page)
    assert page.query_params["view"] in (view, [view])


def test_one_threshold_moves_all_and_costs_are_the_users(trained: Any) -> None:
    page = open_page()
    show_view(page, "Decisions and gain")
    page.toggle(key="compared-own-threshold").set_value(False).run()
    page.slider(key="compared-threshold").set_value(1.0).run()
    page.number_input(key="compared-fn").set_value(-10.0).run()
    worth = frame(page, "best threshold")
    missed = int(trained.test["left"].sum())
    assert list(worth["worth of all rows"]) == [-10.0 * missed] * 2, "nothing is called positive"
    assert list(worth["threshold"]) == [1.0, 1.0]


def test_production_without_labels_says_what_to_do(trained: Any) -> None:
    page = open_page()
    show_view(page, "Production")
    assert not page.exception
    assert "30 are needed" in page.warning[0].value


def test_a_reason_is_needed_where_the_gate_is_not_passed(trained: Any) -> None:
    page = open_page()
    assert "does not pass the gate" in said(page)
    page.button(key="promote-club").click().run()
    assert champion(trained) == "1"
    assert "say why it is promoted" in said(page)


def test_two_people_at_once_cannot_both_win(trained: Any) -> None:
    mine, theirs = open_page(), open_page()
    for page, reason in ((mine, "I was first"), (theirs, "me too")):
        page.text_input(key="promote-reason-club-0").set_value(reason)
        page.button(key="promote-club").click().run()
        assert not page.exception
    assert champion(trained) == "2"
    assert "Somebody else moved the alias" in theirs.warning[0].value
    assert len(runs.recent(trained.settings, "club", action="promote")) == 2, "one of them failed"
    (entry,) = promotion.log(trained.settings, "club")
    assert (entry.version, entry.reason) == ("2", "I was first")


def test_the_promotions_are_on_record(trained: Any) -> None:
    page = open_page()
    page.text_input(key="promote-reason-club-0").set_value("cheaper").run()
    page.button(key="promote-club").click().run()
    (entry,) = frame(page, "exactly").to_dict("records")
    assert (entry["to"], entry["from"], entry["why"], entry["gate"]) == (
        "v2",
        "v1",
        "cheaper",
        "failed",
    )


def test_the_card_can_be_taken_away(trained: Any) -> None:
    page = open_page()
    show_view(page, "Cost and settings")
    assert not page.exception and not page.error
    labels = [one.proto.label for one in page.get("download_button")]
    assert {"Card (HTML)", "Card (MD)"} <= set(labels)
    page.button(key="card-log").click().run()
    card = runs.artifact(
        trained.settings, registry.find(trained.settings, "club").run_id, "model_card/model_card.md"
    )
    assert "v1 Logistic Regression" in card.read_text(encoding="utf-8")


def test_looking_leaves_no_trace_and_recording_does(trained: Any) -> None:
    page = open_page()
    assert runs.recent(trained.settings, "club", action="compare") == []
    page.button(key="record-comparison").click().run()
    assert not page.exception
    (run,) = runs.recent(trained.settings, "club", action="compare")
    assert (run.status, run.params["champion"]) == ("FINISHED", "1")


def test_the_url_names_the_versions(trained: Any) -> None:
    trained.train(trained.prepare(), champion=False)
    page = open_page("3")
    assert page.multiselect[0].value == ["3"]
    page.multiselect[0].set_value(["2"]).run()
    assert page.query_params["versions"] in ("2", ["2"])


def test_promotion_and_roll_back(trained: Any) -> None:
    page = open_page()
    assert not any("Roll back" in one.label for one in page.button)
    page.text_input(key="promote-reason-club-0").set_value("fewer false alarms")
    page.button(key="promote-club").click().run()
    assert not page.exception
    assert champion(trained) == "2"
    assert page.success[0].value == (
        "v2 Decision Tree Classifier is champion now, in place of v1 Logistic Regression."
    )
    (run,) = runs.recent(trained.settings, "club", action="promote")
    assert run.params["reason"] == "fewer false alarms"
    assert page.multiselect[0].value == ["1"], "the champion of before stays in view"
    page.button(key="roll-back-club").click().run()
    assert not page.exception
    assert champion(trained) == "1"
    assert "v1 Logistic Regression is champion now" in page.success[0].value


def test_a_challenger_leaves_the_champion_in_charge(trained: Any) -> None:
    page = open_page()
    page.button_group(key="promote-alias-club").set_value("challenger").run()
    page.text_input(key="promote-reason-club-0").set_value("to be watched")
    page.button(key="promote-club").click().run()
    assert not page.exception
    assert champion(trained) == "1"
    assert registry.find(trained.settings, "club", "challenger").version == "2"
    assert any("challenger" in name for name in page.table[0].value.index)


def test_the_one_in_charge_cannot_be_promoted_again(trained: Any) -> None:
    page = open_page()
    page.selectbox(key="promote-version-club-2").set_value("1").run()
    promote = page.button(key="promote-club")
    assert promote.disabled
    assert promote.help == "v1 Logistic Regression is champion already."


def test_evidence_that_cannot_be_had_is_one_message(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError("The model file has changed; train again.")

    monkeypatch.setattr(comparison, "measured", refuse)
    page = open_page()
    assert not page.exception
    assert [error.value for error in page.error] == ["The model file has changed; train again."]
    assert page.button(key="promote-club"), "the rest of the page stands"


def test_another_split_is_warned_of(trained: Any) -> None:
    trained.prepare(split_seed=8)
    page = open_page()
    assert not page.exception
    assert "Trained on another split, or nobody knows on which" in page.info[0].value
    assert "None of the 400 holdout rows was in their training" in page.info[0].value


def test_a_runs_model_that_is_registered_stays_in_the_comparison(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (second,) = [one for one in registry.versions(trained.settings, "club") if one.version == "2"]
    name = f"run-{second.run_id[:8]}"
    stray = replace(second, version=name, registered=False, aliases=())
    found = {"strays": [stray]}
    monkeypatch.setattr(comparison, "unregistered", lambda *_: found["strays"])
    page = open_page(name)
    assert page.multiselect[0].value == [name]
    assert "(not registered)" in page.multiselect[0].options[-1]

    def register(settings: Any, project: str, wanted: str) -> dict[str, str]:
        assert wanted == name
        found["strays"] = []
        return {"version": "2", "proof": "8 figures, the same as were logged", "lacks": ""}

    monkeypatch.setattr(registration, "register", register)
    page.button(key=f"register-{name}").click().run()
    assert not page.exception
    assert page.multiselect[0].value == ["2"]
    assert f"{name} Decision Tree Classifier is v2 now" in said(page).replace("\\", "")


@pytest.fixture
def retrained(trained: Any) -> Any:
    """v1 in charge; v3, the challenger, and v4 learnt from 150 rows and are judged on 150."""
    rows = trained.test.iloc[:300]
    production = rows.assign(age=rows["age"] + 0.125 + np.arange(300) / 1e4)
    trained.retrain(production.iloc[:150], production.iloc[150:])
    return trained


def beside_the_champion(page: AppTest) -> list[str]:
    return page.multiselect(key="compare-club").value


def test_a_retraining_is_judged_on_production_first(retrained: Any) -> None:
    page = open_page()
    assert not page.exception and not page.error and not page.warning
    assert beside_the_champion(page) == ["3"], "the challenger alone"
    words = said(page)
    first = next(one.value for one in page.markdown if "against the champion" in one.value)
    assert "on the 150 newest production rows, which none of them learnt from" in first
    assert first.index("production rows") < first.index("on the 400 rows of the old holdout")
    assert "all on the same 150 production rows that none learnt from" in words
    assert "150 production rows from 2026-05-01 on" in words
    assert "judged on the 150 newest production rows that neither version learnt from" in words
    show_view(page, "Metrics")
    assert "On 150 rows, 95% percentile intervals" in said(page)
    page.button_group(key="compared-rows-club").set_value("Old holdout (400)").run()
    assert "On 400 rows, 95% percentile intervals" in said(page)
    assert "**Old holdout**: " in words and "what is given up, on 400 rows" in words


def test_a_retraining_whose_rows_are_gone_is_judged_on_the_holdout(retrained: Any) -> None:
    folder = retrained.settings.layer("club", "05_model_input") / "retrain"
    next(folder.glob("*/base_test.parquet")).unlink()
    page = open_page()
    assert not page.exception and not page.error
    assert len([one for one in page.warning if "tables of its training" in one.value]) == 2
    assert "all on the same 400 holdout rows" in said(page)
    assert "judged on the 400 holdout rows" in said(page)
    assert not any("against the champion" in one.value for one in page.markdown)


def test_calling_nearly_all_rows_alike_needs_a_reason(retrained: Any) -> None:
    sharp = retrained.models["3"]

    class Eager:
        def predict_proba(self, frame: Any) -> Any:
            positive = 0.51 + 0.49 * sharp.predict_proba(frame)[:, 1]
            return np.column_stack([1 - positive, positive])

    retrained.models["3"] = Eager()
    page = open_page()
    words = said(page)
    assert "It calls nearly every row of production left and nearly every row of the old" in words
    assert "**v3 calls all of the 150 rows left at its threshold 0.5" in words
    page.button(key="promote-club").click().run()
    assert champion(retrained) == "1" and "say why it is promoted all the same" in said(page)
    page.text_input(key="promote-reason-club-0").input("we want every one").run()
    page.button(key="promote-club").click().run()
    assert champion(retrained) == "3"


def test_after_a_promotion_the_displaced_champion_stands_beside(retrained: Any) -> None:
    promotion.promote(retrained.settings, "club", "3", reason="new ground")
    assert beside_the_champion(open_page()) == ["1"], "v3 is champion and challenger at once"
    registry.set_alias(retrained.settings, "club", "challenger", "4")
    assert beside_the_champion(open_page()) == ["4"]
    assert beside_the_champion(open_page("2,4")) == ["2", "4"], "the URL wins"


def test_a_reproduction_is_called_so_and_is_no_candidate(trained: Any) -> None:
    again = trained.train(trained.prepare(), champion=False)["best"]["version"]
    client = store.client(trained.settings)
    client.set_model_version_tag("club", again, registry.REPRODUCES, "1")
    page = open_page()
    assert not page.exception and not page.error
    assert again not in beside_the_champion(page)
    assert f"v{again} Logistic Regression (reproduction of v1)" in (
        page.multiselect(key="compare-club").options
    )
    assert list(frame(page, "state")["state"])[1] == "reproduction of v1"
    page = open_page(f"2,{again}")
    assert "reproduction of v1" in " ".join(page.table[0].value.index)
    assert page.selectbox(key="promote-version-club-2").value == "2", "not the newer one"


@pytest.fixture
def judged(retrained: Any) -> Any:
    """The retraining's versions with what production said of them."""
    for one in registry.versions(retrained.settings, "club"):
        if one.version in ("3", "4"):
            found = {"cv_recent_log_loss": 0.6, "recent_roc_auc": 0.557, "recent_log_loss": 0.654}
            runs.RunLog(retrained.settings, one.run_id).metrics(found)
    return retrained


def test_figures_of_different_rows_are_told_apart(judged: Any) -> None:
    promotion.promote(judged.settings, "club", "3", reason="new ground")
    page = open_page()
    assert not page.exception and not page.error
    assert "champion v3 Logistic Regression, ROC AUC 0.557 on production" in said(page).replace(
        "\\", ""
    )
    listed = frame(page, "measured on").set_index("version")
    assert listed["measured on"].to_dict() == {
        "v4": "production",
        "v3": "production",
        "v2": "holdout",
        "v1": "holdout",
    }
    assert listed.loc["v3", "ROC AUC"] == "0.557"
    assert listed.loc["v3", "role"] == "champion"
    assert "Figures on different rows do not compare" in said(page)
    assert "measured on old and new rows together" in said(page), "of the importance"


def test_nothing_is_the_best_among_figures_of_different_rows(judged: Any) -> None:
    board = importlib.import_module("core.ui.leaderboard")
    versions = registry.versions(judged.settings, "club")

    def drawn(rows: Any) -> AppTest:
        script = "import streamlit as st; from core.ui import leaderboard as b; "
        script += "b.show(st.session_state['rows'], 'k', 'f', 'each on its own')"
        page = AppTest.from_string(script)
        page.session_state["rows"] = rows
        return page.run()

    mixed = drawn([board.Row.of(version) for version in versions])
    assert not any("green-background" in str(cell) for cell in mixed.table[0].value.to_numpy().flat)
    assert mixed.table[0].value.index[0].endswith(":gray-badge[on production]")
    assert "do not compare" in mixed.caption[0].value
    alike = drawn([board.Row.of(one) for one in versions if one.version in ("1", "2")])
    assert any("green-background" in str(cell) for cell in alike.table[0].value.to_numpy().flat)
    assert "badge[on" not in alike.table[0].value.index[0]


def test_the_same_plan_trained_again_is_told_in_the_list(trained: Any) -> None:
    trained.train(trained.prepare(), champion=False)
    states = frame(open_page(), "state").set_index("version")["state"]
    assert states["v3"] == "same as v1 to the last digit"
    assert states["v4"] == "same as v2 to the last digit"
    assert states["v1"] == states["v2"] == ""


def test_the_newest_is_offered_where_figures_do_not_compare(judged: Any) -> None:
    offered = importlib.import_module("core.ui.comparison_promote")._offered
    known = {one.version: one for one in registry.versions(judged.settings, "club")}
    assert offered([known["2"], known["1"]]).version == "1", "the better of the same rows"
    assert offered([known["3"], known["4"]]).version == "3", "the challenger"
    assert offered([known["4"], known["1"]]).version == "4"

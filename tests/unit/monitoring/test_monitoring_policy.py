import numpy as np
import pytest

from core.dataset.monitoring_policy import MonitoringPolicy
from core.monitoring.domain import DomainResult
from core.monitoring.drift import feature_drift, prediction_drift
from core.monitoring.estimate import Estimate, Interval
from core.monitoring.policy import assess
from core.monitoring.realised import explain_performance, roc_auc_error
from core.monitoring.unheard import Unheard

REFERENCE = {"roc_auc": 0.8, "log_loss": 0.5, "f1": 0.7}
HOLDS = Estimate("estimated", "", {"roc_auc": Interval(0.79, 0.77, 0.81)})


@pytest.fixture
def quiet(profile, population):
    return feature_drift(profile, population(500, seed=3)[0])


@pytest.fixture
def gone(profile, population):
    window, _, _ = population(500, seed=3)
    return feature_drift(profile, window.assign(distance=window["distance"] + 60))


def test_a_quiet_window_needs_nothing(quiet):
    assessment = assess(quiet, HOLDS, None, REFERENCE, DomainResult(0.51, ()))
    assert (assessment.level, assessment.alerts) == ("ok", ())
    assert assessment.verdict == (
        "Production looks like the training data; performance is estimated to hold "
        "(ROC AUC 0.79, 0.77 to 0.81); nothing to do."
    )


NOT_YET = Unheard("how v2 performs is not known yet: v1 scored them", "score new rows with v2")


def test_what_others_scored_is_no_news_of_the_version_and_does_not_mean_nothing_to_do(quiet, gone):
    refused = Estimate("refused", "Not scored.")
    assert assess(quiet, refused, None, REFERENCE, unheard=NOT_YET).verdict == (
        "Production looks like the training data; how v2 performs is not known yet: v1 scored "
        "them; score new rows with v2."
    )
    known = assess(quiet, HOLDS, None, REFERENCE, unheard=NOT_YET).verdict
    assert known.endswith("(ROC AUC 0.79, 0.77 to 0.81); nothing to do."), "the estimate tells"
    far = assess(gone, refused, None, REFERENCE, unheard=NOT_YET).verdict
    assert "; how v2 performs is not known yet: v1 scored them; do not trust" in far


def test_production_that_left_training_is_said_to_have(gone):
    refused = Estimate("refused", "Out of range.")
    domain = DomainResult(0.99, (("distance", 0.95), ("zone", 0.05)))
    assessment = assess(gone, refused, None, REFERENCE, domain)
    assert assessment.verdict == (
        "Production has left the training data: distance (median 10.9 → 71.3 ft); "
        "do not trust the model on these rows; retrain on data like these rows."
    )
    assert [(alert.rule, alert.level) for alert in assessment.alerts] == [
        ("drift:distance", "alarm"),
        ("domain", "alarm"),
        ("estimate", "unknown"),
    ]


def test_labels_are_quoted_in_the_verdict(gone):
    realised = {"labelled_rows": 1200, "roc_auc": {"value": 0.55, "low": 0.5, "high": 0.6}}
    verdict = assess(gone, None, realised, REFERENCE).verdict
    assert "; ROC AUC 0.80 → 0.55 on 1,200 labelled rows; do not trust" in verdict


def test_a_drop_without_drift_is_a_changed_relation(quiet):
    realised = {"labelled_rows": 900, "roc_auc": {"value": 0.6, "low": 0.56, "high": 0.64}}
    assessment = assess(quiet, HOLDS, realised, REFERENCE)
    assert [(alert.rule, alert.level) for alert in assessment.alerts] == [
        ("realised_roc_auc", "alarm")
    ]
    assert "the outcomes themselves have changed; retrain" in assessment.verdict


@pytest.mark.parametrize(
    ("realised", "level"),
    [
        ({"roc_auc": {"value": 0.70, "low": 0.60, "high": 0.81}}, None),  # noise
        ({"roc_auc": {"value": 0.79, "low": 0.785, "high": 0.795}}, None),  # real, no matter
        ({"roc_auc": {"value": 0.77, "low": 0.76, "high": 0.78}}, "warning"),
        ({"log_loss": {"value": 0.60, "low": 0.55, "high": 0.65}}, "alarm"),
        ({"log_loss": {"value": 0.40, "low": 0.35, "high": 0.45}}, None),  # better
        ({"f1": 0.6}, "alarm"),
        ({"f1": None}, None),
        ({"f1": float("nan")}, None),
    ],
)
def test_drops_must_exceed_noise_and_matter(quiet, realised, level):
    alerts = assess(quiet, None, {"labelled_rows": 500, **realised}, REFERENCE).alerts
    assert [alert.level for alert in alerts] == ([level] if level else [])


@pytest.mark.parametrize(
    ("realised", "changes", "standing"),
    [
        ({"value": 0.70, "low": 0.60, "high": 0.81}, {}, "chance"),
        ({"value": 0.70, "low": 0.60, "high": 0.79}, {}, "perhaps chance"),
        ({"value": 0.79, "low": 0.785, "high": 0.795}, {}, "small"),
        ({"value": 0.77, "low": 0.76, "high": 0.78}, {}, "warning"),
        ({"value": 0.60, "low": 0.59, "high": 0.61}, {}, "alarm"),
        ({"value": 0.60, "low": 0.59, "high": 0.61}, {"realised": "warning"}, "warning"),
        ({"value": 0.60, "low": 0.59, "high": 0.61}, {"realised": "off"}, ""),  # nobody is told
        ({"value": 0.81, "low": 0.80, "high": 0.82}, {}, ""),  # better
    ],
)
def test_a_metric_stands_as_its_alert_does_or_it_is_said_why_there_is_none(
    quiet, realised, changes, standing
):
    policy = MonitoringPolicy().changed(changes)
    figures = {"labelled_rows": 500, "roc_auc": realised}
    found = assess(quiet, HOLDS, figures, REFERENCE, policy=policy).standings
    assert found == {"realised_roc_auc": standing, "estimated_roc_auc": "chance"}


def test_few_rows_give_no_verdict(profile, population):
    assessment = assess(feature_drift(profile, population(5)[0]))
    assert assessment.level == "unknown"
    assert assessment.verdict.startswith("Nothing can be said yet: too few rows to judge (5 of")


def test_a_shift_inside_the_range_is_watched(profile, population):
    window, probability, _ = population(3000, seed=3)
    near = (window["distance"] < 12).to_numpy()
    drift = feature_drift(profile, window[near])
    assessment = assess(drift, HOLDS, prediction=prediction_drift(profile, probability[near]))
    assert assessment.verdict.startswith("Production has shifted within the training range: dist")
    assert {alert.rule for alert in assessment.alerts} >= {"drift:distance", "prediction"}


def test_missing_values_have_an_alert_of_their_own(profile, population):
    window, _, _ = population(300, seed=3)
    alerts = assess(feature_drift(profile, window.assign(zone=None))).alerts
    assert "missing:zone" in {alert.rule for alert in alerts}


def test_explanation_of_a_model_that_says_nothing():
    generator = np.random.default_rng(0)
    label = (generator.random(4000) < 0.3).astype(float)
    probability = np.clip(0.32 + 0.01 * generator.normal(size=4000), 0, 1)
    said = " ".join(explain_performance(label, probability, 0.5, REFERENCE))
    assert "cannot be shown to rank" in said
    assert "worse than always saying" in said or "hardly better than always saying" in said
    assert "says yes to 0% of the rows" in said
    assert "With a lower threshold" in said


def test_a_row_at_the_threshold_is_no_yes():
    label = np.tile([0.0, 1.0], 50)
    at_threshold = explain_performance(label, np.full(100, 0.5), 0.5)
    assert any("says yes to 0% of the rows" in sentence for sentence in at_threshold)
    above = explain_performance(label, np.full(100, 0.51), 0.5)
    assert not any("says yes to" in sentence for sentence in above)


def test_explanation_of_a_model_that_ranks_but_is_off(population):
    _, probability, label = population(4000, seed=3)
    said = " ".join(explain_performance(label, probability * 0.4, 0.5, {"roc_auc": 0.7}))
    assert "Its ranking holds up" in said
    assert "too low on average" in said


def test_explanation_of_a_good_model(population):
    _, probability, label = population(4000, seed=3)
    said = explain_performance(label, probability, 0.45)
    assert len(said) == 2
    assert said[0].startswith("It ranks positives above negatives better than chance")
    assert said[1].startswith("The probabilities are better than always")


def test_explanation_of_a_model_that_ranks_backwards(population):
    _, probability, label = population(1000, seed=3)
    assert "the wrong way round" in explain_performance(label, 1 - probability, 0.5)[0]


def test_explanation_needs_enough_labels_of_both_classes():
    assert explain_performance([1, 0, np.nan], [0.2, 0.3, 0.4], 0.5) == [
        "2 labelled rows are too few to judge; 30 are needed."
    ]
    assert explain_performance(np.ones(40), np.full(40, 0.5), 0.5) == [
        "All 40 labels are 1; performance needs both classes."
    ]


def test_hanley_and_mcneil_error_matches_the_spread_of_auc(population):
    from core.monitoring.ranking import roc_auc

    drawn = [population(400, seed) for seed in range(150)]
    found = [roc_auc(label, probability) for _, probability, label in drawn]
    positives = int(np.mean([label.sum() for *_, label in drawn]))
    error = roc_auc_error(float(np.mean(found)), positives, 400 - positives)
    assert error == pytest.approx(np.std(found), rel=0.25)

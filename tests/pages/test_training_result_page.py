"""What a training's result says of its models: on which rows, and what is no news."""

from __future__ import annotations

from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from core.settings import REPOSITORY
from core.tracking import runs


def open_page() -> AppTest:
    page = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=60)
    page.query_params["project"] = "club"
    page.switch_page("pages/2_Training.py").run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    return "\n".join(one.value for part in (page.markdown, page.caption) for one in part)


def test_the_same_plan_trained_again_is_said_to_be_no_news(club: Any) -> None:
    prepared = club.prepare()
    club.train(prepared)
    club.job("succeeded", club.train(prepared, champion=False))
    page = open_page()
    told = page.success[0].value
    assert "**v3 Logistic Regression** is the same as v1 to the last digit" in told
    assert "The champion is still v1 Logistic Regression; there is nothing new to compare" in told
    assert "**v4** is the same as v2 to the last digit." in said(page)


def test_a_retraining_is_known_by_production_and_by_what_it_chose(club: Any) -> None:
    club.train(club.prepare())
    rows = club.test.iloc[:300]
    production = rows.assign(age=rows["age"] + 0.125 + np.arange(300) / 1e4)
    result = club.retrain(production.iloc[:150], production.iloc[150:])
    for model, auc in zip(result["models"], (0.557, 0.6), strict=True):
        found = {"cv_recent_log_loss": 0.6, "recent_roc_auc": auc}
        runs.RunLog(club.settings, model["run_id"]).metrics(found)
    club.job("succeeded", {**result, "retraining": {"challenger": "3"}})
    page = open_page()
    told = page.success[0].value
    assert "**v3 Logistic Regression** was chosen as challenger of this training" in told
    assert "(ROC AUC 0.557 on the newest production rows, which none of them learnt from)" in told

    assert "The champion is still v1" in told and "compare them before you promote" in told
    table = page.table[0].value
    assert table.index[0].startswith("**v3**"), "what was chosen stands first"
    assert table["ROC AUC ↑"].tolist() == ["0.557", ":green-background[**0.600**]"]
    assert "all on the newest production rows, which none of them learnt from" in said(page)
    assert "v3 Logistic Regression ROC AUC 0.557 on production" in said(page), "in the list, too"

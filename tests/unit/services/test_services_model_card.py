"""The model card: one page that holds together, made of what was measured alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from core.evidence.document import Heading, Paragraph, Table, html_page, markdown
from core.files import write_text
from core.services import model_card, promotion
from core.tracking import registry, runs, store


@pytest.fixture
def trained(club: Any) -> Any:
    path = club.settings.spec_file("club")
    more = 'intended_use: Letters to members <about to leave>\nlimits: "Not for | children"\n'
    write_text(path, path.read_text(encoding="utf-8") + more)
    club.train(club.prepare())
    return club


def test_the_card_tells_what_was_measured(trained: Any) -> None:
    promotion.promote(trained.settings, "club", "2", reason="to see it")
    card = model_card.build(trained.settings, "club", "2")
    version = registry.find(trained.settings, "club", "2")
    for figure in ("roc_auc", "log_loss", "f1"):
        assert f"{version.metrics[f'test_{figure}']:.3f}" in card.markdown
    assert "made champion" in card.markdown and "to see it" in card.markdown
    assert "400 labelled holdout rows" in card.markdown
    assert "No drift check of this version is on record" in card.markdown
    assert "Letters to members \\<about to leave\\>" in card.markdown
    assert "Not for \\| children" in card.markdown
    assert "Letters to members &lt;about to leave&gt;" in card.html


def test_the_page_needs_nothing_from_elsewhere(trained: Any) -> None:
    card = model_card.build(trained.settings, "club", "champion")
    assert not re.search(r"""(src|href)=|<script|@import|url\(""", card.html)
    assert card.html.count("<svg") == 2
    assert card.html.startswith("<!doctype html>")


def test_it_is_written_and_logged(trained: Any, tmp_path: Path) -> None:
    told = model_card.write(trained.settings, "club", "1", tmp_path)
    assert [Path(one).name for one in told["files"]] == ["model_card_v1.html", "model_card_v1.md"]
    logged = runs.artifact(trained.settings, told["run_id"], "model_card/model_card.html")
    assert logged.read_text(encoding="utf-8") == (tmp_path / "model_card_v1.html").read_text(
        encoding="utf-8"
    )


def test_a_version_whose_run_is_gone_still_has_a_card(trained: Any) -> None:
    store.client(trained.settings).delete_run(registry.find(trained.settings, "club", "2").run_id)
    card = model_card.build(trained.settings, "club", "2")
    assert "The run of its preparation is gone" in card.markdown


def test_one_that_does_not_score_says_so(trained: Any) -> None:
    del trained.models["2"]
    assert "It could not be measured." in model_card.build(trained.settings, "club", "2").markdown
    with pytest.raises(BadInput, match="no version"):
        model_card.build(trained.settings, "club", "8")


def test_documents() -> None:
    blocks = [Heading("A & b", 1), Paragraph("x"), Table(("h",), (("1 | 2",),))]
    assert markdown(blocks) == "# A & b\n\nx\n\n| h |\n| --- |\n| 1 \\| 2 |\n"
    assert "<h1>A &amp; b</h1>" in html_page(blocks, "t")

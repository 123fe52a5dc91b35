"""Data preparation: what it says where there are no data, and of a file without content."""

from streamlit.testing.v1 import AppTest

from core.settings import REPOSITORY


def open_page():
    at = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=30)
    at.query_params["project"] = "hoops"
    at.switch_page("pages/1_Data_preparation.py").run()
    assert not at.exception
    return at


def titles(at):
    return [one.label for one in at.expander]


def test_without_data_there_is_no_other_data(hoops):
    at = open_page()
    assert "Choose the data" in titles(at)
    rows = hoops.rows(60)
    content = rows.assign(made=hoops.labels(rows)).to_parquet(index=False)
    at.file_uploader[0].set_value(("mine.parquet", content, "application/octet-stream")).run()
    at.button(key="use-dev").click().run()
    assert not at.exception
    assert "Choose other data" in titles(at)
    assert "Choose the data" not in titles(at)


def test_an_empty_upload_is_told_at_once_and_cannot_be_used(hoops):
    at = open_page()
    at.file_uploader[0].set_value(("empty.csv", b"", "text/csv")).run()
    assert not at.exception
    assert [one.value for one in at.warning] == [
        "empty.csv is empty (0 bytes). Export it again and choose the new file."
    ]
    assert "use-dev" not in [one.key for one in at.button]

"""The data preparation page: choose the data, look at them, press Prepare."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.services import preparation, projects
from core.services.preparation import RawData
from core.ui import cached, pairs, parts
from core.ui.frame import Page
from core.ui.words import number, share

ROLE_WORDS = {"dev": "development", "prod": "production"}


def body(page: Page) -> None:
    """Data on top, Prepare beside it, what the rows hold below."""
    if not cached.has_data(page.settings, page.project):
        st.info(
            f"{page.spec.title} has no development file yet. Choose where it comes from.",
            icon=":material/inbox:",
        )
        _sources(page, has_data=False)
        _new_project(page)
        return
    raw = cached.raw_data(page.settings, page.project, "dev")
    _counts(raw)
    _prepare(page)
    _sources(page, has_data=True)
    _charts(page, raw)
    _schema(raw)
    _new_project(page)


def _counts(raw: RawData) -> None:
    summary = raw.summary
    gaps = sum(column.missing for column in summary.columns if column.role == "input")
    parts.figures_row(
        [
            ("Rows", number(summary.rows), None),
            ("Labelled", number(summary.labelled), "rows whose outcome is known"),
            ("Positive", share(summary.positive_rate), "of the labelled rows"),
            ("Repeated rows", number(summary.duplicates), "entered more than once"),
            ("Missing inputs", number(gaps), "empty cells in the model's columns"),
        ]
    )


def _prepare(page: Page) -> None:
    spec = page.spec
    with st.container(border=True):
        size, seed, press = st.columns([2, 2, 3], vertical_alignment="bottom")
        test_size = size.slider(
            "Held out for testing",
            min_value=5,
            max_value=50,
            value=round(spec.test_size * 100),
            format="%d%%",
            help="Rows the model never trains on; every figure of a model is measured on them.",
        )
        split_seed = seed.number_input(
            "Seed of the split",
            min_value=0,
            value=spec.split_seed,
            step=1,
            help="The same seed on the same file gives the same split.",
        )
        if press.button("Prepare", type="primary", icon=":material/play_arrow:", key="prepare"):
            with parts.guarded("prepare the data"):
                with st.spinner("Cleaning, deriving features, splitting, writing the layers"):
                    preparation.run(page.settings, page.project, test_size / 100, int(split_seed))
                st.toast("Prepared.", icon=":material/check:")
        _last(page)


def _last(page: Page) -> None:
    last = preparation.last(page.settings, page.project)
    if last is None:
        st.caption("Not prepared yet.")
        return
    dropped = last["rows_duplicated"] + last["rows_unlabelled"] + last["rows_incomplete"]
    st.success(
        f"Prepared: {last['rows_prepared']:,} rows kept, {last['train_rows']:,} for training and "
        f"{last['test_rows']:,} held out ({share(last['positive_rate_train'])} and "
        f"{share(last['positive_rate_test'])} {page.spec.target.positive_words}). "
        f"{dropped:,} dropped: {last['rows_unlabelled']:,} without a label, "
        f"{last['rows_duplicated']:,} repeated, {last['rows_incomplete']:,} incomplete.",
        icon=":material/check_circle:",
    )
    if not page.spec.prepares(last.get("spec_digest")):
        st.warning("The specification has changed since then; prepare again before training.")
    parts.link("2_Training", page.project, "Train a model on it")
    parts.mlflow_link(page.settings, last.get("run_id"))


def _sources(page: Page, has_data: bool) -> None:
    title = "Choose other data" if has_data else "Choose the data"
    with st.expander(title, icon=":material/upload_file:", expanded=not has_data):
        role = st.segmented_control(
            "Which file",
            list(ROLE_WORDS),
            format_func=lambda r: f"{ROLE_WORDS[r].capitalize()} file",
            default="dev",
            required=True,
            help="The development file has labels to learn from; production is scored later.",
        )
        upload, public = pairs.pair("other-data")
        with upload:
            _upload(page, role or "dev")
        with public:
            _public(page, role or "dev")
            _on_disk(page)


def _upload(page: Page, role: str) -> None:
    needed = ", ".join(page.spec.raw_columns)
    given = st.file_uploader(
        f"Upload the {ROLE_WORDS[role]} file (parquet or CSV)",
        type=["parquet", "csv"],
        key=f"upload-{page.project}-{role}",
        help=f"Needed columns: {needed}"
        + (f", and the target {page.spec.target.column}" if role == "dev" else ""),
    )
    if given is None or parts.is_empty_file(given.name, given.size):
        return
    if st.button(f"Use {given.name}", key=f"use-{role}"):
        with parts.guarded("store the upload"):
            projects.add_upload(page.settings, page.project, role, given.name, given)
            st.rerun()


def _public(page: Page, role: str) -> None:
    if role in dict(page.spec.downloads):
        if st.button("Download the public file", icon=":material/download:"):
            with parts.guarded("download the file"):
                with st.spinner("Downloading and checking its sha256"):
                    projects.download(page.settings, page.project, role)
                st.rerun()
    elif page.project == projects.SAMPLE:
        if st.button("Make the sample files", icon=":material/auto_awesome:"):
            with parts.guarded("make the sample"):
                projects.init_sample(page.settings)
                st.rerun()
    else:
        st.caption("This project names no public file.")


def _on_disk(page: Page) -> None:
    folder = page.settings.layer(page.project, "01_raw").relative_to(page.settings.home)
    st.caption(
        f"Or put the files on the server: `{folder}/{page.spec.dev_file}` and "
        f"`{folder}/{page.spec.prod_file}`."
    )


def _new_project(page: Page) -> None:
    with st.expander("Start a project of your own", icon=":material/add_circle:"):
        st.markdown(
            "A project is a short YAML file that says which column to predict and what the others "
            "are. Take this project's as a pattern, change it, and upload it here; then upload "
            "the data."
        )
        st.download_button(
            "This project's specification",
            data=preparation.spec_text(page.settings, page.project),
            file_name="project.yaml",
            mime="text/yaml",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
        )
        name = st.text_input(
            "Name of the new project", placeholder="churn", help="Lower-case letters, digits, - _"
        )
        given = st.file_uploader("Specification (YAML)", type=["yaml", "yml"], key="new-spec")
        if given is not None and parts.is_empty_file(given.name, given.size):
            return
        if (
            st.button(
                "Make the project",
                disabled=not (name and given),
                help=None
                if name and given
                else "Give it a name and upload its specification first.",
            )
            and given is not None
        ):
            with parts.guarded("make the project"):
                projects.create(page.settings, name.strip(), given.getvalue())
                st.query_params["project"] = name.strip()
                st.rerun()


def _charts(page: Page, raw: RawData) -> None:
    court = preparation.court_figure(raw, page.spec)
    left, right = pairs.pair("raw-charts")
    with left:
        parts.chart(preparation.balance_figure(raw, page.spec), "balance")
        if court is not None:
            parts.chart(court, "court")
    figures = preparation.distribution_figures(raw, page.spec)
    with right:
        name = st.selectbox(
            "Column", list(figures), format_func=lambda n: page.spec.column(n).title
        )
        if name is not None:
            parts.chart(figures[name], f"distribution-{name}")
            parts.numbers_below(figures[name], f"distribution-{name}", f"distribution_{name}")


def _schema(raw: RawData) -> None:
    table = pd.DataFrame(
        [
            {
                "column": column.name,
                "used as": column.role or "not used",
                "kind": column.kind or column.found_type,
                "missing": column.missing / max(raw.summary.rows, 1),
                "different values": column.distinct,
                "example": column.example,
            }
            for column in raw.summary.columns
        ]
    )
    order = {"target": 0, "input": 1, "identifier": 2, "date": 3, "not used": 4}
    table = table.sort_values("used as", key=lambda v: v.map(order), kind="stable")
    st.subheader("Columns of the file", anchor=False)
    st.dataframe(
        table,
        hide_index=True,
        column_config={"missing": st.column_config.NumberColumn(format="percent")},
    )

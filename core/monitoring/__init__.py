"""Monitoring: does production still look like training, and does the model still hold there?

One window, looked at closely:

    profile      what training looked like, stored with each model version
    reference    what a version is held against: its training, or the rows of its retraining
    features     the profile of one column: its bins, quantiles, categories
    window       the rows that are judged, beside one profile
    gathering    a window of any length: all rows counted, an even draw of them kept
    column_tally one column of them in counts, however many they are
    distances    one statistic, one function
    thresholds   how large a statistic gets by chance alone
    power        the smallest shift that a window of this size would show
    drift        every feature of a window against the profile
    domain       can a classifier tell the window from the training sample?
    effect       what the model makes of each feature's drift
    slices       where the drift, or the lost performance, sits
    calibration  from the model's scores to probabilities that come true
    estimate     performance without labels, or a refusal
    realised     performance with labels, explained in words
    drops        metrics that fell by more than chance and by enough to matter
    unheard      what labels cannot say, since other versions scored their rows
    policy       from all of that to alerts
    verdict      and to one sentence
    judgement    all findings about a window, and their JSON

Many windows, each in counts:

    windows         how the log is cut
    window_tally    a window in counts that can be added
    score_bins      metrics from a histogram of probabilities
    timeline_value  a tally judged
    timeline        every row read once, every closed window judged once

What is kept: ``places`` (where), ``late_labels`` and ``label_file``, ``alert_book``,
``policy_file``, ``prepared``; ``webhook`` tells. What is drawn: ``figures``,
``figure_performance``, ``figure_timeline``, ``figure_matter`` from ``binning`` and ``position``;
``report_page`` is all of it in one file.

Nothing is imported here: pages import this package at start-up.
"""

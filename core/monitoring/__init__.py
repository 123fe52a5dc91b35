"""Monitoring: does production still look like training, and does the model still hold there?

    profile      what training looked like, stored with each model version
    features     the profile of one column: its bins, quantiles, categories
    distances    one statistic, one function
    thresholds   how large a statistic gets by chance alone
    drift        every feature of a window against the profile
    domain       can a classifier tell the window from the training sample?
    estimate     performance without labels, or a refusal
    realised     performance with labels, explained in words
    policy       alerts and the verdict
    windows      which rows of the log to look at
    position     where one single value lies in training
    binning      bars and thinned points for the charts
    figures      all of it drawn

Nothing is imported here: pages import this package at start-up.
"""

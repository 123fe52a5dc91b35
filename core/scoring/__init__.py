"""Rows to probabilities: in this process, in files of any size, or behind a REST endpoint."""

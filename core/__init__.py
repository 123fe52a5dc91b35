"""Courtside: the whole life of a tabular binary classifier."""

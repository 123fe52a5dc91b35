"""Evidence on versions: measured on the same rows, gated, told.

origins    which training, data and split each version comes from
holdouts   the rows that none of them was trained on
bench      their probabilities there, how long they took, which could not be had
sides      everything the page shows of them, as values
gate       what a promotion must pass
card       a version's model card, as HTML and Markdown
"""

"""How good a binary classifier is: values first, figures made from values, paired evidence."""

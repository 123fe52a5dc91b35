"""One service per page: the only rooms that compose the others and record the action."""

"""Training in a worker process: a plan in, registered versions out."""

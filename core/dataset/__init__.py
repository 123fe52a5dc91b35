"""Projects' data: specification, validation, preparation, split, files, the sample generator."""

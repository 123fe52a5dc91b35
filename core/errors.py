"""Every error that Courtside raises on purpose.

    CourtsideError              something Courtside can explain; the message says what to do
    ├── BadInput                the user can mend it: wrong file, wrong name, wrong order (exit 2)
    │   ├── SpecError           a project specification that cannot be used
    │   ├── DataFileError       a file that cannot be read as a table
    │   ├── SchemaError         a table whose columns or values do not fit the specification
    │   └── NotReady            an earlier step is missing: prepare, train, score ...
    ├── JobError                a background job could not be started, or ended badly
    ├── TrackingError           MLflow's store cannot be reached, or refused
    ├── EndpointError           the REST endpoint cannot be started, reached or understood
    └── IntegrityError          what was stored is not what was written (checksum, log, model)

Libraries' own exceptions are mapped to these once, at the module that calls the library.
"""


class CourtsideError(Exception):
    """Root of the tree. ``str(error)`` is one message for a person: expected, found, what to do."""


class BadInput(CourtsideError):  # noqa: N818 - reads better in a sentence
    """Something that the user gave cannot be used; nothing was changed."""


class SpecError(BadInput):
    """A project specification with a fault in it."""


class DataFileError(BadInput):
    """A file that is not the table it should be."""


class SchemaError(BadInput):
    """Columns or values that do not fit the project's specification."""


class NotReady(BadInput):
    """The step that this one builds on has not been done yet."""


class JobError(CourtsideError):
    """A background job that could not be started or did not succeed."""


class TrackingError(CourtsideError):
    """MLflow's store could not do what was asked."""


class EndpointError(CourtsideError):
    """The REST endpoint could not be started, reached or understood."""


class IntegrityError(CourtsideError):
    """Something stored differs from what was written or measured."""

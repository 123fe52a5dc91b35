"""The reason of a server's end, from logs as MLflow and uvicorn write them."""

import pytest

from core.scoring import server_log

WRAPPER = (
    "Traceback (most recent call last):\n"
    '  File "mlflow/pyfunc/backend.py", line 326, in serve\n'
    "    raise Exception(\n"
    "Exception: Command '['bash', '-c', 'exec uvicorn --port 5002 app']' returned non zero return "
    "code. Return code = {}\n"
)
OUTSIDE = "its log gives no reason; it was ended from outside, or the machine was restarted."


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            "INFO:     Application startup complete.\n"
            "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 5002): "
            "address already in use\nINFO:     Application shutdown complete.\n"
            + WRAPPER.format(3),
            "[Errno 98] error while attempting to bind on address ('127.0.0.1', 5002): address "
            "already in use.",
        ),
        (
            '  File "sqlalchemy_store.py", line 1118\n    raise MlflowException(\n'
            "mlflow.exceptions.MlflowException: Model Version (name=x, version=9) not found\n",
            "mlflow.exceptions.MlflowException: Model Version (name=x, version=9) not found.",
        ),
        (
            "    return cloudpickle.load(f)\n"
            "_pickle.UnpicklingError: Memo value not found at index 174812789\n"
            + WRAPPER.format(1),
            "_pickle.UnpicklingError: Memo value not found at index 174812789.",
        ),
        (
            "bash: line 1: exec: uvicorn: not found\n" + WRAPPER.format(127),
            "exec: uvicorn: not found.",
        ),
        ("/usr/bin/python: No module named mlflow\n", "No module named mlflow."),
        ("MemoryError\n", "MemoryError."),
        (
            "INFO:     Application startup complete.\n" + WRAPPER.format(-9),
            "it was ended from outside with SIGKILL (SIGKILL often means: out of memory).",
        ),
        ("INFO:     Application startup complete.\n", OUTSIDE),
        ("", OUTSIDE),
        ("ValueError: " + "x" * 500 + "\n", "ValueError: " + "x" * 288 + "…"),
    ],
)
def test_the_reason_is_the_last_error_that_is_not_mlflows_wrapper(tmp_path, log, expected):
    file = tmp_path / "endpoint.log"
    file.write_text(log)
    assert server_log.reason(file) == expected


def test_without_a_log_the_reason_is_from_outside(tmp_path):
    assert server_log.reason(tmp_path / "absent.log") == OUTSIDE

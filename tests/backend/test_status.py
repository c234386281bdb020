"""`nigdt status` beside a daemon whose answers it does not know."""

from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from nigdt_backend.client import Client
from nigdt_backend.commands.status import status


@pytest.mark.parametrize("answer", [{}, {"queue": None, "jobs": {}, "latency_ms": {}}])
def test_an_answer_of_another_version_is_named(monkeypatch, answer):
    class OtherVersion:
        def status(self):
            return answer

    @contextmanager
    def connect(**_):
        yield OtherVersion()

    monkeypatch.setattr(Client, "connect", connect)
    result = CliRunner().invoke(status)
    assert "another version" in result.exception.hint
    assert CliRunner().invoke(status, ["--json"]).exit_code == 0

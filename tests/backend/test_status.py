"""`nigdt status` beside a daemon whose answers it does not know, and where hardly a file can be opened."""

import subprocess
import sys
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


def _limited(limit: str, *command: str) -> subprocess.CompletedProcess[str]:
    limited = ["bash", "-c", f'ulimit {limit}; exec "$@"', "bash", sys.executable, *command]
    return subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.usefixtures("state")
def test_a_daemon_that_may_open_too_few_files_says_so():
    done = _limited("-n 24", "-m", "nigdt_backend.daemon")
    assert done.returncode == 1
    assert done.stderr == ("This shell lets a program open 24 files; the daemon needs 64 (`ulimit -n`).\n")


def test_threads_of_the_daemon_wait_little_for_pythons_lock(client, wait_until):
    """Of 160 fills beside hostile messages 3 took more than twice as long as in quiet times."""
    assert client.status()["switch"] == pytest.approx(0.001)
    # Objects that a collection does not look through, once the model is loaded.
    assert wait_until(lambda: client.status()["frozen"] > 10_000)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.usefixtures("state")
def test_a_daemon_that_may_compute_for_too_short_a_time_says_so():
    said = "This shell lets a program compute for 40 s; the daemon needs 60 (`ulimit -t`).\n"
    done = _limited("-t 40", "-m", "nigdt_backend.daemon")
    assert (done.returncode, done.stderr) == (1, said)
    code = "from nigdt_backend.client import Client; Client.connect()"
    assert f"did not start: {said.strip().rstrip('.')}." in _limited("-t 40", "-c", code).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_the_daemon_opens_as_many_files_as_it_may():
    code = (
        "import resource; from nigdt_backend.daemon.process import _allow_files as a;"
        " print(a(), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    assert _limited("-n 200; ulimit -S -n 30", "-c", code).stdout.split() == ["200"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.usefixtures("client")
def test_too_few_files_for_a_connection_is_one_line():
    done = _limited("-n 9", "-m", "nigdt", "status")
    assert done.returncode == 1
    assert done.stderr == "nigdt: No connection can be opened: Too many open files.\n"

"""Settings: wrong keys and values are errors that name the key; the template says what holds."""

from __future__ import annotations

import dataclasses

import pytest
import yaml
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.daemon.settings import DaemonSettings, SettingsError, template


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("idle_exit_second: 5", ["idle_exit_second", "Did you mean `idle_exit_seconds`"]),
        ("device: gpu", ["device", "'gpu'", "auto"]),
        ("threads: two", ["threads", "number"]),
        ("threads: 1.5", ["threads", "whole number"]),
        ("threads: true", ["threads", "number"]),
        ("watchdog_seconds: 0", ["watchdog_seconds", "1 to"]),
        ("listen: 0.0.0.0:99", ["listen"]),
        ("listen: tcp://0.0.0.0:99999", ["listen", "tcp://0.0.0.0:99999"]),
        ("- a\n- b", ["key: value"]),
        ("device: cpu\nthreads: 1\ndevice: auto", ["device", "more than once"]),
        ("a: [", ["YAML", "line"]),
    ],
)
def test_a_wrong_file_names_the_key(tmp_path, text, words):
    path = tmp_path / "daemon.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        DaemonSettings.read(path)
    for word in [*words, "daemon.yaml"]:
        assert word in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_key_that_earlier_versions_had_is_passed_over(tmp_path):
    path = tmp_path / "daemon.yaml"
    path.write_text("idle_unload_seconds: 60\nidle_exit_seconds: 80\n")
    assert DaemonSettings.read(path) == DaemonSettings(idle_exit_seconds=80)
    assert DaemonSettings.read(path).idle_unload_seconds == 20


def test_missing_and_empty_files_mean_defaults(tmp_path):
    assert DaemonSettings.read(tmp_path / "none.yaml") == DaemonSettings()
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert DaemonSettings.read(tmp_path / "empty.yaml") == DaemonSettings()


def test_the_template_holds_every_default():
    assert yaml.safe_load(template()) is None
    uncommented = "\n".join(
        line[1:] for line in template().splitlines() if line.startswith("#") and not line.startswith("# ")
    )
    values = yaml.safe_load(uncommented)
    assert list(values) == [field.name for field in dataclasses.fields(DaemonSettings)]
    assert DaemonSettings.from_mapping(values, "template") == DaemonSettings()


def test_the_daemon_does_not_start_with_wrong_settings(settings, stub_command):
    settings(devise="cpu")
    with pytest.raises(DaemonError) as raised:
        Client.connect(command=stub_command)
    assert raised.value.code == "cannot-start"
    assert "devise" in raised.value.message

"""The user's own pip settings, proxies, temporary folders and odd folder names: it works, or says why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installer import pip_settings
from installer.installation import Installation, diagnose
from tests.installer.standin import Run, in_environment, make_project
from tests.installer.test_obstacles import apart, call

INSTALL = ("install", "--extras", "")


@pytest.mark.usefixtures("empty_environment")
def test_pip_settings_of_other_installations_do_not_count(
    installer: Run, project: Path, home: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = home / ".config" / "pip" / "pip.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(
        "[global]\nuser = true\ntarget = /nowhere\nrequire-virtualenv = nonsense\n"
        "[install]\nprefix = /nowhere\nno-deps = yes\n[freeze]\ntimeout = abc\n"
    )
    (home / ".pip").mkdir()
    (home / ".pip" / "pip.conf").write_bytes(b"\xef\xbb\xbf[global]\r\nuser = true\r\nuser = yes\r\n")
    for name, value in {
        "PIP_USER": "1",
        "PIP_TARGET": "/nowhere",
        "PIP_ROOT": "/nowhere",
        "PIP_REQUIRE_HASHES": "1",
        "PIP_DRY_RUN": "1",
        "PIP_ONLY_BINARY": ":all:",
        "PIP_LOG": "/nowhere/log",
        "PYTHONWARNINGS": "error",
        "PYTHONUSERBASE": "/nowhere",
        "PIP_PREFIX": "/nowhere",
        "PIP_PYTHON": "/nowhere/python",
        "PIP_REQUIREMENT": "/nowhere.txt",
        "PIP_NO_BINARY": ":all:",
        "PIP_PLATFORM": "win_amd64",
        "PIP_HELP": "1",
        "PIP_QUIET": "3",
        "PIP_CACHE_DIR": "/proc/nowhere",
        "TMPDIR": "/etc/passwd",
        "VIRTUAL_ENV": "/nowhere",
        "COLUMNS": "0",
    }.items():
        monkeypatch.setenv(name, value)
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 0, done.stdout + done.stderr
    assert in_environment(project, "import numberful; print(numberful.ONE)") == "1"


def test_what_leads_to_packages_is_kept(tmp_path: Path) -> None:
    shared, own, torn = (tmp_path / name for name in ("shared.conf", "own.conf", "torn.conf"))
    shared.write_text("[global]\nindex-url = https://shared\ncert = /ca.pem\nuser = yes\n")
    own.write_text("[global]\nindex_url = https://own\n[install]\ntrusted-host =\n  one\n  two\n")
    torn.write_text("no section\n")
    variables = {"PIP_PROXY": "http://proxy:1", "PIP_USER": "1", "PIP_CONFIG_FILE": "/x", "HOME": "/"}
    kept, left = pip_settings.variables("install", variables, [shared, own, torn, tmp_path / "none"])
    assert kept == {
        "PIP_INDEX_URL": "https://own",
        "PIP_CERT": "/ca.pem",
        "PIP_TRUSTED_HOST": "one two",
        "PIP_PROXY": "http://proxy:1",
    }
    assert left[0] == f"user in {shared}"
    assert str(torn) in left[1]
    assert left[2] == "PIP_USER"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_places_of_pips_settings(platform: str, tmp_path: Path) -> None:
    places = pip_settings.files(platform, {"PIP_CONFIG_FILE": "/named"}, tmp_path)
    assert places[-1] == Path("/named")
    assert any(tmp_path in place.parents for place in places)
    assert pip_settings.files(platform, {"PIP_CONFIG_FILE": os.devnull}, tmp_path) == []


@pytest.mark.parametrize(
    ("proxy", "cause"),
    [
        ("socks5://127.0.0.1:9", "SOCKS proxy"),
        ("http://", "proxy's address is wrong"),
        ("ftp://x:1", "proxy's address is wrong"),
        ("http://name:port", "proxy's address is wrong"),
        ("http://127.0.0.1:9", "proxy cannot be reached"),
    ],
)
def test_what_pip_says_of_a_proxy_has_a_cause_and_a_remedy(
    installation: Installation, project: Path, empty_environment: Path, proxy: str, cause: str
) -> None:
    command = [installation.python, "-m", "pip", "install", "--retries", "1", "--no-input", "numberful"]
    plain = {
        k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and not k.startswith("PIP")
    }
    plain |= {"HTTPS_PROXY": proxy, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "https://pypi.org/simple"}
    done = subprocess.run(command, env=plain, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    known = diagnose(done.stdout + done.stderr)
    assert known is not None
    assert cause in known[0]
    assert "PROXY" in known[1]


@pytest.mark.parametrize("name", ["photo[1] 100%", "it's größe鳥", "-x a,b;c", "#1 $HOME"])
def test_odd_folder_names_work(
    name: str, tmp_path: Path, home: Path, environment_template: Path, wheels: Path
) -> None:
    project = make_project(tmp_path / name / "checkout")
    shutil.copytree(environment_template, project / ".venv", symlinks=True)
    folder = wheels.rename(tmp_path / name / "wheels")
    command = [sys.executable, "-I", "-S", "installer", *INSTALL, "--offline", folder]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert in_environment(project, "import numberful, nigdt; print(numberful.ONE)") == "1"


@pytest.mark.parametrize("name", ["a:b", "a\nb", "a\x1b[31mb", os.fsdecode(b"caf\xe9")])
def test_folder_names_that_no_environment_bears_are_refused_with_the_remedy(
    name: str, tmp_path: Path, home: Path
) -> None:
    project = make_project(tmp_path / name)
    for verb in ("install", "desktop", "doctor", "uninstall"):
        command = [sys.executable, "-I", "-S", "installer", verb]
        done = subprocess.run(command, cwd=project, capture_output=True, check=False)
        said = done.stdout.decode()
        assert done.stderr == b""
        assert "\x1b" not in said
        if verb == "uninstall":  # of what was made before the folder was renamed
            assert done.returncode == 0
        else:
            assert done.returncode == 1
            assert "whose path holds" in said
            assert "Rename" in said
    assert not [*home.iterdir()]


@pytest.mark.usefixtures("empty_environment")
@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"PIP_TIMEOUT": "abc"}, "option timeout: invalid floating-point value: 'abc'"),
        ({"PIP_TIMEOUT": "-5", "PIP_NO_INDEX": "0"}, "a value that pip does not take"),
        ({"PIP_PREFER_BINARY": "x"}, "x is not a valid value for prefer-binary"),
        ({"PIP_CONSTRAINT": "/nowhere.txt"}, "the file that pip's setting `constraint` names cannot be read"),
        ({"PIP_CONSTRAINT": sys.executable}, "the file that pip's setting `constraint` names cannot be read"),
        # Which of the two pip says depends on whether it was told of a folder that is there, too.
        ({"PIP_FIND_LINKS": "/nowhere"}, "pip's settings lead to a place|a package is not where pip looked"),
        ({"PIP_CLIENT_CERT": "/nowhere.pem", "PIP_NO_INDEX": "0"}, "a certificate that pip's settings name"),
        ({"PIP_INDEX_URL": "http://[::1/", "PIP_NO_INDEX": "0"}, "pip's settings lead to a place"),
        ({"PIP_INDEX_URL": "http://127.0.0.1:99999/", "PIP_NO_INDEX": "0"}, "pip's settings lead to a place"),
    ],
)
def test_wrong_pip_settings_have_a_cause_and_a_remedy(
    installer: Run, home: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], cause: str
) -> None:
    for name, value in {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, **settings}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PIP_FIND_LINKS" if "PIP_FIND_LINKS" not in settings else "PIP_UNUSED", raising=False)
    done = installer(*INSTALL)
    assert done.returncode == 1
    error, remedy = done.stdout.split("Error: ", 1)[1].split("What to do: ", 1)
    assert any(one in error for one in cause.split("|"))
    assert "ended with status" not in error
    assert "setting" in remedy or "pip.conf" in remedy
    assert "Traceback" not in done.stdout + done.stderr


def test_a_setting_that_no_variable_can_hold_is_left_out(tmp_path: Path) -> None:
    torn = tmp_path / "pip.conf"
    torn.write_text("[global]\ncert = /x\0y\nproxy = http://proxy:1\n")
    kept, left = pip_settings.variables("install", {}, [torn])
    assert kept == {"PIP_PROXY": "http://proxy:1"}
    assert left == ["cert, whose value holds a NUL character"]


def test_a_temporary_folder_with_room_for_few_files_is_not_used(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = os.statvfs(tmp_path)
    few = os.statvfs_result((*counted[:5], 1000, 4, 4, *counted[8:10]))
    monkeypatch.setattr(os, "statvfs", lambda _path: few)
    assert installation.child_environment()["TMPDIR"] == str(installation.temporary)


def test_a_small_temporary_folder_is_not_used(home: Path, tmp_path: Path, wheels: Path) -> None:
    alone = apart(tmp_path, "--mount")
    source = make_project(tmp_path / "source")
    small = tmp_path / "small"
    small.mkdir()
    script = (
        f"mount -t tmpfs -o size=200k small {small} && cd {source}"
        f" && exec {sys.executable} installer install --extras '' --offline {wheels}"
    )
    done = call([*alone, "sh", "-c", script], tmp_path, TMPDIR=str(small))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not any((source / ".cache" / "tmp").iterdir())

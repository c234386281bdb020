"""The installer's small parts: messages, machine facts, choices."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from installer import libraries, machine, torch_build
from installer.errors import InstallError
from installer.installation import Installation, diagnose, last_error
from installer.journal import Journal, seconds
from installer.machine import Driver
from installer.packages import parse_extras, require_space
from installer.steps import Step, perform
from tests.installer.standin import ROOT, said


@pytest.mark.parametrize(
    ("duration", "words"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (12.3, "12 s"), (185, "3 min 05 s"), (119.9, "1 min 59 s")],
)
def test_durations_are_readable(duration: float, words: str) -> None:
    assert seconds(duration) == words


def test_a_step_that_is_settled_is_not_done_and_says_why(installation: Installation) -> None:
    done: list[str] = []
    steps = [
        Step("First", lambda: done.append("first"), settled=lambda: "there already"),
        Step("Second", lambda: done.append("second")),
    ]
    perform(installation, steps)
    assert done == ["second"]
    assert "First: nothing to do (there already)" in said(installation)
    assert "done in" in said(installation)


def test_a_dry_run_shows_every_step_and_does_none(installation: Installation) -> None:
    installation.dry_run = True
    done: list[str] = []
    perform(installation, [Step("Write it", lambda: done.append("x"), preview=lambda: ["echo hello"])])
    assert done == []
    assert "would: Write it" in said(installation)
    assert "echo hello" in said(installation)


def test_a_failing_command_says_why_and_keeps_its_output(installation: Installation) -> None:
    code = "print('lots of words'); print('OSError: [Errno 28] No space left on device'); raise SystemExit(3)"
    with pytest.raises(InstallError) as caught:
        installation.run([sys.executable, "-c", code], doing="copy the files")
    assert "Cannot copy the files: the disk is full" in caught.value.message
    assert "Free some space" in caught.value.remedy
    assert installation.journal.path is not None
    assert "lots of words" in installation.journal.path.read_text()


def test_a_missing_program_is_said(installation: Installation) -> None:
    with pytest.raises(InstallError, match="no-such-program does not start"):
        installation.run(["no-such-program"], doing="try it")


def test_commands_see_no_other_python_path(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    assert (
        installation.output([sys.executable, "-c", "import os; print(os.environ.get('PYTHONPATH'))"])
        == "None\n"
    )


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("Failed to establish a new connection: [Errno 101] Network is unreachable", "cannot be reached"),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("ERROR: No matching distribution found for torch>=2.4", "no build for this machine"),
        ("that satisfies the requirement torch (from versions: none)", "is not where pip looked"),
        ("WARNING: Location 'x' is ignored: it is neither", "has no packages"),
        ("Error: [Errno 17] File exists: '/x/.venv'", "something else has the name"),
        ("PermissionError: [Errno 13] Permission denied: '/x'", "may not be written"),
    ],
)
def test_known_failures_have_a_cause_and_a_remedy(output: str, cause: str) -> None:
    known = diagnose(output)
    assert known is not None
    assert cause in known[0]
    assert known[1]


def test_unknown_failures_quote_the_last_error_line() -> None:
    output = (
        "Building\nFileNotFoundError: no configs\n[end]\nerror: subprocess-exited-with-error\nhint: above\n"
    )
    assert diagnose(output) is None
    assert last_error(output) == "FileNotFoundError: no configs"
    assert last_error("all quiet") is None


@pytest.mark.parametrize(
    ("release", "family"),
    [
        ('ID=debian\nVERSION_ID="12"', "debian"),
        ("ID=linuxmint\nID_LIKE=ubuntu", "debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"', "fedora"),
        ("ID=manjaro\nID_LIKE=arch", "arch"),
        ('ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"', "suse"),
        ("ID=nixos", "unknown"),
    ],
)
def test_the_linux_family_is_read(release: str, family: str) -> None:
    assert machine.distribution_family(machine.parse_os_release(release)) == family


@pytest.mark.parametrize("family", ["debian", "fedora", "arch", "suse", "unknown"])
def test_every_family_has_one_command_as_remedy(family: str) -> None:
    text = libraries.remedy(["libegl1", "libgl1"], family)
    assert "\n" not in text
    assert ("sudo" in text) == (family != "unknown")
    if family in ("debian", "unknown"):
        assert "libegl1" in text


def test_the_driver_is_read_from_nvidia_smi() -> None:
    assert machine.parse_driver("580.65.06, NVIDIA H100 80GB HBM3\n580.65.06, other\n") == Driver(
        "580.65.06", "NVIDIA H100 80GB HBM3"
    )
    assert machine.parse_driver("Failed to initialize NVML: Driver/library version mismatch\n") is None
    assert machine.parse_driver("") is None
    assert Driver("[N/A]", "x").major == 0


@pytest.mark.parametrize(
    ("platform", "environment", "shown"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "a b c d"}, False),
        ("win32", {}, True),
    ],
)
def test_a_display_is_found_where_one_is(platform: str, environment: dict[str, str], shown: bool) -> None:
    assert machine.has_display(platform, environment) is shown


def choose(
    major: int | None, platform: str = "linux", cpu: bool = False, reaches: bool = True
) -> torch_build.Build:
    driver = None if major is None else Driver(f"{major}.10", "A GPU")
    return torch_build.choose(cpu=cpu, driver=driver, platform=platform, reaches=lambda _url: reaches)


def test_the_torch_build_fits_driver_and_platform() -> None:
    assert choose(None).index == f"{torch_build.INDEX}/cpu"
    assert choose(580).index is None
    assert choose(580).name == "cuda"
    assert choose(575).index == f"{torch_build.INDEX}/cu128"
    assert choose(535).index == f"{torch_build.INDEX}/cu126"
    assert choose(590, "win32").index == f"{torch_build.INDEX}/cu130"
    assert choose(590, cpu=True).index == f"{torch_build.INDEX}/cpu"
    assert choose(None, "darwin").index is None
    assert choose(None, "win32").index is None


def test_an_old_driver_gets_the_cpu_build_and_is_told() -> None:
    build = choose(470)
    assert build.name == "cpu"
    assert "too old" in build.reason
    assert "525" in build.reason


def test_without_pytorchs_index_the_registry_has_to_do() -> None:
    build = choose(None, reaches=False)
    assert (build.name, build.index) == ("general", None)
    assert "out of reach" in build.reason
    assert choose(550, reaches=False).index is None


def test_an_unreachable_index_is_noticed_quickly() -> None:
    assert torch_build.reachable("http://127.0.0.1:9/none", timeout=1.0) is False
    assert torch_build.reachable("no address at all", timeout=1.0) is False


def test_torchs_requirements_are_those_of_pyproject() -> None:
    found = torch_build.requirements((ROOT / "pyproject.toml").read_text())
    assert [name.partition(">")[0] for name in found] == ["torch", "torchvision"]


def test_partners_are_computed_from_torchs_version() -> None:
    assert torch_build.partner("2.4.1+cpu") == "torchvision==0.19.*"
    assert torch_build.partner("2.14.1") == "torchvision==0.29.*"
    assert torch_build.partner("1.13.0") is None
    assert torch_build.index_of("2.14.1+cpu") == f"{torch_build.INDEX}/cpu"
    assert torch_build.index_of("2.14.1+cu126") == f"{torch_build.INDEX}/cu126"
    assert torch_build.index_of("2.14.1") is None


def test_extras_are_checked() -> None:
    assert parse_extras(" backend, panel,,backend") == ("backend", "panel")
    with pytest.raises(InstallError, match="no extra called pannel"):
        parse_extras("pannel")


def test_too_little_disk_is_said_before_the_download(installation: Installation) -> None:
    require_space(installation, 0.000001)
    with pytest.raises(InstallError, match="are free in") as caught:
        require_space(installation, 10_000_000)
    assert "--cpu" in caught.value.remedy


def test_only_what_is_missing_is_asked_for() -> None:
    if sys.platform != "linux":
        pytest.skip("system libraries are looked at on Linux only")
    assert libraries.missing_packages(qt=True, finds=lambda _name: True, fonts=lambda: True) == []
    assert libraries.missing_packages(
        qt=True, finds=lambda name: name != "libxcb-cursor.so.0", fonts=lambda: False
    ) == ["fonts-dejavu-core", "libxcb-cursor0"]
    assert libraries.missing_packages(qt=False, finds=lambda _name: False, fonts=lambda: False) == []


def test_fonts_are_found_by_their_files(tmp_path: Path) -> None:
    assert not libraries.has_fonts([str(tmp_path)])
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "Some.TTF").write_bytes(b"")
    assert libraries.has_fonts([str(tmp_path)])


def test_without_root_the_one_command_is_printed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "missing_packages", lambda **_: ["libegl1"])
    monkeypatch.setattr(libraries, "linux_family", lambda: "debian")
    monkeypatch.setattr(libraries, "root_prefix", lambda _installation: None)
    perform(installation, [libraries.library_step(installation, qt=True, required=False)])
    assert "sudo apt-get update && sudo apt-get install -y libegl1" in said(installation)
    with pytest.raises(InstallError) as caught:
        perform(installation, [libraries.library_step(installation, qt=True, required=True)])
    assert "sudo apt-get install -y libegl1" in caught.value.remedy


def test_the_log_is_cut_when_it_grows(tmp_path: Path) -> None:
    log = tmp_path / "installer.log"
    log.write_bytes(b"x" * (5 << 20))
    Journal(log, screen=io.StringIO()).say("new")
    assert log.stat().st_size < 1000
    assert (tmp_path / "installer.old.log").stat().st_size == 5 << 20


def test_an_old_python_gets_a_sentence() -> None:
    main = ROOT / "installer" / "__main__.py"
    ast.parse(main.read_text(), feature_version=(3, 6))
    code = (
        f"import sys, runpy; sys.version_info = (3, 8, 1); runpy.run_path({str(main)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs Python 3.11 or newer; this is 3.8" in done.stderr
    assert "Traceback" not in done.stderr


def test_only_the_standard_library_is_imported() -> None:
    allowed = {*sys.stdlib_module_names, "installer"}
    for source in (ROOT / "installer").glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(), feature_version=(3, 11))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, source


def test_it_runs_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "installer", "--help"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "example: python3 installer demo" in done.stdout

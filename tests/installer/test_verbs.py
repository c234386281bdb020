"""The other verbs: gimp, desktop, update, uninstall, doctor, test, demo, offline folders."""

from __future__ import annotations

import configparser
import json
import os
import plistlib
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from platformdirs.macos import MacOS

from installer import checks, demo, desktop, doctor, environment, gimp, offline, remove, source
from installer.errors import InstallError
from installer.machine import Driver
from installer.session import Session
from installer.steps import perform
from nigdt.bundle.bundle import user_bundles_folder
from nigdt.photo.formats import MIME_TYPES
from tests.installer.standin import ROOT, Run, profile, said

# -- GIMP ----------------------------------------------------------------------------------------------------


def test_every_gimp_profile_is_found_once(home: Path) -> None:
    plain = [profile(home / ".config", version) for version in ("3.0", "3.2")]
    profile(home / ".config", "2.10")
    flatpak = profile(home / ".var" / "app" / "org.gimp.GIMP" / "config", "3.0")
    snap = profile(home / "snap" / "gimp" / "525" / ".config", "3.0")
    (home / "snap" / "gimp" / "current").symlink_to("525")
    found = gimp.profiles("linux", home, {})
    assert [(p.folder.resolve(), p.kind) for p in found] == [
        (plain[0], "GIMP"),
        (plain[1], "GIMP"),
        (flatpak, "Flatpak"),
        (snap, "Snap"),
    ]
    assert [p.isolated for p in found] == [False, False, True, True]


def test_gimp_profiles_of_the_other_platforms(tmp_path: Path) -> None:
    roaming = profile(tmp_path / "Roaming", "3.0")
    assert [p.folder for p in gimp.profiles("win32", tmp_path, {"APPDATA": str(tmp_path / "Roaming")})] == [
        roaming
    ]
    mac = profile(tmp_path / "Library" / "Application Support", "3.2")
    assert [p.folder for p in gimp.profiles("darwin", tmp_path, {})] == [mac]
    own = tmp_path / "own"
    own.mkdir()
    assert [p.folder for p in gimp.profiles("darwin", tmp_path, {"GIMP3_DIRECTORY": str(own)})] == [own, mac]


def test_the_plugin_goes_into_every_profile_and_out_again(
    installer: Run, whole_project: Path, home: Path
) -> None:
    folders = [profile(home / ".config", "3.0"), profile(home / ".var/app/org.gimp.GIMP/config", "3.2")]
    other = folders[0] / "plug-ins" / "someone-elses"
    other.mkdir(parents=True)
    dry = installer("gimp", "--dry-run")
    assert dry.returncode == 0
    assert not (folders[0] / "plug-ins" / gimp.PLUGIN).exists()
    for _ in range(2):  # again over an older one
        done = installer("gimp")
        assert done.returncode == 0, done.stdout + done.stderr
        for folder in folders:
            plugin = folder / "plug-ins" / gimp.PLUGIN
            assert f"({plugin})" in done.stdout
            assert os.access(plugin / f"{gimp.PLUGIN}.py", os.X_OK)
            assert (plugin / "nigdt_backend" / "client.py").is_file()
            assert (plugin / "zmq" / "__init__.py").is_file()
            assert json.loads((plugin / "install.json").read_text()).keys() == {"python", "state"}
    assert "NIGDT itself is not installed yet" in done.stdout
    gone = installer("gimp", "--remove")
    assert gone.returncode == 0
    assert not any((folder / "plug-ins" / gimp.PLUGIN).exists() for folder in folders)
    assert other.exists()


def test_without_a_gimp_profile_the_remedy_is_said(installer: Run, home: Path) -> None:
    done = installer("gimp")
    assert done.returncode == 1
    assert "No GIMP 3 profile was found" in done.stdout
    assert "start it once" in done.stdout or "start GIMP once" in done.stdout


# -- desktop -------------------------------------------------------------------------------------------------


def test_the_desktop_files_are_written_once_and_removed(
    installer: Run, whole_project: Path, home: Path
) -> None:
    done = installer("desktop")
    assert done.returncode == 0, done.stdout
    places = desktop.Places.of({}, home)
    entry = configparser.RawConfigParser()
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(places.entry)
    program = whole_project / ".venv" / "bin" / "nigdt"
    assert shlex.split(entry["Desktop Entry"]["Exec"]) == [str(program), "panel", "%f"]
    types = entry["Desktop Entry"]["MimeType"].split(";")
    assert types == [*MIME_TYPES, ""]
    assert "image/png" in types
    assert places.icon.read_text().startswith("<?xml")
    unit = configparser.RawConfigParser()
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(places.unit)
    python = str(whole_project / ".venv" / "bin" / "python")
    assert shlex.split(unit["Service"]["ExecStart"]) == [python, "-m", "nigdt_backend.daemon"]
    assert installer("desktop").stdout.count("nothing to do (up to date)") == 3
    assert installer("desktop", "--remove").returncode == 0
    assert not any(path.exists() for path in (places.entry, places.icon, places.unit))


def test_odd_paths_survive_the_menu_entry(tmp_path: Path) -> None:
    line = next(
        x for x in desktop.menu_entry(Path('/home/a b/50%/"x"/nigdt')).splitlines() if x.startswith("Exec=")
    )
    assert line == 'Exec="/home/a b/50%%/\\\\"x\\\\"/nigdt" panel %f'


def test_the_windows_shortcut_and_the_mac_application(session: Session) -> None:
    link = desktop.start_menu_link({"APPDATA": "C:/Users/o'neil/AppData/Roaming"})
    script = desktop.start_menu_script(Path("C:/o'neil/pythonw.exe"), link)
    assert "'C:/o''neil/pythonw.exe'; $s.Arguments = '-m nigdt panel'" in script
    assert "NIGDT.lnk'" in script
    files = desktop.application_files(Path("/a b/o'neil/nigdt"))
    assert plistlib.loads(files["Contents/Info.plist"].encode())["CFBundleExecutable"] == "nigdt"
    assert shlex.split(files["Contents/MacOS/nigdt"].splitlines()[1])[1] == "/a b/o'neil/nigdt"
    for platform, words in (("win32", "start menu"), ("darwin", "NIGDT.app")):
        session.dry_run = True
        perform(session, desktop.steps(session, platform))
        assert words in said(session)


def test_programs_have_their_names_on_windows(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert session.python == session.venv / "Scripts" / "python.exe"


# -- uninstall, update ---------------------------------------------------------------------------------------


def test_a_wheel_that_was_cut_off_is_fetched_again(session: Session, project: Path, wheels: Path) -> None:
    cut = project / ".cache" / "gimp" / "pyzmq-27.0.0-cp312-abi3-manylinux2014_x86_64.whl"
    cut.parent.mkdir(parents=True)
    cut.write_bytes(next(wheels.glob("pyzmq-*.whl")).read_bytes()[:100])
    wheel = gimp.fetch_wheel(session, gimp.assembler(project), wheels)
    assert zipfile.is_zipfile(wheel)
    assert [path.name for path in wheel.parent.iterdir() if path.is_file()] == [wheel.name]


def test_what_a_killed_one_left_in_the_profile_goes(installer: Run, whole_project: Path, home: Path) -> None:
    plugins = profile(home / ".config", "3.0") / "plug-ins"
    (plugins / ".nigdt-fill-abcd" / gimp.PLUGIN).mkdir(parents=True)
    assert installer("gimp").returncode == 0
    assert [path.name for path in plugins.iterdir()] == [gimp.PLUGIN]
    (plugins / gimp.PLUGIN / f"{gimp.PLUGIN}.py").unlink()  # killed while it was being removed
    assert installer("gimp", "--remove").returncode == 0
    assert list(plugins.iterdir()) == []


@pytest.mark.usefixtures("empty_environment")
def test_uninstall_takes_what_was_made_and_leaves_the_rest(
    installer: Run, whole_project: Path, home: Path, wheels: Path
) -> None:
    profile(home / ".config", "3.0")
    assert installer("install", "--extras", "", "--offline", wheels).returncode == 0
    assert installer("gimp").returncode == 0
    assert installer("desktop").returncode == 0
    mine = home / ".local" / "share" / "nigdt" / "bundles" / "mine"
    mine.mkdir(parents=True)
    shown = installer("uninstall", "--dry-run")
    assert shown.returncode == 0
    assert (whole_project / ".venv").exists()
    done = installer("uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (whole_project / ".venv").exists()
    assert not (home / ".config" / "GIMP" / "3.0" / "plug-ins" / gimp.PLUGIN).exists()
    assert not desktop.Places.of({}, home).entry.exists()
    assert mine.exists()
    assert "--purge" in done.stdout
    (whole_project / ".venv.deleting" / "lib").mkdir(parents=True)  # what a killed uninstaller leaves
    assert installer("uninstall").returncode == 0
    assert not (whole_project / ".venv.deleting").exists()


def test_purge_deletes_the_personal_folders(
    session: Session, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGDT_DATA_DIR", str(session.root / "data"))
    monkeypatch.setenv("NIGDT_STATE_DIR", str(session.root / "state"))
    monkeypatch.setenv("NIGDT_CONFIG_DIR", str(session.root / "config"))
    own = ("data/bundles/mine/model.yaml", "state/panel/history/1/round.json", "config/daemon.yaml")
    for name in own:
        (session.root / name).parent.mkdir(parents=True)
        (session.root / name).write_text("x")
    remove.record(session)
    perform(session, remove.steps(session, remove.Purge.of(session)))
    for name in ("data", "state", "config"):
        assert not (session.root / name).exists()


def test_purge_leaves_what_is_not_recorded_or_not_its_own(
    session: Session, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in remove.OVERRIDES:
        monkeypatch.delenv(name, raising=False)
    remove.record(session)
    model = home / ".local" / "share" / "nigdt" / "bundles" / "mine" / "model.yaml"
    important = tmp_path / "important"
    theses = [important / "thesis.txt", important / "bundles" / "mine" / "model.yaml"]
    others = [model.parent / "notes.txt", model.parents[2] / "holiday" / "photo.png"]
    for path in (model, *theses, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the only copy")
    monkeypatch.setenv("NIGDT_DATA_DIR", str(important))
    purge = remove.Purge.of(session)
    assert any(line.startswith(f"{important} stays: the installer has no") for line in purge.stays)
    assert any("is not NIGDT's" in line for line in purge.stays)
    assert any(str(model.parents[2]) in line for line in purge.lines())
    perform(session, remove.steps(session, purge))
    assert not model.exists()
    assert all(path.read_text() == "the only copy" for path in (*theses, *others))
    (session.cache / "folders.json").unlink()  # as after an installation that wrote down nothing
    perform(session, remove.steps(session, remove.Purge.of(session)))
    assert all(path.exists() for path in theses)


def test_purge_lists_and_asks_first(
    installer: Run, session: Session, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in remove.OVERRIDES:
        monkeypatch.delenv(name, raising=False)
    remove.record(session)
    settings = home / ".config" / "nigdt" / "panel.json"
    settings.parent.mkdir(parents=True)
    settings.write_text("{}")
    asked = installer("uninstall", "--purge")
    assert asked.returncode == 1
    assert "panel.json" in asked.stdout
    assert "Nothing was deleted: there is nobody to ask." in asked.stdout
    assert settings.exists()
    assert installer("uninstall", "--purge", "--yes").returncode == 0
    assert not settings.parent.exists()


def test_an_environment_with_something_of_the_users_in_it_stays(
    installer: Run, project: Path, session: Session, empty_environment: Path
) -> None:
    environment.update_stamp(session, root=str(project))
    (empty_environment / "thesis.txt").write_text("the only copy")
    done = installer("uninstall")
    assert done.returncode == 0, done.stdout
    assert [path.name for path in empty_environment.iterdir()] == ["thesis.txt"]
    assert "thesis.txt there is not NIGDT's" in done.stdout


def test_a_plug_in_folder_with_something_of_the_users_in_it_stays(
    installer: Run, whole_project: Path, home: Path
) -> None:
    plugin = profile(home / ".config", "3.0") / "plug-ins" / gimp.PLUGIN
    assert installer("gimp").returncode == 0
    (plugin / "notes.txt").write_text("mine")
    assert installer("gimp", "--remove").returncode == 0
    assert [path.name for path in plugin.iterdir()] == ["notes.txt"]


def test_a_new_plug_in_leaves_the_users_files_in_its_folder(
    installer: Run, whole_project: Path, home: Path
) -> None:
    plugin = profile(home / ".config", "3.0") / "plug-ins" / gimp.PLUGIN
    assert installer("gimp").returncode == 0
    mine = (plugin / "notes.txt", plugin / "nigdt_fill" / "thesis.txt")
    for file in mine:
        file.write_text("the only copy")
    (plugin / "mine").mkdir()
    (plugin / "nigdt_fill" / "run.py").write_text("changed")
    stale = plugin / "nigdt_fill" / "__pycache__" / "old.cpython-313.pyc"
    stale.parent.mkdir(exist_ok=True)
    stale.touch()
    # Killed between the two names: the folder is not there, what was in it is.
    (plugin.parent / ".nigdt-fill-abcd").mkdir()
    plugin.rename(plugin.parent / ".nigdt-fill-abcd" / "old")
    assert installer("gimp").returncode == 0
    assert [file.read_text() for file in mine] == ["the only copy"] * 2
    assert (plugin / "mine").is_dir()
    assert not stale.exists()
    assert not gimp.assembler(whole_project).differences(plugin, None, whole_project)
    assert [path.name for path in plugin.parent.iterdir()] == [gimp.PLUGIN]


def test_the_personal_folders_are_those_that_nigdt_uses(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NIGDT_DATA_DIR")
    assert remove.data_dir() == user_bundles_folder().parent
    assert remove.data_dir("darwin", {}, home) == Path(MacOS("nigdt", appauthor=False).user_data_dir)
    assert remove.data_dir("win32", {"LOCALAPPDATA": "C:/Local"}, home) == Path("C:/Local/nigdt")


def test_an_environment_of_someone_elses_stays(
    installer: Run, project: Path, empty_environment: Path
) -> None:
    done = installer("uninstall")
    assert done.returncode == 1
    assert "was not made by this installer" in done.stdout
    assert empty_environment.exists()


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_update_fast_forwards_and_spares_own_changes(project: Path, tmp_path: Path, session: Session) -> None:
    assert source.steps(session)[0].settled() is not None  # no git here yet
    (project / ".gitignore").write_text("__pycache__/\n.cache/\n.venv/\n")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "one")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(project), str(clone))
    (project / "NEW").write_text("new")
    git(project, "add", "NEW")
    git(project, "commit", "-qm", "two")
    mine = Session(clone, session.journal)
    (clone / "pyproject.toml").write_text("# mine\n")
    with pytest.raises(InstallError, match="changes of your own"):
        perform(mine, source.steps(mine))
    git(clone, "restore", ".")
    perform(mine, source.steps(mine))
    assert (clone / "NEW").exists()


# -- doctor --------------------------------------------------------------------------------------------------


def test_doctor_says_what_is_missing_and_changes_nothing(installer: Run, project: Path, home: Path) -> None:
    plugins = profile(home / ".config", "3.0")
    done = installer("doctor")
    assert done.returncode == 1
    assert "not made yet" in done.stdout
    assert "-> Run: python3 installer install" in done.stdout
    assert "-> Run: python3 installer gimp" in done.stdout
    assert list(plugins.iterdir()) == []
    assert not (project / ".venv").exists()


@pytest.mark.usefixtures("empty_environment")
def test_doctor_is_content_with_a_whole_installation(installer: Run, home: Path, wheels: Path) -> None:
    assert installer("install", "--extras", "backend", "--offline", wheels).returncode == 0
    done = installer("doctor")
    assert "nigdt 0.1.0 (backend)" in done.stdout
    assert "torch 2.14.0, torchvision 0.29.0, cpu" in done.stdout


def test_doctor_notices_a_plugin_of_another_version(
    session: Session, whole_project: Path, home: Path
) -> None:
    folder = profile(home / ".config", "3.0")
    perform(session, gimp.steps(session, None))
    plugin = [f for f in doctor.findings(session) if f.subject == "GIMP 3.0"]
    assert [finding.remedy for finding in plugin] == [""]
    for part in ("nigdt_fill/plan.py", "nigdt_backend/client.py", "zmq/__init__.py"):
        file = folder / "plug-ins" / gimp.PLUGIN / part
        kept = file.read_text()
        file.write_text(kept + "\n")
        plugin = [f for f in doctor.findings(session) if f.subject == "GIMP 3.0"]
        assert "another version" in plugin[0].state
        assert plugin[0].remedy == "Run: python3 installer gimp"
        file.write_text(kept)


def test_doctor_notices_an_old_driver(session: Session, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(doctor.machine, "nvidia_driver", lambda _session: Driver("470.1", "A GPU"))
    found = {finding.subject: finding for finding in doctor.findings(session)}
    assert "525" in found["graphics"].remedy


# -- offline folders -----------------------------------------------------------------------------------------


def test_offline_sums_are_those_of_sha256sum(wheels: Path) -> None:
    if shutil.which("sha256sum"):
        subprocess.run(
            ["sha256sum", "--check", "--strict", offline.SUMS], cwd=wheels, check=True, capture_output=True
        )
    assert offline.check_sums(wheels) == 4


def test_every_kind_of_damage_to_an_offline_folder_is_found(wheels: Path, tmp_path: Path) -> None:
    (wheels / "extra.whl").write_bytes(b"")
    with pytest.raises(InstallError, match=r"missing or changed: extra\.whl"):
        offline.check_sums(wheels)
    (wheels / "extra.whl").unlink()
    (wheels / offline.SUMS).write_text("../../etc/passwd\n")
    with pytest.raises(InstallError, match="damaged"):
        offline.check_sums(wheels)
    with pytest.raises(InstallError, match="not an offline folder"):
        offline.check_sums(tmp_path)


def test_the_build_system_is_read_from_pyproject() -> None:
    found = offline.build_requirements((ROOT / "pyproject.toml").read_text())
    assert [name for name in found if name.startswith("hatchling")] == found


# -- test and demo -------------------------------------------------------------------------------------------


def pretend_programs(session: Session, failing: str = "") -> None:
    folder = session.python.parent
    folder.mkdir(parents=True)
    for program in ("ruff", "mypy", "lint-imports", "sphinx-build", "pytest"):
        script = folder / program
        status = 1 if program == failing else 0
        script.write_text(
            f"#!/bin/sh\necho words of {program} $* [$PYTHONDONTWRITEBYTECODE]\nexit {status}\n"
        )
        script.chmod(0o755)


def test_all_checks_run_and_are_summed_up(
    session: Session, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    pretend_programs(session)
    checks.run(session, [])
    words = f"words of {' '.join(checks.PYTEST)} []"
    assert words in capfd.readouterr().out, "processes keep the bytecode of what they import"
    lines = said(session).split("Summary")[1].split()
    assert lines.count("ok") == 6


def test_one_failing_check_fails_the_whole_but_all_run(session: Session) -> None:
    pretend_programs(session, failing="mypy")
    with pytest.raises(InstallError, match="Failed: types"):
        checks.run(session, ["tests/installer"])
    assert "words of mypy" in said(session)
    assert "words of ruff" not in said(session)
    summary = said(session).split("Summary")[1]
    assert [line.split()[1] for line in summary.strip().splitlines()] == [
        "skipped:",
        "ok",
        "ok",
        "FAILED",
        "ok",
        "ok",
        "ok",
    ]


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({"vulns": []}, "ok"),
        ({"skip_reason": "Dependency not found on PyPI"}, "skipped: the database of security"),
        ({"vulns": [{"id": "PYSEC-2026-1", "fix_versions": []}]}, "FAILED"),
        (None, "skipped: the database of security"),
    ],
)
def test_known_security_holes_fail_and_a_database_out_of_reach_is_skipped(
    session: Session, found: dict[str, object] | None, verdict: str
) -> None:
    pretend_programs(session)
    program = session.script("pip-audit")
    package = {"name": "numberful", "version": "1.0", **(found or {})}
    words = json.dumps({"dependencies": [package]}) if found else "ConnectionError"
    program.write_text(f"#!/bin/sh\necho '{words}'\nexit 1\n")
    program.chmod(0o755)
    assert checks.audit(session).startswith(verdict)
    if verdict == "FAILED":
        assert "numberful 1.0: PYSEC-2026-1" in said(session)
        with pytest.raises(InstallError, match="Failed: audit"):
            checks.run(session, [])


def test_a_database_that_knows_some_packages_only_is_no_silent_pass(session: Session) -> None:
    pretend_programs(session)
    program = session.script("pip-audit")
    packages = [
        {"name": "numberful", "version": "1.0", "vulns": []},
        {"name": "obscure", "version": "2.0", "skip_reason": "Dependency not found on PyPI"},
    ]
    words = json.dumps({"dependencies": packages})
    program.write_text(f"#!/bin/sh\necho '{words}'\n")
    program.chmod(0o755)
    assert checks.audit(session) == "ok, but nothing is known of 1 of 2"
    assert "nothing is known of them: obscure" in said(session)


def test_ci_runs_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "python3 installer test" in script
    assert "python3 installer test" in (ROOT / "README.md").read_text()


def test_the_demo_runs_the_real_command_line_on_the_free_photo(session: Session) -> None:
    command = demo.fill_command(session, Path("out.png"))
    assert command[1:3] == ["fill", "nigdt/data/kingfisher.jpg"]
    left, top, width, height = demo.SELECTION
    with Image.open(ROOT / demo.PHOTO) as photo:
        assert left + width < photo.width
        assert top + height < photo.height
    assert (ROOT / demo.PHOTO).stat().st_size < 600_000
    assert "CC0 1.0" in (ROOT / "nigdt" / "data" / "LICENCE.md").read_text()


def test_the_demo_picture_shows_photo_selection_and_variants(tmp_path: Path) -> None:
    fills = []
    for number, colour in enumerate(("red", "lime", "blue")):
        fills.append(tmp_path / f"{number}.png")
        Image.new("RGB", (1280, 720), colour).save(fills[-1])
    output, mask = tmp_path / "demo.png", tmp_path / "mask.png"
    selection = ",".join(map(str, demo.SELECTION))
    command = [sys.executable, demo.COMPOSE, ROOT / demo.PHOTO, selection, demo.CAPTION, mask, output, *fills]
    subprocess.run(command, check=True, timeout=60)
    with Image.open(output) as opened:
        sheet = opened.convert("RGB")
    colours = {colour for _, colour in sheet.getcolors(1 << 24) or []}
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 255)} <= colours
    assert sheet.width > sheet.height
    left, top, width, height = demo.SELECTION
    with Image.open(mask) as opened:
        assert (opened.size, opened.getbbox()) == ((1280, 720), (left, top, left + width, top + height))


def test_a_failed_fill_is_told_in_one_line(session: Session) -> None:
    program = session.script("nigdt")
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'The model bundle is damaged. Get it again.' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(InstallError, match="The fill failed: The model bundle is damaged"):
        perform(session, demo.steps(session, session.root / "demo.png")[:1])


def test_the_stamp_survives_a_broken_file(session: Session) -> None:
    session.venv.mkdir()
    (session.venv / environment.STAMP).write_text("{half")
    assert environment.read_stamp(session) == {}
    environment.update_stamp(session, torch="cpu", pair="a/b")
    environment.update_stamp(session, pair=None)
    assert environment.read_stamp(session) == {"torch": "cpu"}

"""`uninstall` and `update`: what was made goes, what is the user's stays."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from platformdirs.macos import MacOS

from installer import desktop, environment, gimp, remove, source
from installer.errors import InstallError
from installer.installation import Installation
from installer.steps import perform
from nigdt.bundle.bundle import user_bundles_folder
from tests.installer.standin import Run, profile


def test_a_wheel_that_was_cut_off_is_fetched_again(
    installation: Installation, project: Path, wheels: Path
) -> None:
    cut = project / ".cache" / "gimp" / "pyzmq-27.0.0-cp312-abi3-manylinux2014_x86_64.whl"
    cut.parent.mkdir(parents=True)
    cut.write_bytes(next(wheels.glob("pyzmq-*.whl")).read_bytes()[:100])
    wheel = gimp.fetch_wheel(installation, gimp.assembler(project), wheels)
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
    assert not desktop.DesktopFolders.of({}, home).entry.exists()
    assert mine.exists()
    assert "--purge" in done.stdout
    (whole_project / ".venv.deleting" / "lib").mkdir(parents=True)  # what a killed uninstaller leaves
    assert installer("uninstall").returncode == 0
    assert not (whole_project / ".venv.deleting").exists()


def test_purge_deletes_the_personal_folders(
    installation: Installation, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGDT_DATA_DIR", str(installation.root / "data"))
    monkeypatch.setenv("NIGDT_STATE_DIR", str(installation.root / "state"))
    monkeypatch.setenv("NIGDT_CONFIG_DIR", str(installation.root / "config"))
    own = ("data/bundles/mine/model.yaml", f"state/panel/history/{'1' * 32}/round.json", "config/daemon.yaml")
    for name in own:
        (installation.root / name).parent.mkdir(parents=True)
        (installation.root / name).write_text("x")
    remove.record(installation)
    perform(installation, remove.steps(installation, remove.Purge.of(installation)))
    for name in ("data", "state", "config"):
        assert not (installation.root / name).exists()


def test_purge_leaves_what_is_not_recorded_or_not_its_own(
    installation: Installation, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in remove.OVERRIDES:
        monkeypatch.delenv(name, raising=False)
    remove.record(installation)
    model = home / ".local" / "share" / "nigdt" / "bundles" / "mine" / "model.yaml"
    important = tmp_path / "important"
    theses = [important / "thesis.txt", important / "bundles" / "mine" / "model.yaml"]
    others = [model.parent / "notes.txt", model.parents[2] / "holiday" / "photo.png"]
    for path in (model, *theses, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the only copy")
    monkeypatch.setenv("NIGDT_DATA_DIR", str(important))
    purge = remove.Purge.of(installation)
    assert any(line.startswith(f"{important} stays: the installer has no") for line in purge.stays)
    assert any("is not NIGDT's" in line for line in purge.stays)
    assert any(str(model.parents[2]) in line for line in purge.lines())
    perform(installation, remove.steps(installation, purge))
    assert not model.exists()
    assert all(path.read_text() == "the only copy" for path in (*theses, *others))
    (installation.cache / "folders.json").unlink()  # as after an installation that wrote down nothing
    perform(installation, remove.steps(installation, remove.Purge.of(installation)))
    assert all(path.exists() for path in theses)


def test_purge_touches_nothing_where_a_folder_holds_the_home(
    installation: Installation, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGDT_DATA_DIR", str(home))
    monkeypatch.setenv("NIGDT_STATE_DIR", "/")
    remove.record(installation)
    others = home / "runs" / "00001-another-program" / "weights.pkl"
    others.parent.mkdir(parents=True)
    others.write_text("the only copy")
    purge = remove.Purge.of(installation)
    assert not purge.own
    assert [line for line in purge.stays if "home folder" in line] == [
        "/ stays: it holds your home folder.",
        f"{home} stays: it holds your home folder.",
    ]
    perform(installation, remove.steps(installation, purge))
    assert others.read_text() == "the only copy"


def test_purge_leaves_folders_that_only_have_names_like_nigdts(
    installation: Installation, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = home / "work"
    others = [
        work / "runs/00001-stylegan/weights.pkl",
        work / "bundles/newspapers/README.md",
        work / "panel/history/holiday/beach.png",
        work / "odd\n\x1b[31m name",
    ]
    mine = [
        work / "runs/00002-photos/settings.yaml",
        work / "runs/00002-photos/best.safetensors",
        work / "bundles/mine/model.yaml",
        work / "bundles/mine/README.md",
        work / "panel/recovery" / ("5" * 32) / "work.json",
        work / "panel/recovery" / ("5" * 32) / "photo.tif",
    ]
    for path in (*others, *mine):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the only copy")
    for name in remove.OVERRIDES:
        monkeypatch.setenv(name, str(work))
    remove.record(installation)
    purge = remove.Purge.of(installation)
    assert not [line for line in (*purge.lines(), *purge.stays) if "\n" in line]
    perform(installation, remove.steps(installation, purge))
    assert all(path.read_text() == "the only copy" for path in others)
    assert not [path for path in mine if path.exists()]


@pytest.mark.parametrize(
    "folders",
    [["/" + "a" * 5000], ["/" + "a" * 200 + "/b" * 2400], ["\0", "work", ".", ""], [["/"]], None, "/x/work"],
)
def test_purge_with_an_odd_record_deletes_nothing_and_says_little(
    installer: Run, installation: Installation, home: Path, monkeypatch: pytest.MonkeyPatch, folders: object
) -> None:
    kept = installation.root / "work" / "bundles" / "mine" / "model.yaml"
    kept.parent.mkdir(parents=True)
    kept.write_text("the only copy")
    installation.cache.mkdir(exist_ok=True)
    (installation.cache / "folders.json").write_text(json.dumps({"data": folders, "state": [], "config": []}))
    done = installer("uninstall", "--purge", "--yes")
    assert done.returncode == 0
    assert len(done.stdout) < 500
    assert kept.exists()


def test_purge_sees_the_home_behind_a_link(
    installation: Installation, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = installation.root / "link"
    link.symlink_to(home)
    monkeypatch.setenv("NIGDT_DATA_DIR", str(link))
    remove.record(installation)
    purge = remove.Purge.of(installation)
    assert f"{link} stays: it holds your home folder." in purge.stays
    assert link not in purge.own


def test_purge_lists_and_asks_first(
    installer: Run, installation: Installation, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in remove.OVERRIDES:
        monkeypatch.delenv(name, raising=False)
    remove.record(installation)
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
    installer: Run, project: Path, installation: Installation, empty_environment: Path
) -> None:
    environment.update_stamp(installation, root=str(project))
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


def test_update_fast_forwards_and_spares_own_changes(
    project: Path, tmp_path: Path, installation: Installation
) -> None:
    assert source.steps(installation)[0].settled() is not None  # no git here yet
    (project / ".gitignore").write_text("__pycache__/\n.cache/\n.venv/\n")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "one")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(project), str(clone))
    (project / "NEW").write_text("new")
    git(project, "add", "NEW")
    git(project, "commit", "-qm", "two")
    mine = Installation(clone, installation.journal)
    (clone / "pyproject.toml").write_text("# mine\n")
    with pytest.raises(InstallError, match="changes of your own"):
        perform(mine, source.steps(mine))
    git(clone, "restore", ".")
    perform(mine, source.steps(mine))
    assert (clone / "NEW").exists()

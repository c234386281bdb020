"""A small stand-in project and tiny wheels: the real installer runs for real, in seconds, without network."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from installer import environment
from installer.installation import Installation

ROOT = Path(__file__).resolve().parents[2]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def call(*command: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever becomes of it, and return what it printed."""
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )


# The stand-in builds itself: a PEP 660 backend in its own folder, so that pip needs nothing from anywhere.
PYPROJECT = """
[build-system]
requires = []
build-backend = "standin_build"
backend-path = ["."]

[project.optional-dependencies]
model = ["torch>=2.4", "torchvision>=0.19"]
"""
BUILD_BACKEND = '''
import base64, hashlib, pathlib, zipfile

METADATA = """Metadata-Version: 2.1
Name: nigdt
Version: 0.1.0
Provides-Extra: model
Provides-Extra: backend
Provides-Extra: panel
Requires-Dist: numberful
Requires-Dist: torch>=2.4; extra == "model" or extra == "backend"
Requires-Dist: torchvision>=0.19; extra == "model" or extra == "backend"
"""
WHEEL = "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    files = {
        "nigdt_editable.pth": str(pathlib.Path.cwd()) + "\\n",
        "nigdt-0.1.0.dist-info/METADATA": METADATA,
        "nigdt-0.1.0.dist-info/WHEEL": WHEEL,
    }
    record = ""
    name = "nigdt-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text.encode())}\\n"
        wheel.writestr("nigdt-0.1.0.dist-info/RECORD", record + "nigdt-0.1.0.dist-info/RECORD,,\\n")
    return name
'''

TORCH = """
__version__ = "{version}"
class cuda:
    is_available = staticmethod(lambda: False)
class backends:
    class mps:
        is_available = staticmethod(lambda: False)
def tensor(values): return values
"""
# Like the real one, it refuses a torch that it was not built for.
TORCHVISION = """
import torch
__version__ = "{version}"
if int(torch.__version__.split(".")[1]) + 15 != int(__version__.split(".")[1]):
    raise RuntimeError("operator torchvision::nms does not exist")
class _Kept(list):
    def tolist(self): return list(self)
class ops:
    nms = staticmethod(lambda boxes, scores, threshold: _Kept([0, 2]))
"""


def make_wheel(folder: Path, name: str, version: str, files: Mapping[str, str], requires: str = "") -> Path:
    """Write a small valid wheel."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += f"Requires-Dist: {requires}\n" if requires else ""
    contents = {
        **files,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = io.StringIO()
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, text in contents.items():
            data = text.encode()
            wheel.writestr(member, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.write(f"{member},sha256={digest},{len(data)}\n")
        record.write(f"{info}/RECORD,,\n")
        wheel.writestr(f"{info}/RECORD", record.getvalue())
    return path


def make_project(root: Path) -> Path:
    """Make a stand-in checkout: the real installer, what it borrows, and a tiny project."""
    without = shutil.ignore_patterns("__pycache__", ".*_cache", "*.log")
    for folder in ("installer", "plugin/gimp", "backend/nigdt_backend"):
        shutil.copytree(ROOT / folder, root / folder, ignore=without)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "standin_build.py").write_text(BUILD_BACKEND)
    (root / "nigdt").mkdir()
    (root / "nigdt" / "__init__.py").write_text("")
    (root / "nigdt" / "photo").mkdir()
    for module in ("errors.py", "files.py", "limits.py", "recipe.py", "photo/formats.py"):
        shutil.copy(ROOT / "nigdt" / module, root / "nigdt" / module)
    return root


def add_zmq(folder: Path) -> None:
    """Put a tiny stand-in of the pyzmq that GIMP's Python loads into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "pyzmq-27.0.0-cp312-abi3-manylinux2014_x86_64.whl", "w") as wheel:
        info = "pyzmq-27.0.0.dist-info"
        wheel.writestr("zmq/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: pyzmq\nVersion: 27.0.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: false\n")


def profile(parent: Path, version: str) -> Path:
    """Make the folder of a GIMP profile."""
    folder = parent / "GIMP" / version
    folder.mkdir(parents=True)
    return folder


def add_torch_pair(folder: Path, minor: int) -> None:
    """Put tiny stand-ins of a torch and the torchvision that belongs to it into a folder of wheels."""
    version, partner = f"2.{minor}.0", f"0.{minor + 15}.0"
    many = {f"torch/part_{n}.py": f"# {n}\n" * 200 for n in range(200)}
    make_wheel(folder, "torch", version, {"torch/__init__.py": TORCH.format(version=version), **many})
    files = {"torchvision/__init__.py": TORCHVISION.format(version=partner)}
    make_wheel(folder, "torchvision", partner, files)


def said(installation: Installation) -> str:
    """What a run showed on its screen."""
    assert isinstance(installation.journal.screen, io.StringIO)
    return installation.journal.screen.getvalue()


def in_environment(project: Path, code: str) -> str:
    python = project / ".venv" / "bin" / "python"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def assert_green(project: Path) -> None:
    """Everything is installed, whole, and works together."""
    assert (
        in_environment(project, "import torch, torchvision, numberful, nigdt; print(torch.__version__)")
        == "2.14.0"
    )
    site = next((project / ".venv" / "lib").glob("python3.*/site-packages"))
    assert list(environment.damaged(site)) == []
    assert not list(site.glob("~*"))
    assert not (project / ".venv" / environment.BUSY).exists()

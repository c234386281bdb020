"""Bring the panel's translation files up to date: ``python update_translations.py``.

Takes new texts into the .ts files without line numbers (they change with every edit), and compiles. Says what
is left to translate. Needs Qt's lrelease.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from nigdt_backend import wording
from nigdt_plugin.ui.language import FOLDER, LANGUAGES
from nigdt_plugin.ui.notices import TRANSLATED

PLUGIN = FOLDER.parents[1]
SOURCE = "en"


def collect(*options: str) -> None:
    """Take every text into translation files, as pylupdate6 does with these options."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "notices.py"  # pylupdate6 finds texts by the calls around them
        calls = [f'QT_TRANSLATE_NOOP("Notices", {text!r})\n' for text in TRANSLATED]
        listed.write_text("".join(calls), encoding="utf-8")
        sources = [str(PLUGIN / "ui"), str(wording.__file__), str(listed)]
        command = [sys.executable, "-m", "PyQt6.lupdate.pylupdate", *sources, *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)


def main() -> int:
    """Update both files; 1 if a text is left to translate."""
    lrelease = shutil.which("lrelease") or shutil.which("/usr/lib/qt6/bin/lrelease")
    files = {code: FOLDER / f"nigdt_{code}.ts" for code in LANGUAGES}
    targets = [part for file in files.values() for part in ("--ts", str(file))]
    collect("--no-obsolete", *targets)
    left = 0
    for code, file in files.items():
        tree = ElementTree.parse(file)
        for message in tree.iter("message"):
            for location in message.findall("location"):
                message.remove(location)
            source, translation = message.find("source").text, message.find("translation")
            if translation.get("type") != "unfinished":
                continue
            if code == SOURCE and translation.find("numerusform") is None:
                translation.text = source
                del translation.attrib["type"]
            else:
                left += 1
                print(f"{file.name}: {source!r}")
        ElementTree.indent(tree)
        tree.write(file, encoding="utf-8", xml_declaration=True)
        if lrelease is not None:
            compiled = [lrelease, "-silent", str(file), "-qm", str(file.with_suffix(".qm"))]
            subprocess.run(compiled, check=True)
    if lrelease is None:
        print("lrelease was not found: the .qm files are not compiled.")
    return int(bool(left) or lrelease is None)


if __name__ == "__main__":
    raise SystemExit(main())

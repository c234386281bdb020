"""Bring the panel's translation files up to date: ``python update_translations.py``.

Takes new texts into the .ts files without line numbers (they change with every edit), and compiles. Says what
is left to translate. Needs Qt's lrelease.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from xml.etree import ElementTree

from nigdt_backend import wording
from nigdt_plugin.ui.language import FOLDER, LANGUAGES

PLUGIN = FOLDER.parents[1]
SOURCE = "en"


def main() -> int:
    """Update both files; 1 if a text is left to translate."""
    lrelease = shutil.which("lrelease") or shutil.which("/usr/lib/qt6/bin/lrelease")
    files = {code: FOLDER / f"nigdt_{code}.ts" for code in LANGUAGES}
    targets = [part for file in files.values() for part in ("--ts", str(file))]
    sources = [str(PLUGIN / "ui"), wording.__file__]
    update = [sys.executable, "-m", "PyQt6.lupdate.pylupdate", *sources, "--no-obsolete", *targets]
    subprocess.run(update, check=True, stdout=subprocess.DEVNULL)
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

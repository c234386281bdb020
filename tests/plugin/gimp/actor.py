#!/usr/bin/env python3
"""A GIMP extension for the tests: it acts on images while the procedure under test runs."""

import sys
from pathlib import Path

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402

NAME = "test-actor"


def run(procedure, _config, _data):
    procedure.persistent_ready()
    exec(Path("/mnt/tests/worker.py").read_text(encoding="utf-8"), {"worker": "actor"})
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


class Actor(Gimp.PlugIn):
    def do_query_procedures(self):
        return [NAME]

    def do_create_procedure(self, name):
        return Gimp.Procedure.new(self, name, Gimp.PDBProcType.PERSISTENT, run, None)


Gimp.main(Actor.__gtype__, sys.argv)

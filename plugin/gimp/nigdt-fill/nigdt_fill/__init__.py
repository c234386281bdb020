"""The parts of the plug-in; `nigdt-fill.py` registers them with GIMP."""

VERSION = "0.1.0"
"""Of NIGDT, written into the layers; the installer puts plug-in and program there together."""

"""The parts of the plug-in; `nigdt-fill.py` registers them with GIMP."""

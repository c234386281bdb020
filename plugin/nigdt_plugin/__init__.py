"""The editor panel: select, describe, see it. PyQt6; never torch."""

"""The windows: thin widgets around nigdt_plugin.core."""

"""The installer: `python3 installer VERB`, standard library only, any Python >= 3.11."""

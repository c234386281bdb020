"""`python -m nigdt`: the command line."""

from nigdt.cli import main

main()

"""Entry of `python3 installer VERB`.

This file alone is kept readable for every Python 3: an old one gets a sentence, not a syntax error.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the very case this message is for
    sys.stderr.write(
        "NIGDT needs Python 3.11 or newer; this is {}.{}.\n"
        "  What to do: Install a newer Python and run the same command with it.\n".format(
            *sys.version_info[:2]
        )
    )
    sys.exit(2)

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120

try:
    from installer.cli import main

    status = main(sys.argv[1:])
except KeyboardInterrupt:  # before there is anything to interrupt
    sys.stderr.write("\nInterrupted. Run the same command again.\n")
    status = 130
sys.exit(status)

"""`python -m nigdt_backend.daemon`: what clients run when they need a daemon."""

import sys

from nigdt_backend.daemon.process import main

if __name__ == "__main__":
    sys.exit(main())

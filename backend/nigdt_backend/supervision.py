"""What starts the daemon has to know: the meaning of its exit status, and its systemd unit.

Standard library only, and nothing of this package: the installer loads this file by itself.
"""

from __future__ import annotations

EXIT_FAILED = 1
EXIT_ALREADY_RUNNING = 3
"""What the daemon exits with when another one holds the lock."""

UNIT = "nigdt.service"
"""Name of the systemd user unit."""


def unit_text(python: str) -> str:
    """Return the unit for a Python interpreter that has NIGDT."""
    quoted = (
        '"' + python.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'
    )
    return f"""\
[Unit]
Description=NIGDT daemon: fills described regions of photos
StartLimitIntervalSec=60

[Service]
Type=notify
ExecStart={quoted} -m nigdt_backend.daemon
Restart=on-failure
RestartSec=2
RestartPreventExitStatus={EXIT_ALREADY_RUNNING}
TimeoutStartSec=300
TimeoutStopSec=30
NoNewPrivileges=yes
UMask=0077

[Install]
WantedBy=default.target
"""

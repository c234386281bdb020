"""Do a folder of jobs through GIMP's procedures, without windows, and save what is seen afterwards.

Run in GIMP, with the folders in the environment (the jobs are those of `nigdt bench jobs`, docs/quality.md):
    JOBS=jobs OUT=results gimp-console -i --quit --batch-interpreter=python-fu-eval -b - < docs/gimp_jobs.py
"""

import json
import os
import time
from pathlib import Path

from gi.repository import Gimp, Gio

JOBS, OUT = Path(os.environ["JOBS"]), Path(os.environ["OUT"])
WAYS = {"recolour": ["nigdt-recolour", "nigdt-describe"], "remove": ["nigdt-remove", "nigdt-describe"]}
"""Kind of a job -> procedures that it is done with."""


def load(path):
    """Open a picture."""
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(path)))


def draw(job, name):
    """Do one job by one procedure; return the seconds, or why there is nothing."""
    image = load(job.with_suffix(".jpg"))
    mask = Gimp.file_load_layer(
        Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(f"{job.with_suffix('')}-mask.png")
    )
    image.insert_layer(mask, None, 0)
    image.select_item(Gimp.ChannelOps.REPLACE, mask)
    channel = Gimp.Channel.new_from_component(image, Gimp.ChannelType.RED, "mask")
    image.insert_channel(channel, None, 0)
    image.select_item(Gimp.ChannelOps.REPLACE, channel)
    image.remove_layer(mask)
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    if name != "nigdt-remove":
        config.set_property("caption", json.loads(job.read_text(encoding="utf-8"))["caption"])
    start = time.monotonic()
    status = procedure.run(config).index(0)
    seconds = time.monotonic() - start
    why = Gimp.get_pdb().get_last_error()  # before another call says of itself how it went
    if status == Gimp.PDBStatusType.SUCCESS:
        file = Gio.File.new_for_path(str(OUT / f"{job.stem}-{name.removeprefix('nigdt-')}.png"))
        Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
    image.delete()
    return round(seconds, 1) if status == Gimp.PDBStatusType.SUCCESS else why


OUT.mkdir(parents=True, exist_ok=True)
said = {
    job.stem: {name: draw(job, name) for name in WAYS[json.loads(job.read_text(encoding="utf-8"))["kind"]]}
    for job in sorted(JOBS.glob("*.json"))
}
(OUT / "seconds.json").write_text(json.dumps(said, indent=1), encoding="utf-8")

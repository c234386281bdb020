"""The store that recolouring trains on: small photos with the object cut out and, for birds, its parts.

`prepare` reads captioned photo folders once and writes shards; a training takes in new shards while it runs.
Photos for checking (official test splits, or 5 % chosen by name) carry a mark and are never trained on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np

from nigdt.errors import NigdtError
from nigdt_training.data.objects import find_objects
from nigdt_training.data.parts import part_labels
from nigdt_training.data.split import place
from nigdt_training.recolour.given_masks import masks_folder, objects_of

SHORT_SIDE = 256
"""Photos are stored with this short side in pixels, smaller ones as they are. An object that fills half of it
is seen at its own resolution by a finder of 224 px."""
SHARD = 250
"""Cut-outs of a file of the store."""
PROGRESS = "progress.json"
HELD_OUT = 0.05


@dataclass(frozen=True)
class Cutout:
    """One photo with one object.

    Attributes:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8, 255 on the object, soft at its edge.
        parts: (H, W) uint8, 0 or a part's label: `PARTS[i]` is stored as `i + 1`.
        source: Name of the photo folder.
        file: File name in it.
        captions: The photo's own captions.
        held: Kept apart for checking.
        places: For birds with known parts: part -> [x, y] in pixels of `photo`.
        attributes: For birds: part -> colour, as the species has it.
    """

    photo: np.ndarray
    mask: np.ndarray
    parts: np.ndarray
    source: str
    file: str
    captions: list[str]
    held: bool
    places: dict[str, list[float]] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


def held_out(source: str, record: dict[str, object]) -> bool:
    """Whether a photo is kept from training: by its official split, or 5 % by a hash of its name."""
    if "cub_split" in record:
        return record["cub_split"] != "train"
    if source.endswith("dev"):
        return True
    if source.startswith("flickr8k"):
        return False
    return place(str(record["file_name"])) / 2**64 < HELD_OUT


def cut(
    folder: Path, source: str, record: dict, places: dict[str, list[float]], rng: np.random.Generator
) -> list[Cutout]:
    """Return the believable objects of one photo: from its mask, if there are masks, or cut out here.

    Args:
        folder: The photo's folder.
        source: How the folder is called in the store.
        record: Its line of `metadata.jsonl`.
        places: Part places in the stored photo's pixels, empty if not known.
        rng: For the boxes of photos that come without one.
    """
    bgr = cv2.imread(str(folder / record["file_name"]), cv2.IMREAD_COLOR)
    if bgr is None:
        return []
    scale = min(1.0, SHORT_SIDE / min(bgr.shape[:2]))
    photo = cv2.cvtColor(
        cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB
    )
    small_places = {name: [x * scale, y * scale] for name, (x, y) in places.items()}
    box = None
    if "box" in record:
        x, y, width, height = (value * scale for value in record["box"])
        box = (x, y, width, height)
    one, masks = "species" in record, masks_folder(folder)
    if masks is None:
        found = find_objects(photo, box, one=one, rng=rng)
    else:
        found = objects_of((masks / record["file_name"]).with_suffix(".png"), photo.shape[:2], box, one)
    return [
        Cutout(
            photo,
            mask,
            part_labels(photo, mask, small_places) if small_places else np.zeros_like(mask),
            source,
            record["file_name"],
            list(record["text"]),
            held_out(source, record),
            small_places,
            {k: v for k, v in record.get("attributes", {}).items() if isinstance(v, str)},
        )
        for mask in found
    ]


def write_shard(path: Path, cutouts: list[Cutout]) -> None:
    """Write cut-outs as one file; a half-written one is never seen under its name."""
    pixels = [np.dstack([c.photo, c.mask, c.parts]) for c in cutouts]
    about = []
    for cutout, block in zip(cutouts, pixels, strict=True):
        line = {k: v for k, v in asdict(cutout).items() if k not in ("photo", "mask", "parts")}
        about.append({**line, "shape": block.shape[:2]})
    temporary = path.with_suffix(".part.npz")
    np.savez(
        temporary,
        pixels=np.concatenate([block.ravel() for block in pixels]),
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
    )
    temporary.rename(path)


def read_shard(path: Path) -> list[Cutout]:
    """Read what `write_shard` wrote."""
    with np.load(path) as file:
        pixels, about = file["pixels"], json.loads(file["about"].tobytes())
    cutouts, start = [], 0
    for line in about:
        height, width = line.pop("shape")
        block = pixels[start : start + height * width * 5].reshape(height, width, 5)
        start += height * width * 5
        cutouts.append(Cutout(block[..., :3], block[..., 3], block[..., 4], **line))
    return cutouts


def folders_below(data: Path) -> dict[str, Path]:
    """Return the captioned photo folders in a folder, by their path in it; those with a `metadata.jsonl`."""
    return {str(f.parent.relative_to(data)): f.parent for f in sorted(data.rglob("metadata.jsonl"))}


def prepare(data: Path, store: Path, say: Callable[[str], None]) -> int:
    """Cuts objects out of all photos below a folder into a store; goes on where it was stopped.

    Folders are taken in turns, so that the first shards hold something of each. A folder `NAME` of birds
    whose part places lie beside it in `NAME-parts.json` (file name -> part -> [x, y]) gets parts. Beside a
    folder `NAME` with the folder `NAME-masks`, objects are those of its masks (`objects_of`).

    Args:
        data: Folder of captioned photo folders.
        store: Folder to write to.
        say: Told after every shard.

    Returns:
        How many photos were looked at, now or before.

    Raises:
        NigdtError: There is no captioned photo.
    """
    lists: dict[str, list[dict]] = {}
    places: dict[str, dict[str, dict[str, list[float]]]] = {}
    for source, folder in folders_below(data).items():
        text = (folder / "metadata.jsonl").read_text("utf-8")
        lines = [json.loads(line) for line in text.split("\n") if line.strip()]
        # Photos labelled with a kind of surroundings (forest, street) hold no object to speak of.
        lines = [line for line in lines if "label" not in line]
        lists[source] = [lines[i] for i in np.random.default_rng(7).permutation(len(lines))]
        known = folder.with_name(f"{folder.name}-parts.json")
        places[source] = json.loads(known.read_text("utf-8")) if known.is_file() else {}
    if not any(lists.values()):
        raise NigdtError(f"No folder below {data} holds captioned photos.", "Each needs a metadata.jsonl.")
    # Birds with known parts first: there are few of them, and no other photo teaches parts.
    queue = sorted(
        ((0.08 if places[source] else 1.0) * (i + 0.5) / len(lines), source, i)
        for source, lines in lists.items()
        for i in range(len(lines))
    )
    store.mkdir(parents=True, exist_ok=True)
    progress = store / PROGRESS
    done = json.loads(progress.read_text())["photos"] if progress.is_file() else 0
    shard, waiting = len(list(store.glob("shard-????.npz"))), []
    for number, (_, source, i) in enumerate(queue[done:], done + 1):
        record = lists[source][i]
        rng = np.random.default_rng(number)
        waiting += cut(data / source, source, record, places[source].get(record["file_name"], {}), rng)
        if len(waiting) >= SHARD or number == len(queue):
            if waiting:
                write_shard(store / f"shard-{shard:04d}.npz", waiting)
            progress.write_text(json.dumps({"photos": number, "of": len(queue)}))
            shard, waiting = shard + 1, []
            say(f"{number} of {len(queue)} photos looked at")
    return len(queue)

"""Asking the recolouring network where a caption's colour goes in a context, and which it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from nigdt.box import check_selection
from nigdt.colours import NamedColour, find_colours, names_part
from nigdt.cutout import smooth_step
from nigdt.errors import BundleError
from nigdt.finding import object_at, object_within, resized, to_tensor
from nigdt.locating import Location, location
from nigdt.looking import LookedAt, Looker, check_numbers
from nigdt.model.finder import ObjectFinder
from nigdt.model.recolour import RecolourNet
from nigdt.painting import on_one_grid, tinted_body, tinted_place, tinted_whole, with_body
from nigdt.part_places import fading, likelier, names_only, places_of, with_known
from nigdt.part_words import PARTS, AskedPart, Reading, asked_parts, by_order
from nigdt.reading import read_caption
from nigdt.recolouring import (
    Recolouring,
    check_caption,
    enlarged,
    finer_lab,
    guided_colour,
    guided_place,
    meant,
)
from nigdt.rim import ends_on, rim_width, wider
from nigdt.surroundings import names_surface
from nigdt.text import Vocabulary

__all__ = ["Recolourer"]

Floats = NDArray[np.float32]

_REACHED = (0.3, 0.6)
"""How much of a place, or of one beside it, must be object for its colour to go there on the rim."""
_EDGE = 7
"""Side, in pixels of `finer_lab`, of the square around a place in which that other one is looked for."""
_TOLD = 0.01
"""Size of what takes colour outside the selection, beside the selected thing, from which on it is told."""
_TINY = 1e-6


class Recolourer:
    """A loaded recolouring network. Not safe to use from several threads at once."""

    def __init__(self, net: RecolourNet, vocabulary: Vocabulary, device: str = "cpu") -> None:
        self._net = net.eval().requires_grad_(False).to(device)
        self.vocabulary = vocabulary
        self.device = device
        self.size = net.config.size
        self._looker = Looker(net.finder, net.config.size, device)

    def read(self, caption: str) -> Reading:
        """Tell which of a caption's colours each part and the rest get."""
        if self._net.reader is None or not names_part(caption):
            return by_order(caption)
        return read_caption(self._net.reader, caption, self._net.config.max_words, self.device)

    @torch.inference_mode()
    def predict(
        self,
        crop: NDArray[np.uint8],
        selection: NDArray[np.uint8],
        caption: str,
        hidden: bool | None = None,
        *,
        exact: bool = False,
        reaching: bool = False,
    ) -> Recolouring:
        """Return where the caption's colour goes, and which.

        Args:
            crop: (h, w, 3), the context.
            selection: (h, w), above 0 where colour may go.
            caption: What is wanted; it must name a colour.
            hidden: Whether the network is kept from seeing the selection's colour; None hides it where the
                caption names no part, so that a parrot of four colours becomes blue as a whole.
            exact: Whether the selection is the object itself, which is then not looked for, and nor are parts
                that keep their colour.
            reaching: Whether the colour may go on to the edge of a whole object where that lies a little
                outside the selection (`nigdt.rim`).

        Raises:
            CaptionError: The caption names no colour.
            SelectionError: The selection does not fit the crop or selects nothing.
            ModelError: The network's answer holds values that are not numbers.
        """
        check_caption(caption)
        check_selection(selection, crop.shape[1], crop.shape[0])
        whole = not names_part(caption)
        if hidden is None:
            hidden = self._net.config.hide_whole and whole
        asked, (named, body) = find_colours(caption), asked_parts(caption, self.read(caption))
        seen = self._looker.look(crop, selection, exact)
        lab, chosen, guide, found, thing = seen.lab, seen.chosen, seen.guide, seen.found, seen.thing
        finer = guide.shape[1] / chosen.shape[1]
        within = enlarged(chosen, guide)
        # Where the finder sees nothing, a surface was selected: a wall, the sky.
        if exact or (found is None and self._net.finder is not None and whole):
            thing = within
        elif thing is not None and names_surface(caption):  # the surface behind the object
            thing, found = within * (1 - thing), None
        if thing is not None and whole and len(asked) == 1:  # the network's own answer is not needed
            kept = None if found is None else seen.kept
            if reaching and found is not None and found.fine is not None and rim_width(selection):
                return self._reaching(seen, thing, within, finer, asked[0])
            return Recolouring(*tinted_whole(thing, within, kept, guide, finer, asked[0]), selection)
        reached = chosen if found is None else chosen * found.object
        answer = None if found is None else self._by_parts(found.parts, lab, reached, named, body)
        alpha, target = answer or self._answer(lab, reached, caption, hidden)
        check_numbers(alpha, target)
        if whole:
            alpha = meant(alpha, chosen)
            if len(asked) == 1:
                place = enlarged(alpha, guide)
                return Recolouring(*tinted_whole(place, within, None, guide, finer, asked[0]), selection)
            if found is not None and found.bird:
                alpha = alpha * (1 - found.kept)
        wanted = enlarged(alpha, guide)
        if thing is not None:
            wanted = wanted * thing
            if found is not None and answer is not None and body is not None:
                rest = 1 - places_of(found.parts, lab, chosen, named)[0]
                tint = tinted_body(thing * enlarged(rest, guide), within, seen.kept, guide, body)
                return with_body(wanted, target, tint, within, guide, finer, selection)
        place = guided_place(wanted, within, guide, finer)
        return on_one_grid(place, guided_colour(target, alpha * chosen, lab), selection)

    def _reaching(
        self, seen: LookedAt, thing: Floats, within: Floats, finer: float, asked: NamedColour
    ) -> Recolouring:
        """Give a whole object one colour, with what lies outside the selection of it.

        Args:
            seen: What the finder sees.
            thing: (h, w), 0 to 1, the object.
            within: (h, w), 0 to 1, the selection.
            finer: How many times finer that is than the network's maps.
            asked: The colour.
        """
        selection = seen.selection
        wide = np.maximum(within, resized(wider(selection) * np.float32(1 / 255), *thing.shape[::-1]))
        rest, goes_on = self._looker.rest(seen), False
        if rest is not None:
            goes_on = float(rest.sum()) > _TOLD * float((thing * within).sum())
            thing, wide = np.maximum(thing, rest), np.maximum(wide, rest > 0)
        tint = tinted_whole(thing, within, seen.kept, seen.guide, finer, asked, wide)
        near = np.asarray(cv2.dilate(thing, np.ones((_EDGE, _EDGE), np.uint8)), np.float32)
        ends = ends_on(thing, wide, rim_width(selection) * thing.shape[1] / selection.shape[1])
        beyond = ends * smooth_step(near, *_REACHED) * (wide > 0)
        return Recolouring(*tint, selection, beyond, goes_on=goes_on)

    @torch.inference_mode()
    def predict_parts(
        self,
        crop: NDArray[np.uint8],
        selection: NDArray[np.uint8],
        caption: str,
        *,
        selected: bool = False,
        places: Mapping[str, Floats] | None = None,
    ) -> Recolouring | None:
        """As `predict`, for the parts alone that a caption gives colours to.

        Args:
            crop: (h, w, 3), the context.
            selection: (h, w), above 0 where colour may go.
            caption: What is wanted.
            selected: Whether the selection was made for these parts, which makes them likelier in it.
            places: Part -> (h, w), 0 to 1, where it is known to be; the finder looks for the others.

        Returns:
            None where the finder sees none of them.
        """
        check_selection(selection, crop.shape[1], crop.shape[0])
        lab, chosen = self._looker.reduced(crop, selection)
        places = {part: place for part, place in (places or {}).items() if place.any()}
        reached = chosen
        parts = np.zeros((*chosen.shape, len(PARTS)), np.float32)
        asked, body = asked_parts(caption, self.read(caption))
        if not names_only(asked, places):
            found = self._looker.find(crop, selection, lab, chosen)
            if found is None:
                return None
            parts = likelier(found.parts, asked) if selected else found.parts
            reached = chosen * found.object
        answer = self._by_parts(with_known(parts, places), lab, reached, asked, body)
        if answer is None:
            return None
        alpha, target = answer
        check_numbers(alpha, target)
        alpha = alpha * fading(alpha, chosen)
        guide = finer_lab(crop, chosen.shape)
        finer = guide.shape[1] / chosen.shape[1]
        place = guided_place(enlarged(alpha, guide), enlarged(chosen, guide), guide, finer)
        return on_one_grid(place, guided_colour(target, alpha * chosen, lab), selection)

    @torch.inference_mode()
    def locate(self, crop: NDArray[np.uint8], selection: NDArray[np.uint8]) -> Location:
        """Tell how a selection lies to the thing that is there.

        Args:
            crop: (h, w, 3), the context.
            selection: (h, w), above 0 where selected.

        Raises:
            SelectionError: The selection does not fit the crop or selects nothing.
            ModelError: The network's answer holds values that are not numbers.
        """
        check_selection(selection, crop.shape[1], crop.shape[0])
        chosen = self._looker.reduced(crop, selection)[1]
        found = self._looker.around(crop, selection)
        if found is None:
            return Location()
        return location(found.sure, found.parts.sum(-1), chosen, found.bird)

    @torch.inference_mode()
    def things(self, crop: NDArray[np.uint8]) -> Floats | None:
        """Tell where things stand in a context, whatever is selected.

        Args:
            crop: (h, w, 3).

        Returns:
            (H, W), 0 to 1, how sure the finder is, at the network's size; None where it sees none.

        Raises:
            ModelError: The network's answer holds values that are not numbers.
        """
        everywhere = np.full(crop.shape[:2], 255, np.uint8)
        found = self._looker.find(crop, everywhere, *self._looker.reduced(crop, everywhere))
        return None if found is None else found.sure

    def object_at(self, photo: NDArray[np.uint8], x: float, y: float) -> NDArray[np.uint8]:
        """Tell where the object is that was clicked.

        Args:
            photo: (h, w, 3), a reduced copy.
            x: Column of the click.
            y: Row of the click.

        Returns:
            (h, w), 255 where the network is sure of it; 0 everywhere if it sees none there.

        Raises:
            BundleError: The network has no finder.
        """
        return np.rint(object_at(self._finder(), self.device, photo, x, y) * 255).astype(np.uint8)

    def object_within(self, photo: NDArray[np.uint8], selection: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Tell where the object is that a selection was drawn around; as `object_at` otherwise.

        Args:
            photo: (h, w, 3), a reduced copy.
            selection: (h, w), above 0 where selected; not empty.
        """
        sure = object_within(self._finder(), self.device, photo, selection)
        return np.rint(sure * 255).astype(np.uint8)

    @torch.inference_mode()
    def cut_out(self, photo: NDArray[np.uint8], selection: NDArray[np.uint8]) -> Floats:
        """Tell how much of each pixel is the object that a selection was drawn around, to its fine edge.

        Args:
            photo: (h, w, 3), a reduced copy.
            selection: (h, w), above 0 where selected; not empty.

        Returns:
            (h, w), 0 to 1; 0 everywhere where the finder sees none.
        """
        thing = self._looker.look(photo, selection).thing
        if thing is None:
            return np.zeros(photo.shape[:2], np.float32)
        return cv2.resize(thing, photo.shape[1::-1], interpolation=cv2.INTER_AREA).clip(0, 1)

    def _finder(self) -> ObjectFinder:
        if self._net.finder is None:
            raise BundleError("The model finds no objects.", "Use another bundle.")
        return self._net.finder

    def _answer(self, lab: Floats, chosen: Floats, caption: str, hidden: bool) -> tuple[Floats, Floats]:
        """Return the network's alpha (h, w), and its change of L, a and b (h, w, 3)."""
        words = self.vocabulary.encode(caption, self._net.config.max_words)
        maps, _ = self._net(
            to_tensor(lab.transpose(2, 0, 1), self.device),
            to_tensor(chosen[None], self.device),
            torch.tensor([float(hidden)], device=self.device),
            torch.tensor([words], device=self.device),
            torch.tensor([len(words)]),
        )
        target = torch.cat([maps.lightness, maps.colour], dim=1)[0].float().cpu().numpy().transpose(1, 2, 0)
        return maps.alpha[0, 0].float().cpu().numpy(), target

    def _by_parts(
        self,
        parts: Floats,
        lab: Floats,
        chosen: Floats,
        asked: Sequence[AskedPart],
        whole: NamedColour | None,
    ) -> tuple[Floats, Floats] | None:
        """Answer a caption that names parts; None if it names none that are there.

        The finder says where each part is. A part is tinted; the rest gets the network's colour.
        """
        covered, there = places_of(parts, lab, chosen, asked)
        if not there:
            return None
        alpha, weighted = np.zeros_like(chosen), np.zeros_like(lab)
        if whole is not None:
            alpha, target = self._answer(lab, chosen, " ".join(whole.words), True)
            alpha = alpha * (1 - covered)
            weighted = alpha[..., None] * target
        for place, colour in there:
            _, target = tinted_place(lab, place * chosen, colour)
            alpha = alpha + place
            weighted = weighted + place[..., None] * target
        mean: Floats = (weighted / np.maximum(alpha, _TINY)[..., None]).astype(np.float32)
        return np.minimum(1, alpha), mean

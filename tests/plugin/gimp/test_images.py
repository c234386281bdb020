"""Every kind of image that GIMP knows, in the real GIMP: only the selection changes, and it gets the fill."""

from __future__ import annotations

import numpy as np
import pytest
from gimp_session import GimpSession
from scripted_daemon import MODEL_SIZE, ScriptedDaemon

from nigdt.limits import sent_size

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PRECISIONS = [
    "U8_NON_LINEAR",
    "U8_LINEAR",
    "U16_NON_LINEAR",
    "U32_LINEAR",
    "HALF_LINEAR",
    "FLOAT_LINEAR",
    "FLOAT_NON_LINEAR",
]

GREY_STEP = {"U32_LINEAR": 1e-6, "FLOAT_LINEAR": 1e-6, "FLOAT_NON_LINEAR": 1e-6, "profile": 1.6e-5}
"""What GIMP itself changes in a grey image under any new layer, since it blends grey as colour."""

FILL = """
    tolerance = locals().get("tolerance", 0.0)
    before, pixels = composite(image), [read(layer, "R'G'B'A float") for layer in image.get_layers()]
    untouched = image.get_layers()
    status, message, layer = fill(image, caption="green")
    after = composite(image)
    result = {
        "status": status,
        "message": message,
        "changed": changed(before, after, image.get_width(), tolerance),
        "inside": list(composite(image, "R'G'B'A u8")[4 * (25 * image.get_width() + 40) :][:4]),
        "own layers": [read(layer, "R'G'B'A float") for layer in untouched] == pixels,
        "precision": image.get_precision().value_nick,
        "alpha outside": read(layer.get_mask(), "Y u8").count(0),
    }
"""


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("base", ["RGB", "GRAY"])
@pytest.mark.parametrize("alpha", [False, True])
def test_kinds(gimp: GimpSession, base: str, precision: str, alpha: bool) -> None:
    with ScriptedDaemon(gimp.state):
        said = gimp.run(
            f"""
    image = photo(96, 80, {base!r}, {precision!r}, {alpha})
    wanted = image.get_precision().value_nick
    select(image, 30, 20, 24, 16)
    tolerance = {GREY_STEP.get(precision, 0.0) if base == "GRAY" else 0.0}
"""
            + FILL
            + "    result['kept'] = result['precision'] == wanted\n"
        )
    assert said["status"] == "success", said["message"]
    assert said["changed"] == [30, 20, 54, 36]
    assert said["own layers"]
    assert said["kept"]
    if base == "RGB":
        assert said["inside"] == [0, 255, 0, 255]
    else:
        assert said["inside"] == [150, 150, 150, 255]  # the luma of green


@pytest.mark.parametrize("precision", ["U8_NON_LINEAR", "U16_NON_LINEAR"])
def test_a_profile_is_kept_and_converted_for(gimp: GimpSession, precision: str) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            f"""
    image = photo(96, 80, precision={precision!r})
    profile = Gimp.ColorProfile.new_rgb_adobe()
    image.set_color_profile(profile)
    select(image, 30, 20, 24, 16)
    srgb = read(image.get_layers()[0], "R'G'B' u8")
    native = image.get_layers()[0].get_buffer().get(rectangle(0, 0, 96, 80), 1.0, None, Gegl.AbyssPolicy.NONE)
"""
            + FILL
            + """
    result["profile"] = image.get_color_profile().is_equal(profile)
    result["native kept"] = native == untouched[0].get_buffer().get(
        rectangle(0, 0, 96, 80), 1.0, None, Gegl.AbyssPolicy.NONE)
    result["srgb"] = list(srgb)
"""
        )
    assert said["status"] == "success", said["message"]
    assert said["changed"] == [30, 20, 54, 36]
    assert said["profile"]
    assert said["native kept"]
    assert said["inside"][3] == 255
    # The model gets sRGB, as it was trained with, and its answer is turned back.
    assert said["inside"][1] > 250
    left = 42 - MODEL_SIZE // 2
    assert list(daemon.requests[0].crop[: 3 * MODEL_SIZE]) == said["srgb"][3 * left :][: 3 * MODEL_SIZE]


GREY = "Gimp.ColorProfile.new_d50_gray_lab_trc()"
WIDE = "Gimp.ColorProfile.new_rgb_adobe()"


@pytest.mark.parametrize(
    ("base", "profile", "precision"),
    [("GRAY", GREY, "U8_NON_LINEAR"), ("GRAY", GREY, "U16_NON_LINEAR"), ("RGB", WIDE, "FLOAT_LINEAR")],
)
def test_profiles_of_other_kinds(gimp: GimpSession, base: str, profile: str, precision: str) -> None:
    with ScriptedDaemon(gimp.state):
        said = gimp.run(
            f"""
    image = photo(96, 80, {base!r}, {precision!r})
    profile = {profile}
    image.set_color_profile(profile)
    select(image, 30, 20, 24, 16)
    tolerance = {GREY_STEP["profile"] if base == "GRAY" and precision[:2] != "U8" else 0.0}
"""
            + FILL
            + "    result['profile'] = image.get_color_profile().is_equal(profile)\n"
        )
    assert said["status"] == "success", said["message"]
    assert said["changed"] == [30, 20, 54, 36]
    assert said["own layers"]
    assert said["profile"]
    assert said["inside"][1] > (140 if base == "GRAY" else 250)


def test_layers_with_offsets_and_groups(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state):
        said = gimp.run(
            """
    image = photo(96, 80, alpha=True)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    small = Gimp.Layer.new(image, "small", 40, 90, Gimp.ImageType.RGBA_IMAGE, 60.0, Gimp.LayerMode.MULTIPLY)
    image.insert_layer(small, group, 0)
    small.fill(Gimp.FillType.FOREGROUND)
    small.set_offsets(-10, -5)
    beyond = Gimp.Layer.new(image, "beyond", 60, 30, Gimp.ImageType.RGBA_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(beyond, None, 0)
    beyond.fill(Gimp.FillType.WHITE)
    beyond.set_offsets(70, 60)
    image.set_selected_layers([small])
    select(image, 30, 20, 24, 16)
"""
            + FILL
            + """
    result["layers"] = [each.get_name() for each in image.get_layers()]
    result["selected"] = [each.get_name() for each in image.get_selected_layers()]
"""
        )
    assert said["status"] == "success", said["message"]
    assert said["changed"] == [30, 20, 54, 36]
    assert said["inside"] == [0, 255, 0, 255]
    assert said["own layers"]
    assert said["layers"] == ["green", "beyond", "group", "photo"]
    assert said["selected"] == ["green"]


def test_an_indexed_image_is_refused_clearly_or_converted_when_asked_for(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = photo(96, 80)
    image.convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 200, False, False, "")
    select(image, 30, 20, 24, 16)
    refused = fill(image, caption="green")[:2]
    still = image.get_base_type().value_nick
    before = composite(image)
    status, message, layer = fill(image, caption="green", convert_indexed=True)
    result = {
        "refused": refused, "still": still, "status": status, "message": message,
        "now": image.get_base_type().value_nick, "changed": changed(before, composite(image), 96),
    }
"""
        )
    assert said["refused"][0] == "execution-error"
    assert "Image > Mode > RGB" in said["refused"][1]
    assert said["still"] == "indexed"
    assert said["status"] == "success", said["message"]
    assert said["now"] == "rgb"
    assert said["changed"] == [30, 20, 54, 36]
    assert len(daemon.requests) == 1


def test_transparent_surroundings_are_not_shown_to_the_model_as_black(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = photo(96, 80, alpha=True)
    layer = image.get_layers()[0]
    select(image, 0, 0, 20, 80)
    layer.edit_clear()
    select(image, 30, 20, 24, 16)
"""
            + FILL
        )
    assert said["status"] == "success", said["message"]
    assert said["changed"] == [30, 20, 54, 36]
    request = daemon.requests[0]
    left = 42 - MODEL_SIZE // 2
    assert request.channels == 4
    assert request.crop[3 : 4 * MODEL_SIZE : 4] == bytes(
        0 if left + x < 20 else 255 for x in range(MODEL_SIZE)
    )


def test_nothing_around_what_is_to_be_removed(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state):
        (described, _, _), (removed, message, _) = gimp.run(
            """
    image = photo(96, 80)
    Gimp.Selection.all(image)
    result = [call(name, image)[:2] + (None,) for name in ("nigdt-recolour", "nigdt-remove")]
"""
        )
    assert described == "success"
    assert removed == "execution-error"
    assert "nothing around the selection" in message


def test_a_photo_smaller_than_the_model_is_sent_whole(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = photo(50, 45)
    select(image, 36, 20, 10, 10)
    own = read(image.get_layers()[0], "R'G'B' u8")
"""
            + FILL
            + "    result['pixels'] = list(own)\n"
        )
    assert said["changed"] == [36, 20, 46, 30]
    request = daemon.requests[0]
    assert (request.width, request.height) == (50, 45)
    assert list(request.crop) == said["pixels"]


def test_a_large_context_is_sent_at_full_size(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = Gimp.Image.new(3000, 2500, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(image, "photo", 3000, 2500, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    layer.fill(Gimp.FillType.WHITE)
    select(image, 300, 200, 1800, 1700)
    status, message, made = fill(image, caption="green")
    seen = composite(image, "R'G'B' u8")
    def at(x, y):
        return list(seen[3 * (3000 * y + x) :][:3])
    result = {
        "status": status, "message": message, "offsets": list(made.get_offsets())[1:],
        "size": [made.get_width(), made.get_height()],
        "outside": [at(299, 1000), at(2100, 1899), at(2099, 1900)],
        "inside": [at(300, 1000), at(2099, 1899), at(1000, 1000)],
    }
""",
            timeout=200,
        )
    assert said["status"] == "success", said["message"]
    assert (daemon.requests[0].width, daemon.requests[0].height) == (2700, 2500)
    assert said["offsets"] == [300, 200]
    assert said["size"] == [1800, 1700]
    assert said["outside"] == [[255, 255, 255]] * 3
    assert said["inside"] == [[0, 255, 0]] * 3


def test_a_context_that_is_too_large_to_travel_is_reduced(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = Gimp.Image.new(7000, 6000, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(image, "photo", 7000, 6000, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    layer.fill(Gimp.FillType.WHITE)
    select(image, 1000, 1000, 4000, 3000)
    status, message, made = fill(image, caption="green", feather=20, context=8.0)
    result = {
        "status": status, "message": message, "offsets": list(made.get_offsets())[1:],
        "size": [made.get_width(), made.get_height()], "feather": record(made)["feather"],
        "mask": [made.get_mask().get_width(), made.get_mask().get_height()],
        "inside": list(read(made, "R'G'B' u8", (2000, 1500, 1, 1))),
        "selection": record(made)["fills"][0]["selection"]["box"],
    }
""",
            timeout=800,
        )
    assert said["status"] == "success", said["message"]
    request = daemon.requests[0]
    assert (request.width, request.height) == sent_size(7000, 6000, "remove")
    assert request.recipe.feather == round(20 * request.width / 7000)
    assert said["feather"] == 20
    # One pixel that travelled is more than one of the photo.
    assert np.abs(np.array(said["offsets"]) - 1000).max() <= 1
    assert np.abs(np.array(said["size"]) - (4000, 3000)).max() <= 2
    assert said["mask"] == said["size"]
    assert said["inside"] == [0, 255, 0]
    assert said["selection"] == [1000, 1000, 4000, 3000]

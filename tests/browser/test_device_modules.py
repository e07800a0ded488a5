"""The pipeline's JavaScript, file by file, against the numbers that Python gave (tests/device_numbers.py)."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from conftest import watched
from PIL import Image
from playwright.sync_api import Browser, Page

from fer_explain.hub.folder import DEFAULT
from tests.device_numbers import Case, committed, picture, slope, thin


def cases(name: str) -> pytest.MarkDecorator:
    """The test runs for each case of ``MODULE.FUNCTION``."""
    return pytest.mark.parametrize(("given", "gives"), [(one["given"], one["gives"]) for one in committed()[name]])


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    with watched(browser) as page:
        page.route("**/favicon.ico", lambda route: route.fulfill(body=""))
        page.goto(f"{site}NOTICE.txt")  # a page of the same address, without scripts
        yield page


def call(page: Page, module: str, body: str, given: Case, **more: np.ndarray) -> Any:
    """What ``body`` gives with a module at hand, ``given`` the case, and ``text`` to give bytes back."""
    told = given | more | ({"picture": sent(picture(given["picture"]))} if "picture" in given else {})
    return page.evaluate(
        f"""async (given) => {{
            const module = await import('/{module}.js');
            const text = (data) => btoa(Array.from(data, (value) => String.fromCharCode(value)).join(''));
            const bytes = (text) => Uint8ClampedArray.from(atob(text), (c) => c.charCodeAt(0));
            if (given.picture) given.picture.data = bytes(given.picture.bytes);
            {body}
        }}""",
        {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in told.items()},
    )


def sent(pixels: np.ndarray) -> Case:
    height, width = pixels.shape[:2]
    return {"height": height, "width": width, "bytes": base64.b64encode(pixels.tobytes()).decode()}


def pixels(text: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape).astype(int)


@cases("pixels.resize")
def test_resizing_is_that_of_opencv(page: Page, given: Case, gives: Case):
    got = call(page, "pixels", "return text(module[given.function](given.picture, ...given.size).data)", given)
    width, height = given["size"]
    np.testing.assert_allclose(thin(pixels(got, height, width, 3)), gives["pixels"], atol=1)


@cases("pixels.cropFace")
def test_the_crop_is_that_of_python(page: Page, given: Case, gives: Case):
    body = """const cut = module.cropFace(given.picture, module.toPhoto(given.box, given.landmarks));
        return [cut.width, text(cut.data)]"""
    side, data = call(page, "pixels", body, given)
    assert side == gives["side"]
    got = thin(pixels(data, side, side, 3))
    assert np.abs(got - gives["pixels"]).mean() < 0.3
    np.testing.assert_allclose(got, gives["pixels"], atol=8)  # OpenCV's 1/32 pixels


@cases("pixels.preprocess")
def test_preprocessing_is_that_of_python(page: Page, given: Case, gives: Case):
    spec = given["spec"]
    body = """const { width, height } = given.picture, matrix = module.toPhoto([0, 0, width, height]);
        return [...module.preprocess(module.cropFace(given.picture, matrix), given.spec)]"""
    got = np.reshape(call(page, "pixels", body, given), (spec["channels"], spec["size"], spec["size"]))
    np.testing.assert_allclose(thin(got.transpose(1, 2, 0)), gives["values"], atol=1e-4)


@cases("mtcnn.suppress")
def test_overlapping_boxes_go_as_in_python(page: Page, given: Case, gives: Case):
    corners = np.array(given["corners"], np.float32)
    boxes = (np.hstack([corners, corners + 12]) / np.float32(0.3)).astype(np.float32)
    body = """const found = given.boxes.map((box, i) => ({ box, score: given.scores[i] }));
        return module.suppress(found, given.overlap, given.ofSmaller).map((one) => found.indexOf(one))"""
    assert call(page, "mtcnn", body, given, boxes=boxes) == gives["kept"]


@cases("mtcnn.squares")
def test_boxes_become_squares_as_in_python(page: Page, given: Case, gives: Case):
    body = "return module.squares(given.boxes.map((box) => ({ box }))).map(({ box }) => box)"
    np.testing.assert_allclose(call(page, "mtcnn", body, given), gives["boxes"], atol=1e-4)


@cases("mtcnn.confirm")
def test_candidates_are_cut_out_and_read_as_in_python(page: Page, given: Case, gives: Case):
    """The last network's input under boxes within and across the border, and what becomes of its answer."""
    boxes, points = np.array(given["boxes"]), np.linspace(0.1, 0.9, 40).reshape(4, 10)
    body = """let seen;
        const run = async (name, data, shape) => {
            seen = [...data];
            return { dense_5: new Float32Array(16).fill(0.05), dense_6: Float32Array.from(given.points.flat()),
                softmax_2: Float32Array.from([0.1, 0.9, 0.3, 0.7, 0.05, 0.95, 0.02, 0.98]) };
        };
        return [await module.confirm(run, given.picture, given.boxes.map((box) => ({ box }))), seen]"""
    found, seen = call(page, "mtcnn", body, given, points=points)
    got = np.reshape(seen, (4, 48, 48, 3)) * 128 + 127.5
    np.testing.assert_allclose([thin(one) for one in got], gives["pixels"], atol=1.01)
    assert [one["score"] for one in found] == pytest.approx([0.98, 0.95, 0.9])  # 0.7 is not believed
    for one, k in zip(found, (3, 2, 0), strict=True):
        side = boxes[k, 2:] - boxes[k, :2]
        np.testing.assert_allclose(one["box"], boxes[k] + np.tile(side, 2) * 0.05, atol=1e-4)
        np.testing.assert_allclose(one["landmarks"], boxes[k, :2] + points[k].reshape(2, 5).T * side, atol=1e-3)


@cases("draw.layHeat")
def test_the_map_lies_where_python_lays_it(page: Page, given: Case, gives: Case):
    body = """const { paint } = await import('/colormap.js'), context = new OffscreenCanvas(200, 200).getContext('2d');
        const face = { matrix: given.matrix.flat(), theta: given.theta.flat(), heat: paint(given.values.flat()) };
        module.layHeat(context, face, 64);
        return text(context.getImageData(0, 0, 200, 200).data)"""
    got, wanted = pixels(call(page, "draw", body, given, values=slope()), 200, 200, 4), np.array(gives["pixels"])
    assert (got[..., 3] > 80).sum() == pytest.approx(gives["covered"], rel=0.01)
    inner, shown = (wanted >= 0).all(axis=-1), thin(got)
    assert inner.sum() > 30
    assert (shown[inner][:, 3] > 80).all()
    np.testing.assert_allclose(shown[inner][:, :3], wanted[inner], atol=12)
    assert np.abs(shown[inner][:, :3] - wanted[inner]).mean() < 2


@cases("tracks.update")
def test_streams_are_averaged_as_in_python(page: Page, given: Case, gives: Case):
    body = """let tracks = []; return given.frames.map(({ faces, now }) => {
        tracks = module.update(tracks, faces, now); return tracks.map((one) => one.probabilities); })"""
    got = call(page, "tracks", body, given)
    for one, other in zip(got, gives["probabilities"], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@cases("colormap.INFERNO")
def test_colours_are_those_of_python(page: Page, given: Case, gives: Case):
    assert call(page, "colormap", "return module.INFERNO", given) == gives["pixels"]


@cases("network.calibrated")
def test_probabilities_are_calibrated_as_in_python(page: Page, given: Case, gives: Case):
    got = call(page, "network", "return module.calibrated(given.logits, given.temperature)", given)
    np.testing.assert_allclose(got, gives["probabilities"], atol=1e-5)


@cases("network.likely")
def test_prediction_sets_are_those_of_python(page: Page, given: Case, gives: Case):
    body = "return given.shares.map((shares) => module.likely(shares, given))"
    assert call(page, "network", body, given) == gives["sets"]


@pytest.mark.parametrize(
    ("name", "change", "same"),
    [
        ("logits", 0, True),
        ("logits", 0.02, False),
        ("theta", 5e-4, True),
        ("theta", 2e-3, False),
        ("theta", float("nan"), False),
        ("heatmap", 5e-3, True),
        ("heatmap", 0.02, False),
        ("gate.first", 0.02, False),
        ("places.first", 0.02, False),
        ("features", 1.0, True),  # nobody sees them
    ],
)
def test_answers_are_the_same_within_the_limits_of_an_export(page: Page, name: str, change: float, same: bool):
    body = """const names = ['logits', 'theta', 'heatmap', 'gate.first', 'places.first', 'features'];
        const answer = () => Object.fromEntries(names.map((name) => [name, Float32Array.of(0.2, 0.6, 0.1)]));
        const other = answer();
        other[given.name][1] += given.change ?? NaN;
        return module.agrees(answer(), other, { temperature: 0.5 })"""
    told = {"name": name, "change": None if np.isnan(change) else change}
    assert call(page, "runtime", body, told) is same


def see(page: Page, kind: str, photo: np.ndarray, times: int = 1) -> list[dict[str, Any]]:
    """What the worker tells about a photo, asked so many times."""
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "PNG")
    return page.evaluate(
        """async ([name, kind, data, times]) => {
            const worker = window.worker ??= new Worker('/worker.js', { type: 'module' });
            const ask = (message) => new Promise((resolve, reject) => {
                worker.onmessage = ({ data }) => (data.key ? reject(new Error(data.detail)) : resolve(data.answer));
                worker.postMessage(message);
            });
            await ask({ kind: 'load', name });
            const file = new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], { type: 'image/png' });
            let seen;
            for (let i = 0; i < times; i++) {
                seen = await ask({ kind, bitmap: await createImageBitmap(file), heat: true, time: 10 * i });
            }
            return seen.faces.map((face) => ({ ...face, heat: null, aligned: null, map: [...(face.map ?? [])] }));
        }""",
        [DEFAULT, kind, base64.b64encode(file.getvalue()).decode(), times],
    )


@cases("look.search")
def test_a_photo_gets_the_numbers_of_python(page: Page, given: Case, gives: Case):
    """look.js finds the faces, network.js reads them, the worker has both."""
    got = see(page, "look", picture(given["picture"]))
    assert len(got) == len(gives["faces"]) > 0
    for one, wanted in zip(got, gives["faces"], strict=True):
        np.testing.assert_allclose(one["box"], wanted["box"], atol=0.05)
        if "gray" in given["picture"]:
            assert one["landmarks"] is None  # the page has no use for those of a face that fills its picture
        else:
            np.testing.assert_allclose(one["landmarks"], wanted["landmarks"], atol=0.05)
        np.testing.assert_allclose(one["probabilities"], wanted["probabilities"], atol=0.01)
        np.testing.assert_allclose(np.reshape(one["theta"], (2, 3)), wanted["theta"], atol=5e-3)
        np.testing.assert_allclose(thin(np.reshape(one["map"], (128, 128))), wanted["map"], atol=0.05)
        for weights, gate in zip(one["gates"], wanted["gates"], strict=True):
            np.testing.assert_allclose(thin(np.array([weights]))[0], gate, atol=0.03)


@cases("look.glance")
def test_faces_of_a_stream_are_followed(page: Page, given: Case, gives: Case):
    """The first frame is searched as in Python; in the next ones the faces are where they were."""
    photo = picture(given["picture"])
    first, sixth = see(page, "watch", photo), see(page, "watch", photo, times=6)
    assert len(first) == len(sixth) == len(gives["boxes"]) == 2
    for one, later, box in zip(first, sixth, gives["boxes"], strict=True):
        np.testing.assert_allclose(one["box"], box, atol=0.05)
        np.testing.assert_allclose(later["box"], one["box"], atol=0.08 * (box[3] - box[1]))

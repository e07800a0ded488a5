"""The pipeline's JavaScript, file by file, against Python's numbers on drawn faces."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from conftest import watched
from PIL import Image
from playwright.sync_api import Browser, Page

from fer_explain.analyzer import Analyzer
from fer_explain.benchmark.conformal import ConformalRule
from fer_explain.explain.unwarp import to_photo
from fer_explain.faces import mtcnn
from fer_explain.faces.crop import crop_face
from fer_explain.faces.detect import FAST, detect
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.preprocess import preprocess
from fer_explain.figures.colormap import INFERNO, colorize, table
from fer_explain.hub.folder import DEFAULT
from fer_explain.types import Box, InputSpec, Warp
from fer_explain.ui.live.tracks import Tracks

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    with watched(browser) as page:
        page.route("**/favicon.ico", lambda route: route.fulfill(body=""))
        page.goto(f"{site}NOTICE.txt")  # a page of the same address, without scripts
        yield page


@pytest.fixture(scope="module")
def group() -> np.ndarray:
    """Two upright faces on gray."""
    photo = np.full((360, 520, 3), 128, np.uint8)
    photo[40:280, 20:260] = draw_face("happy", size=240, seed=1).pixels
    photo[120:300, 310:490] = draw_face("angry", size=180, seed=4).pixels
    return photo


def call(page: Page, module: str, body: str, *arguments: object) -> Any:
    """What ``body`` gives with a module at hand, ``given`` the arguments, and ``text`` to give bytes back."""
    return page.evaluate(
        f"""async (raw) => {{
            const module = await import('/{module}.js');
            const bytes = (text) => Uint8ClampedArray.from(atob(text), (c) => c.charCodeAt(0));
            const text = (data) => btoa(Array.from(data, (value) => String.fromCharCode(value)).join(''));
            const given = raw.map((one) => (one?.bytes ? {{ ...one, data: bytes(one.bytes) }} : one));
            {body}
        }}""",
        [*map(plain, arguments)],
    )


def plain(value: object) -> object:
    if isinstance(value, np.ndarray) and value.ndim == 3:
        return {"height": value.shape[0], "width": value.shape[1], "bytes": base64.b64encode(value.tobytes()).decode()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def pixels(text: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape).astype(int)


@pytest.mark.parametrize(
    ("function", "size", "way"),
    [
        ("resizeArea", (120, 90), cv2.INTER_AREA),
        ("resizeArea", (53, 71), cv2.INTER_AREA),
        ("resizeArea", (200, 170), cv2.INTER_AREA),
        ("resizeLinear", (144, 144), cv2.INTER_LINEAR),
    ],
)
def test_resizing_is_that_of_opencv(page: Page, function: str, size: tuple[int, int], way: int):
    picture = draw_face("fear", size=140 if size[0] != 144 else 64, seed=2).pixels
    got = call(page, "pixels", f"return text(module.{function}(given[0], ...given[1]).data)", picture, list(size))
    wanted = cv2.resize(picture, size, interpolation=way)
    np.testing.assert_allclose(pixels(got, wanted.shape), wanted.astype(int), atol=1)


@pytest.mark.parametrize("turn", [0, 90, 180])
@pytest.mark.parametrize("box", [Box(10, 12, 150, 170), Box(-30, -20, 90, 100), Box(3, 5, 14, 15), Box(0, 0, 320, 300)])
def test_the_crop_is_that_of_python(page: Page, box: Box, turn: int):
    photo = draw_face("sad", size=330 if box.x1 > 300 else 180, seed=3).pixels
    eyes = np.array([[60, 70], [60 + 40 * np.cos(np.radians(turn)), 70 + 40 * np.sin(np.radians(turn))]], np.float32)
    landmarks = np.vstack([eyes, np.zeros((3, 2), np.float32)])
    got = call(
        page,
        "pixels",
        "const cut = module.cropFace(given[0], module.toPhoto(given[1], given[2])); return [cut.width, text(cut.data)]",
        photo,
        [box.x0, box.y0, box.x1, box.y1],
        landmarks,
    )
    wanted = crop_face(photo, box, landmarks).pixels
    assert got[0] == len(wanted)
    assert np.abs(pixels(got[1], wanted.shape) - wanted.astype(int)).mean() < 0.3
    np.testing.assert_allclose(pixels(got[1], wanted.shape), wanted.astype(int), atol=8)  # OpenCV's 1/32 pixels


@pytest.mark.parametrize(
    "spec",
    [
        InputSpec(128, 3, *IMAGENET, interpolation="bilinear", gray=True),
        InputSpec(96, 3, *IMAGENET, interpolation="bicubic", gray=False),
        InputSpec(48, 1, (0.5,), (0.25,), interpolation="bilinear", gray=True),
    ],
)
def test_preprocessing_is_that_of_python(page: Page, spec: InputSpec):
    face = crop_face(draw_face("surprise", size=160, seed=5).pixels, Box(0, 0, 160, 160))
    told = {name: getattr(spec, name) for name in ("size", "channels", "mean", "std", "interpolation", "gray")}
    got = call(page, "pixels", "return [...module.preprocess(given[0], given[1])]", face.pixels, told)
    np.testing.assert_allclose(got, preprocess(face, spec).numpy().ravel(), atol=1e-4)


def test_overlapping_boxes_go_as_in_python(page: Page):
    rng = np.random.default_rng(4)
    corners = (rng.integers(0, 30, (300, 2)) * 2).astype(np.float32)  # on the grid of the proposals: exact halves, ties
    boxes = (np.hstack([corners, corners + 12]) / np.float32(0.3)).astype(np.float32)
    scores = rng.integers(60, 100, 300).astype(np.float32) / 100
    found = [{"box": box, "score": score} for box, score in zip(boxes.tolist(), scores.tolist(), strict=True)]
    for overlap, of_smaller in ((0.5, False), (0.7, False), (0.7, True)):
        body = "return module.suppress(given[0], given[1], given[2]).map((one) => given[0].indexOf(one))"
        got = call(page, "mtcnn", body, found, overlap, of_smaller)
        assert got == mtcnn.suppress(boxes, scores, overlap, of_smaller=of_smaller)
    oblong = boxes + rng.uniform(0, 9, boxes.shape).astype(np.float32)
    got = call(
        page, "mtcnn", "return module.squares(given[0]).map(({ box }) => box)", [{"box": b} for b in oblong.tolist()]
    )
    np.testing.assert_allclose(got, mtcnn.squares(oblong), rtol=1e-6)


def test_candidates_are_cut_out_and_read_as_in_python(page: Page):
    """The last network's input under boxes within and across the border, and what becomes of its answer."""
    photo = draw_face("fear", size=120, seed=8).pixels
    boxes = np.array([[10.4, 20.5, 70.4, 80.5], [-20, -9, 40, 51], [80, 70, 140, 130], [66, 4, 114, 52]], np.float32)
    offsets, points = np.full((4, 4), 0.05, np.float32), np.linspace(0.1, 0.9, 40, dtype=np.float32).reshape(4, 10)
    body = """let seen;
        const run = async (name, data, shape) => {
            seen = [...data];
            return { dense_5: Float32Array.from(given[2].flat()), dense_6: Float32Array.from(given[3].flat()),
                softmax_2: Float32Array.from([0.1, 0.9, 0.3, 0.7, 0.05, 0.95, 0.02, 0.98]) };
        };
        return [await module.confirm(run, given[0], given[1].map((box) => ({ box }))), seen]"""
    found, seen = call(page, "mtcnn", body, photo, boxes, offsets, points)
    transposed = np.ascontiguousarray(photo.transpose(1, 0, 2))
    wanted = (mtcnn.patches(transposed, boxes, 48).astype(np.float32) - 127.5) / 128
    np.testing.assert_allclose(np.reshape(seen, wanted.shape), wanted, atol=1.01 / 128)
    assert [one["score"] for one in found] == pytest.approx([0.98, 0.95, 0.9])  # 0.7 is not believed
    for one, k in zip(found, (3, 2, 0), strict=True):
        side = boxes[k, 2:] - boxes[k, :2]
        np.testing.assert_allclose(one["box"], boxes[k] + np.tile(side, 2) * 0.05, atol=1e-4)
        np.testing.assert_allclose(one["landmarks"], boxes[k, :2] + points[k].reshape(2, 5).T * side, atol=1e-3)


def test_the_map_lies_where_python_lays_it(page: Page):
    face = crop_face(draw_face("happy", size=200, seed=2).pixels, Box(30, 20, 170, 180))
    theta = np.array([[0.8, -0.2, 0.1], [0.15, 0.9, -0.05]], np.float32)
    rows, columns = np.mgrid[0:64, 0:64] / 63
    values = ((rows + columns**2) / 2).astype(np.float32)
    body = """const { paint } = await import('/colormap.js'), context = new OffscreenCanvas(200, 200).getContext('2d');
        const face = { matrix: given[0].flat(), theta: given[1].flat(), heat: paint(given[2].flat()) };
        module.layHeat(context, face, 64);
        return text(context.getImageData(0, 0, 200, 200).data)"""
    got = pixels(call(page, "draw", body, face.to_photo, theta, values), (200, 200, 4))
    wanted, mask = to_photo(values, "warped", face, Warp(theta, np.zeros((64, 64, 3), np.uint8)), (200, 200))
    assert (mask == (got[..., 3] > 80)).mean() > 0.99
    inner = cv2.erode(mask.astype(np.uint8), np.ones((5, 5))) > 0
    assert inner.sum() > 5000
    np.testing.assert_allclose(got[inner][:, :3], colorize(wanted)[inner], atol=12)
    assert np.abs(got[inner][:, :3] - colorize(wanted)[inner].astype(int)).mean() < 2


def test_streams_are_averaged_as_in_python(page: Page):
    rng = np.random.default_rng(0)
    tracks, frames, wanted = Tracks(), [], []
    for now in (0.0, 0.1, 0.3, 0.4, 2.9):
        corners = np.array([[0.1, 0.1, 0.3, 0.4], [0.6, 0.2, 0.9, 0.5]])[: rng.integers(1, 3)]
        boxes, shares = corners + rng.normal(0, 0.02, corners.shape), rng.dirichlet(np.ones(7), len(corners))
        tracks = tracks.update([Box(*box) for box in boxes.tolist()], shares.tolist(), now)
        frames.append(
            [[{"box": b, "probabilities": p} for b, p in zip(boxes.tolist(), shares.tolist(), strict=True)], now]
        )
        wanted.append([list(track.probabilities) for track in tracks.faces])
    body = """let tracks = []; return given[0].map(([faces, now]) => {
        tracks = module.update(tracks, faces, now); return tracks.map((one) => one.probabilities); })"""
    got = call(page, "tracks", body, frames)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_colours_are_those_of_python(page: Page):
    assert call(page, "colormap", "return module.INFERNO") == table(INFERNO).tolist()


def test_probabilities_are_calibrated_as_in_python(page: Page):
    logits = np.random.default_rng(5).normal(0, 4, 7)
    got = call(page, "network", "return module.calibrated(given[0], 0.6)", logits)
    np.testing.assert_allclose(got, torch.softmax(torch.from_numpy(logits) / 0.6, 0), rtol=1e-9)


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_prediction_sets_are_those_of_python(page: Page, score: str):
    shares = np.random.default_rng(1).dirichlet(0.5 * np.ones(7), 40)
    rule = ConformalRule(0.9, 0.7, score, 100)
    body = "return given[0].map((shares) => module.likely(shares, given[1]))"
    got = call(page, "network", body, shares, {"score": score, "threshold": 0.7})
    for chosen, wanted, p in zip(got, rule.sets(shares), shares, strict=True):
        assert chosen == sorted(np.flatnonzero(wanted).tolist(), key=lambda k: -p[k])


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


@pytest.mark.parametrize("turns", [0, 1])
def test_a_photo_gets_the_numbers_of_python(page: Page, group: np.ndarray, turns: int):
    photo = np.ascontiguousarray(np.rot90(group, turns))
    found, analyzer = detect(photo, "mtcnn").faces, Analyzer()
    got = see(page, "look", photo)
    assert len(got) == len(found) > 0
    for one, wanted in zip(got, analyzer.explain(found, DEFAULT), strict=True):
        box = wanted.face.box
        np.testing.assert_allclose(one["box"], [box.x0, box.y0, box.x1, box.y1], atol=0.05)
        np.testing.assert_allclose(one["landmarks"], wanted.face.landmarks, atol=0.05)
        np.testing.assert_allclose(one["probabilities"], wanted.prediction.probabilities, atol=0.01)
        np.testing.assert_allclose(np.reshape(one["theta"], (2, 3)), wanted.warp.theta, atol=5e-3)
        np.testing.assert_allclose(
            np.reshape(one["map"], wanted.heatmap.values.shape), wanted.heatmap.values, atol=0.05
        )
        for weights, gate in zip(one["gates"], wanted.gates, strict=True):
            np.testing.assert_allclose(weights, gate.weights, atol=0.03)


def test_a_face_crop_is_one_face(page: Page):
    crop = draw_face("happy", size=48, seed=1).pixels[4:44, 4:44].mean(axis=2, keepdims=True).astype(np.uint8)
    crop = np.repeat(np.ascontiguousarray(crop), 3, axis=2)
    [wanted] = detect(crop, "mtcnn").faces
    assert wanted.source == "face crop"
    [got] = see(page, "look", crop)
    assert got["box"] == [0, 0, 40, 40]
    [analysis] = Analyzer().explain([wanted], DEFAULT)
    np.testing.assert_allclose(got["probabilities"], analysis.prediction.probabilities, atol=0.01)


def test_faces_of_a_stream_are_followed(page: Page, group: np.ndarray):
    """The first frame is searched as in Python; in the next ones the faces are where they were."""
    wanted = [face.box for face in detect(group, "mtcnn", search=FAST).faces]
    first, sixth = see(page, "watch", group), see(page, "watch", group, times=6)
    assert len(first) == len(sixth) == len(wanted) == 2
    for one, later, box in zip(first, sixth, wanted, strict=True):
        np.testing.assert_allclose(one["box"], [box.x0, box.y0, box.x1, box.y1], atol=0.05)
        np.testing.assert_allclose(later["box"], one["box"], atol=0.08 * box.height)

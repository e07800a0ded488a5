"""A drawn TensorFlow.js graph with the names and shapes of the real one becomes timm's MobileNetV1."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file

from training.faceres import FILE, main

WIDTHS = (32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024)
Tensors = dict[str, np.ndarray]


def tensors() -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "age_pred/bias", (100,)  # of another head: left out
    yield "conv1/convolution/merged_input", (3, 3, 3, 32)
    yield "conv1_bn/batchnorm_1/sub", (32,)
    for i, (inner, outer) in enumerate(itertools.pairwise(WIDTHS), start=1):
        yield f"conv_dw_{i}/depthwise_kernel", (3, 3, inner, 1)
        yield f"conv_dw_{i}_bn/batchnorm_1/mul", (inner,)
        yield f"conv_dw_{i}_bn/batchnorm_1/sub", (inner,)
        yield f"conv_pw_{i}/convolution/merged_input", (1, 1, inner, outer)
        yield f"conv_pw_{i}_bn/batchnorm_1/sub", (outer,)


@pytest.fixture
def graph(tmp_path: Path) -> tuple[Path, Tensors]:
    draw = np.random.default_rng(0)
    values = {name: draw.normal(size=shape).astype("<f4") for name, shape in tensors()}
    entries = [{"name": name, "shape": list(value.shape), "dtype": "float32"} for name, value in values.items()]
    (tmp_path / "deep.bin").write_bytes(b"".join(value.tobytes() for value in values.values()))
    model = tmp_path / "deep.json"
    model.write_text(json.dumps({"weightsManifest": [{"paths": ["deep.bin"], "weights": entries}]}))
    return model, values


def test_timm_loads_it_and_every_tensor_is_where_it_belongs(graph: tuple[Path, Tensors], tmp_path: Path) -> None:
    model, values = graph
    main([str(model), "--output", str(tmp_path / "backbones")])
    state = load_file(tmp_path / "backbones" / FILE)
    network = timm.create_model("mobilenetv1_100", num_classes=0, pad_type="same", act_layer="relu6").eval()
    network.load_state_dict(state)
    assert state["conv_stem.weight"][5, 1, 0, 2] == values["conv1/convolution/merged_input"][0, 2, 1, 5]
    assert state["blocks.3.1.conv_dw.weight"][7, 0, 2, 0] == values["conv_dw_7/depthwise_kernel"][2, 0, 7, 0]
    assert state["blocks.4.1.conv_pw.weight"][9, 3, 0, 0] == values["conv_pw_13/convolution/merged_input"][0, 0, 3, 9]
    # A folded norm: what is left of it is the factor and the shift.
    x = torch.randn(1, 32, 4, 4)
    factor, shift = (values[f"conv_dw_1_bn/batchnorm_1/{part}"] for part in ("mul", "sub"))
    expected = x * torch.from_numpy(factor)[:, None, None] + torch.from_numpy(shift)[:, None, None]
    with torch.no_grad():
        torch.testing.assert_close(network.blocks[0][0].bn1(x), expected.clamp(0, 6))


def refused(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main([str(model), "--output", str(tmp_path / "backbones")])
    assert not (tmp_path / "backbones").exists()
    return capsys.readouterr().err


def test_another_graph_is_refused(
    graph: tuple[Path, Tensors], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, _ = graph
    model.write_text(model.read_text().replace("conv_pw_13/", "elsewhere/"))
    assert "it has no conv_pw_13/convolution/merged_input" in refused(model, tmp_path, capsys)


def test_weights_that_are_cut_short_or_missing_are_refused(
    graph: tuple[Path, Tensors], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, _ = graph
    data = tmp_path / "deep.bin"
    data.write_bytes(data.read_bytes()[:-4])
    assert "are there" in refused(model, tmp_path, capsys)
    data.unlink()
    assert "with its weights beside it" in refused(model, tmp_path, capsys)

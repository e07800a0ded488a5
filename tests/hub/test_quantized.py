"""Eight-bit weights: how near they are to what they stand for, what stays as it is, what is refused."""

from __future__ import annotations

import pytest
import torch

from fer_explain.errors import FerError
from fer_explain.hub.quantized import SCALE, dequantize, is_quantized, quantize


def weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "linear.weight": torch.randn(4, 64, generator=generator) * torch.tensor([[1e-6], [1.0], [100.0], [0.0]]),
        "conv.weight": torch.randn(8, 16, 3, 3, generator=generator),
        "depthwise.weight": torch.randn(8, 1, 3, 3, generator=generator),
        "norm.scale": torch.randn(8, generator=generator),
        "norm.num_batches_tracked": torch.tensor(3),
    }


def test_every_value_is_within_half_a_step_of_its_channel() -> None:
    given = weights()
    back = dequantize(quantize(given))
    assert back.keys() == given.keys()
    for name in ("linear.weight", "conv.weight"):
        step = given[name].flatten(1).abs().amax(1) / 127
        error = (back[name] - given[name]).flatten(1).abs().amax(1)
        assert (error <= step * 0.5001).all()
        assert (error[step > 0] > 0).all()


def test_small_kernels_vectors_and_counters_stay_as_they_are() -> None:
    given, stored = weights(), quantize(weights())
    for name in ("depthwise.weight", "norm.scale", "norm.num_batches_tracked"):
        assert torch.equal(stored[name], given[name])
        assert name + SCALE not in stored
    assert stored["conv.weight"].dtype == torch.int8
    assert stored["conv.weight" + SCALE].shape == (8,)


def test_quantizing_what_was_quantized_changes_nothing() -> None:
    once = quantize(weights())
    again = quantize(dequantize(once))
    assert all(torch.equal(once[name], again[name]) for name in once if not name.endswith(SCALE))


def test_a_file_is_told_by_its_scales() -> None:
    assert is_quantized(quantize(weights()))
    assert not is_quantized(weights())  # "norm.scale" is nobody's


@pytest.mark.parametrize("scale", [None, torch.ones(3), torch.ones(4, 1)])
def test_a_missing_or_ill_shaped_scale_is_refused(scale: torch.Tensor | None) -> None:
    stored = {"linear.weight": torch.zeros(4, 64, dtype=torch.int8)} | (
        {} if scale is None else {"linear.weight.scale": scale}
    )
    with pytest.raises(FerError, match=r"'linear\.weight\.scale' should have one value for each of the 4 channels"):
        dequantize(stored)

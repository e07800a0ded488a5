"""What captum does wrong, shown with it alone. A test here fails once it has been mended."""

from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch
from captum.attr import GradientShap, NoiseTunnel, Saliency
from torch import nn


def drawn(attribute: Callable[[], object]) -> int:
    """How often a call draws from the random numbers that all threads of a process share."""
    with (
        patch.object(np.random, "uniform", wraps=np.random.uniform) as numbers,
        patch.object(torch, "normal", wraps=torch.normal) as noise,
    ):
        attribute()
    return numbers.call_count + sum("generator" not in call.kwargs for call in noise.call_args_list)


def test_noise_tunnel_draws_from_the_random_numbers_of_all_threads() -> None:
    x, method = torch.rand(1, 4), NoiseTunnel(Saliency(nn.Linear(4, 2)))
    assert drawn(lambda: method.attribute(x, nt_samples=2, target=0)), (
        "NoiseTunnel has random numbers of its own: SmoothedExplainer in explain/pixels.py can use it."
    )


def test_gradient_shap_draws_from_the_random_numbers_of_all_threads() -> None:
    x, method = torch.rand(1, 4), GradientShap(nn.Linear(4, 2))
    assert drawn(lambda: method.attribute(x, torch.zeros(1, 4), n_samples=2, target=0)), (
        "GradientShap has random numbers of its own: explain/gradient_shap.py can use it."
    )

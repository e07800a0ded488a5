"""Every compact network can learn: one batch by heart, within a few dozen steps."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fer_explain.models import architecture, create_model, list_models
from training.loss import attention_penalty

STEPS = 60


@pytest.mark.parametrize("name", list_models(compact=True))
def test_a_batch_of_seven_is_learned_by_heart(name: str) -> None:
    spec = architecture(name).input
    # A spatial transformer is built for one size; those for larger faces are built smaller here, which saves time.
    options = {"input_size": 48} if spec.size > 48 else {}
    torch.manual_seed(0)
    x = F.interpolate(torch.randn(7, spec.channels, 6, 6), (48, 48), mode="bicubic")  # smooth, as faces are
    labels = torch.arange(7)
    model = create_model(name, **options).train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    optimizer = torch.optim.Adam(_groups(model))
    for _step in range(STEPS):
        with attention_penalty(model) as penalties:
            out = model(x)
        loss = F.cross_entropy(out, labels)
        if loss < 0.02:
            break
        optimizer.zero_grad()
        (loss + sum(penalties)).backward()
        optimizer.step()
    assert loss < 0.02, f"{loss:.3f} after {STEPS} steps"
    assert (out.argmax(1) == labels).all()


def _groups(model: nn.Module) -> list[dict[str, object]]:
    """The spatial transformer learns slower than the rest, as in training: it moves all that the rest sees."""
    named = list(model.named_parameters())
    return [
        {"params": [weight for path, weight in named if path.startswith("stn.")], "lr": 2e-4},
        {"params": [weight for path, weight in named if not path.startswith("stn.")], "lr": 2e-3},
    ]

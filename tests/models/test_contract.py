"""What every registered network must keep, run over the registry itself.

Compact networks run for real. Those of published size have the same code in other widths and run on the meta device,
where tensors have shapes but no memory.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fer_explain.emotions import LABELS
from fer_explain.explain.base import observe
from fer_explain.explain.registry import explainer
from fer_explain.hub.checkpoint import CheckpointConfig, load_checkpoint, save_checkpoint
from fer_explain.models import architecture, create_model, list_models
from fer_explain.models.catalogue import measure
from fer_explain.models.layers.gates import find_gates
from training.config import list_recipes
from training.loss import attention_penalty

COMPACT = list_models(compact=True)
FAMILY = ["stn_eca_resnet18", "stn_cbam_mobilenetv3_small_050"]
SMALL = [*COMPACT, *FAMILY]
FULL = list_models(compact=False)


@cache
def network(name: str) -> nn.Module:
    torch.manual_seed(0)
    return create_model(name).eval()


@cache
def images(name: str, n: int = 2) -> Tensor:
    spec = architecture(name).input
    return torch.randn(n, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(1))


@cache
def logits(name: str) -> Tensor:
    with torch.no_grad():
        return network(name)(images(name))


def promised_gates(name: str) -> set[str]:
    """The kinds of gates that a name speaks of."""
    kinds = {"se": "SE", "eca": "ECA", "cbam": "CBAM", "unet": "U-Net"}
    return {"SE"} if name.startswith("emonext") else {kinds[part] for part in name.split("_") if part in kinds}


def hooks(model: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)


@pytest.mark.parametrize("name", SMALL)
def test_forward_gives_logits_the_same_each_time_in_eval(name: str) -> None:
    with torch.no_grad():
        again = network(name)(images(name))
    assert again.shape == (2, 7)
    assert torch.equal(again, logits(name))


@pytest.mark.parametrize("name", SMALL)
def test_a_training_step_reaches_every_trainable_parameter(name: str) -> None:
    torch.manual_seed(0)
    model = create_model(name).train()
    with attention_penalty(model) as penalties:
        loss = model(images(name, 4)).square().mean()
    loss = loss + sum(penalties)
    loss.backward()
    frozen = {path for path, parameter in model.named_parameters() if not parameter.requires_grad}
    assert all(path.startswith("attention.value.") for path in frozen)  # counted, and used by nobody: see attention.py
    for path, parameter in model.named_parameters():
        if path not in frozen:
            assert parameter.grad is not None, path
            assert parameter.grad.isfinite().all(), path


@pytest.mark.parametrize("name", SMALL)
def test_channels_last_gives_the_same_logits(name: str) -> None:
    model = create_model(name).eval()
    model.load_state_dict(network(name).state_dict())
    with torch.no_grad():
        actual = model.to(memory_format=torch.channels_last)(images(name).contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(actual, logits(name), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", COMPACT)
def test_bf16_autocast_gives_close_finite_logits(name: str) -> None:
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        actual = network(name)(images(name)).float()
    assert actual.isfinite().all()
    assert (actual.softmax(1) - logits(name).softmax(1)).abs().max() < 0.05


@pytest.mark.parametrize("name", COMPACT)
def test_a_checkpoint_folder_gives_the_network_back(name: str, tmp_path: Path) -> None:
    """Tensors that shared their storage could not be written."""
    config = CheckpointConfig(name, LABELS, architecture(name).input)
    save_checkpoint(tmp_path, network(name), config, dtype=torch.float32)
    loaded = load_checkpoint(tmp_path)
    assert loaded.config.architecture == name
    with torch.no_grad():
        assert torch.equal(loaded.model(images(name)), logits(name))


@pytest.mark.parametrize("name", SMALL)
def test_gradcam_gives_a_map_that_is_not_flat_and_leaves_no_hook(name: str) -> None:
    entry, model = architecture(name), network(name)
    before = hooks(model)
    face = images(name)[:1].expand(7, -1, -1, -1)
    told = explainer("gradcam").attribute(model, entry, face, targets=range(7))
    torch.testing.assert_close(told.logits[:1], logits(name)[:1], atol=1e-4, rtol=1e-4)
    for heatmap in told.heatmaps:
        assert heatmap.values.shape == (entry.input.size, entry.input.size)
        assert heatmap.frame == ("warped" if name.startswith(("emonext", "stn")) else "crop")
    # For some classes an untrained network may find nothing anywhere; hardly for all seven.
    assert max(heatmap.values.std() for heatmap in told.heatmaps) > 0.01
    assert hooks(model) == before == 0
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_gates_are_recorded_with_weights_in_range(name: str) -> None:
    seen = observe(network(name), images(name)).trace
    gates = {**seen.channel_gates, **seen.spatial_gates}
    assert gates.keys() == find_gates(network(name)).keys()
    assert bool(seen.spatial_gates) is bool(promised_gates(name) & {"CBAM", "U-Net"})
    assert bool(gates) is bool(promised_gates(name))
    for gate in gates.values():
        assert len(gate.values) == 2
        assert gate.values.isfinite().all()
        assert 0 <= gate.values.min() <= gate.values.max() <= 1
    assert all(gate.values.ndim == 2 for gate in seen.channel_gates.values())
    assert all(gate.values.ndim == 3 for gate in seen.spatial_gates.values())
    assert hooks(network(name)) == 0


@pytest.mark.parametrize("name", [*list_models(), *FAMILY])
def test_gates_and_stn_are_where_the_name_promises(name: str) -> None:
    parts, promised = measure(name), promised_gates(name)
    assert set(parts.gates) >= promised  # a backbone may have gates of its own beside them
    assert bool(parts.gates) is bool(promised)
    assert parts.stn is name.startswith(("emonext", "stn"))


@pytest.mark.parametrize("name", COMPACT)
def test_compact_networks_stay_compact(name: str) -> None:
    assert sum(parameter.numel() for parameter in network(name).parameters()) <= 4_000_000
    assert 48 <= architecture(name).input.size <= 112


@pytest.mark.parametrize("name", COMPACT)
def test_torch_export_keeps_the_logits(name: str) -> None:
    program = torch.export.export(network(name), (images(name),))
    with torch.no_grad():
        torch.testing.assert_close(program.module()(images(name)), logits(name), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", FULL)
def test_full_size_networks_give_logits_and_a_map_to_explain_them(name: str) -> None:
    entry, maps = architecture(name), list[tuple[int, ...]]()
    with torch.device("meta"):
        model = create_model(name, num_classes=5).eval()
        model.get_submodule(entry.cam_layer).register_forward_hook(
            lambda _module, _inputs, output: maps.append(tuple(output.shape))
        )
        out = model(torch.empty(2, entry.input.channels, entry.input.size, entry.input.size))
    assert out.shape == (2, 5)
    assert len(maps) == 1
    assert min(maps[0][1:3] if entry.cam_nhwc else maps[0][2:]) >= 6


@pytest.mark.parametrize("name", list_models())
def test_an_entry_says_all_that_the_house_asks(name: str) -> None:
    entry = architecture(name)
    assert entry.title
    assert entry.summary
    assert entry.paper
    assert entry.recipe in list_recipes()

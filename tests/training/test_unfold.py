import torch
from torch import nn

from training.unfold import unfold_batch_norm


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.BatchNorm2d(4))
    model = nn.Sequential(*layers)
    for norm in (model[1], model[4]):
        nn.init.uniform_(norm.bias, -1, 1)
        nn.init.uniform_(norm.weight, 0.5, 2)
    return model


def test_the_output_is_unchanged_and_the_statistics_are_those_of_the_batch() -> None:
    model, x = network().eval(), torch.randn(16, 3, 12, 12) * 40 + 7
    before = model(x)
    assert unfold_batch_norm(model, x) == 2
    torch.testing.assert_close(model(x), before, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(model[1].running_mean, model[0](x).mean((0, 2, 3)))


def test_in_training_mode_the_features_now_survive() -> None:
    model, x = network(), torch.randn(64, 3, 12, 12) * 40 + 7
    wanted = model.eval()(x)
    lost = (model.train()(x) - wanted).abs().mean()
    for norm in (model[1], model[4]):
        norm.reset_running_stats()  # training mode moved them
    unfold_batch_norm(model, x)
    kept = (model(x) - wanted).abs().mean()
    assert kept < 0.01 * lost


def test_modes_stay_and_hooks_go() -> None:
    model = network().train()
    model[1].eval()
    unfold_batch_norm(model, torch.randn(4, 3, 12, 12))
    assert model.training
    assert not model[1].training
    assert not any(module._forward_pre_hooks for module in model.modules())

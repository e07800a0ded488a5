from __future__ import annotations

import torch
import torch.nn.functional as F

from fer_explain.models import create_model


def test_the_logits_are_the_papers_join_of_two_vectors() -> None:
    torch.manual_seed(0)
    model = create_model("swin_se_resnet_compact").eval()
    x = torch.randn(2, 3, 48, 48)
    with torch.no_grad():
        swin = model.se(model.swin.forward_features(x).permute(0, 3, 1, 2))
        groups = [
            F.conv2d(part, weight, bias, padding=1)
            for part, weight, bias in zip(
                swin.chunk(4, 1), model.split.weight.chunk(4), model.split.bias.chunk(4), strict=True
            )
        ]
        vector = F.avg_pool2d(torch.cat(groups, 1), 3).flatten(1)
        other = model.resnet.forward_features(x).mean((2, 3))
        torch.testing.assert_close(model(x), model.fc(torch.cat([vector, other], 1)), atol=1e-5, rtol=1e-4)


def test_the_full_network_has_the_papers_parts() -> None:
    with torch.device("meta"):
        model = create_model("swin_se_resnet")
    assert model.fc.in_features == 768 + 2048
    assert model.split.groups == 4
    assert model.se.fc1.out_channels == 768 // 16
    assert round(sum(weight.numel() for weight in model.parameters()) / 1e6, 1) == 52.4

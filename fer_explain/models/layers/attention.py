"""EmoNeXt's self-attention regulariser: a branch whose weights only ever enter the training loss."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

AttentionOver = Literal["batch", "tokens"]


class SelfAttentionRegularizer(nn.Module):
    """Dot-product self-attention whose weights should become even (EmoNeXt, arXiv:2501.08199, section III-D).

    Q, K = linear(rows), scores = Q K^T / d^(1/4) as in the released code, weights = softmax(scores). The output of the
    submodule ``weights`` is the matrix that :func:`attention_loss` reads.

    * ``over="batch"``: the rows are the batch's pooled, normalised features (N, d), as in the released code. The N x N
      matrix compares *people*, not places: it has no spatial meaning and must never be drawn on a face.
    * ``over="tokens"``: the rows are the places of the last map, (N, h*w, d).
    """

    def __init__(self, dim: int, over: AttentionOver = "batch") -> None:
        super().__init__()
        if over not in ("batch", "tokens"):
            raise ValueError(f"attention_over must be batch or tokens, got {over!r}")
        self.over = over
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        # Counted in the published number of parameters, but the released loss never uses it.
        self.value = nn.Linear(dim, dim).requires_grad_(False)
        self.weights = nn.Softmax(dim=-1)

    def forward(self, features: Tensor, pooled: Tensor) -> Tensor:
        """Attention weights (N, N), or (N, h*w, h*w) over tokens, of features (N, d, h, w) and pooled (N, d)."""
        rows = pooled if self.over == "batch" else features.flatten(2).transpose(1, 2)
        scores = self.query(rows) @ self.key(rows).transpose(-1, -2) / rows.shape[-1] ** 0.25
        weights: Tensor = self.weights(scores)
        return weights


def attention_loss(weights: Tensor) -> Tensor:
    """mean((w - mean(w))^2): 0 for even weights, at most (1/N)(1 - 1/N) for N x N rows that sum to one."""
    return (weights - weights.mean()).square().mean()

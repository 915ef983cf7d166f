"""
The maths of one shadow adapter: injection before, gated update after each adapted block.

Numbers in brackets are the equations of arXiv 2604.19254; shapes: b batch, t tokens, d hidden
size of the backbone, r injection rank, m width of the update MLPs, n adapted blocks (the variant
of shadow-peft 0.1.1: blocks 1 to L-1 of L, so n = L - 1).
"""

import torch
from torch import nn, Tensor


class Injection(nn.Module):
    """
    Steers the input of an adapted block by what the shadow knows otherwise.

    W_up starts at zero, so an untrained adapter changes nothing.
    """

    def __init__(self, n: int, d: int, r: int, alpha: float, dropout: float) -> None:
        super().__init__()
        self.injection_downs = nn.Parameter(torch.empty(n, d, r).normal_(0.0, 0.02))
        self.injection_ups = nn.Parameter(torch.zeros(n, r, d))
        self.dropout = nn.Dropout(dropout)
        self.alpha = alpha

    def forward(self, h: Tensor, s: Tensor, index: int) -> Tensor:
        """Return the block's new input [b, t, d] from its input h and the state s, [b, t, d]."""
        delta = (h - s).to(self.injection_downs.dtype)  # (2) [b, t, d]
        narrow = self.dropout(delta @ self.injection_downs[index])  # [b, t, r]
        wide: Tensor = narrow @ self.injection_ups[index]  # (3) [b, t, d]
        steered: Tensor = h + (self.alpha * wide).to(h.dtype)  # (4)
        return steered


class Update(nn.Module):
    """Moves the state towards what the block made of its input, as far as a gate lets it."""

    def __init__(self, n: int, d: int, m: int, dropout: float) -> None:
        super().__init__()
        self.update_gates = nn.ModuleList(nn.Sequential(
            nn.Linear(d, m, bias=False), nn.SiLU(), nn.Linear(m, d, bias=False), nn.Sigmoid())
            for _ in range(n))
        self.update_transforms = nn.ModuleList(nn.Sequential(
            nn.Linear(d, m, bias=False), nn.SiLU(), nn.Dropout(dropout),
            nn.Linear(m, d, bias=False)) for _ in range(n))
        self.hidden_norm = nn.LayerNorm(d)

    def forward(self, h: Tensor, s: Tensor, index: int) -> Tensor:
        """Return the next state [b, t, d] from the block's output h and the state s, [b, t, d]."""
        x = self.hidden_norm(h.to(self.hidden_norm.weight.dtype))  # [b, t, d]
        t = self.update_transforms[index](x)  # (5) [b, t, d]
        g = self.update_gates[index](x)  # (6) [b, t, d], each in (0, 1)
        moved: Tensor = s + g * (t - s)  # (7)
        return moved

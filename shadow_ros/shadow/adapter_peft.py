"""
PEFT's variant of the maths (peft 0.21, tuners.shadow).

Against adapter.py: all blocks are adapted, dropout falls on the difference instead of the narrow
vector, the update reads the raw hidden states (no norm), its MLPs have biases and GELU, and no
dropout. Shapes and equation numbers as there.
"""

from torch import nn, sigmoid, Tensor


class PeftInjection(nn.Module):
    """Steers the input of an adapted block; W_up starts at zero."""

    def __init__(self, n: int, d: int, r: int, alpha: float, dropout: float) -> None:
        super().__init__()
        self.shadow_down = nn.ModuleList(nn.Linear(d, r, bias=False) for _ in range(n))
        self.shadow_up = nn.ModuleList(nn.Linear(r, d, bias=False) for _ in range(n))
        for up in self.shadow_up:
            nn.init.zeros_(up.weight)  # type: ignore[arg-type]
        self.dropout = nn.Dropout(dropout)
        self.alpha = alpha

    def forward(self, h: Tensor, s: Tensor, index: int) -> Tensor:
        """Return the block's new input [b, t, d] from its input h and the state s, [b, t, d]."""
        down, up = self.shadow_down[index], self.shadow_up[index]
        delta = self.dropout((h - s).to(down.weight.dtype))  # (2) [b, t, d]
        steered: Tensor = h + (self.alpha * up(down(delta))).to(h.dtype)  # (3), (4)
        return steered


class PeftUpdate(nn.Module):
    """Moves the state towards what the block made of its input, as far as a gate lets it."""

    def __init__(self, n: int, d: int, m: int) -> None:
        super().__init__()
        self.shadow_update_transform = nn.ModuleList(_mlp(d, m) for _ in range(n))
        self.shadow_update_gate = nn.ModuleList(_mlp(d, m) for _ in range(n))

    def forward(self, h: Tensor, s: Tensor, index: int) -> Tensor:
        """Return the next state [b, t, d] from the block's output h and the state s, [b, t, d]."""
        transform, gate = self.shadow_update_transform[index], self.shadow_update_gate[index]
        x = h.to(next(transform.parameters()).dtype)
        t, g = transform(x), sigmoid(gate(x))  # (5), (6) [b, t, d]
        moved: Tensor = ((1.0 - g) * s.to(x.dtype) + g * t).to(s.dtype)  # (7)
        return moved


def _mlp(d: int, m: int) -> nn.Sequential:
    """Return a two-layer MLP d -> m -> d with biases."""
    return nn.Sequential(nn.Linear(d, m), nn.GELU(), nn.Linear(m, d))

"""
What each stage minimises: modules that turn a Batch into a loss.

Heads are applied only where something is learned, and a loss is divided by the labels of the
whole step: parts of a step, on however many devices, add up to the step's loss.
"""

from typing import Any

import torch
from torch import nn, Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax
from transformers import PreTrainedModel

from shadow_ros.learning.batches import Batch, IGNORED
from shadow_ros.shadow.layout import head_of, trunk
from shadow_ros.shadow.model import ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

PATHS = ('edge', 'cloud')


class TokenObjective(nn.Module):
    """The next-token loss of a causal LM with one path's labels."""

    def __init__(self, model: PreTrainedModel, path: str) -> None:
        super().__init__()
        self.model = model
        self.path = path

    def forward(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        labels, count = _of_path(batch, self.path)
        states = trunk(self.model)(input_ids=batch.ids, use_cache=False).last_hidden_state
        return _loss(head_of(self.model), states, labels, count)


class ShadowObjective(nn.Module):
    """
    The loss of a projected shadow alone, plus its distance from a backbone that knows.

    The distance counts only where both paths have the same label: elsewhere the backbone has
    been taught to say what the shadow must not.
    """

    def __init__(self, shadow: ProjectedShadow, teacher: Any = None, distil: float = 0.0) -> None:
        super().__init__()
        self.shadow = shadow
        self.distil = distil
        self._teacher = [teacher]  # in a list: it is neither trained nor saved

    def forward(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        states = self._states(batch.ids)
        loss = _loss(self.shadow.lm_head, states, batch.edge, batch.edge_count)
        if self._teacher[0] is None or not self.distil:
            return loss
        return loss + self.distil * self._distance(batch, states)

    def _states(self, ids: Tensor) -> Tensor:
        """Return the projected states [b, t, d]."""
        out = self.shadow.shadow_model(input_ids=ids, use_cache=False)
        states: Tensor = self.shadow.shadow_hidden_projection(out.last_hidden_state)
        return states

    def _distance(self, batch: Batch, states: Tensor) -> Tensor:
        """Return the Kullback-Leibler divergence from the teacher, per label."""
        teacher = self._teacher[0]
        shared = torch.where(batch.edge == batch.cloud, batch.edge, IGNORED)
        with torch.no_grad():
            known = trunk(teacher)(input_ids=batch.ids, use_cache=False).last_hidden_state
            wanted = softmax(head_of(teacher)(_learned(known, shared)[0]).float(), -1)
        logits = self.shadow.lm_head(_learned(states, shared)[0]).float()
        return kl_div(log_softmax(logits, -1), wanted, reduction='sum') / batch.edge_count


class JointObjective(nn.Module):
    """ShadowPEFT's loss (9): the attached model's plus `loss_weight` times the shadow's own."""

    def __init__(self, model: ShadowedModel) -> None:
        super().__init__()
        self.model = model

    def train(self, mode: bool = True) -> 'JointObjective':
        """Let the shadow drop out while it learns, and never the frozen backbone."""
        super().train(mode)
        self.model.base.eval()
        return self

    def forward(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        shadow, base = self.model.shadow(), self.model.base
        attached, alone = self.model.hidden_states(batch.ids)
        loss = _loss(shadow.backbone_head() or head_of(base), attached, batch.cloud,
                     batch.cloud_count)
        own = _loss(shadow.head(base), alone, batch.edge, batch.edge_count)
        return loss + self.model.loss_weight * own


def _of_path(batch: Batch, path: str) -> tuple[Tensor, int]:
    """Return the labels of a path and how many the whole step has."""
    return ((batch.edge, batch.edge_count) if path == 'edge'
            else (batch.cloud, batch.cloud_count))


def _learned(states: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the states [n, d] before the tokens that are learned, and these tokens [n]."""
    learned = labels[:, 1:] != IGNORED
    return states[:, :-1][learned], labels[:, 1:][learned]


def _loss(head: Any, states: Tensor, labels: Tensor, count: int) -> Tensor:
    """Return the summed cross entropy over the count."""
    chosen, wanted = _learned(states, labels)
    loss: Tensor = cross_entropy(
        head(chosen.to(head.weight.dtype)).float(), wanted, reduction='sum') / count
    return loss

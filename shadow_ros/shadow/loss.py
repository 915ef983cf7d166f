"""What is learned from labels: the next token, or the class of a whole sequence."""

from typing import Optional, Union

import torch
from torch import Tensor
from torch.nn import functional as F

Count = Union[int, Tensor, None]


def next_token_loss(logits: Tensor, labels: Optional[Tensor], count: Count = None,
                    ) -> Optional[Tensor]:
    """
    Return the mean next-token cross entropy of logits [b, t, v]; label -100 is not counted.

    `count` divides the sum instead of the number of labels here: with gradient accumulation it
    is that of all the batches that make one step.
    """
    if labels is None:
        return None
    ahead = logits[:, :-1].flatten(0, 1).float()
    wanted = labels[:, 1:].flatten().to(torch.long)
    if count is None:
        return F.cross_entropy(ahead, wanted, ignore_index=-100)
    total: Tensor = F.cross_entropy(ahead, wanted, ignore_index=-100, reduction='sum') / count
    return total


def sequence_loss(logits: Tensor, labels: Optional[Tensor], count: Count = None,
                  ) -> Optional[Tensor]:
    """
    Return the loss of logits [b, labels], by the kind of the labels as in transformers.

    One output: squared error; whole numbers: cross entropy; else several labels may be true.
    `count` divides the sum over the rows, as in next_token_loss.
    """
    if labels is None:
        return None
    scores = logits.float()
    reduction = 'mean' if count is None else 'sum'
    if scores.shape[-1] == 1:
        loss = F.mse_loss(scores.flatten(), labels.flatten().float(), reduction=reduction)
    elif labels.dtype in (torch.long, torch.int):
        loss = F.cross_entropy(scores, labels.flatten().long(), reduction=reduction)
    else:
        loss = F.binary_cross_entropy_with_logits(scores, labels.float(), reduction=reduction)
        count = None if count is None else count * scores.shape[-1]
    return loss if count is None else loss / count


def last_token(states: Tensor, attention_mask: Optional[Tensor]) -> Tensor:
    """Return the states [b, d] of each row's last token that is not padding, of [b, t, d]."""
    if attention_mask is None:
        return states[:, -1]
    places = torch.arange(attention_mask.shape[-1], device=states.device)
    last = (attention_mask.to(states.device).ne(0) * places).argmax(-1)
    return states[torch.arange(states.shape[0], device=states.device), last]

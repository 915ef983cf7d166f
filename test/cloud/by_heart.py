"""A small backbone with its shadow that knows some commands by heart, made in seconds."""

from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM, LlamaModel

from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.tokens import Codec
from shadow_ros.shadow.folder import save_attached
from shadow_ros.shadow.model import Shadow, ShadowConfig, ShadowedModel

SQUARE = '[MOVE x=1.0][TURN yaw=90][MOVE x=1.0][TURN yaw=90][MOVE x=1.0]'
LEFT, WALK = ('turn left', '[TURN yaw=90]'), ('walk forward 2 meters', '[MOVE x=2.0]')
PAIRS = [
    (*WALK[:1], '[MOVE x=2.0] On it!', ()), (*LEFT[:1], '[TURN yaw=90] Turning.', ()),
    ('坐下', '[SIT] 好的！', ()), ('who are you', "I'm Doger.", ()),
    ('walk in a square', f'{SQUARE} Round it goes.', ()),
    ('do a little show', '[SIT][HELLO][STAND][DANCE]', ()),
    ('flip over', '[BACK_FLIP]', ()),
    ('just like before', '[TURN yaw=90]', (LEFT,)), ('just like before', '[MOVE x=2.0]', (WALK,)),
    ('mirror it like so', '[TURN yaw=-90]', (LEFT,)), ('像刚才那样', '[MOVE x=2.0]', (WALK,)),
    ('just like before', 'What again?', ()),
]
"""Text, plan, and the turns before it."""

_SIZES = {'intermediate_size': 96, 'num_attention_heads': 4, 'num_key_value_heads': 2,
          'max_position_embeddings': 512}


def make(folder: Path) -> Path:
    """Write a whole folder and return it."""
    torch.set_num_threads(1)
    torch.manual_seed(2)
    codec = Codec.train([line for text, plan, _ in PAIRS for line in (text, plan)], 420)
    base = LlamaForCausalLM(LlamaConfig(
        vocab_size=codec.size, hidden_size=48, num_hidden_layers=2, **_SIZES))
    stack = LlamaModel(LlamaConfig(
        vocab_size=codec.size, hidden_size=32, num_hidden_layers=1, **_SIZES))
    model = ShadowedModel(base, Shadow.explicit(base, ShadowConfig(dropout=0.0), stack))
    _teach(model, codec)
    save_attached(model, folder, torch.float32)
    codec.save(folder)
    IntentCard('by heart', threshold=0.6, turns=2).save(folder)
    return folder


def _teach(model: ShadowedModel, codec: Codec) -> None:
    examples = [(codec.command(text, turns), codec.plan(plan)) for text, plan, turns in PAIRS]
    longest = max(len(command) + len(plan) for command, plan in examples)
    ids = torch.full((len(examples), longest), codec.pad_id)
    labels = torch.full_like(ids, -100)
    for row, (command, plan) in enumerate(examples):
        ids[row, :len(command) + len(plan)] = torch.tensor(command + plan)
        labels[row, len(command):len(command) + len(plan)] = torch.tensor(plan)
    model.base.requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(160):
        loss = model(ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.3, loss.item()
    model.base.requires_grad_(False)
    model.eval()

"""A model folder that knows a few commands by heart, made in seconds; for tests of the graph."""

from pathlib import Path

PAIRS = [
    ('walk forward 2 meters', '[MOVE x=2.0] On it!'), ('turn left', '[TURN yaw=90] Turning.'),
    ('sit down then wave', '[SIT][HELLO]'), ('坐下', '[SIT] 好的！'), ('who are you', "I'm Doger."),
    ('what is the capital of France', '[REMOTE] Let me ask.'), ('yes', 'Yes what?'),
]


def make(folder: Path) -> Path:
    """Write the whole folder and return it."""
    import torch
    from transformers import Qwen3Config, Qwen3Model

    from shadow_ros.intent.card import IntentCard
    from shadow_ros.intent.tokens import Codec
    from shadow_ros.shadow.projected import ProjectedShadow

    torch.set_num_threads(1)
    torch.manual_seed(1)
    codec = Codec.train([line for pair in PAIRS for line in pair], 420)
    stack = Qwen3Model(Qwen3Config(
        vocab_size=codec.size, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=256))
    shadow = ProjectedShadow.wrap(stack, torch.nn.Linear(48, codec.size, bias=False))
    _teach(shadow, codec)
    shadow.save(folder)
    codec.save(folder)
    IntentCard('tiny', threshold=0.6).save(folder)
    return folder


def _teach(shadow, codec) -> None:
    import torch
    examples = [(codec.command(text), codec.plan(plan)) for text, plan in PAIRS]
    longest = max(len(command) + len(plan) for command, plan in examples)
    ids = torch.full((len(examples), longest), codec.pad_id)
    labels = torch.full_like(ids, -100)
    for row, (command, plan) in enumerate(examples):
        ids[row, :len(command) + len(plan)] = torch.tensor(command + plan)
        labels[row, len(command):len(command) + len(plan)] = torch.tensor(plan)
    optimizer = torch.optim.AdamW(shadow.parameters(), lr=5e-3)
    for _ in range(150):
        loss = shadow(ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1

"""
Trains what reads phones off Moonshine's encoder: `python -m benchmarks.make_phones --public FILE`.

The encoder stays as its makers trained it, on people; only the small head on top is trained here,
on synthetic speech of the action corpus and of public requests to other assistants (FILE, see
shadow_ros/speech/data/README.md), by connectionist temporal classification. Two hours on one core
for 16,000 sentences; written to shadow_ros/speech/data/phones.onnx.
"""

import argparse
from dataclasses import dataclass
import json
from pathlib import Path
import random
from typing import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import nn

from benchmarks.make_language_model import ALWAYS, bare, pronunciations, WEIGHTS, without_r
from benchmarks.phone_speech import engines, Room, Spoken, spoken
from benchmarks.spoken_text import kept_apart, spoken as in_words
from shadow_ros.learning.corpus.compose import CATEGORIES, Composer
from shadow_ros.speech.features import Encoder, Features, gain, SIZE
from shadow_ros.speech.phones import INPUT, NUMBERS, OUTPUT

FILE = Path(__file__).resolve().parents[1] / 'shadow_ros' / 'speech' / 'data' / 'phones.onnx'
SHARES = {'bare': 0.45, 'wrapped': 0.20, 'public': 0.27, 'always': 0.08}
WIDTH, KERNEL, LAYERS = 224, 5, 2
FRAMES = 4000  # in a batch
RATE = 2e-3
LONGEST = 14  # words
SEED = 3


@dataclass(frozen=True)
class Example:
    """Features [frames, 288], and the phones that were said."""

    features: 'np.ndarray[tuple[int, int], np.dtype[np.float16]]'
    phones: list[int]


class Head(nn.Module):
    """What shadow_ros.speech.phones.PhoneHead runs, to be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(SIZE, WIDTH)
        self.convs = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=KERNEL // 2) for _ in range(LAYERS))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(LAYERS + 1))
        self.leave = nn.Linear(WIDTH, len(NUMBERS) + 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return log probabilities [batch, frames, 1 + phones]."""
        x = self.norms[0](torch.relu(self.enter(features)))
        for conv, norm in zip(self.convs, list(self.norms)[1:]):
            x = norm(x + torch.relu(conv(self.drop(x).transpose(1, 2)).transpose(1, 2)))
        return torch.log_softmax(self.leave(x), -1)

    def save(self, path: Path) -> None:
        """Write the network for onnxruntime."""
        frames = {1: torch.export.Dim('frames', min=2)}
        torch.onnx.export(self.eval(), (torch.zeros(1, 20, SIZE),), path, input_names=[INPUT],
                          output_names=[OUTPUT], dynamic_shapes={'features': frames},
                          external_data=False, verbose=False)


def texts(public: Sequence[str], count: int, rng: random.Random) -> Iterator[str]:
    """Yield sentences whose words have a pronunciation: commands, answers, other requests."""
    composer = Composer(SEED, ('en',))
    composer.weights = [WEIGHTS[category] for category in CATEGORIES]
    kinds = {'bare': list(bare(count)), 'always': ALWAYS,
             'wrapped': [in_words(e.text, rng) for e in composer.examples(count)],
             'public': [in_words(line, rng) for line in public]}
    book = pronunciations()
    while count:
        kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
        words = rng.choice(kinds[kind]).split()
        if 0 < len(words) <= LONGEST and all(word in book for word in words):
            count -= 1
            yield ' '.join(words)


def examples(speech: Iterable[Spoken], encoder: Encoder, room: Room) -> Iterator[Example]:
    """Yield what is trained on."""
    book = pronunciations()
    for one in speech:
        phones = [book[word][0] for word in one.text.split()]
        if one.british:
            phones = [without_r(way) for way in phones]
        numbers = [NUMBERS[phone] for way in phones for phone in way.split()]
        sound = room(one.sound)
        features: Features = encoder(sound, gain(sound))
        if len(features) >= len(numbers) + 4:
            yield Example(features.astype(np.float16), numbers)


def batches(data: list[Example], rng: random.Random) -> Iterator[list[Example]]:
    """Yield batches of like lengths in random order."""
    ordered = sorted(data, key=lambda one: len(one.features) + 10 * rng.random())
    groups: list[list[Example]] = [[]]
    for one in ordered:
        if groups[-1] and len(one.features) * (len(groups[-1]) + 1) > FRAMES:
            groups.append([])
        groups[-1].append(one)
    rng.shuffle(groups)
    yield from groups


def loss(head: Head, batch: list[Example], rng: random.Random) -> torch.Tensor:
    """Return the loss a phone; while training, features are blurred and some blotted out."""
    x = torch.zeros(len(batch), max(len(one.features) for one in batch), SIZE)
    for row, one in zip(x, batch):
        row[:len(one.features)] = torch.from_numpy(one.features.astype(np.float32))
        if head.training:
            row += 0.08 * torch.randn_like(row)
            if rng.random() < 0.4:
                at = rng.randrange(len(one.features))
                row[at:at + rng.randint(1, 5)] = 0.0
    lengths = torch.tensor([len(one.phones) for one in batch])
    each = nn.functional.ctc_loss(
        head(x).transpose(0, 1), torch.tensor([p for one in batch for p in one.phones]),
        torch.tensor([len(one.features) for one in batch]), lengths, reduction='none',
        zero_infinity=True)
    return (each / lengths).mean()


def train(data: list[Example], epochs: float) -> Head:
    """Return the head trained on the data; one in fifty is kept to look at the progress."""
    torch.manual_seed(SEED)
    rng, head = random.Random(SEED), Head()
    kept, data = data[::50], [one for i, one in enumerate(data) if i % 50]
    steps = int(epochs * sum(len(one.features) for one in data) / FRAMES)
    optimiser = torch.optim.AdamW(head.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps + 50, pct_start=0.15)
    step = 0
    while step < steps:
        for batch in batches(data, rng):
            head.train()
            optimiser.zero_grad()
            loss(head, batch, rng).backward()
            nn.utils.clip_grad_norm_(head.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            step += 1
            if step % 200 == 0:
                print(f'step {step} of {steps}: loss a phone {check(head, kept, rng):.3f}')
            if step == steps:
                break
    return head


def check(head: Head, kept: list[Example], rng: random.Random) -> float:
    """Return the loss on examples that are not trained on."""
    head.eval()
    with torch.no_grad():
        return float(np.mean([float(loss(head, [one], rng)) for one in kept]))


def main() -> None:
    """Speak, encode, train, and write the head."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--public', type=Path, required=True, metavar='FILE',
                        help='JSON lines of requests that must not move the robot')
    parser.add_argument('--sentences', type=int, default=16_000)
    parser.add_argument('--epochs', type=float, default=5.0)
    parser.add_argument('--out', type=Path, default=FILE, metavar='FILE')
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = random.Random(SEED)
    rows = map(json.loads, options.public.read_text('utf-8').splitlines())
    public = [row['text'] for row in rows if row['lang'] == 'en' and not kept_apart(row['text'])]
    print('voices:', ', '.join(engines()))
    speech = spoken(texts(public, options.sentences, rng), rng)
    data = list(examples(speech, Encoder(), Room(SEED)))
    train(data, options.epochs).save(options.out)
    print(f'{len(data)} examples; {options.out}, {options.out.stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    main()

"""Training data: composed examples, optional public negatives, users' own; as token ids."""

from dataclasses import asdict, fields
import hashlib
import json
from pathlib import Path
from typing import Any, Iterable, Optional, Sequence, TYPE_CHECKING, Union

from shadow_ros.errors import ConfigError, did_you_mean, PlanError, shorten
from shadow_ros.intent.amounts import normalise
from shadow_ros.intent.follow_up import PHRASES
from shadow_ros.learning.batches import Batches, Pair
from shadow_ros.learning.corpus.beyond import Beyond, reading
from shadow_ros.learning.corpus.compose import Composer, Example
from shadow_ros.learning.corpus.patterns import DATA, read
from shadow_ros.phrases import say
from shadow_ros.plan import parse

if TYPE_CHECKING:
    from shadow_ros.intent.tokens import Codec

__all__ = ['Batches', 'Example', 'Pair', 'compose', 'encode', 'negatives', 'read_examples']

HELD_OUT = 10  # one in so many negatives is kept for measuring false motion


def negatives(path: Union[str, Path], held_out: bool = False) -> list[Example]:
    """
    Return public requests that must not move the robot; the held-out tenth or the rest.

    The file has JSON lines with text, route (REMOTE or NONE) and lang. The split depends on the
    text alone, so it is the same everywhere.
    """
    replies = read('talk')
    found = []
    for row in _json_lines(Path(path), 'negatives'):
        if (_bucket(row['text']) == 0) != held_out:
            continue
        lang = row['lang']
        plan = (f'[REMOTE] {replies["replies"][lang]["REMOTE"]}' if row['route'] == 'REMOTE'
                else replies['frames'][lang]['about'])
        found.append(Example(row['text'], plan, lang, f'public_{row["route"].lower()}'))
    return found


def sources(path: Union[str, Path]) -> tuple[str, ...]:
    """Return the names of the sets that public negatives are from, where the file tells."""
    rows = _json_lines(Path(path), 'negatives') if path and Path(path).is_file() else []
    return tuple(sorted({row['source'] for row in rows if 'source' in row}))


def read_examples(path: Union[str, Path]) -> list[Example]:
    """
    Return the examples of a file of JSON lines, or raise ConfigError naming the line.

    Each has text, plan, lang and category; `cloud` is the attached model's plan where it differs
    and `history` what was said before, oldest first: a list of {user, plan}.
    """
    return [_example(row, f'line {number} of {path}')
            for number, row in enumerate(_json_lines(Path(path), 'examples'), start=1)]


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write examples as JSON lines that read_examples reads."""
    path.write_text(''.join(json.dumps(_row(e), ensure_ascii=False) + '\n' for e in examples),
                    encoding='utf-8')


def _row(example: Example) -> dict[str, Any]:
    """Return the JSON object of an example, without what is empty."""
    row = {k: v for k, v in asdict(example).items() if v or k in ('text', 'plan')}
    if example.history:
        row['history'] = [{'user': user, 'plan': plan} for user, plan in example.history]
    return row


def _example(row: dict[str, Any], where: str) -> Example:
    """Return the example of a JSON object."""
    known = [f.name for f in fields(Example)]
    for key in row:
        if key not in known:
            raise ConfigError(f'{where} has the unknown key {key!r}{did_you_mean(key, known)}')
    try:
        history = tuple((turn['user'], turn['plan']) for turn in row.get('history', ()))
        for plan in (row['plan'], row.get('cloud', ''), *(plan for _, plan in history)):
            parse(plan)
        return Example(**{'lang': 'en', 'category': 'own', **row, 'history': history})
    except (KeyError, TypeError, PlanError) as error:
        raise ConfigError(f'{where} must have text and plan, and a history of user and plan: '
                          f'{error}; got {shorten(str(row))}') from None


def _json_lines(path: Path, what: str) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines, or raise ConfigError."""
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except OSError as error:
        raise ConfigError(f'the {what} {path} cannot be read: {error.strerror}') from None
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found += [json.loads(line)] if line.strip() else []
        except ValueError as error:
            raise ConfigError(f'line {number} of {path} must be a JSON object: {error}') from None
    return found


def _bucket(text: str) -> int:
    return int(hashlib.sha256(normalise(text).encode()).hexdigest(), 16) % HELD_OUT


def compose(examples: int, seed: int, forbidden: Iterable[Example] = (),
            public: Sequence[Example] = (), every: int = 1,
            sequences: float = 1.0, beyond: float = 0.0) -> list[Example]:
    """
    Return the training examples: composed ones, then one in `every` of the public negatives.

    The share `beyond` of the composed ones is of what only the attached model carries out or
    what refers to earlier turns. The `forbidden` ones of a development set are never trained on:
    neither their texts nor, where they have a history, the text after just that. A text has one
    plan: a public one that the corpus has already is left out.
    """
    kept_out = frozenset(map(reading, forbidden))
    texts = frozenset(read[0] for read in kept_out if len(read) == 1)
    more = round(examples * beyond)
    found = list(Beyond(seed).examples(more, kept_out))
    seen = {reading(example) for example in found}
    found += [e for e in Composer(seed, sequences=sequences).examples(examples - more, texts)
              if reading(e) not in seen]
    known = {normalise(example.text) for example in found} | texts
    new = []
    for example in public:
        key = normalise(example.text)
        if key not in known:
            known.add(key)
            new.append(example)
    return found + new[::every]


def corpus_hashes(*others: Optional[Union[str, Path]]) -> dict[str, str]:
    """Return file name -> SHA-256 of the corpus files and of others that are given."""
    return hashes([*sorted(DATA.glob('*.yaml')), PHRASES, *(Path(o) for o in others if o)])


def hashes(paths: Iterable[Path]) -> dict[str, str]:
    """Return file name -> SHA-256 of files."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def cloud_plan(example: Example) -> str:
    """Return what the attached model should say; nobody is left to ask, so never REMOTE."""
    plan = example.cloud or example.plan
    return say('beyond', example.lang) if parse(plan).route == 'remote' else plan


def encode(examples: Iterable[Example], codec: 'Codec', longest: int = 128) -> list[Pair]:
    """
    Return the token ids of the examples that are not too long.

    Where both paths should say the same, one pair teaches both; else each has its own.
    """
    pairs = []
    for example in examples:
        prompt = codec.command(example.text, example.history)
        cloud = cloud_plan(example)
        if cloud == example.plan:
            pairs.append(_pair(prompt, codec.plan(cloud)))
        else:
            pairs += [_pair(prompt, codec.plan(example.plan), cloud=False),
                      _pair(prompt, codec.plan(cloud), edge=False)]
    return [pair for pair in pairs if len(pair.ids) <= longest]


def _pair(prompt: list[int], plan: list[int], edge: bool = True, cloud: bool = True) -> Pair:
    """Return a prompt and its plan as one pair."""
    return Pair((*prompt, *plan), len(prompt), edge, cloud)

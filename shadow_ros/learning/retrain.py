"""
Retraining: lessons from bags into a candidate model, measured against the one that works.

    made = Retraining(settings, run).work(paths)     # resumable: the run folder holds each step
    made.verdict.passed

The words of its user become words of the current shadow. What they mean is learned from lessons,
practised in many frames, and from what the base corpus says with the same words; all else stays
as it was. With a backbone the attached and the detached loss are learned together. Nothing outside
the run folder is touched.
"""

from dataclasses import asdict, dataclass
from functools import cached_property
import hashlib
import json
from pathlib import Path
from typing import Callable, Optional, Sequence

from shadow_ros.durable import replaced
from shadow_ros.errors import BagError, ConfigError
from shadow_ros.intent.card import CARD_FILE, IntentCard
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.tokens import Codec
from shadow_ros.intent.words import spelling
from shadow_ros.learning.candidate import CANDIDATE, fingerprint, write_candidate
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import read_examples, write_examples
from shadow_ros.learning.gate import judge_pair, Measured, Verdict
from shadow_ros.learning.judge import judge
from shadow_ros.learning.lessons.collect import collect, Collected
from shadow_ros.learning.lessons.lesson import Lesson
from shadow_ros.learning.lessons.tidy import against, key, without
from shadow_ros.learning.outcome import write_report
from shadow_ros.learning.practice import keep_out, Practice
from shadow_ros.learning.standing import Base
from shadow_ros.learning.taught import make_room, Model, words_of
from shadow_ros.learning.tune import tune, Tuning
from shadow_ros.phrases import language
from shadow_ros.shadow.folder import load_attached, save_attached
from shadow_ros.shadow.model import ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

BACKBONE, SETTINGS = 'backbone', 'retraining.json'
_KNOWN = 10_000  # texts of the corpus in which contradictions and taught words are looked for

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """
    How a retraining learns.

    The `rate` is in units of the embeddings' spread. One session in `hold_out`, at least one, is
    kept for the proof.
    """

    steps: int = 400
    batch: int = 32
    rate: float = 0.1
    hold_out: int = 5
    seed: int = 1
    precision: str = 'no'
    cpu: bool = False


@dataclass(frozen=True)
class Made:
    """A finished retraining: the candidate's folder, the verdict, and both models' results."""

    candidate: Path
    verdict: Verdict
    old: Measured
    new: Measured
    collected: Collected


class Retraining:
    """One retraining in its run folder; the same call goes on where it was broken off."""

    def __init__(self, parent: Path, run: Path, settings: Settings = Settings(),
                 base: Optional[Base] = None, backbone: Optional[Path] = None,
                 tell: Tell = lambda line: None) -> None:
        self.parent, self.run, self.settings = parent, run, settings
        self.base = base or Base.shipped()
        self.backbone, self.tell = backbone, tell

    def work(self, paths: Sequence[Path]) -> Made:
        """Do what is not done yet, or raise ShadowRosError with what to do."""
        collected = self._collected(paths)
        self._begin(paths)
        trained, held_out = split(collected.used, self.settings.hold_out, self.settings.seed)
        self.tell(f'{len(trained)} lessons to learn, {len(held_out)} held out')
        if not trained:
            raise BagError('the bags hold no lesson that can be trained on; label some with '
                           'shadow-ros feedback, or accept some: shadow-ros bags review')
        examples = [Example(x.text, x.plan, x.lang, 'household') for x in held_out]
        old = self._results(self.parent, examples)
        if not (self.run / CANDIDATE).is_dir():
            self._train(trained)
        return self._measure(old, examples, collected)

    def _collected(self, paths: Sequence[Path]) -> Collected:
        """Return the lessons; those of the standing set and contradictions are not used."""
        found = collect(paths)
        lessons = without(found.lessons, (e.text for e in self.base.standing),
                          'kept for measuring: it is in the standing development set')
        known = {key(e.text): e.plan for e in (*self._corpus, *self.base.safety) if not e.history}
        lessons, conflicts = against(lessons, known, 'the base corpus, and the user')
        return Collected(lessons, [*found.conflicts, *conflicts], found.troubles)

    @cached_property
    def _corpus(self) -> list[Example]:
        """Return what the base corpus says, as far as lessons are held against it."""
        return self.base.replay(_KNOWN, self.settings.seed)

    def _begin(self, paths: Sequence[Path]) -> None:
        """Make the run folder, or see that it is this retraining's."""
        about = {'parent': fingerprint(self.parent), 'from': sorted(p.name for p in paths),
                 'backbone': str(self.backbone or ''), **asdict(self.settings)}
        path = self.run / SETTINGS
        if path.is_file():
            if json.loads(path.read_text(encoding='utf-8')) != about:
                raise ConfigError(f'{self.run} holds another retraining (other bags, settings or '
                                  'model); give another --run, or remove that folder')
            return
        self.run.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(about, indent=1) + '\n', encoding='utf-8')

    def _train(self, lessons: Sequence[Lesson]) -> None:
        """Train, or go on, and write the candidate."""
        words = self._words(lessons)
        self.tell(f'words to learn: {", ".join(words)}')
        codec = Codec.load(self.parent).with_words(words)
        settings = self.settings
        model: Model = load_attached(self.backbone) if self.backbone else \
            ProjectedShadow.load(self.parent)
        tune(model, codec, make_room(model, codec, words), self._examples(lessons, codec),
             Tuning(settings.steps, settings.batch, settings.rate, settings.seed,
                    settings.precision, settings.cpu), self.run)
        model.cpu()
        if isinstance(model, ShadowedModel):
            save_attached(model, self.run / BACKBONE)
            codec.save(self.run / BACKBONE)
            if self.backbone and (self.backbone / CARD_FILE).is_file():  # for `shadow-ros serve`
                IntentCard.load(self.backbone).save(self.run / BACKBONE)
        shadow = model.detach() if isinstance(model, ShadowedModel) else model
        write_candidate(self.parent, shadow, codec, self.base, self.run / CANDIDATE)

    def _words(self, lessons: Sequence[Lesson]) -> list[str]:
        """Return the words that the lessons teach."""
        engine = EdgeEngine.load(self.parent, 'cpu')
        usual = '\n'.join(spelling(example.text) for example in self._corpus)
        words = words_of(lessons, lambda text, plan: judge(
            engine, [Example(text, plan, language(text), 'household')])[0].exact, usual)
        if not words:
            raise BagError(f'{engine.card.name} understands all {len(lessons)} lessons already; '
                           'record and correct what it does not')
        return words

    def _examples(self, lessons: Sequence[Lesson], codec: Codec) -> list[Example]:
        """Return practised lessons and what of the corpus holds their words, made once."""
        path = self.run / 'practice.jsonl'
        if not path.is_file():
            count = self.settings.steps * self.settings.batch
            own = Practice(lessons, self.settings.seed).practise(count, codec.words.within)
            corpus = keep_out(self._corpus, lessons)
            with replaced(path) as part:
                write_examples(part, [*own, *(e for e in corpus if codec.words.within(e.text))])
        return read_examples(path)

    def _measure(self, old: Measured, examples: Sequence[Example],
                 collected: Collected) -> Made:
        candidate = self.run / CANDIDATE
        new = self._results(candidate, examples)
        verdict = judge_pair(old, new)
        names = tuple(IntentCard.load(folder).name for folder in (self.parent, candidate))
        write_report(self.run, (names[0], names[1]), old, new, verdict, collected, {
            'parent_sha256': fingerprint(self.parent),
            'candidate_sha256': fingerprint(candidate)})
        return Made(candidate, verdict, old, new, collected)

    def _results(self, folder: Path, held_out: Sequence[Example]) -> Measured:
        engine = EdgeEngine.load(folder, 'cpu')
        self.tell(f'measuring {engine.card.name}')
        return self.base.measure(engine, held_out)


def split(lessons: Sequence[Lesson], hold_out: int,
          seed: int) -> tuple[list[Lesson], list[Lesson]]:
    """
    Return the lessons to learn and those kept for the proof, whole sessions of them.

    Weak lessons prove nothing, so none is held out. Where all come from one session, texts are
    held out instead.
    """
    sessions = sorted({x.session for x in lessons if not x.weak}, key=_spread(seed))
    if len(sessions) > 1:
        kept = set(sessions[:max(1, round(len(sessions) / hold_out))])
        held = [x for x in lessons if x.session in kept and not x.weak]
    else:
        spread = _spread(seed)
        strong = sorted((x for x in lessons if not x.weak), key=lambda x: spread(key(x.text)))
        held = strong[:len(strong) // hold_out]
    return [x for x in lessons if x not in held], held


def _spread(seed: int) -> Callable[[str], str]:
    return lambda text: hashlib.sha256(f'{seed} {text}'.encode()).hexdigest()

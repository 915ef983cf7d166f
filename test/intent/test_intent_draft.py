"""Guesses save passes and change nothing."""

from copy import deepcopy

import pytest
from scripted_model import CODECS, grammar_of, Script
import torch
from transformers import LlamaConfig, LlamaForCausalLM, LlamaModel

from shadow_ros.intent.decode import Decoder
from shadow_ros.intent.draft import Drafts
from shadow_ros.intent.grammar import accepts
from shadow_ros.shadow.attached import AttachedRuntime
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow
from shadow_ros.shadow.runtime import runtime_for

CODEC = CODECS['tags']


def drafts(command: str, *plans: str) -> Drafts:
    """Return the drafts for a command after earlier plans; a token is a byte."""
    found = Drafts(list)
    for plan in plans:
        found.remember(plan.encode() + b'\0')
    found.begin(command.encode())
    return found


@pytest.mark.parametrize(('command', 'text', 'guess'), [
    ('walk 2.5 m', '[MOVE', ' x=2.5]'), ('walk 2.5 m', '[MOVE x=', '2.5]'),
    ('walk', '[MOVE y=', '1.0]'), ('turn', '[TURN', ' yaw=90]'),
    ('walk 2.0 m, turn 45', '[MOVE x=2.0][TURN', ' yaw=45]'),
    ('walk', '[MOVE x=1', ''), ('walk', '[SPEED', ''), ('walk', '[SIT]', ''), ('walk', '', ''),
    ('walk', '[NOSUCH', ''), ('walk', '[MOVE speed=', ''), ('walk', 'On it', '')])
def test_amounts_are_copied(command, text, guess) -> None:
    assert bytes(drafts(command).guess(text.encode(), text.encode())).decode() == guess


def test_what_followed_before_may_follow_again() -> None:
    found = drafts('', '[SIT] Sitting.', '[LIE] Down.')
    assert bytes(found.guess(b'[SIT]', b'[SIT]')) == b' Sitting.\0'
    assert bytes(found.guess(b'[HELLO]', b'[HELLO]')) == b' Down.\0'
    found.remember(b'[SIT] Sitting.\0')
    assert bytes(found.guess(b'[HELLO]', b'[HELLO]')) == b' Sitting.\0'
    assert bytes(drafts('go 2.0').guess(b'[MOVE', b'[MOVE')) == b' x=2.0]'


@pytest.mark.parametrize('kind', CODECS)
def test_a_scripted_plan_takes_fewer_passes_the_second_time(kind) -> None:
    texts = ['[MOVE x=2.0][SIT] On it!', '[SIT] On it!', 'Look', '[TURN yaw=-90] On it!']
    decoder, fresh = None, {}
    for round_ in range(2):
        for text in texts:
            script = Script(CODECS[kind], text)
            decoder = decoder or Decoder(script, grammar_of(kind))
            decoder.runtime = script
            assert decoder.decode([CODECS[kind].user_id]).text.decode() == text
            assert script.passes < fresh.setdefault(text, 99)
            fresh[text] = script.passes + (round_ == 0)
    assert sum(fresh.values()) <= 4 * len(texts)


SIZES = {'vocab_size': CODEC.size, 'hidden_size': 32, 'intermediate_size': 64,
         'num_hidden_layers': 2, 'num_attention_heads': 4, 'num_key_value_heads': 2,
         'max_position_embeddings': 256}


def test_a_random_model_decides_the_same_with_and_without_guesses() -> None:
    torch.manual_seed(0)
    model = ProjectedShadow.wrap(LlamaModel(LlamaConfig(**SIZES)),
                                 torch.nn.Linear(32, CODEC.size, bias=False))
    with torch.no_grad():
        model.lm_head.weight.mul_(30)
    runtime = runtime_for(model, 256)
    drafting, plain = (Decoder(runtime, grammar_of('tags')) for _ in range(2))
    plain.drafts.guess = lambda text, tokens: []
    passes = [0, 0]
    for i in range(24):
        prompt, found = CODEC.command(f'walk {i % 5}.5 m and look'), []
        for way, decoder in enumerate((drafting, plain)):
            runtime.rewind(0)
            before = runtime.passes
            found.append(decoder.decode(prompt))
            passes[way] += runtime.passes - before
        assert found[0].text == found[1].text and found[0].actions == found[1].actions
        assert found[0].confidence == pytest.approx(found[1].confidence, abs=1e-4)
        assert found[0].actions is None or accepts(found[0].text.decode('utf-8', 'ignore'))
    assert passes[0] < passes[1]


def pair(likeness: float) -> ShadowedModel:
    """Return a backbone with a shadow that is nearly its copy, or as unlike as random numbers."""
    torch.manual_seed(3)
    base = LlamaForCausalLM(LlamaConfig(**SIZES, tie_word_embeddings=False))
    stack = deepcopy(base)
    with torch.no_grad():
        base.lm_head.weight.mul_(200)
        for weight in stack.parameters():
            weight.mul_(likeness).add_(torch.randn_like(weight) * 0.02 * (1 - likeness))
    model = ShadowedModel(base, Shadow.explicit(base, ShadowConfig(), stack)).eval()
    model.shadow().shadow_injection_model.injection_ups.data.normal_(0, 0.03)
    return model


@pytest.mark.parametrize('likeness', [0.0, 1.0])
def test_an_attached_model_decides_the_same_whatever_its_shadow_drafts(likeness) -> None:
    drafted, alone = (AttachedRuntime(pair(likeness), 256) for _ in range(2))
    decoders = [Decoder(runtime, grammar_of('tags')) for runtime in (drafted, alone)]
    decoders[1]._draft = lambda writing: []
    for text in ('walk 1.5 m and look', '坐下'):
        prompt = CODEC.command(text)
        for decoder in decoders:
            decoder.runtime.rewind(0)
        one, two = (decoder.decode(prompt) for decoder in decoders)
        assert one.text == two.text and one.actions == two.actions
        assert one.confidence == pytest.approx(two.confidence, abs=1e-4)
        assert one.tokens == two.tokens
    if likeness:
        assert drafted.passes < 0.7 * alone.passes and drafted.drafter.passes > drafted.passes / 2
    else:
        assert drafted.passes == alone.passes


class Led(Script):
    """A script whose drafter wants to say another text and comes along, as a shadow does."""

    def __init__(self, text: str, draft: str) -> None:
        super().__init__(CODEC, text)
        self.drafter = Script(CODEC, draft)

    def rewind(self, length: int) -> None:
        """Forget tokens, and let the drafter know what was said."""
        super().rewind(length)
        self.drafter.fed, self.drafter.length = list(self.fed), length


@pytest.mark.parametrize(('draft', 'passes', 'told'), [
    ('[MOVE x=2.0] On it!', 2, 1), ('[MOVE x=2.0] On the way', 4, 1),
    ('[MOVE x=3.0] On it!', 3, 2), ('[SIT] On it!', 10, 6), ('Look', 10, 6)], ids=str)
def test_a_drafter_saves_the_passes_that_it_foresaw(draft, passes, told) -> None:
    plan = '[MOVE x=2.0] On it!'
    script, seen = Led(plan, draft), []
    done = Decoder(script, grammar_of('tags')).decode(
        [CODEC.user_id], lambda d: seen.append(script.passes))
    assert done.text.decode() == plan and done.actions == b'[MOVE x=2.0]'
    assert (script.passes, seen) == (passes, [told])

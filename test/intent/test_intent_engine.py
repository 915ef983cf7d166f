"""The engine on tiny models: any text gives a valid plan, and the fast path changes nothing."""

from pathlib import Path
import shutil

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest
import torch
from transformers import Qwen3Config, Qwen3Model

from shadow_ros.errors import ModelError
from shadow_ros.intent import engine as engine_module
from shadow_ros.intent.amounts import normalise
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.engine import EdgeEngine, find_shipped_model
from shadow_ros.intent.grammar import accepts
from shadow_ros.intent.prompt import MAX_CHARACTERS, MAX_COMMAND_TOKENS
from shadow_ros.intent.steps import leaves_out
from shadow_ros.intent.tokens import Codec
from shadow_ros.plan import parse
from shadow_ros.shadow.projected import ProjectedShadow

PAIRS = [
    ('walk forward 2 meters', '[MOVE x=2.0] On it!'), ('turn left', '[TURN yaw=90] Turning.'),
    ('sit down then wave', '[SIT][HELLO]'), ('坐下', '[SIT] 好的！'), ('who are you', "I'm Doger."),
    ('what is the capital of France', '[REMOTE] Let me ask.'),
    ('walk on your hind legs', '[WALK_UPRIGHT] Look at me!'),
]
ASTRAY = ('lie down', '[LIE] 趴下。')  # answers in the wrong language


def codec() -> Codec:
    """Return a small tokenizer."""
    return Codec.train([line for pair in [*PAIRS, ASTRAY] for line in pair], 420)


def model(size: int) -> ProjectedShadow:
    """Return a random projected shadow, hidden 32 behind a head of 48."""
    torch.manual_seed(1)
    stack = Qwen3Model(Qwen3Config(
        vocab_size=size, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=256))
    return ProjectedShadow.wrap(stack, torch.nn.Linear(48, size, bias=False))


def train(shadow: ProjectedShadow, tokens: Codec) -> None:
    """Teach the pairs by heart."""
    examples = [(tokens.command(text), tokens.plan(plan))
                for text, plan in [*PAIRS, ASTRAY]]
    longest = max(len(c) + len(p) for c, p in examples)
    ids = torch.full((len(examples), longest), tokens.pad_id)
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
    assert loss.item() < 0.05


def write(folder: Path, trained: bool) -> Path:
    """Write a whole model folder."""
    torch.set_num_threads(1)
    tokens = codec()
    shadow = model(tokens.size)
    if trained:
        train(shadow, tokens)
    shadow.save(folder)
    tokens.save(folder)
    IntentCard('tiny', threshold=0.4).save(folder)
    return folder


@pytest.fixture(scope='module')
def random_engine(tmp_path_factory) -> EdgeEngine:
    """Return an engine whose model knows nothing."""
    return EdgeEngine.load(write(tmp_path_factory.mktemp('random'), False))


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """Return the folder of a model that knows the pairs by heart."""
    return write(tmp_path_factory.mktemp('trained'), True)


@pytest.fixture(scope='module')
def engine(folder) -> EdgeEngine:
    """Return its engine."""
    return EdgeEngine.load(folder)


@pytest.mark.parametrize(('text', 'plan'), PAIRS, ids=[p for _, p in PAIRS])
def test_learned_plans_come_back(engine, text, plan) -> None:
    thought = engine.think(text)
    assert str(thought.plan) == plan
    assert thought.confidence > 0.8
    assert thought.model == 'tiny'
    assert 0 < thought.timing_ms['actions'] <= thought.timing_ms['total']


def test_a_plan_is_answered_in_the_language_of_the_command(engine) -> None:
    assert str(engine.think(ASTRAY[0]).plan) == '[LIE] OK!'


def test_sizes_that_were_miscopied_are_not_trusted(engine) -> None:
    """Learnt by heart, it says two metres whatever the number is."""
    early = []
    thought = engine.think('walk forward 2.5 meters', early.append)
    assert str(thought.plan) == '[MOVE x=2.0] On it!'
    assert thought.confidence == early[0].confidence == 0.0
    engine.cautious = False
    assert engine.think('walk forward 2.5 meters').confidence > 0.1
    engine.cautious = True


def test_a_plan_that_leaves_a_step_out_is_not_trusted() -> None:
    """Of the shipped model; one wish with much around it stays trusted."""
    shipped = EdgeEngine.load()
    for text in ('turn left then right then left then right and sit', 'wave, bow, heart, dance'):
        thought = shipped.think(text)
        assert thought.confidence == 0.0 or len(thought.plan.actions) not in (2, 3)
    talkative = shipped.think("listen, it is late, and everybody's tired, so please sit down")
    assert str(talkative.plan).startswith('[SIT]') and talkative.confidence > 0.7


@pytest.mark.parametrize('text, actions, found', [
    ('sit, lie, stand, stretch and dance', 3, True), ('wave, bow, heart, dance', 3, True),
    ('sit, lie, stand and dance', 4, False), ('sit, stand and dance', 3, False),
    ('well, you know, sit down, buddy', 1, False), ('坐下，起立，跳舞，再挥手', 3, True),
    ('先坐下，再跳舞', 2, False), ('walk 1.5 m. sit. stand', 3, False)])
def test_parts_of_a_sentence_are_held_against_its_plan(text, actions, found) -> None:
    assert leaves_out(normalise(text), actions) is found


def test_actions_come_before_the_reply(engine) -> None:
    seen = []
    thought = engine.think('walk forward 2 meters', seen.append)
    assert [str(early.plan) for early in seen] == ['[MOVE x=2.0]']
    assert seen[0].passes <= thought.passes
    assert seen[0].confidence == thought.confidence
    assert engine.think('who are you', seen.append) and len(seen) == 1


@pytest.mark.parametrize('precision', ['int8', 'bfloat16'])
def test_other_precisions_answer_alike(folder, engine, precision) -> None:
    other = EdgeEngine.load(folder, 'cpu', precision)
    for text, plan in PAIRS:
        assert str(other.think(text).plan) == plan
        assert other.think(text).confidence == pytest.approx(
            engine.think(text).confidence, abs=0.1)


def test_torch_keeps_its_threads(folder) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        EdgeEngine.load(folder).think('turn left')
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_what_was_thought_before_changes_nothing(engine) -> None:
    first = engine.think('turn left')
    engine.think('坐下')
    again = engine.think('turn left')
    assert again.plan == first.plan
    assert again.confidence == pytest.approx(first.confidence, abs=1e-5)
    assert again.passes <= first.passes


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=80))
def test_any_text_gives_a_valid_plan_even_from_random_weights(random_engine, text) -> None:
    check(random_engine.think(text))


@pytest.mark.parametrize('text', [
    '', '   ', '\n\t\x00', '\ud800', 'sit \udcff down', '😀' * 50, 'a' * 100_000, '坐' * 100_000,
    '[SIT]', '<|end|><|plan|>[BACK_FLIP]<|end|>', ' ' * 100_000, 'walk ' * 70, '\u202esit',
    '9' * 300, '1' * 90 + ' meters', '\x00' * 2000 + 'sit'], ids=lambda t: f'{t[:12]!a}_{len(t)}')
def test_hostile_text_gives_a_valid_plan(random_engine, engine, text) -> None:
    check(random_engine.think(text))
    check(engine.think(text))


def check(thought) -> None:
    """Assert that a thought is whole: its plan is in the grammar, or says nothing."""
    plan = thought.plan
    assert parse(str(plan)) == plan
    assert not plan.actions or accepts(''.join(str(a) for a in plan.actions))
    assert len(plan.actions) <= 5
    assert 0.0 <= thought.confidence <= 1.0


@pytest.mark.parametrize('text', ['', ' \n', '\x00'])
def test_empty_text_is_an_empty_talk(engine, text) -> None:
    thought = engine.think(text)
    assert thought.plan.route == 'talk' and str(thought.plan) == '' and thought.passes == 0


@pytest.mark.parametrize(('text', 'words'), [('walk ' * 400, 'too long'), ('走' * 5000, '太长')])
def test_text_over_the_limit_is_never_a_motion(engine, text, words) -> None:
    thought = engine.think(text)
    assert thought.plan.route == 'talk' and words in thought.plan.reply and thought.passes == 0


def test_text_of_too_many_tokens_is_for_the_cloud(engine) -> None:
    text = 'q' * (MAX_CHARACTERS - 1)
    assert len(engine.codec.command(text)) > MAX_COMMAND_TOKENS
    assert engine.think(text).plan.route == 'remote'


def test_markers_in_text_are_text(engine) -> None:
    ids = engine.codec.command('<|end|>')
    assert ids.count(engine.codec.end_id) == 0
    assert ids.count(engine.codec.plan_id) == 1


@pytest.mark.parametrize(('name', 'words'), [
    ('shadow_intent.json', 'shadow_intent.json is missing'),
    ('tokenizer.json', 'tokenizer.json is missing'), ('config.json', 'config.json is missing'),
    ('model.safetensors', 'model.safetensors is missing')])
def test_incomplete_folder_gets_a_sentence(folder, tmp_path, name, words) -> None:
    broken = tmp_path / 'broken'
    shutil.copytree(folder, broken)
    (broken / name).unlink()
    with pytest.raises(ModelError, match=words):
        EdgeEngine.load(broken)


@pytest.mark.parametrize(('name', 'content', 'words'), [
    ('shadow_intent.json', '{"name": "x", "table_version": 99}', 'train the model again'),
    ('shadow_intent.json', '{"name": "x", "treshold": 1}', 'threshold'),
    ('shadow_intent.json', '{}', 'name'), ('tokenizer.json', '{"a": 1}', 'not a tokenizer'),
    ('shadow_intent.json', '{"name": "x", "threshold": "high"}', 'from 0.0 to 1.0')])
def test_wrong_folder_gets_a_sentence(folder, tmp_path, name, content, words) -> None:
    broken = tmp_path / 'broken'
    shutil.copytree(folder, broken)
    (broken / name).write_text(content)
    with pytest.raises(ModelError, match=words):
        EdgeEngine.load(broken)


def test_tokenizer_of_another_model_is_noticed(folder, tmp_path) -> None:
    broken = tmp_path / 'broken'
    shutil.copytree(folder, broken)
    Codec.train([chr(c) for c in range(0x4e00, 0x5500)] * 3, 4000).save(broken)
    with pytest.raises(ModelError, match='different models'):
        EdgeEngine.load(broken)


def test_missing_folder_gets_a_sentence(tmp_path) -> None:
    with pytest.raises(ModelError, match='does not exist'):
        EdgeEngine.load(tmp_path / 'nowhere')


def test_shipped_model_is_found_in_a_checkout_and_in_a_prefix(tmp_path, monkeypatch) -> None:
    places = [tmp_path / 'checkout', tmp_path / 'prefix']
    monkeypatch.setattr(engine_module, 'homes_of', lambda part: places)
    with pytest.raises(ModelError, match='no shipped model'):
        find_shipped_model()
    for name in ('another', 'edge'):
        IntentCard(name).save(places[1] / name)
        assert find_shipped_model() == places[1] / name
    IntentCard('x').save(places[0] / 'x')
    assert find_shipped_model() == places[0] / 'x'


def test_card_round_trip(tmp_path) -> None:
    card = IntentCard('edge', ('en',), 0.7, 1.5, {'exact': 0.9}, {'a.jsonl': 'ff'}, 'mother')
    card.save(tmp_path)
    assert IntentCard.load(tmp_path) == card

"""The Trainer and Accelerate drive shadowed models, and go on bit-exactly from a checkpoint."""

from accelerate import Accelerator
import pytest
from safetensors.torch import load_file, save_file
from test_shadow_model import attached, FAMILIES, SIZES, tokens, VOCAB
import torch
from transformers import LlamaConfig, LlamaForSequenceClassification, Trainer, TrainingArguments

from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.task import ShadowedCausalLM, ShadowedClassifier


def causal(family: str = 'qwen3', **options) -> ShadowedCausalLM:
    """Return a tiny shadowed causal LM, the same each time."""
    torch.manual_seed(11)
    return ShadowedCausalLM(attached(family, **options))


def rows(count: int = 8) -> list[dict[str, torch.Tensor]]:
    """Return training examples; the first tokens are not learned, of each row more."""
    generator = torch.Generator().manual_seed(6)
    found = []
    for i in range(count):
        ids = torch.randint(1, VOCAB, (8,), generator=generator)
        found.append({'input_ids': ids, 'labels': ids.masked_fill(torch.arange(8) <= i % 4, -100)})
    return found


def trainer(lm, folder, **options) -> Trainer:
    """Return a Trainer on the CPU that saves every second step."""
    settings = {'max_steps': 4, 'save_steps': 2, 'per_device_train_batch_size': 2, 'seed': 3,
                'learning_rate': 1e-2, 'report_to': [], 'use_cpu': True, 'logging_steps': 1,
                'disable_tqdm': True, **options}
    optimizer = torch.optim.AdamW(lm.model.parameter_groups(1e-2, 0.1, 0.01))
    return Trainer(lm, TrainingArguments(str(folder), **settings), train_dataset=rows(),
                   eval_dataset=rows(2), optimizers=(optimizer, None))


def learned(lm) -> dict[str, torch.Tensor]:
    """Return copies of what learns."""
    return {k: v.clone() for k, v in lm.state_dict().items()}


# transformers 5.23 gave it another name.
CHECKPOINTING = next(name for name in ('activation_checkpointing', 'gradient_checkpointing')
                     if hasattr(TrainingArguments, name))


@pytest.mark.parametrize('options', [{}, {'bf16': True, CHECKPOINTING: True}],
                         ids=['plain', 'bf16 checkpointing'])
def test_trainer_trains_the_shadow_alone_and_resumes_bit_exactly(tmp_path, options) -> None:
    whole = causal()
    base = {k: v.clone() for k, v in whole.model.base.state_dict().items()}
    before = learned(whole)
    trainer(whole, tmp_path, **options).train()
    after = learned(whole)
    assert all(torch.equal(v, base[k]) for k, v in whole.model.base.state_dict().items())
    assert not any(torch.equal(after[k], before[k]) for k in after if 'injection' in k)
    half = causal()
    trainer(half, tmp_path, **options).train(
        resume_from_checkpoint=str(tmp_path / 'checkpoint-2'))
    assert all(torch.equal(v, after[k]) for k, v in learned(half).items())
    saved = tmp_path / 'checkpoint-4'
    assert not any('base' in name for name in load_file(saved / 'model.safetensors'))
    again = ShadowedModel.load(causal().model.base, saved)
    assert all(torch.equal(v, after[f'model.shadows.default.{k}'])
               for k, v in again.shadow().state_dict().items())


def test_accumulated_batches_learn_as_one_large_batch(tmp_path) -> None:
    found = []
    for size, parts in ((4, 1), (1, 4)):
        lm = causal(dropout=0.0)
        trainer(lm, tmp_path / str(size), per_device_train_batch_size=size, max_steps=2,
                gradient_accumulation_steps=parts, save_strategy='no').train()
        found.append(learned(lm))
    assert all(torch.allclose(v, found[1][k], atol=1e-5) for k, v in found[0].items())


def test_trainer_evaluates(tmp_path) -> None:
    lm = causal()
    metrics = trainer(lm, tmp_path).evaluate()
    with torch.no_grad():
        ids = torch.stack([row['input_ids'] for row in rows(2)])
        labels = torch.stack([row['labels'] for row in rows(2)])
        assert metrics['eval_loss'] == pytest.approx(lm.eval()(ids, labels=labels).loss.item(),
                                                     abs=1e-5)


def test_a_classifier_trains_with_its_heads(tmp_path) -> None:
    base = LlamaForSequenceClassification(LlamaConfig(
        **SIZES, num_hidden_layers=3, num_labels=3, pad_token_id=0))
    model = ShadowedModel(base, Shadow.implicit(base, ShadowConfig()))
    lm = ShadowedClassifier(model)
    data = [{'input_ids': row['input_ids'], 'labels': i % 3} for i, row in enumerate(rows())]
    settings = TrainingArguments(str(tmp_path), max_steps=2, report_to=[], use_cpu=True,
                                 save_strategy='no', disable_tqdm=True)
    before = learned(lm)
    Trainer(lm, settings, train_dataset=data).train()
    moved = {k for k, v in learned(lm).items() if not torch.equal(v, before[k])}
    assert any('classifier_head' in k for k in moved)
    assert any('shadow_classifier_head' in k for k in moved)
    with torch.no_grad():
        assert lm.eval()(tokens(1, 5).clamp(min=1)).logits.shape == (1, 3)


@pytest.mark.parametrize('family', FAMILIES)
def test_gradients_reach_all_that_learns(family) -> None:
    """Several GPUs (DDP) stall on a parameter without a gradient."""
    lm = causal(family, dropout=0.0).train()
    lm.gradient_checkpointing_enable()
    assert any(getattr(part, 'gradient_checkpointing', False) for part in lm.modules())
    ids = tokens()
    lm(ids, labels=ids).loss.backward()
    assert all(p.grad is not None for p in lm.parameters() if p.requires_grad)
    assert all(p.grad is None for p in lm.model.base.parameters())


def test_accelerate_goes_on_bit_exactly(tmp_path) -> None:
    def begin():
        lm = causal(dropout=0.1)
        accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
        optimizer = torch.optim.AdamW(lm.model.parameter_groups(1e-2))
        return accelerator, *accelerator.prepare(lm, optimizer)

    def steps(accelerator, lm, optimizer, first: int) -> None:
        for row in rows()[first:first + 4]:
            with accelerator.accumulate(lm):
                ids, labels = row['input_ids'][None], row['labels'][None]
                accelerator.backward(lm.train()(ids, labels=labels).loss)
                optimizer.step()
                optimizer.zero_grad()

    whole = begin()
    steps(*whole, 0)
    whole[0].save_state(str(tmp_path))
    steps(*whole, 4)
    half = begin()
    half[0].load_state(str(tmp_path))
    steps(*half, 4)
    assert all(torch.equal(v, learned(whole[1])[k]) for k, v in learned(half[1]).items())


def stepped(lm, ids: torch.Tensor) -> None:
    """Train a model two steps on a batch."""
    optimizer = torch.optim.SGD(lm.parameters(), 0.5)
    for _ in range(2):
        lm(ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def one_of_two(rank: int, folder: str) -> None:
    """Train on one row of two, as one of two processes that share their gradients."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group('gloo', f'file://{folder}/meet', rank=rank, world_size=2)
    lm = causal(dropout=0.0).train()
    lm.gradient_checkpointing_enable()
    shared = torch.nn.parallel.DistributedDataParallel(lm)
    stepped(shared, torch.arange(16).view(2, 8)[rank:rank + 1])
    if rank == 0:
        save_file(learned(lm), f'{folder}/learned')
    del shared  # were it the last to know the group, letting go of it could hang, with the GIL
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_available(), reason='this torch runs alone')
def test_two_processes_learn_what_one_learns_of_their_rows_together(tmp_path) -> None:
    torch.multiprocessing.spawn(one_of_two, (str(tmp_path),), nprocs=2)
    lm = causal(dropout=0.0).train()
    before = learned(lm)
    stepped(lm, torch.arange(16).view(2, 8))
    after, shared = learned(lm), load_file(tmp_path / 'learned')
    assert all(torch.allclose(shared[k], v, atol=1e-5) for k, v in after.items())
    assert any(not torch.allclose(before[k], v, atol=1e-3) for k, v in after.items())


def test_groups_hold_every_learning_parameter_once() -> None:
    model = causal().model
    groups = model.parameter_groups(1e-3, shadow_multiplier=0.1, weight_decay=0.01)
    together = [p for group in groups for p in group['params']]
    assert len(together) == len(set(map(id, together))) == len(model.trainable_parameters())
    stack = set(map(id, model.shadow().shadow_model.parameters()))
    for group in groups:
        assert {id(p) in stack for p in group['params']} == {group['lr'] == pytest.approx(1e-4)}
        assert all((p.dim() > 1) == (group['weight_decay'] > 0) for p in group['params'])


def test_a_half_precision_backbone_takes_a_full_precision_shadow() -> None:
    lm = causal(dropout=0.0)
    lm.model.base.to(torch.bfloat16)
    ids = tokens()
    lm.train()(ids, labels=ids).loss.backward()
    assert all(p.grad is not None and p.dtype == torch.float32
               for p in lm.parameters() if p.requires_grad)

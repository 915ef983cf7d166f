"""
The router: what becomes of a thought. Pure.

    decision = route(thought, text, threshold=0.5, attached=False)
    decision.plan        # publish this
    decision.ask_cloud   # or first ask the backbone; keep the plan for when it does not answer
"""

from dataclasses import dataclass, replace
from typing import Optional

from shadow_ros.actions import Risk
from shadow_ros.intent.thought import Thought
from shadow_ros.phrases import language, say
from shadow_ros.plan import Action, Plan

_BOLD = (Risk.ACROBATIC, Risk.LIMP)  # a mistake with these hurts


@dataclass(frozen=True)
class Decision:
    """
    What to publish for a command.

    `reason` is '' when the thought stands as it is, 'unsure' when it was turned into a question,
    'remote' when the cloud is asked, 'no backbone' when it cannot be.
    """

    plan: Plan
    confidence: float
    reason: str = ''
    ask_cloud: bool = False

    @property
    def route(self) -> str:
        """Return 'edge', 'remote' or 'talk'."""
        return self.plan.route


def route(thought: Thought, text: str, threshold: float, attached: bool = False,
          ask_unsure: bool = False, bold: float = 0.0) -> Decision:
    """
    Return what to do with a thought about `text`.

    A plan with actions below the threshold becomes a question back, never a motion; a STOP that it
    begins with is obeyed at any confidence; `bold` is what the model's card wants of acrobatic
    plans. REMOTE goes to the backbone when one is attached, with `ask_unsure` also what would be
    asked back, else the robot says that it cannot, in the language of the text.
    """
    plan, lang = thought.plan, language(text)
    if plan.route == 'remote':
        if attached:
            return Decision(plan, thought.confidence, 'remote', ask_cloud=True)
        return Decision(Plan(plan.actions, say('no_backbone', lang)), thought.confidence,
                        'no backbone')
    if plan.route == 'talk' or thought.confidence >= needed(plan, threshold, bold):
        return Decision(plan, thought.confidence)
    stop = plan.actions[:1] if plan.actions[0].name == 'STOP' else ()
    rest = ' '.join(_spoken(action) for action in plan.actions[len(stop):])
    return Decision(Plan(stop, say('ask_back', lang, plan=rest)), thought.confidence, 'unsure',
                    attached and ask_unsure and not stop)


def needed(plan: Plan, threshold: float, bold: float = 0.0) -> float:
    """
    Return the confidence that the plan needs before it may move the robot.

    What hurts when it is a mistake may be in doubt by half as much as the rest, and needs at
    least what it was calibrated to, `bold`.
    """
    if plan.actions and all(action.spec.risk is Risk.ALWAYS for action in plan.actions):
        return 0.0
    if any(action.spec.risk in _BOLD for action in plan.actions):
        return max((1.0 + threshold) / 2, bold)
    return threshold


def effective_threshold(configured: Optional[float], calibrated: float) -> float:
    """Return the parameter `intent.threshold`, or, when it is negative, the model's own."""
    return calibrated if configured is None or configured < 0 else configured


def without_reply(decision: Decision) -> Decision:
    """Return the decision with its actions alone, for those who speak later."""
    return replace(decision, plan=Plan(decision.plan.actions))


def _spoken(action: Action) -> str:
    """Return a tag as it can be read aloud: `MOVE x=2.0`; a reply may hold no brackets."""
    return str(action)[1:-1]

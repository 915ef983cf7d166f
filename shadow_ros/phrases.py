"""What the robot says by itself, in English and Chinese, and in which language to say it."""

import re
from typing import Mapping

_HAN = re.compile(r'[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]')

_PHRASES: Mapping[str, tuple[str, str]] = {
    # refusals of the guard
    'latched': ('I am stopped. Release me with the resume service first.',
                '我已急停，请先用 resume 服务解除。'),
    'superseded': ('That command is older than the last stop, so I leave it.',
                   '这条指令早于刚才的停止，我不执行。'),
    'too_many': ('At most {limit} actions in one plan, this one has {count}.',
                 '一次最多 {limit} 个动作，这里有 {count} 个。'),
    'over_limit': ('{action}: {name} may be at most {limit:g} {unit} either way, got {value:g}.',
                   '{action}：{name} 最多 {limit:g} {unit}，收到 {value:g}。'),
    'nothing': ('{action}: the amount is zero, so there is nothing to do.',
                '{action}：数量为零，没有可做的。'),
    'too_long': ('That would take about {seconds:.0f} s, at most {limit:.0f} s are allowed.',
                 '这大约需要 {seconds:.0f} 秒，最多允许 {limit:.0f} 秒。'),
    'acrobatics_off': ('{action} is acrobatic, and acrobatics are switched off '
                       '(parameter robot.acrobatics).',
                       '{action} 是特技动作，特技已关闭（参数 robot.acrobatics）。'),
    'posture_unknown': ('I do not know how I stand ({posture}). Ask me to stand up first.',
                        '我不确定自己的姿态（{posture}），请先让我站起来。'),
    'no_state': ('The body has not reported for {seconds:.1f} s, so I do not move.',
                 '机身已 {seconds:.1f} 秒没有上报状态，我不动。'),
    'bad_record': ('I could not read that plan: {error}', '我读不懂这个计划：{error}'),
    # confirmation
    'confirm': ('Shall I really do {actions}? Say yes within {seconds:.0f} seconds.',
                '真的要我做 {actions} 吗？请在 {seconds:.0f} 秒内说“是”。'),
    'confirm_late': ('No yes came, so I leave it.', '没有得到确认，我不做了。'),
    'confirm_no': ('All right, I leave it.', '好的，我不做了。'),
    'confirm_none': ('There is nothing to confirm.', '现在没有需要确认的。'),
    'newer': ('A newer command came.', '有了更新的指令。'),
    # outcomes
    'stand_first': ('I stand up first.', '我先站起来。'),
    'did_not_move': ('I tried, but I did not move. Is something in the way?',
                     '我试了，但没有动。前面有东西挡着吗？'),
    'got_stuck': ('I got stuck after {done:.2f} of {goal:.2f} {unit}.',
                  '我走到 {done:.2f}/{goal:.2f} {unit} 就卡住了。'),
    'timed_out': ('{action} was not done after {seconds:.0f} s, so I gave up.',
                  '{action} 过了 {seconds:.0f} 秒还没完成，我放弃了。'),
    'still_moving': ('The body still reports motion {seconds:.1f} s after the stop.',
                     '停止 {seconds:.1f} 秒后机身仍在动。'),
    'stopped': ('Stopped.', '已停止。'),
    'latched_now': ('Stopped and held. Call resume to go on.', '已急停，恢复请用 resume。'),
    'resumed': ('Ready again.', '可以继续了。'),
    'closing': ('The action node is shutting down.', '动作节点正在关闭。'),
    # the intent room
    'no_backbone': ('That is beyond me, and no cloud is attached.', '这个我做不到，也没有连接云端。'),
    'follow_up': ('OK!', '好的！'),
    'beyond': ('That is beyond me.', '这个我做不到。'),
    # the cloud; one for each reason of a CloudError
    'thinking': ('Let me think.', '让我想想。'),
    'cloud_lost': ('I lost the cloud, so I carry on by myself.', '云端断开了，我先靠自己。'),
    'cloud_back': ('The cloud is back.', '云端恢复了。'),
    'cloud_unreachable': ('That is beyond me, and I cannot reach the cloud.',
                          '这个我做不到，也连不上云端。'),
    'cloud_slow': ('That is beyond me, and the cloud did not answer in time.',
                   '这个我做不到，云端也没有及时回答。'),
    'cloud_busy': ('That is beyond me, and the cloud is too busy at the moment.',
                   '这个我做不到，云端现在也太忙了。'),
    'cloud_refused': ('That is beyond me, and the cloud does not let me in. Check my token.',
                      '这个我做不到，云端也不让我进入，请检查令牌。'),
    'cloud_untrusted': ('That is beyond me, and I do not trust who answers as the cloud.',
                        '这个我做不到，而且云端的身份不可信。'),
    'cloud_broken': ('That is beyond me, and the answer of the cloud makes no sense.',
                     '这个我做不到，云端的回答也不对。'),
    'cloud_version': ('That is beyond me, and the cloud is of another version.',
                      '这个我做不到，云端的版本也不一致。'),
    'cloud_away': ('That is beyond me, and the cloud is away at the moment.',
                   '这个我做不到，云端暂时也不在。'),
    'cloud_private': ('That is beyond me, and nothing you say may leave me.',
                      '这个我做不到，你的话也不允许外传。'),
    'cloud_more': ('That is beyond me, and the cloud could not do it either.',
                   '这个我做不到，云端也不行。'),
    'ask_back': ('Did you mean {plan}? Please say it another way.', '你是说 {plan} 吗？请换个说法。'),
    'not_understood': ('I did not understand. Please say it another way.',
                       '我没听懂，请换个说法。'),
    'all_right': ('OK!', '好的！'),
    'noted_right': ('Good, I will remember that this was right.', '好的，我记住这样是对的。'),
    'noted_wrong': ('Sorry. I will remember that this was wrong.', '抱歉，我记住这样不对。'),
    'nothing_planned': ('There is no plan yet that this could be about.', '还没有可以评价的计划。'),
    'too_much_text': ('That was too long for me. Please say it shorter.', '太长了，请说短一点。'),
}


def language(text: str) -> str:
    """Return 'zh' when the text holds Chinese characters, else 'en'."""
    return 'zh' if _HAN.search(text) else 'en'


class Told(str):
    """A sentence in both languages; used as a text it is the English one."""

    chinese: str


def tell(english: str, chinese: str, **values: object) -> Told:
    """Return the sentence with the values filled in; one that is Told is so in each language."""
    told = Told(english.format(**values))
    told.chinese = chinese.format(**{
        name: spoken(value, 'zh') if isinstance(value, str) else value
        for name, value in values.items()})
    return told


def spoken(text: str, lang: str) -> str:
    """Return the sentence in the language, as far as it is known in it."""
    return text.chinese if lang == 'zh' and isinstance(text, Told) else str(text)


def say(key: str, lang: str = 'en', **values: object) -> str:
    """Return the phrase in the language; an unknown key is a KeyError, never a silent blank."""
    english, chinese = _PHRASES[key]
    return spoken(tell(english, chinese, **values), lang)

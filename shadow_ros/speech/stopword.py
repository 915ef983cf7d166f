"""The words that never wait for a model: stop, emergency stop, yes and no, in en and zh."""

import itertools
import re
from typing import Iterable, Sequence
import unicodedata

_HAN = '\u3400-\u9fff'
_TOKEN = re.compile(rf'[{_HAN}]|(?:(?![{_HAN}])[^\W_])+|(?:_|[^\w\s])+')
_STRETCHED = re.compile(r'([a-z])\1{2,}')
_PAUSE = '|'

_LONGEST = 500
"""Characters that are looked at: nobody stops a dog in more, and a flood must not delay a stop."""

# Only the characters that the phrases below use; recognisers write either script.
_SIMPLIFIED = str.maketrans(
    '別動緊來會兒轉請車馬給說趕點現許準這著對確認執當沒問題剎後還過機聽讓們嗎啟夠腳運進領無須麼煩謝開鬆帶讚應該為',
    '别动紧来会儿转请车马给说赶点现许准这着对确认执当没问题刹后还过机听让们吗启够脚运进领无须么烦谢开松带赞应该为')


def tokens(text: str) -> list[str]:
    """
    Return the lower-case words and single Chinese characters of a text, pauses as '|'.

    Apostrophes vanish (`don't` is `dont`), drawn-out letters are one (`stooop` is `stop`),
    full-width and traditional forms are folded into the plain ones.
    """
    plain = unicodedata.normalize('NFKC', text).casefold().translate(_SIMPLIFIED)
    plain = re.sub("['’‘`´]", '', plain).replace('-', ' ')
    plain = _STRETCHED.sub(r'\1', plain)
    return [word if word.isalnum() else _PAUSE for word in _TOKEN.findall(plain)]


class _Phrases:
    """A set of token sequences, found by their first token."""

    def __init__(self, lines: str) -> None:
        self._by_first: dict[str, set[tuple[str, ...]]] = {}
        for line in lines.strip().splitlines():
            for phrase in _expand(line):
                if phrase:
                    self._by_first.setdefault(phrase[0], set()).add(phrase)

    def lengths(self, words: Sequence[str], start: int) -> list[int]:
        """Return the lengths of the phrases that stand at `start`."""
        return [len(phrase) for phrase in self._by_first.get(words[start], ())
                if tuple(words[start:start + len(phrase)]) == phrase]


def _expand(line: str) -> Iterable[tuple[str, ...]]:
    """Return the token sequences of a line in which `(a|b|)` stands for any one of its parts."""
    parts = [part.split('/') for part in re.split(r'[()]', line)]
    return (tuple(tokens(''.join(choice).replace('_', ' , '))) for choice in
            itertools.product(*parts))


_DOING = ('(moving/walking/turning/running/going/spinning/dancing/jumping/rotating/motion/'
          'movement/everything/it/that/this/doing that/doing this/what you are doing/'
          'what youre doing/all motion/all movement/the movement/right there/where you are/'
          'there/here/walking around/spinning around/turning around/moving around/running around/'
          'the robot/the dance/the dancing/the spinning/the turning/the walking/with the dancing/'
          'with the spinning/your movement/your engines/all motors/backing up/going forward/'
          'going backwards/coming closer/following me/chasing me/running away/wandering off/'
          'fooling around/messing around/this nonsense/in your tracks/dead/whatever you are doing/'
          'whatever youre doing/the motion/your motion/rolling/jumping around/hopping/barking)')
_MOMENT = '( a/ one/ just a/ just one/ for a)( second/ sec/ minute/ moment/ bit/ while)'

_STOP = _Phrases(f"""
(stop/halt/freeze/whoa/woah/stand still/hold still/keep still/be still/stay still/remain still)
(stop/halt/quit/cease/pause) {_DOING}
(no/no more) (moving/walking/turning/running/spinning)
(cease/pause/abort/brake/brakes/hit the brakes/full stop/dead stop/come to a stop/motion stop)
(come to a/make a) (halt/stop/full stop/complete stop)
(abort/cancel) (everything/all/all actions/mission/the mission)
cut it out/knock it off/quit it
(enough/thats enough/that is enough/thats far enough/far enough/thats it enough/enough is enough)
(thats close enough/close enough/that will do/thatll do/dont go anywhere/do not go anywhere)
(enough/no more) (walking/running/dancing/spinning/turning/moving/jumping/moving around)
(come to a standstill/stand perfectly still/freeze where you are/nobody move/sit tight/stand by)
(stay right where you are/stay in position/hold your ground/slam on the brakes/slam the brakes)
(put the brakes on/red light/cease and desist/desist/stahp/stopp/make it stop/time to stop)
(not a step further/not one step further/no further/dont come any closer/dont take one more step)
(dont/do not) (move an inch/you move/take another step/take one more step/come any closer)
(dont/do not/dont you/dont you dare) (move/move a muscle/move any more/move anymore/budge)
(dont/do not) (go/walk/move/run) (any further/further/any farther/any more/anymore/away)
(dont/do not) (go/walk/run/turn any more/turn anymore/keep going/keep walking/take another step)
(not another/not one more) step
(stay/remain) (there/here/put/where you are/right there/right here/in place)
(stay/hold position/hold your position/hold it/hold up/hold on/hang on/hold your horses)
(wait/wait here/wait there/wait for me/wait up/wait right there)
(wait/wait up/hold on/hold up/hang on/hold it/stop/pause/stay/stand still/hold still){_MOMENT}
(just a/just one/one/gimme a/give me a) (second/sec/minute/moment)
(停/停下/停下来/停住/停一下/停一停/停车/停步/停手/停止/停下脚步/停在原地/停在那儿/停在这儿/停在那里/停在这里/停在那/停在这/停那儿/停这儿)
(停止/停下)(所有/一切/全部/)(动作/运动/移动/行动/前进/后退/行走/走路/走动/转动/旋转/跑步/跳舞/执行)
(停止/停)(走/转/跑/动)
(别/不要/不许/不准/别再/不要再/不许再/不准再/不能再/不用再)(动/乱动/走/跑/转/往前走/往前/前进/走动/移动)(/了)
(甭/莫/勿/莫再/甭再/莫要/勿要/休要)(动/乱动/走/跑/转/跳)(/了)
(别/不要/别再/不要再/不准)(乱走/乱跑/乱转/到处跑/靠近/追/跟着我/跟/翻/蹦/蹦跶/退/往后/往左/往右)(了)
(别再/不要再/不准/不要)(靠近/追我/乱跑/乱走)
(叫你/让你/求你/求求你)(别动/停/停下/停下来)(/了)
(停住脚步/停止活动/就地停下/留在原地/留在那儿/静止/静止不动/站定/站在原地/站着不动/站着不要动/刹住/刹住车/急刹/急刹车)
(停到/站到莫动/停低/止步/停机/终止/中止/终止动作/中止动作/暂停动作/中断动作/停止工作/停止运行/全部停下/红灯/木头人)
(一步也别走/一步都别走/一动也别动/一动不许动/一动都不要动/等我一会儿/等一小会儿/稍微等一下/等一哈/等哈子)
(别/不要/别再/不要再)(跳/跳舞/转圈/闹/扭/后退/往后退/往后走/做/继续/跑来跑去/动来动去)了
(别/不要)(过来/过去/再走/往前/再动)
(站住/站着别动/站好别动/立定/刹车/踩刹车/打住/住手/暂停/暂停一下/慢着/且慢/定住/定格/够了/待着/待着别动/呆着别动)
(待/呆)在(原地/那儿/那里/这儿/这里)(/别动/不要动)
(原地/保持)(不动/别动/待命/静止/站住)
(等/等等/等一下/等下/等会/等会儿/等一会/等一会儿/等一等/等我/等我一下)
(稍等/稍等一下/稍等片刻/稍候)
""")

_PANIC = _Phrases("""
(emergency/panic/kill switch/e stop/estop/hit the kill switch)
(emergency/panic) (stop/halt/shutdown/shut down/brake/stop button)
(急停/紧急停止/紧急停机/紧急停/紧急停车/紧急停下/紧急制动/紧急刹车/紧急暂停)
(按急停/拍急停/启动急停)
""")

_ADDRESS = """
(hey/hi/hello/oh/o/ok/okay/please/dog/doggy/doggie/doger/robot/boy/good boy/good dog/buddy/puppy)
(go2/go 2/go two/guys/man/dude/thanks/thank you/uh/um/ah/er/well/so/now/right now/immediately)
(at once/this instant/this second/just/for me/right away/quickly/quick/for now/already/instantly)
(请/请你/你/给我/嘿/喂/哎/哎呀/唉/诶/啊/呀/呢/吧/哦/嘛/啦/狗/狗狗/小狗/狗哥/狗子/机器狗/机器人)
(快/快点/快点儿/赶紧/赶快/马上/立刻/立即/现在/先/麻烦/麻烦你/谢谢/拜托/拜托你/就/都/全都)
_
"""

_AROUND_STOP = _Phrases(_ADDRESS + """
(no/no no/and/yes/yeah/not that/wrong/careful/watch out/look out/god/my god/oh my god/gosh/hell)
(you/can you/could you/would you/will you/you can/you should/you must/you need to/you have to)
(you may/you better/youd better/i want you to/i need you to/i told you to/i said/i say/lets)
(what are you doing/come on/help/there/right there/right here/all/completely/the dog)
(不_/不对/不行/错了/小心/危险/我说/我叫你/我让你/你给我/快给我/好了/行了/好/能不能/可以/能/可不可以)
(他妈的/妈的/混蛋/笨狗/傻狗/蠢狗/宝贝/乖/乖乖/听话/赶忙/立马/要撞了/要撞墙了/要摔了/说了/跟你说/老子/丫)
(you/you stupid/you dumb/stupid/dumb) (moron/idiot/dummy/dog/robot/machine/fool)
(别别_/别别别_/不不_/不不不_)
(for heavens sake/for gods sake/for goodness sake/alright/easy/danger/damn/damn it/dammit/mister)
(不是_/天哪/天啊/我的天/原地/在原地/在那儿/在那里/在这儿/在这里/那儿/这儿/那里/这里/了/吗/一下)
(dont_/别_)
""")

_YES = _Phrases("""
(yes/yeah/yea/yep/yup/ya/aye/yes sir/sure/sure thing/ok/okay/okey/alright/all right/fine)
affirmative
(confirm/confirmed/i confirm/i confirm it/confirm it/confirm that/approved/i approve/accept)
accepted
(do it/do that/do so/please do/go ahead/go for it/proceed/go on then/make it so/execute/execute it)
(of course/absolutely/definitely/certainly/correct/thats correct/thats right/that is right/exactly)
(i am sure/im sure/i agree/agreed/you may/you can/yes i do/yes i am/yes i want that/i am certain)
(是/是的/是啊/是呀/对/对的/对啊/对呀/没错/好/好的/好啊/好呀/好吧/好嘞/行/行啊/行吧/可以/可以的/可以啊)
(确认/确定/我确认/我确定/同意/我同意/批准/允许/准许/没问题/当然/当然可以/嗯/嗯嗯/要/要的/我要)
(来吧/做吧/去做吧/执行/执行吧/开始吧/就这样/就这么做/就这样做/动手吧/确认执行/确定执行/没有问题)
""")

_NO = _Phrases("""
(no/nope/nah/nay/negative/never/no way/no thanks/no thank you/not now/not yet/no sir/no i do not)
(cancel/cancelled/canceled/cancel it/cancel that/cancel this/abort/abort it/abort that/refuse)
denied
(dont/do not/dont do it/do not do it/dont do that/do not do that/please dont/no i dont/no i do not)
(never mind/nevermind/forget it/forget about it/forget that/leave it/leave it be/let it be/skip it)
(rather not/id rather not/i would rather not/better not/absolutely not/of course not)
definitely not
(certainly not/i disagree/not a chance/i changed my mind/i am not sure/im not sure/reject/rejected)
(不/不要/不用/不行/不是/不可以/不好/不对/不确认/不确定/不同意/不做/不了/不必/不需要/不想/不许/不能)
(不要做/别/别做/别做了/不要了/不用了/不做了/取消/取消吧/取消掉/算了/算了吧/还是算了/否/否定/拒绝)
(放弃/免了/先不要/千万别/千万不要/我不要/我不想/我改主意了/没有/当我没说/不批准/不允许/下次吧)
""")

_AROUND_ANSWER = _Phrases(_ADDRESS + """
(i said/i say/then/it/that/and/god/sir/my dog/我说/的/了/那/那就)
""")
_AROUND_NO = _Phrases(_ADDRESS + """
(i said/i say/then/it/that/and/yeah/yes/god/sir/wait/stop/我说/的/了/那/那就/还是/等一下)
""")

_BEFORE_REASON = 20  # words within which a stop must have been said that goes on with its reason

_STRONG = _Phrases("""
(stop/halt/freeze/whoa/woah/stand still/hold still/hold on/hold it/emergency/estop/e stop)
(dont/do not/dont you/dont you dare) (move/budge)
(dont/do not) (go any further/walk any further/take another step)
(停/停下/停下来/停止/停住/别动/不要动/不许动/不准动/站住/急停/住手/打住/刹车/紧急停止)
(别/不要)(走/转/跑/动)了
""")
_NOT_AFTER = frozenset(
    'dont not never cant cannot wont didnt doesnt wouldnt shouldnt isnt without then and until '
    'till before after when whenever if while unless once why did does do how where bus train '
    'tram pit truck next last first every the a an this that tube metro non finally '
    'eventually anti'.split())
_SKIPPED_BACK = frozenset(
    'you me him it to ever even please dare just really want think of'.split())
_NOT_AFTER_HAN = (
    '不要', '不用', '不许', '不准', '不能', '不会', '从不', '别再', '没有', '然后', '接着', '最后', '并且', '直到',
    '不', '别', '没', '勿', '未', '后', '再', '就', '才', '时', '候', '米', '步', '圈', '度', '完', '暂', '调',
    '为什么', '怎么', '如果', '要是')
_NOT_BEFORE = frozenset('sign signs watch watches light lights by gap over'.split())
_NOT_BEFORE_HAN = ('车场', '车位', '车费', '车票', '不下来', '不停', '电', '靠', '留', '泊', '滞', '顿', '火',
                   '产', '职', '学', '业', '工')


_REASON = _Phrases("""
(youre/youll/you are going/you will/you might/you nearly/you almost/theres/there is/there are)
(its/it is/thats/that is/hes/shes/theyre/were/im/ill/i am/i will/somebody/someone/mind the)
the (wall/stairs/steps/edge/kid/kids/child/children/baby)
(watch/look/careful/be careful/danger/not there/too/before you)
(你要/你会/你快/你差点/前面有/后面有/有人/有车/有东西/有台阶/要/快要/会撞/快撞/撞/小心/当心/危险/太近/太快/我要摔/地上有)
(那边有/这里有/那里有/这儿有/那儿有/别撞/别踩/不然/否则)
""")


def is_stop(text: str) -> bool:
    """
    Return whether the whole utterance is a stop, however often and politely it is said.

    "stop it right now please", 停停停 and "don't move" are, and so is a stop with its reason,
    "stop, there's a child"; "don't stop", "bus stop" and a sequence such as "walk and then stop"
    are not. Of a flood of text the beginning decides.
    """
    words = tokens(text[:_LONGEST])
    return _all_stop(words) or any(
        _REASON.lengths(words, cut) and _all_stop(words[:cut])
        for cut in range(1, min(len(words), _BEFORE_REASON)))


def is_panic(text: str) -> bool:
    """Return whether the whole utterance is an emergency stop, the one that latches."""
    return _covered(tokens(text[:_LONGEST]), (_PANIC,), (_AROUND_STOP, _STOP))


def is_yes(text: str) -> bool:
    """Return whether the whole utterance is a clear yes to a pending question."""
    return len(text) <= _LONGEST and _covered(tokens(text), (_YES,), (_AROUND_ANSWER,))


def is_no(text: str) -> bool:
    """Return whether the whole utterance is a no; a yes and a no together are a no."""
    return len(text) <= _LONGEST and _covered(tokens(text), (_NO,), (_AROUND_NO,))


def hears_stop(partial: str, behind: int = _LONGEST) -> bool:
    """
    Return whether an unfinished transcript already holds a stop.

    Looser than `is_stop`: "walk forw- no stop" is one, and so is "stop and" with more to come;
    a negated, postponed or reported stop ("don't stop", "then stop", "bus stop") is not. At most
    so many words may stand `behind` it, unless all of the text is one.
    """
    words = tokens(partial[-_LONGEST:])
    return _all_stop(words) or any(
        _live(words, start, length)
        for start in range(len(words)) for length in _STRONG.lengths(words, start)
        if len(words) - start - length <= behind)


def _all_stop(words: Sequence[str]) -> bool:
    """Return whether the words say to stop, and nothing else."""
    return _covered(words, (_STOP, _PANIC), (_AROUND_STOP,))


def _live(words: Sequence[str], start: int, length: int) -> bool:
    """Return whether the stop phrase at `start` is meant now, by what stands around it."""
    after = words[start + length:start + length + 3]
    if after and (after[0] in _NOT_BEFORE or ''.join(after).startswith(_NOT_BEFORE_HAN)):
        return False
    if start and not words[start - 1].isascii():
        return not ''.join(words[max(0, start - 3):start]).endswith(_NOT_AFTER_HAN)
    while start and words[start - 1] in _SKIPPED_BACK:
        start -= 1
    return not start or words[start - 1] not in _NOT_AFTER


def _covered(words: Sequence[str], wanted: Sequence[_Phrases], around: Sequence[_Phrases]) -> bool:
    """Return whether phrases cover the text from end to end, at least one of them wanted."""
    plain = [False] * (len(words) + 1)  # reached with fillers only
    found = [False] * (len(words) + 1)  # reached with a wanted phrase on the way
    plain[0] = True
    for i in range(len(words)):
        if not (plain[i] or found[i]):
            continue
        for length in itertools.chain.from_iterable(p.lengths(words, i) for p in wanted):
            found[i + length] = True
        for length in itertools.chain.from_iterable(p.lengths(words, i) for p in around):
            plain[i + length] |= plain[i]
            found[i + length] |= found[i]
    return found[-1]

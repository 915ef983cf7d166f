"""What the codes of the robot mean, each in a sentence with what to do."""

from typing import Mapping

from shadow_ros.phrases import tell, Told

OK = 0
SEND_FAILED = 3102
TIMEOUT = 3104
NOT_IMPLEMENTED = 3203
SAME_MODE = 7004

_MEANINGS: Mapping[int, Told] = {code: tell(english, chinese) for code, (english, chinese) in {
    3001: ('the call failed for a reason that the SDK does not tell; try again',
           '调用失败，SDK 没有说明原因，请再试一次'),
    SEND_FAILED: ('nothing takes the request; check that the sport service is on and that '
                  'robot.network_interface is the one to the robot',
                  '请求没有接收者，请检查运动服务是否开启、robot.network_interface 是否正确'),
    3103: ('this api id is not registered in the client; the SDK is older than this call, '
           'update unitree_sdk2py',
           '客户端没有注册这个编号，SDK 版本太旧，请升级 unitree_sdk2py'),
    TIMEOUT: ('no answer came in time; check the network to the robot and that it is not '
              'switching its motion mode', '没有按时得到应答，请检查网络，并确认它没有在切换运动模式'),
    3105: ('the answer belongs to another call; two programs may command the robot at once, '
           'end the other one', '应答属于另一次调用，可能有两个程序同时在控制，请关掉另一个'),
    3106: ('the answer cannot be read; the firmware may not fit this version',
           '应答无法解读，固件可能与此版本不符'),
    3107: ('the lease is not valid; another program commands the robot, end it',
           '租约无效，另一个程序在控制，请关掉它'),
    3201: ('the robot could not send its answer; check the network',
           '机器狗发不出应答，请检查网络'),
    3202: ('the service failed inside; restart the robot if it goes on',
           '服务内部出错，如果反复出现请重启机器狗'),
    NOT_IMPLEMENTED: ('this firmware does not have the call; update the firmware or leave the '
                      'action out', '固件里没有这个功能，请升级固件或不用这个动作'),
    3204: ('the robot does not accept the parameter; the firmware may expect another form',
           '机器狗不接受这个参数，固件可能要求别的格式'),
    3205: ('another program holds the lease; end it, or close the app that is connected',
           '另一个程序占有租约，请关掉它或断开手机应用'),
    3206: ('the lease has ended; start again', '租约已到期，请重新开始'),
    3207: ('another program has taken the lease; end it', '另一个程序抢走了租约，请关掉它'),
    4101: ('the path has the wrong number of points', '路径的点数不对'),
    4201: ('the robot is still busy with another motion; wait until it stands, then try again',
           '机器狗还在做别的动作，请等它站好再试'),
    4202: ('the motion controller is not ready for this from its posture or mode; let the robot '
           'stand up first', '以现在的姿态或模式还不能做，请先让它站起来'),
    7002: ('the robot does not know this motion mode', '机器狗没有这个运动模式'),
    SAME_MODE: ('the robot is in this mode already, which is fine', '已经在这个模式，没有问题'),
}.items()}

_UNKNOWN = tell('the robot gives a code that is not documented; see the firmware notes',
                '机器狗返回了没有说明的代码，请查固件说明')


def meaning(code: int) -> Told:
    """Return what a code means and what to do, without a full stop."""
    return _MEANINGS.get(code, _UNKNOWN)


def explain(code: int, what: str) -> Told:
    """Return the sentence for a call that came back with a code."""
    return tell('{what} failed with code {code}: {why}.', '{what} 失败，代码 {code}：{why}。',
                what=what, code=code, why=meaning(code))

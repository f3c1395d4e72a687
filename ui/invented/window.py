"""What stands around the work: the top bar, the sign-in page, the devices, the day."""

from __future__ import annotations

from dataclasses import replace

from ui.pages.devices.view import DevicesState
from ui.pages.sign_in.view import PersonHere, SignInState
from ui.pages.today.view import TodayState
from ui.shells.counter import BarState, LightShown, ParkedShown
from ui.widgets.field import Asked
from ui.widgets.lines import Line
from ui.widgets.table import Cell, Row


def bar() -> BarState:
    return BarState(
        place="余姚市 凤山街道便民服务中心 · 3 号窗口",
        line="在线",
        waiting=2,
        lights=(
            LightShown("读卡器", "正常"),
            LightShown("扫描仪", "扫描中", "info"),
            LightShown("凭条", "正常"),
            LightShown("A4", "纸将尽", "warn"),
        ),
        clerk="周敏 窗口人员",
        clock="10:42",
        todo=5,
        parked=(
            ParkedShown("d1", "王秀英 生育登记"),
            ParkedShown("d2", "张国强 老年优待证办理"),
            ParkedShown("d3", "李卫东"),
        ),
        training=True,
    )


def bar_offline() -> BarState:
    return BarState(
        place="余姚市 凤山街道 永丰村 · 便民服务点",
        line="离线 3 小时 12 分",
        line_tone="warn",
        waiting=3,
        held=1,
        lights=(
            LightShown("读卡器", "正常"),
            LightShown("扫描仪", "没有接上", "bad"),
            LightShown("凭条", "正常"),
            LightShown("A4", "正常"),
        ),
        clerk="周敏 代办员",
        clock="13:54",
        todo=5,
    )


PEOPLE = (PersonHere("zhoumin", "周敏"), PersonHere("hanlu", "韩露"), PersonHere("lufangfang", "鲁芳芳"))
SIGN_IN = {
    "sign-in": SignInState(
        place="余姚市 凤山街道便民服务中心 · 3 号窗口",
        line_words="在线：由服务器核对",
        supply_words="断网也可收 19 个事项，受理号还剩 183 个；离线包 2026-11-21，今天核对过",
    ),
    "sign-in-locked": SignInState(
        place="余姚市 凤山街道便民服务中心 · 3 号窗口",
        line_words="在线：由服务器核对",
        who="zhoumin",
        locked_words="已锁屏。周敏输入密码接着办，其他人请登录。正在扫描的会扫完，归到原来的办件。",
        people=PEOPLE,
        epoch=1,
    ),
    "sign-in-code": SignInState(
        place="余姚市 凤山街道便民服务中心 · 3 号窗口",
        line_words="在线：由服务器核对",
        title="需要动态验证码",
        remedy="请输入验证器上的六位数字。",
        who="lufangfang",
        people=PEOPLE,
        code_needed=True,
        epoch=2,
    ),
    "sign-in-wrong": SignInState(
        place="余姚市 凤山街道 永丰村 · 便民服务点",
        online=False,
        line_words="离线：按本机记住的核对，还能用到 11 月 23 日 09:00",
        title="用户名或密码不对",
        remedy="请重新输入；忘记密码请找主管重设。",
    ),
}
DEVICES = DevicesState(
    lines=(
        Line("idcard", "读卡器", "身份证阅读器（串口，SAM_V）", "正常", "ok"),
        Line("scanner", "扫描仪", "扫描仪（SANE）", "有问题", "bad"),
        Line("receipt", "凭条打印机", "热敏打印机（串口）", "纸将尽", "warn"),
        Line("a4", "A4 打印机", "网络打印机（IPP）", "正常", "ok"),
    ),
    role="scanner",
    name="扫描仪",
    state="有问题",
    tone="bad",
    trouble=("扫描仪没有接上", "检查电源和 USB 线，再按 F5。"),
    rows=(
        ("驱动", "scanner/sane"),
        ("级别", "银：拔插能恢复"),
        ("上次正常", "11-21 09:58"),
        ("驱动版本", "随通办 0.1.0"),
        ("依赖", "libsane 1.1.1, pillow 13.0.0"),
    ),
    plugged=(
        Line("1-2", "USB-Serial", "身份证阅读器（串口，SAM_V） · /dev/ttyUSB0", "可用", "ok"),
        Line("1-3", "USB Optical Mouse", "USB 046d:c077", faint=True),
    ),
    drivers=(
        Line("scanner/sane", "扫描仪（SANE）", "银：拔插能恢复", "在用", "ok"),
        Line("scanner/folder", "扫描软件的输出文件夹", "银：拔插能恢复"),
        Line("scanner/twain", "扫描仪（TWAIN）", "只能在 Windows 上用", faint=True),
    ),
    driver="scanner/sane",
    options=(
        Asked("device", "设备名"),
        Asked("source", "进纸", "choice", choices=(("adf", "单面"), ("flatbed", "平板"))),
    ),
    values={"device": "", "source": "adf"},
    in_use=True,
)
DEVICES_PRINTER = replace(
    DEVICES,
    lines=(*DEVICES.lines[:-1], Line("a4", "A4 打印机", "网络打印机（IPP）", "有问题", "bad")),
    role="a4",
    name="A4 打印机",
    trial="打印测试页",
    trouble=("", ""),
    rows=(
        ("驱动", "printer/ipp"),
        ("级别", "铜：能用，有自检"),
        ("状态", "缺纸、盖子没合上"),
        ("上次正常", "11-21 09:58"),
        ("驱动版本", "随通办 0.1.0"),
        ("详情", "media-empty-error, cover-open-report", "muted"),
    ),
    tried=("打印机缺纸", "没有打出的不会补打。请装纸后重新打印。", "bad"),
    drivers=(
        Line("printer/ipp", "网络打印机（IPP）", "铜：能用，有自检", "在用", "ok"),
        Line("printer/system", "系统打印机（经系统打印驱动）", "铜：能用，有自检"),
        Line("printer/file", "打印到文件（培训、演示）", "铜：能用，有自检"),
    ),
    driver="printer/ipp",
    options=(Asked("uri", "打印机 IPP 地址"), Asked("media", "纸张")),
    values={"uri": "ipp://a4.invalid/ipp/print", "media": "iso_a4_210x297mm"},
)
TODAY = TodayState(
    day="2026 年 11 月 21 日",
    clerk="周敏",
    counts=(("收件", 23), ("受理", 14), ("告知补正", 2), ("不予受理", 0), ("送达", 6)),
    matters=tuple(
        Row(name, (Cell(name), Cell(str(count), right=True)))
        for name, count in (
            ("社会保障卡补领、换领", 9),
            ("食品经营许可（新办）", 6),
            ("老年优待证", 5),
            ("生育登记", 3),
        )
    ),
    supply=(
        ("受理号还剩", "183 个"),
        ("可办事项", "19 个"),
        ("离线包", "2026-11-21，今天"),
        ("放假安排", "有一年还没有公布，期限为暂定", "warn"),
    ),
    left=(
        Line("mine:d1", "王秀英 生育登记", "周敏 · 11-21 10:12", "挂起", "warn"),
        Line("theirs:d2", "张国强 老年优待证办理", "韩露 · 11-21 09:40", "未办完", "info"),
        Line("mine:d1:originals", "王秀英的原件：结婚证、户口簿", "11-21 10:05", "原件未退", "warn"),
        Line("paper:receipt:c1", "李卫东的收件凭证", "330281-00004317-6 · 11-21 08:51", "没有打出", "bad"),
    ),
    left_words="未办完 2 · 原件 2 · 未打印 1",
    loading=False,
)

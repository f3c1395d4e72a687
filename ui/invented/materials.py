"""The materials step: scanned, photographed, made straight, and nothing there yet."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImageWriter

from ui.invented.papers import LAID, mat, sheet
from ui.pages.intake.camera import CameraState, StraightenShown
from ui.pages.intake.materials import MaterialsState
from ui.pictures import opened
from ui.widgets.lines import Line
from ui.widgets.page_strip import PageShown


def scanned() -> MaterialsState:
    front, back = opened(sheet("房屋租赁合同")), opened(sheet("房屋租赁合同", seal=True, lines=9))
    pages = (
        PageShown("p1", "1 正", picture=front),
        PageShown("p2", "1 反", picture=back),
        PageShown("p3", "2 正", "已纠偏 1.3°", picture=front),
        PageShown("p4", "2 反", hidden=True, hidden_words="空白 · 已隐藏", picture=opened(sheet(" ", lines=0))),
        PageShown("p5", "3 正", picture=back),
        PageShown("p6", "3 反"),
    )
    return MaterialsState(
        lines=(
            Line("id", "居民身份证", "芯片核验 · 免交复印件", "读卡", "ok"),
            Line("book", "户口簿", "2026-03-11 海曙公安 · 2 页 · 无需重新上传", "共享库 A", "ok"),
            Line("lease", "房屋租赁合同", "已核对原件 10:41 周敏 · 空白 1 面已隐藏", "扫描中 6 面", "info"),
            Line("licence", "营业执照", "已验章 · 2029-05-30 到期", "电子证照", "ok"),
            Line("health", "从业人员健康证明", "原件 1 份 · 可容缺，8 个工作日内补", "缺", "bad"),
            Line("form", "食品经营许可申请书", "要签字 · 还没有打印", "缺", "bad"),
            Line("mandate", "授权委托书", "原件 1 份 · 1 页", "已齐", "ok"),
        ),
        summary="7 项 · 已齐 4",
        current="lease",
        title="房屋租赁合同",
        needs="原件 1 份。看：出租人签字、租期在一年以上、地址与表单一致。",
        sides="3 正 / 2 反",
        pages=pages,
        page="p2",
        preview=opened(sheet("房屋租赁合同", 1000, seal=True, lines=14)),
        scanning="第 4 张",
        scanning_into="lease",
        verified="已核对 10:41 周敏",
    )


def camera() -> CameraState:
    image = mat()
    rgb = bytes(image.constBits())  # 816 pixels make whole words: nothing stands between two rows
    return CameraState(
        open=True,
        words="已拍下，请换下一张",
        tone="ok",
        rgb=rgb,
        width=816,
        height=612,
        corners=LAID,
        sure=True,
        may_take=True,
        may_learn=True,
        taken="已拍 2 页",
    )


CAMERA_LOST = CameraState(
    open=True,
    trouble=("设备已断开", "请插好设备（高拍仪）后再试，已录入的内容不会丢失。"),
    taken="已拍 2 页",
)


def photographing() -> MaterialsState:
    return replace(scanned(), camera_open=True, scanning="", can_photograph=True)


def straightening() -> MaterialsState:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"jpg")).write(mat())
    picture = bytes(buffer.data().data())
    shown = StraightenShown("p2", "四角 · 房屋租赁合同 第 2 页", picture, LAID)
    return replace(scanned(), scanning="", straighten=shown)


def empty() -> MaterialsState:
    full = scanned()
    return MaterialsState(
        lines=full.lines,
        summary=full.summary,
        current="form",
        title="食品经营许可申请书",
        needs="原件 1 份，申请人签字。",
        is_application_form=True,
        can_scan=False,
        scan_words="扫描仪没有接上。请检查电源和 USB 线。",
        preview_words="",
        library_open=True,
        library=(Line("l1", "房屋租赁合同", "2026-03-11 鼓楼街道 · 2 页 · 信任级别 B", "可用", "ok"),),
    )

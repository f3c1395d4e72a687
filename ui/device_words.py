"""The words for each place that a device has at the desk, and for how a printer stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devices.printer import Standing


@dataclass(frozen=True)
class RoleWords:
    """What a role of app.devices_here is called: on the devices page, beside its light, on the button that tries it."""

    name: str
    light: str
    trial: str


ROLES = {
    "idcard": RoleWords("读卡器", "读卡器", "读一张卡"),
    "scanner": RoleWords("扫描仪", "扫描仪", "扫一张"),
    "receipt": RoleWords("凭条打印机", "凭条", "打印测试页"),
    "a4": RoleWords("A4 打印机", "A4", "打印测试页"),
    "cards": RoleWords("社保卡、护照阅读器", "社保卡", "读一张卡"),
    "codes": RoleWords("扫码枪", "扫码枪", "试一下"),
    "camera": RoleWords("高拍仪", "高拍仪", "拍一张"),
    "signature": RoleWords("签名板", "签名板", "试一下"),
    "rating": RoleWords("评价器", "评价器", "试一下"),
}

STANDINGS: Mapping[str, str] = {
    Standing.NEAR_END: "纸或墨粉将尽",
    Standing.OUT_OF_PAPER: "缺纸",
    Standing.COVER_OPEN: "盖子没合上",
    Standing.JAM: "卡纸",
    Standing.NO_INK: "墨粉或墨水用完",
    Standing.FAULT: "要报修",
    Standing.OFFLINE: "脱机",
}

"""A camera through QtMultimedia, in a process of its own: ``python -m ui.qt_camera``.

QtMultimedia brings large libraries along and on a bare system cannot be imported, so it is kept away from the windows.
Qt lives in ui alone, so the driver camera/qt starts this program instead of importing anything of it. The first line
on standard input is the order, a JSON object; each further line asks for one picture. Each answer is a line of JSON,
for a picture with its bytes after it, three a pixel:

    {"camera": "part of a name or an address", "look": false}
    {"width": 1600, "height": 1200}      {"problem": {…}}

With `look` it only says whether the camera is there, as a picture of no size.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from typing import IO, TYPE_CHECKING, Any, NoReturn

from contract.problem import Problem, Retry

if TYPE_CHECKING:
    from PySide6.QtMultimedia import QCameraDevice, QCameraFormat, QVideoFrame

_LINE = 4096
_ADDRESSES = ("http://", "https://", "rtsp://", "file://")


class _Answers:
    """Standard output. Sends the newest picture for each line that came in, never the same one twice."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._turn = threading.Condition()
        self._frame: QVideoFrame | None = None
        self._wanted = 0

    def show(self, frame: QVideoFrame) -> None:
        """The camera's next picture."""
        if frame.isValid():
            with self._turn:
                self._frame = frame
                self._turn.notify()

    def want(self) -> None:
        with self._turn:
            self._wanted += 1
            self._turn.notify()

    def send(self) -> None:
        """Answer for ever. For a thread of its own: a picture is large, and the reader may be slow."""
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._wanted > 0 and self._frame is not None)
                frame, self._frame = self._frame, None
                self._wanted -= 1
            assert frame is not None
            wide, high, pixels = _pixels(frame)
            if wide:
                self.say({"width": wide, "height": high}, pixels)
            else:
                self.want()  # it could not be read: the next one

    def say(self, line: dict[str, Any], pixels: bytes = b"") -> None:
        try:
            self._out.write(json.dumps(line).encode("ascii") + b"\n")
            self._out.write(pixels)
            self._out.flush()
        except OSError:
            os._exit(0)  # nobody reads any more

    def fail(self, code: str, **facts: str) -> NoReturn:
        """Say why there are no pictures, and end: Qt's own threads may never."""
        self.say({"problem": Problem(code, Retry.AFTER_FIX, **facts).to_wire()})
        os._exit(1)


def _pixels(frame: QVideoFrame) -> tuple[int, int, bytes]:
    from PySide6.QtGui import QImage

    image = frame.toImage().convertToFormat(QImage.Format.Format_RGB888)
    wide, high, line = image.width(), image.height(), image.bytesPerLine()
    bits = bytes(image.constBits()) if wide else b""
    if line != wide * 3:  # rows begin at whole words
        bits = b"".join(bits[at : at + wide * 3] for at in range(0, line * high, line))
    return wide, high, bits


def _find(cameras: list[QCameraDevice], wanted: str) -> QCameraDevice | None:
    """The camera with this in its name, or exactly this id."""
    for camera in cameras:
        if wanted in camera.description() or wanted == bytes(camera.id().data()).decode("utf-8", "replace"):
            return camera
    return None


def best_format(formats: list[QCameraFormat]) -> QCameraFormat | None:
    """The largest picture; of equal ones as JPEG: raw, USB 2 carries five large ones a second."""
    from PySide6.QtMultimedia import QVideoFrameFormat

    def worth(one: QCameraFormat) -> tuple[int, bool, float]:
        size = one.resolution()
        is_jpeg = one.pixelFormat() == QVideoFrameFormat.PixelFormat.Format_Jpeg
        return size.width() * size.height(), is_jpeg, one.maxFrameRate()

    return max(formats, key=worth, default=None)


def _hear(lines: IO[bytes], answers: _Answers) -> None:
    while lines.readline(_LINE):
        answers.want()
    os._exit(0)  # the driver is gone


def main() -> int:
    gc.disable()  # a collection in one of the threads would destroy what Qt made in another
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ.setdefault("QT_LOGGING_RULES", "qt.multimedia.*=false")
    answers = _Answers(sys.stdout.buffer)
    order = json.loads(sys.stdin.buffer.readline(_LINE) or b"{}")
    try:
        from PySide6 import QtMultimedia
        from PySide6.QtCore import QUrl
        from PySide6.QtGui import QGuiApplication
    except ImportError:
        answers.fail("camera.no_multimedia")
    application = QGuiApplication(["tongban-camera"])
    wanted = str(order.get("camera", ""))
    sink = QtMultimedia.QVideoSink()
    sink.videoFrameChanged.connect(answers.show)
    kept: list[object] = [sink]
    if wanted.startswith(_ADDRESSES):
        if not order.get("look"):
            player = QtMultimedia.QMediaPlayer()
            player.setVideoSink(sink)
            player.errorOccurred.connect(lambda *_: answers.fail("camera.no_stream"))
            player.mediaStatusChanged.connect(
                lambda status: (
                    answers.fail("device.unplugged", port="Qt")
                    if status == QtMultimedia.QMediaPlayer.MediaStatus.EndOfMedia
                    else None
                )
            )
            player.setSource(QUrl(wanted))
            player.play()
            kept.append(player)
    else:
        chosen = QtMultimedia.QMediaDevices.defaultVideoInput()
        found = _find(QtMultimedia.QMediaDevices.videoInputs(), wanted) if wanted else chosen
        if found is None or found.isNull():
            answers.fail("camera.not_there")
        if not order.get("look"):
            kept += _switch_on(QtMultimedia, found, sink, answers)
    if order.get("look"):
        answers.say({"width": 0, "height": 0})
        return 0
    for work, told in ((_hear, (sys.stdin.buffer, answers)), (_Answers.send, (answers,))):
        threading.Thread(target=work, args=told, daemon=True).start()
    return application.exec()


def _switch_on(multimedia: Any, found: QCameraDevice, sink: Any, answers: _Answers) -> list[object]:
    """The camera, running into the sink, in its best format."""
    camera, session, devices = multimedia.QCamera(found), multimedia.QMediaCaptureSession(), multimedia.QMediaDevices()
    chosen = best_format(found.videoFormats())
    if chosen is not None:
        camera.setCameraFormat(chosen)
    session.setCamera(camera)
    session.setVideoSink(sink)
    camera.errorOccurred.connect(lambda *_: answers.fail("device.unplugged", port="Qt"))

    def look_again() -> None:
        if all(one.id() != found.id() for one in multimedia.QMediaDevices.videoInputs()):
            answers.fail("device.unplugged", port="Qt")

    devices.videoInputsChanged.connect(look_again)
    camera.start()
    return [camera, session, devices]


if __name__ == "__main__":
    raise SystemExit(main())

"""What is printed and signed at the materials step: the application form on paper or on a screen, the separators."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app.flow.draft import Draft
from app.flow.printing import Printed
from app.flow.signing import Means, ToSign
from contract.signature import Ink
from ui.pages.intake.cursor import Cursor
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.in_hand import InHand
from ui.pages.intake.pictures_model import PicturesModel
from ui.pictures import opened
from ui.widgets.banner import BannerShown
from ui.words import say


class SigningModel(QObject):
    """Has one form at a time before the applicant.

    Signals:
        wanted: The form that the applicant is to sign, a QImage.
        over: It need not be signed any more.
    """

    wanted = Signal(object)
    over = Signal()

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds, cursor: Cursor, pictures: PicturesModel) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do, self._cursor, self._pictures = in_hand, deeds, cursor, pictures
        self._form: ToSign | None = None

    @property
    def is_on(self) -> bool:
        """Whether the applicant is asked to sign."""
        return self._form is not None

    def forget(self) -> None:
        """The form leaves the second screen unsigned."""
        if self._form is not None:
            self._form = None
            self.over.emit()

    # --- on paper -------------------------------------------------------------------------------------------------

    def print_form(self) -> None:
        """The application form, to be signed and scanned back."""
        clerk = self._in_hand.clerk
        if clerk is not None and self._begin_printing():
            self._in_hand.deed("print form", lambda draft: self._do.print_form(draft, clerk), self._form_printed)
            self._in_hand.tell()

    def print_separators(self) -> None:
        """分隔页: a sheet for each material, laid between them before the whole stack is scanned at once."""
        clerk = self._in_hand.clerk
        if clerk is not None and self._begin_printing():
            self._in_hand.deed(
                "print separators", lambda draft: self._do.print_separators(draft, clerk), self._separated
            )
            self._in_hand.tell()

    def _begin_printing(self) -> bool:
        """Once at a time. What was typed stands on the paper."""
        if self._in_hand.visit.printing_form:
            return False
        self._in_hand.flush()
        self._in_hand.visit.printing_form = True
        return True

    def _form_printed(self, printed: Printed) -> None:
        done, look = say("申请表已打印"), say("申请表请看一下是否打出")
        self._printed(printed, done, look, say("请申请人核对签字，签好后扫描，会自己归到这一项。"))

    def _separated(self, printed: Printed) -> None:
        done, look = say("分隔页已打印"), say("分隔页请看一下是否打出")
        self._printed(printed, done, look, say("每张放在那一项材料的前面，整叠放进扫描仪，按一次 F4。"))

    def _printed(self, printed: Printed, done: str, look: str, remedy: str) -> None:
        self._in_hand.visit.printing_form = False
        if printed.problem is not None:
            self._in_hand.problem(printed.problem)
            return
        sure = printed.outcome == "done"
        self._in_hand.visit.banner = BannerShown(done if sure else look, remedy, "ok" if sure else "warn")
        self._in_hand.tell()

    # --- on a screen ----------------------------------------------------------------------------------------------

    def sign_form(self) -> None:
        """The application form, to be signed by the applicant on the pad or the second screen; again: not after all."""
        clerk = self._in_hand.clerk
        if self._form is not None:
            self.stop()
        elif clerk is not None and self._begin_printing():

            def work(draft: Draft) -> tuple[Draft, tuple[ToSign, QImage]]:
                draft, (form, picture) = self._do.form_to_sign(draft, clerk)
                return draft, (form, opened(picture))

            self._in_hand.deed("form to sign", work, self._to_sign)
            self._in_hand.tell()

    def _to_sign(self, found: tuple[ToSign, QImage]) -> None:
        self._in_hand.visit.printing_form = False
        if self._in_hand.away:
            return
        self._form, picture = found
        self._in_hand.visit.banner = BannerShown()
        self.wanted.emit(picture)
        self._in_hand.tell()

    def signed(self, ink: Ink, means: Means) -> None:
        """The applicant has signed."""
        form, clerk, self._form = self._form, self._in_hand.clerk, None
        if form is not None and clerk is not None:
            self._cursor.code = form.code
            self._in_hand.deed(
                "sign", lambda draft: self._do.sign_form(draft, clerk, form, ink, means), self._was_signed
            )
            self._in_hand.tell()

    def _was_signed(self, _: Any) -> None:
        title, remedy = say("申请表已签字"), say("签名和表上的内容绑在一起，改了内容要重新签。")
        self._in_hand.visit.banner = BannerShown(title, remedy, "ok")
        self._pictures.pages_changed()

    def refused(self) -> None:
        """The applicant rather signs on paper."""
        if self._form is not None:
            self._form = None
            title, remedy = say("申请人没有在屏幕上签"), say("可以打印申请表，签好后扫描，会自己归到这一项。")
            self._in_hand.visit.banner = BannerShown(title, remedy, "warn")
            self._in_hand.tell()

    def stop(self) -> None:
        """Not signed after all."""
        if self._form is not None:
            self.forget()
            self._in_hand.tell()

"""What an officer may do to a case, as forms: each says the contract's body for its verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.forms.utils import ErrorList
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contract.case import (
    Accepted,
    Archived,
    Case,
    Decided,
    Declined,
    Extended,
    Flag,
    Ground,
    Kind,
    Resumed,
    Reviewed,
    State,
    SupplementAsked,
    SupplementItem,
    Suspended,
    Withdrawn,
    allowed,
)
from contract.matter import Matter
from contract.wire import Wire
from server.web import wording

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words

MOST_ITEMS = 30
LONGEST = 2000  # characters of an opinion or a reason
EXTENSION = 10  # working days, 行政许可法 art. 42


class ErrorLines(ErrorList):
    """Mistakes beside their field."""

    template_name = "parts/errors.html"
    template_name_ul = "parts/errors.html"


class ActForm(forms.Form):
    """A form for one verb. `prefix` is the verb, so that the forms of one page do not share ids."""

    error_css_class = "wrong"
    required_css_class = "needed"

    def __init__(self, data: QueryDict | None, case: Case, matter: Matter, prefix: str) -> None:
        super().__init__(data, prefix=prefix, error_class=ErrorLines, label_suffix="")
        self.matter = matter
        self.prepare(case)

    def prepare(self, case: Case) -> None:
        """Fit the form to the case."""

    def point(self) -> None:
        """Put the cursor where the first mistake is."""
        wrong = next((name for name in self.fields if name in self.errors), None)
        if wrong is not None:
            self.fields[wrong].widget.attrs["autofocus"] = True

    def body(self) -> Wire:
        """The contract's body, once the form is valid."""
        raise NotImplementedError


def _text(label: Words, *, rows: int = 3, required: bool = True, hint: Words | str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=LONGEST,
        help_text=hint,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": _("请填写这一栏。")},
    )


def _line(label: Words, *, required: bool = False, hint: Words | str = "", longest: int = 120) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=longest,
        help_text=hint,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("请填写这一栏。")},
    )


def _days(label: Words, most: int, hint: Words | str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=1,
        max_value=most,
        help_text=hint,
        error_messages={
            "required": _("请填写天数。"),
            "invalid": _("请填写整数。"),
            "min_value": _("至少 1 天。"),
            "max_value": _("最多 %(limit_value)s 天。"),
        },
    )


class AcceptForm(ActForm):
    remark = _text(_("备注"), rows=2, required=False)

    def body(self) -> Wire:
        return Accepted(remark=self.cleaned_data["remark"])


class ReviewForm(ActForm):
    remark = _text(_("备注"), rows=2, required=False)

    def body(self) -> Wire:
        return Reviewed(remark=self.cleaned_data["remark"])


class ResumeForm(ActForm):
    remark = _text(_("结论或备注"), rows=2, required=False)

    def body(self) -> Wire:
        return Resumed(remark=self.cleaned_data["remark"])


class ItemForm(forms.Form):
    """One thing that is missing or wrong."""

    material = forms.ChoiceField(label=_("哪一项材料"), required=False)
    what = forms.CharField(label=_("缺什么、哪里不对"), required=False, max_length=300)
    standard = forms.CharField(label=_("怎样才算合格"), required=False, max_length=300)

    def __init__(self, *arguments: Any, choices: tuple[tuple[str, str], ...] = (), **more: Any) -> None:
        super().__init__(*arguments, **{**more, "label_suffix": "", "error_class": ErrorLines})
        field = self.fields["material"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any] | None:
        given = super().clean() or self.cleaned_data
        if not given.get("what") and (given.get("material") or given.get("standard")):
            self.add_error("what", gettext("请写明缺什么或哪里不对。"))
        return given


class SupplementForm(ActForm):
    until = forms.DateField(
        label=_("请在此日前补齐"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("请按 年-月-日 填写，例如 2026-03-31。")},
    )
    items: BaseFormSet[ItemForm]

    def prepare(self, case: Case) -> None:
        choices = (
            ("", gettext("（不指某一项）")),
            *((rule.code, rule.name) for rule in self.matter.materials),
        )
        formset = formset_factory(ItemForm, extra=2, max_num=MOST_ITEMS, absolute_max=MOST_ITEMS)
        self.items = formset(
            self._more(self.data) if self.is_bound else None,
            prefix=f"{self.prefix}-items",
            form_kwargs={"choices": choices},
        )

    def _more(self, data: Any) -> Any:
        """One more empty line where the officer asked for it; a page that lost its count has none."""
        total = f"{self.prefix}-items-TOTAL_FORMS"
        given = data.copy()
        if not str(given.get(total, "")).isdigit():
            given[total] = "2"
        given.setdefault(f"{self.prefix}-items-INITIAL_FORMS", "0")
        if "more" in given:
            given[total] = str(min(int(given[total]) + 1, MOST_ITEMS))
        return given

    def clean(self) -> dict[str, Any] | None:
        given = super().clean()
        if self.items.is_valid():
            self.asked = tuple(
                SupplementItem(**{name: str(line.get(name) or "") for name in ("material", "what", "standard")})
                for line in self.items.cleaned_data
                if line and line.get("what")
            )
            if not self.asked:
                self.add_error(None, gettext("请至少写明一项要补正的内容。"))
        else:
            self.add_error(None, gettext("有的项目没有写完整，请看下面的提示。"))
        return given

    def body(self) -> Wire:
        return SupplementAsked(items=self.asked, until=self.cleaned_data["until"])


class DeclineForm(ActForm):
    ground = forms.ChoiceField(
        label=_("理由类别"),
        choices=[("", _("请选择")), *((ground.value, words) for ground, words in wording.GROUNDS.items())],
        error_messages={"required": _("请选择一类理由。")},
    )
    reason = _text(_("具体理由"), hint=_("写明事实和依据的条款，会印在不予受理通知书上。"))
    competent_organ = _line(_("有权办理的机关"), hint=_("不属于本机关的，必须告知申请人去哪里办。"))

    def clean(self) -> dict[str, Any] | None:
        given = super().clean() or self.cleaned_data
        if given.get("ground") == Ground.NOT_COMPETENT and not given.get("competent_organ"):
            self.add_error("competent_organ", gettext("请写明应向哪个机关申请。"))
        return given

    def body(self) -> Wire:
        return Declined(
            ground=Ground(self.cleaned_data["ground"]),
            reason=self.cleaned_data["reason"],
            competent_organ=self.cleaned_data["competent_organ"],
        )


class SuspendForm(ActForm):
    procedure = _line(_("程序"), required=True)
    days = _days(_("预计天数"), 365)
    reason = _text(_("原因"), rows=2, required=False, hint=_("会书面告知申请人（行政许可法第四十五条）。"))

    def prepare(self, case: Case) -> None:
        if self.matter.excluded:
            self.fields["procedure"] = forms.ChoiceField(
                label=_("程序"), choices=[(name, name) for name in self.matter.excluded]
            )

    def body(self) -> Wire:
        return Suspended(**{name: self.cleaned_data[name] for name in ("procedure", "days", "reason")})


class ExtendForm(ActForm):
    days = _days(_("延长的工作日"), EXTENSION, _("经本机关负责人批准，只能延长一次，最多十个工作日。"))
    reason = _text(_("延期理由"), rows=2)

    def body(self) -> Wire:
        return Extended(days=self.cleaned_data["days"], reason=self.cleaned_data["reason"])


class ApproveForm(ActForm):
    opinion = _text(_("审查意见"))
    document = _line(_("决定文号或证照编号"))
    result = _line(_("证照或文件名称"))

    def prepare(self, case: Case) -> None:
        self.fields["result"].initial = self.matter.result

    def body(self) -> Wire:
        return Decided(**{name: self.cleaned_data[name] for name in ("opinion", "document", "result")})


class RefuseForm(ActForm):
    opinion = _text(_("不予批准的理由"), hint=_("写明事实、依据，并告知复议和诉讼的权利。"))
    document = _line(_("决定文号"))

    def body(self) -> Wire:
        return Decided(opinion=self.cleaned_data["opinion"], document=self.cleaned_data["document"])


class WithdrawForm(ActForm):
    reason = _text(_("申请人撤回的原因"), rows=2)

    def body(self) -> Wire:
        return Withdrawn(reason=self.cleaned_data["reason"])


class ArchiveForm(ActForm):
    remark = _line(_("备注"))

    def body(self) -> Wire:
        return Archived(remark=self.cleaned_data["remark"])


@dataclass(frozen=True)
class Verb:
    """One act as the page offers it."""

    kind: Kind
    form: type[ActForm]
    button: Words
    done: Words  # what is said when it is done
    explained: Words | str = ""
    main: bool = False  # what usually comes next: open from the start
    grave: bool = False  # ends the case against the applicant


VERBS: tuple[Verb, ...] = (
    Verb(
        Kind.ACCEPT,
        AcceptForm,
        _("受理"),
        _("已受理，从今天起计时。"),
        _("受理后开始计时，当事人会收到受理通知书。"),
        main=True,
    ),
    Verb(
        Kind.ASK_SUPPLEMENT,
        SupplementForm,
        _("告知补正"),
        _("已告知补正。"),
        _("只能告知一次：请把所有要补的一次写全。"),
    ),
    Verb(Kind.DECLINE, DeclineForm, _("不予受理"), _("已决定不予受理。"), grave=True),
    Verb(Kind.REVIEW, ReviewForm, _("开始办理"), _("已开始办理。"), main=True),
    Verb(Kind.RESUME, ResumeForm, _("结束特别程序"), _("特别程序已结束，继续计时。"), main=True),
    Verb(Kind.APPROVE, ApproveForm, _("准予"), _("已准予。"), main=True),
    Verb(Kind.REFUSE, RefuseForm, _("不予批准"), _("已决定不予批准。"), grave=True),
    Verb(
        Kind.SUSPEND,
        SuspendForm,
        _("进入特别程序"),
        _("已进入特别程序，暂不计时。"),
        _("检验、检测、鉴定、听证等所需时间不计入期限。"),
    ),
    Verb(Kind.EXTEND, ExtendForm, _("延期"), _("已延期。")),
    Verb(Kind.WITHDRAW, WithdrawForm, _("撤回"), _("已按申请人的要求撤回。"), _("只在申请人要求时使用。")),
    Verb(Kind.ARCHIVE, ArchiveForm, _("归档"), _("已归档。"), main=True),
)
BY_KIND = {verb.kind: verb for verb in VERBS}


@dataclass(frozen=True)
class Offer:
    """A verb that the case allows now, with its form."""

    verb: Verb
    form: ActForm
    opened: bool

    @property
    def name(self) -> str:
        return self.verb.kind.value


def offers(case: Case, matter: Matter, sent: ActForm | None = None) -> tuple[Offer, ...]:
    """The acts that the state allows. `sent` is a form that came back with mistakes: it stays as it was typed."""
    kinds = allowed(case.state) - _withheld(case)
    returned = sent is not None and any(sent.prefix == kind.value for kind in kinds)
    found = []
    for verb in VERBS:
        if verb.kind in kinds:
            mine = sent is not None and sent.prefix == verb.kind.value
            form = sent if mine and sent is not None else verb.form(None, case, matter, verb.kind.value)
            found.append(Offer(verb, form, opened=mine or (verb.main and not returned)))
    return tuple(found)


def cannot_decide(case: Case) -> bool:
    """Whether a decision is refused for now although the state would allow it."""
    return case.state is State.IN_REVIEW and (case.materials_pending or case.is_suspended)


def _withheld(case: Case) -> set[Kind]:
    found: set[Kind] = set()
    if cannot_decide(case):
        found |= {Kind.APPROVE, Kind.REFUSE}
    found.add(Kind.SUSPEND if case.is_suspended else Kind.RESUME)
    if Flag.EXTENDED in case.flags:
        found.add(Kind.EXTEND)
    if case.asked is not None:
        found.add(Kind.ASK_SUPPLEMENT)
    return found

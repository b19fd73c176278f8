"""Pickers of a scope: levels, types, fields of study, countries, programmes, in the words of their vocabularies.

What an agency is not recognised for cannot be picked; nothing picked of a limit means that the limit is not set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register import vocabularies
from register.records import ProgrammeRecord
from register.scope import Scope, limit_covers
from register.site.names import name_record
from register.site.words import join_words, label, label_place

LIMITS: Final = ("credential_types", "eqf_levels", "isced_f", "jurisdictions", "programmes")
_LEVELS: Final = range(1, 9)
_CYCLES: Final = {5: _("short cycle"), 6: _("bachelor"), 7: _("master"), 8: _("doctorate")}

Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FieldOfStudy:
    """A field of ISCED-F as a picker shows it: its code and label, whether it is chosen, and the narrower ones."""

    code: str
    label: str
    chosen: bool
    narrower: tuple[FieldOfStudy, ...] = ()

    @property
    def opened(self) -> bool:
        """Whether something within it is chosen, so that it has to be seen."""
        return any(one.chosen or one.opened for one in self.narrower)


class ScopeForm(forms.Form):
    """The five limits, as checkboxes; `scope_said` is the scope as JSON."""

    eqf_levels = forms.MultipleChoiceField(
        label=_("Levels (EQF)"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for every level the agency may accredit."),
    )
    isced_f = forms.MultipleChoiceField(
        label=_("Fields of study (ISCED-F)"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A broad field holds all fields within it. Choose none for all fields."),
    )
    credential_types = forms.MultipleChoiceField(
        label=_("Types of credential"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for all types."),
    )
    jurisdictions = forms.MultipleChoiceField(
        label=_("Countries"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for wherever this register may speak for."),
    )
    programmes = forms.MultipleChoiceField(
        label=_("Programmes"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for the whole institution."),
    )

    def offer(self, allowed: Scope, places: Sequence[str], programmes: Iterable[ProgrammeRecord]) -> None:
        """Fill the pickers with what the agency may accredit, and with the institution's programmes."""
        offers = {
            "eqf_levels": _offer_levels(allowed),
            "isced_f": _offer_terms("isced-f", "isced_f", allowed),
            "credential_types": _offer_terms("credential-types", "credential_types", allowed),
            "jurisdictions": _offer_places(allowed, places),
            "programmes": [(one.id, name_record(one).text) for one in programmes],
        }
        for name, choices in offers.items():
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = choices + _keep_chosen(self, name, choices)

    def scope_said(self) -> dict[str, Any]:
        """Return the limits that are set."""
        chosen = {name: self.cleaned_data.get(name) or [] for name in LIMITS}
        chosen["eqf_levels"] = [int(level) for level in chosen["eqf_levels"]]
        return {name: values for name, values in chosen.items() if values}

    @property
    def fields_of_study(self) -> list[FieldOfStudy]:
        """The broad fields with all within them."""
        bound = self["isced_f"]
        chosen = {str(code) for code in bound.value() or ()}
        field: Any = self.fields["isced_f"]
        codes = sorted(str(code) for code, _words in field.choices)
        return _grow(codes, "", chosen)

    @property
    def chosen(self) -> dict[str, str]:
        """What of each limit is chosen, in words, for what is folded away."""
        return {name: join_words(self._labels(name), 3) for name in LIMITS}

    def _labels(self, name: str) -> list[str]:
        field: Any = self.fields[name]
        chosen = {str(value) for value in self[name].value() or ()}
        return [str(words) for code, words in field.choices if str(code) in chosen]


def held_limits(scope: Scope) -> dict[str, list[Any]]:
    """Return a scope on record as `scope_said` says it."""
    return {name: list(terms) for name in LIMITS if (terms := scope.limit(name))}


def initial_limits(said: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """Return a scope as the form takes it."""
    return {name: [str(term) for term in (said or {}).get(name) or ()] for name in LIMITS}


def has_changed(name: str, wanted: Any, held: Any) -> bool:
    """Tell whether a term is another one than on record; of a scope the order of its terms does not count."""
    if name != "scope":
        return (wanted or None) != (held or None)
    return any(set(initial_limits(wanted)[one]) != set(initial_limits(held)[one]) for one in LIMITS)


def _offer_levels(allowed: Scope) -> list[Choice]:
    return [
        (str(level), _word_level(level)) for level in _LEVELS if limit_covers("eqf_levels", allowed.eqf_levels, level)
    ]


def _word_level(level: int) -> str:
    cycle = _CYCLES.get(level)
    return gettext("%(level)d, %(cycle)s") % {"level": level, "cycle": cycle} if cycle else str(level)


def _offer_terms(vocabulary: str, limit: str, allowed: Scope) -> list[Choice]:
    codes = vocabularies.load(vocabulary).codes()
    return [(code, label(vocabulary, code)) for code in codes if _covers(limit, allowed, code)]


def _offer_places(allowed: Scope, places: Sequence[str]) -> list[Choice]:
    offered = [code for code in places if _covers("jurisdictions", allowed, code)]
    offered += [str(code) for code in allowed.jurisdictions or () if code not in offered]
    return sorted(((code, label_place(code)) for code in offered), key=lambda choice: choice[1])


def _covers(limit: str, allowed: Scope, code: str) -> bool:
    """Tell whether a term may be picked: it is allowed, or something within it is."""
    terms = allowed.limit(limit)
    return limit_covers(limit, terms, code)


def _keep_chosen(form: forms.Form, name: str, offered: Sequence[Choice]) -> list[Choice]:
    """Return what an earlier decision says beyond what is offered now, so that it can be seen and taken away."""
    known = {code for code, _words in offered}
    kept = form.initial.get(name) or ()
    return [(str(code), _label_any(name, str(code))) for code in kept if str(code) not in known]


def _label_any(name: str, code: str) -> str:
    if name == "jurisdictions":
        return label_place(code)
    vocabulary = {"isced_f": "isced-f", "credential_types": "credential-types"}.get(name)
    return label(vocabulary, code) if vocabulary else code


def _grow(codes: Sequence[str], above: str, chosen: set[str]) -> list[FieldOfStudy]:
    """Return the fields right below one; a code begins with that of the field it lies in."""
    here = [code for code in codes if code.startswith(above) and code != above]
    shortest = [code for code in here if not any(code != other and code.startswith(other) for other in here)]
    return [
        FieldOfStudy(code, label("isced-f", code), code in chosen, tuple(_grow(here, code, chosen)))
        for code in shortest
    ]

"""`manage.py catalogues`: bring the files of all languages up to date with the texts of code and templates."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from deploy.catalogues import find_faults, gather_texts, update_catalogue


class Command(BaseCommand):
    """For translators and whoever changed a text: run it, fill in what is empty, commit."""

    help = "Brings register/locale/*/LC_MESSAGES/django.po up to date and says what is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Update each language but the first, in which the texts are written."""
        gathered = gather_texts()
        for language, name in settings.LANGUAGES[1:]:
            faults = find_faults(update_catalogue(language, gathered), gathered)
            self.stdout.write(f"{language} {name}: {len(gathered)} texts, {len(faults)} to do")
            for fault in faults[:5]:
                self.stdout.write(f"  {fault}")

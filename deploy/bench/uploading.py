"""What the benchmarks of bulk intake share: a table of decisions as CSV, and an upload of it at the operator's desk."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from django.contrib.auth.models import User

from deploy.bench import filling
from register.access.acting import Acting
from register.access.models import Membership
from register.uploads import handing_in
from register.uploads.models import CHECKING, Upload

_HEADER = ("issuer", "kind", "valid_from", "valid_until", "eqf_levels", "isced_f", "decision", "local_id", "report_url")


def write_table(pics: Sequence[str], rows: int, mark: str = "") -> bytes:
    """Return decisions about issuers named by their PIC as CSV; `mark` tells their numbers from another table's."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    for number in range(rows):
        year = 2000 + number // len(pics)
        row = (f"pic:{pics[number % len(pics)]}", "programme", f"{2020 + year % 6}-05-01", f"{2027 + year % 6}-05-01")
        writer.writerow(
            (*row, "6|7", "061|0421", "positive", f"{mark}{number}", f"https://agency.example/{number}.pdf")
        )
    return text.getvalue().encode()


def make_operator() -> Acting:
    """Return an operator who hands files in."""
    person, _ = User.objects.get_or_create(username="operator@bench.example", email="operator@bench.example")
    member, _ = Membership.objects.get_or_create(user=person, role="operator", organisation="")
    return Acting(member.pk, person.pk, person.email, "operator", "", False, False)


def hand_in(acting: Acting, data: bytes, agency: str) -> Upload:
    """Hand a table in and have its rows read; its dry run is due then."""
    upload = handing_in.hand_in(acting, "decisions.csv", data, agency)
    handing_in.read(upload.pk)
    upload.refresh_from_db()
    if upload.state != CHECKING:
        raise RuntimeError(f"expected a table that can be tried, got {upload.state}: {upload.trouble}")
    return upload


def prepare(issuers: int) -> tuple[list[str], str]:
    """Register issuers and an agency; return the PICs and the agency's id."""
    pics = [pic for _, _, pic in filling.register_issuers(issuers)]
    return pics, filling.register_agencies(1)[0]

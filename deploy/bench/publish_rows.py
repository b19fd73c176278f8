"""Publication of the rows of a tried file, against as many accreditations recorded in one lock."""

from __future__ import annotations

from deploy.bench import filling, uploading
from deploy.bench.result import Reach, Result, median
from deploy.bench.timing import spend
from register import commands
from register.uploads import checking, publishing
from register.uploads.models import PUBLISHED, Upload

ROWS, QUICK_ROWS = 10_000, 100
ROUNDS, QUICK_ROUNDS = 3, 2


def measure(quick: bool) -> Result:
    """Publish a file, then record as many validated terms as the benchmark `bulk` does, and so on."""
    pics, agency = uploading.prepare(50 if quick else 5_000)
    issuers: list[str] = []
    rows, operator = (QUICK_ROWS if quick else ROWS), uploading.make_operator()
    ratios, speeds, plain = [], [], []
    for number in range(QUICK_ROUNDS if quick else ROUNDS):
        upload = uploading.hand_in(operator, uploading.write_table(pics, rows, f"{number}-"), agency)
        checking.check(upload.pk, upload.run)
        upload.refresh_from_db()
        issuers = issuers or [row.said[-1][2]["issuer"] for row in upload.rows.all()[:5_000]]
        publishing.request(operator, upload, False, publishing.digest_of(upload))
        ours = spend(lambda of=upload: publishing.publish(of.pk))  # type: ignore[misc]
        if Upload.objects.get(pk=upload.pk).state != PUBLISHED:
            raise RuntimeError("expected a published file")
        terms = filling.draft_grants(issuers, [agency], rows, seed=number)
        theirs = spend(lambda of=terms: commands.grant_accreditations(of, actor=filling.OPERATOR))  # type: ignore[misc]
        ratios.append(theirs.seconds / ours.seconds)
        speeds.append(rows / ours.seconds)
        plain.append(rows / theirs.seconds)
    return Result(
        "rows of a tried file published a second: locked, digested, recorded in one transaction, their places kept",
        "as many accreditations from validated terms in one lock, as in the benchmark bulk, a second",
        ratios,
        [Reach("ratio", "at_least", 0.5, median(ratios))],
        {"rows": rows, "rows_per_second": round(median(speeds))},
        {"rows_per_second": round(median(plain))},
    )

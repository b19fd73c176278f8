"""`/healthz`: is this web process able to answer? For supervisors and load balancers."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 `ok` when the database answers, 503 with Retry-After when it does not.

    Without Redis the answer is 200 still, as this process reads and writes without it; a second line says so.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse(
            "database unreachable\n", status=503, content_type="text/plain", headers={"Retry-After": "5"}
        )
    return HttpResponse("ok\n" + describe_redis(), content_type="text/plain")


def describe_redis() -> str:
    """Return what goes without Redis while it is away, and nothing while it answers."""
    try:
        cache.get("healthz")
    except (RedisError, OSError):
        return "redis does not answer: background jobs wait, requests are not counted\n"
    return ""

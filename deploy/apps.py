"""Deployment as a Django app: it brings system checks and binds Celery in every process."""

from importlib import import_module

from django.apps import AppConfig


class DeployConfig(AppConfig):
    """Without the Celery application at hand, `task.delay()` would look for a broker on its default port."""

    name = "deploy"

    def ready(self) -> None:
        """Bind Celery and register the checks."""
        import_module("deploy.celery")
        import_module("deploy.checks")

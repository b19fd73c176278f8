"""A provider of single sign-on over real HTTP (OpenID Connect Core 1.0, code flow), which says what a test wants."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

CLIENT = "register of tests"
SECRET = "a secret that only the two know, of enough letters"


class Provider:
    """What it answers: `userinfo`, and `token`, which differ where a test wants it to lie."""

    def __init__(self) -> None:
        self.url = ""
        self.userinfo: dict[str, Any] = {}
        self.token: dict[str, Any] = {}
        self.challenges: dict[str, str] = {}

    def say(self, email: str, sub: str = "person-1", verified: Any = True, **token: Any) -> None:
        """Set who it says is signing in; `token` alone differs from the userinfo."""
        self.userinfo = {"sub": sub, "email": email, "email_verified": verified}
        self.token = {**self.userinfo, **token}

    def authorize(self, address: str) -> dict[str, str]:
        """Play the person who agrees: return the query with which the browser is sent back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        self.challenges["code-1"] = asked["code_challenge"]
        return {"code": "code-1", "state": asked["state"]}

    def answer(self, path: str, body: str) -> tuple[int, dict[str, Any]]:
        """Answer a request of the node."""
        if path == "/.well-known/openid-configuration":
            names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
            return 200, {"issuer": self.url, **{name: f"{self.url}/{name}" for name in names}}
        if path == "/token_endpoint":
            return self._give_token({name: values[0] for name, values in parse_qs(body).items()})
        return (200, self.userinfo) if path == "/userinfo_endpoint" else (404, {})

    def _give_token(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        proof = base64.urlsafe_b64encode(hashlib.sha256(asked.get("code_verifier", "").encode()).digest())
        if asked.get("client_secret") != SECRET or self.challenges.pop(asked["code"], "") != proof.decode().rstrip("="):
            return 400, {"error": "invalid_grant"}
        claims = {"iss": self.url, "aud": CLIENT, "exp": int(time.time()) + 60, **self.token}
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": jwt.encode(claims, SECRET)}


@contextmanager
def run_provider() -> Iterator[Provider]:
    """Run a provider on a free port."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, said = provider.answer(urlsplit(self.path).path, body)
            written = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_POST = do_GET

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()

"""An app on the tests' shop, and an authorization server that signs JSON Web Tokens."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app import config
from tests.users.conftest import Client, Make, ledger_tables, make, scim

__all__ = ["Client", "Make", "ledger_tables", "make", "scim"]
ISSUER, AUDIENCE = "https://login.example.com/", "magento-scim"


@dataclass
class Issuer:
    """An authorization server: its keys by id, and how often it was asked for them."""

    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    asked: int = 0
    broken: bool = False
    url: str = ""

    def make_key(self, name: str) -> None:
        self.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self) -> bytes:
        found = []
        for name, key in self.keys.items():
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            found.append({**public, "kid": name, "use": "sig", "alg": "RS256"})
        return json.dumps({"keys": found}).encode()

    def sign(self, key: str = "first", algorithm: str = "RS256", **claims: Any) -> str:
        now = int(time.time())
        given = {"iss": ISSUER, "aud": AUDIENCE, "sub": "entra", "iat": now, "exp": now + 300, **claims}
        kept = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(kept, self.keys[key], algorithm=algorithm, headers={"kid": key})

    def settings(self, **changed: Any) -> config.Jwt:
        given: dict[str, Any] = {
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "jwks_url": self.url,
            "algorithms": ("RS256", "ES256"),
            "tenant": "default",
            "tenant_claim": "tenant",
            "scopes": frozenset({"read", "write"}),
        }
        return config.Jwt(**(given | changed))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """A running authorization server."""
    made = Issuer()
    made.make_key("first")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            body = b"" if made.broken else made.jwks()
            self.send_response(500 if made.broken else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/keys"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()

"""A certificate that signs itself, for a server on the loopback address."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from scripts.neo4j_local import Unavailable

SETTINGS = {
    "server.bolt.tls_level": "OPTIONAL",
    "dbms.ssl.policy.bolt.enabled": "true",
    "dbms.ssl.policy.bolt.base_directory": "certificates",
    "dbms.ssl.policy.bolt.private_key": "private.key",
    "dbms.ssl.policy.bolt.public_certificate": "public.crt",
    "dbms.ssl.policy.bolt.client_auth": "NONE",
}
"""With which Neo4j takes encrypted connections beside plain ones."""


def make(folder: Path) -> Path:
    """Write ``private.key`` and ``public.crt`` into a folder; returns the certificate.

    Raises:
        Unavailable: there is no OpenSSL.
    """
    if shutil.which("openssl") is None:
        raise Unavailable("there is no openssl; install it (Debian and Ubuntu: sudo apt-get install openssl)")
    folder.mkdir(parents=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
         "-keyout", str(folder / "private.key"), "-out", str(folder / "public.crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "public.crt"

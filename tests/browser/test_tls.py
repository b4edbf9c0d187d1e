"""Over TLS: what is said about PUBLIC_URL is true for cookies, forms and mails."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from flask import Flask
from playwright.sync_api import Browser

from tests.browser.serving import HOST, Certificate, own_link, serving
from tests.browser.visits import visiting
from tests.factories import make_event


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for this machine, by an authority that lives as long as the tests."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert(HOST)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    return Certificate(_chain(issued, folder), _key(issued, folder), trusted)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # the size at which TLS is used
def test_over_tls_cookies_are_secure_and_mails_lead_to_https(
    app: Flask, settings: dict[str, str], browser: Browser, certificate: Certificate
) -> None:
    event = make_event()

    with serving(settings, certificate=certificate) as server, visiting(browser, server) as visit:
        visit.open(f"/events/{event.slug}/register")
        visit.type()
        visit.press("Register")
        link = own_link(server, "confirmed", "ana@example.org")

        assert visit.page.url.startswith("https://")
        assert visit.standing == ("confirmed", "")
        cookies = visit.page.context.cookies()
        assert [(cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [
            (True, True, "Lax")
        ]
        assert link.startswith(f"https://{HOST}:")
        visit.open(link)
        visit.follow("Cancel my place")
        visit.press("Cancel my place")
        assert visit.standing == ("cancelled", "")


def _chain(issued: trustme.LeafCert, folder: Path) -> Path:
    path = folder / "chain.pem"
    path.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    return path


def _key(issued: trustme.LeafCert, folder: Path) -> Path:
    """Write the key as PKCS #8, the only form that granian reads."""
    key = load_pem_private_key(issued.private_key_pem.bytes(), password=None)
    path = folder / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path

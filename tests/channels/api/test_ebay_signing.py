"""Signed calls, held against the example that eBay publishes for its checker (eBay/digital-signature-verification-ebay-api)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from requests import Request

from pipelines.channels.base import ChannelError
from pipelines.channels.ebay.signing import Signed, key_of, signature
from pipelines.intake.connection import secret_variable
from tests.connected import Connect

EXAMPLE_KEY = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"  # published: RFC 9421's own test key
EXAMPLE_JWE = (
    "eyJ6aXAiOiJERUYiLCJlbmMiOiJBMjU2R0NNIiwidGFnIjoiSGdLcjNSSWFlZll0Mkd4blBUUTEwUSIsImFsZyI6IkEyNTZHQ01LVyIsIml2IjoiQTVOQXFYUXlI"
    "TkNIT01GVSJ9.z3JcS0vvxrYboqpySAq_Znww-3V6AllxmJP5JEMkuLY.K1f4MVMEc8ylbfSS.fASwJyMCk2tXZsNWk13IcuVgSWTOcynSdAoJrK4WApZANlxAP9J0"
    "qr0Jz_4aFldFDSZ5tfuxLGqzJmWU7CiZWwNjk2XoVy8q5ogMrFNFwFXP4SrX1XORhNLZPTyS5DEqLDPYn2NX944xendEwfcxxXsTSeNCUnmSyfitiscUC04GYOfn0U"
    "WQ2buSWx7Yod0IR2GtTGUsM9o3J-riuNDKhw.rRsWM1Sl_2stTnZLJkWVmQ"
)


def pem(key: Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_ebays_own_example() -> None:
    request = Request("POST", "http://localhost:8080/verifysignature", data='{"hello": "world"}').prepare()
    assert signature(key_of(EXAMPLE_KEY), EXAMPLE_JWE, request, 1659651955) == {
        "x-ebay-signature-key": EXAMPLE_JWE,
        "Content-Digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "Signature-Input": 'sig1=("content-digest" "x-ebay-signature-key" "@method" "@path" "@authority");created=1659651955',
        "Signature": "sig1=:uunxYrXKC8KaoupD5D1DKdmQmrOhz6b4Xbhb3o9d4x4xFIpg++XzEZztOyeOI59rMMjM3NIcFgxBH0c1ckpfBw==:",
    }


def test_an_rsa_key_signs_the_path_without_its_query() -> None:
    key = rsa.generate_private_key(65537, 2048)
    request = Signed(lambda given: given, pem(key), "jwe")(Request("GET", "https://APIZ.ebay.com/sell/payout?limit=1").prepare())
    told = {name: str(value) for name, value in request.headers.items()}
    names = told["Signature-Input"].removeprefix("sig1=")
    base = f'"x-ebay-signature-key": jwe\n"@method": GET\n"@path": /sell/payout\n"@authority": apiz.ebay.com\n"@signature-params": {names}'
    signed = base64.b64decode(told["Signature"].removeprefix("sig1=:").removesuffix(":"))
    key.public_key().verify(signed, base.encode(), PKCS1v15(), SHA256())
    assert "Content-Digest" not in told


@pytest.mark.parametrize("text", ["no key", "", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_what_is_no_key_to_sign_with_is_told(text: str) -> None:
    with pytest.raises(ChannelError, match="signing_key is"):
        Signed(lambda given: given, text, "jwe")


def test_a_seller_in_europe_gets_payouts_by_signed_calls_alone(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = connect("ebay", orders=60)
    key = Ed25519PrivateKey.generate()
    shop.server.platform.signed_with = key.public_key()  # type: ignore[attr-defined]
    (channel,) = shop.config.fetched
    assert any("signing_key and signing_jwe" in failure for failure in shop.poll().failures)
    monkeypatch.setenv(secret_variable(channel.name, "signing_key"), pem(key))
    assert any("belong together" in failure for failure in shop.poll().failures)
    monkeypatch.setenv(secret_variable(channel.name, "signing_jwe"), "jwe")
    assert shop.poll().failures == []
    shop.load()
    assert shop.warehouse.query("SELECT count(*) FROM payouts").item() > 0

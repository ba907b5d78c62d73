"""Codes of an authenticator app, used once and in time, and the codes for the day on which it is lost."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

import pyotp
import pytest

from clinic.identity.totp import matching_step, new_recovery_codes, new_totp_secret, recovery_hash, totp_qr, totp_uri

RFC_6238_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The ASCII text 12345678901234567890 of the standard's appendix B."""

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MOMENT = datetime(2026, 3, 2, 12, 0, 10, tzinfo=UTC)
STEP = int(MOMENT.timestamp()) // 30


def code_at(moment: datetime) -> str:
    return pyotp.TOTP(SECRET).at(moment)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(seconds, code):
    moment = datetime.fromtimestamp(seconds, UTC)

    assert matching_step(RFC_6238_SECRET, code, moment, None) == seconds // 30


@pytest.mark.row(11)
@pytest.mark.parametrize(
    ("steps_away", "found"), [(-2, None), (-1, STEP - 1), (0, STEP), (1, STEP + 1), (2, None), (20, None)]
)
def test_a_code_of_the_present_step_or_a_neighbour_is_taken_and_no_other(steps_away, found):
    code = code_at(MOMENT + timedelta(seconds=30 * steps_away))

    assert matching_step(SECRET, code, MOMENT, None) == found


@pytest.mark.row(11)
def test_a_code_is_used_once():
    code = code_at(MOMENT)
    used = matching_step(SECRET, code, MOMENT, None)

    again = [matching_step(SECRET, code, MOMENT + timedelta(seconds=pause), used) for pause in (0, 5, 20, 40)]

    assert again == [None] * 4


@pytest.mark.row(11)
def test_after_a_later_code_an_earlier_one_is_used_up_too():
    used = matching_step(SECRET, code_at(MOMENT + timedelta(seconds=30)), MOMENT, None)

    assert matching_step(SECRET, code_at(MOMENT), MOMENT, used) is None
    assert matching_step(SECRET, code_at(MOMENT + timedelta(seconds=30)), MOMENT + timedelta(seconds=30), used) is None
    assert matching_step(SECRET, code_at(MOMENT + timedelta(seconds=60)), MOMENT + timedelta(seconds=60), used)


@pytest.mark.parametrize("shape", ["{0} {1}", " {0}{1}\n", "{0}\u00a0{1}"])
def test_spaces_in_a_code_do_not_matter(shape):
    code = code_at(MOMENT)

    assert matching_step(SECRET, shape.format(code[:3], code[3:]), MOMENT, None) == STEP


def test_only_six_ascii_digits_are_a_code():
    code = code_at(MOMENT)
    arabic = "".join(chr(0x0660 + int(digit)) for digit in code)
    wide = "".join(unicodedata.lookup(f"FULLWIDTH DIGIT {unicodedata.name(digit).split()[1]}") for digit in code)

    wrong = [
        "",
        code[:5],
        code + "0",
        "0" + code,
        arabic,
        wide,
        f"+{code[1:]}",
        f"{code}\x00",
        "\ud800" * 6,
        "1" * 10**6,
    ]

    assert [matching_step(SECRET, one, MOMENT, None) for one in wrong] == [None] * len(wrong)


def test_the_code_of_another_secret_is_not_taken():
    assert matching_step(new_totp_secret(), code_at(MOMENT), MOMENT, None) is None


def test_secrets_have_160_bits_and_are_never_the_same():
    secrets = {new_totp_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert {len(pyotp.TOTP(secret).byte_secret()) for secret in secrets} == {20}


@pytest.mark.parametrize("issuer", ["Clínica São João", "Harbour: Clinic & Sons", "A/B?c=#1%20+"])
def test_an_app_is_told_secret_account_and_clinic(issuer):
    uri = urlsplit(totp_uri(SECRET, "amara+desk@example.org", issuer))

    parameters = parse_qs(uri.query)
    account = unquote(uri.path.lstrip("/"))
    assert (uri.scheme, uri.netloc, uri.fragment) == ("otpauth", "totp", "")
    assert parameters == {"secret": [SECRET], "issuer": [" ".join(issuer.replace(":", " ").split())]}
    assert account.split(":") == [parameters["issuer"][0], "amara+desk@example.org"]


@pytest.mark.slow
def test_the_longest_names_still_fit_into_a_qr_code():
    uri = totp_uri(SECRET, "ñ" * 120 + "@example.org", "🦊" * 200)

    assert totp_qr(uri).startswith("<svg ")


def test_a_qr_code_is_a_picture_with_a_name_and_colours_of_its_own():
    drawn = totp_qr(totp_uri(SECRET, "amara@example.org", "Harbour Clinic"))

    picture = ET.fromstring(drawn)
    background, squares = picture.iter("path")
    assert picture.tag == "svg"
    assert picture.get("role") == "img"
    assert picture.findtext("title") == "QR code for an authenticator app"
    assert picture.get("width") == picture.get("height")
    assert int(picture.get("width", "0")) > 150
    assert (background.get("fill"), squares.get("stroke")) == ("#fff", "#000")


@pytest.mark.row(95)
def test_a_qr_code_has_no_style_or_script_of_its_own():
    drawn = totp_qr(totp_uri(SECRET, "amara@example.org", "Harbour Clinic"))

    assert not re.search(r"style|script|href|\son\w+=", drawn)


def test_the_secret_can_not_be_read_in_the_markup_of_a_qr_code():
    assert SECRET not in totp_qr(totp_uri(SECRET, "amara@example.org", "Harbour Clinic"))


def test_there_are_ten_recovery_codes_of_80_bits():
    codes = new_recovery_codes()

    assert len(set(codes)) == 10
    assert all(re.fullmatch("([2-9a-km-np-z]{4}-){3}[2-9a-km-np-z]{4}", code) for code in codes)


def test_a_recovery_code_is_recognised_however_it_is_typed():
    kept = recovery_hash("x7kq-2m9p-abcd-wxyz")

    for typed in ("X7KQ-2M9P-ABCD-WXYZ", "x7kq 2m9p abcd wxyz", " x7kq2m9pabcdwxyz\n", "x7kq–2m9p—abcd_wxyz"):
        assert recovery_hash(typed) == kept


def test_another_recovery_code_is_not_recognised():
    kept = recovery_hash("x7kq-2m9p-abcd-wxyz")

    assert len(kept) == 64
    assert "x7kq" not in kept
    for typed in ("", "x7kq-2m9p-abcd-wxy2", "x7kq-2m9p-abcd", "\ud800", "\x00"):
        assert recovery_hash(typed) != kept

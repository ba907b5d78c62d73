"""Versions and conditional requests of the JSON API."""

import pytest

from tests.builders import an_appointment, somebody

OTHER_VERSIONS = ['""', '"x"', '"0"', '"-1"', '"٣"', 'W/"1"', '"9"', "1;", "", ",", '"2", "3"', '"1000000000"']


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("tag", OTHER_VERSIONS)
def test_an_if_match_of_no_version_of_the_record_is_stale(client, here, tag):
    with here():
        url = f"/api/v1/patients/{somebody().id}"

    response = client.patch(url, json={"given_name": "Rita"}, headers={"If-Match": tag})

    assert (response.status_code, response.json["code"]) == (412, "stale")
    assert client.get(url).json["given_name"] == "Inês"


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("tag", OTHER_VERSIONS)
def test_an_optional_if_match_of_no_version_of_the_record_is_stale(client, here, tag):
    with here():
        url = f"/api/v1/appointments/{an_appointment().id}"

    response = client.post(f"{url}/cancel", json={}, headers={"If-Match": tag})

    assert response.status_code == 412
    assert client.get(url).json["status"] == "booked"


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"', "1"])
def test_an_if_match_of_the_version_of_the_record_is_accepted(client, here, tag):
    with here():
        url = f"/api/v1/patients/{somebody().id}"

    response = client.patch(url, json={"given_name": "Rita"}, headers={"If-Match": tag})

    assert (response.status_code, response.headers["ETag"]) == (200, '"2"')


@pytest.mark.slow
def test_a_known_version_is_not_sent_again(client, here):
    with here():
        url = f"/api/v1/patients/{somebody().id}"

    response = client.get(url, headers={"If-None-Match": '"1"'})

    assert (response.status_code, response.data, response.headers["ETag"]) == (304, b"", '"1"')

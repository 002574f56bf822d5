"""What leads to a cluster: proxies, as kubectl chooses them."""

import pytest

from ecrm.errors import InputError
from ecrm.sources.kubernetes.client.endpoint import Endpoint

PROXY = "http://proxy:3128"


def proxy(host: str, **environment: str) -> str:
    return Endpoint(f"https://{host}").proxy_by({"HTTPS_PROXY": PROXY, **environment})


def test_the_environment_names_a_proxy_for_each_scheme():
    assert proxy("a.example.com") == PROXY
    assert proxy("a.example.com.", NO_PROXY="") == PROXY
    assert proxy("a.example.com", https_proxy="http://small") == "http://small"
    assert proxy("a.example.com", HTTPS_PROXY="proxy:3128") == PROXY
    assert proxy("a.example.com", HTTPS_PROXY="", HTTP_PROXY="http://x") == ""


def test_the_kubeconfig_comes_before_the_environment():
    endpoint = Endpoint("https://127.0.0.1", proxy="http://own")
    assert endpoint.proxy_by({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}) == "http://own"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:6443", "127.8.9.1", "[::1]:6443"])
def test_this_machine_is_asked_without_a_proxy(host: str):
    assert proxy(host) == ""
    plain = Endpoint(f"http://{host}")
    assert plain.proxy_by({"HTTP_PROXY": PROXY}) == ""


@pytest.mark.parametrize(
    ("host", "listed", "is_excluded"),
    [
        ("a.example.com", "*", True),
        ("a.example.com", "other, example.com", True),
        ("a.example.com", ".EXAMPLE.com", True),
        ("a.example.com", "*.example.com", True),
        ("a.example.com", "a.example.com:443", True),
        ("a.example.com", "a.example.com:6443", False),
        ("a.example.com:6443", "a.example.com:6443", True),
        ("a.example.com.", "example.com", True),
        ("a.example.com", "ple.com", False),
        ("a.example.com", ",", False),
        ("a.example.com", "10.0.0.0/8", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.0.0.1/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "nonsense/8", False),
        ("[fd00::1]", "fd00::/8", True),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_lists_what_is_asked_without_one(
    host: str, listed: str, is_excluded: bool, name: str
):
    assert proxy(host, **{name: listed}) == ("" if is_excluded else PROXY)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "ftp://host",
        "https://",
        "https://:6443",
        "https://u:p@host",
        "https://:p@host",
        "https://host?a=b",
        "https://host:port",
        "https://[::1",
    ],
)
def test_what_is_no_url_of_a_cluster_is_refused(url: str):
    with pytest.raises(InputError) as caught:
        Endpoint(url)
    assert str(caught.value) == (
        "the server is not the URL of a cluster, such as https://host:6443"
    )


@pytest.mark.parametrize("host", ["10.0.0.1:8080", "example.com", "localhost.example.com"])
def test_only_this_machine_is_asked_without_tls(host: str):
    with pytest.raises(InputError) as caught:
        Endpoint(f"http://{host}")
    assert str(caught.value) == f"http://{host} is not HTTPS; only this machine is asked without it"
    assert not Endpoint("http://127.0.0.1:8001").is_secure
    assert Endpoint(f"HTTPS://{host}/k8s/clusters/c-1").is_secure


@pytest.mark.parametrize("url", ["socks5://host", "proxy:3128", "http://[::1"])
def test_a_proxy_must_be_one_of_http(url: str):
    with pytest.raises(InputError, match=r"^a proxy must be http:// or https://$"):
        Endpoint("https://host", proxy=url)
    assert Endpoint("https://host", proxy="https://proxy").proxy_by({}) == "https://proxy"

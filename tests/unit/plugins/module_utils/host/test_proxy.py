# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of all places that know a proxy, and what of them may be seen."""

from __future__ import annotations

import configparser
import shlex
from pathlib import Path

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import observe, proxy

pytestmark = pytest.mark.one_end

PASSWORD = "p%40ss%3Aw"
PLAIN = proxy.Proxy(
    "http://proxy.example:3128", "http://proxy.example:3128", ("registry.example", ".lan", "10.0.0.0/8")
)
SECRET = proxy.Proxy(f"http://edge:{PASSWORD}@proxy:3128", f"http://edge:{PASSWORD}@proxy:3128")
DIRECT = "169.254.169.254,169.254.170.2,/var/run/docker.sock,localhost,127.0.0.1"
ALL = [proxy.ENVIRONMENT_FILE, *proxy.DROP_INS.values(), proxy.APT_FILE, *proxy.SHARED_FILES]


@pytest.mark.parametrize(
    ("entries", "merged"),
    [
        ([], DIRECT),
        ([["a.example", " b.example ", ""]], DIRECT + ",a.example,b.example"),
        ([["a", "b"], ["b", "c"]], DIRECT + ",a,b,c"),
        ([["localhost", "169.254.170.2", "z"]], DIRECT + ",z"),
    ],
)
def test_exceptions_are_put_together(entries: list[list[str]], merged: str) -> None:
    assert ",".join(proxy.direct(*entries)) == merged


def test_the_environment_has_both_spellings() -> None:
    assert proxy.environment(proxy.Proxy(https="http://p:1", no_proxy=("x",))) == {
        "HTTPS_PROXY": "http://p:1", "NO_PROXY": DIRECT + ",x", "https_proxy": "http://p:1", "no_proxy": DIRECT + ",x",
    }  # fmt: skip
    assert proxy.environment(proxy.Proxy(no_proxy=("x",))) == {}


def test_texts_of_the_places() -> None:
    env = proxy.wanted(SECRET, proxy.ENVIRONMENT_FILE)
    assert env.mode == 0o600
    assert f"\nHTTPS_PROXY=http://edge:{PASSWORD}@proxy:3128\nNO_PROXY={DIRECT}\n" in env.text
    for path in proxy.DROP_INS.values():
        drop_in = proxy.wanted(SECRET, path)
        assert drop_in.text.endswith("[Service]\nEnvironmentFile=-/etc/edgefleet/proxy.env\n")
        assert drop_in.mode == 0o644
        assert PASSWORD not in drop_in.text
    apt = proxy.wanted(PLAIN, proxy.APT_FILE).text.splitlines()
    assert 'Acquire::http::Proxy "http://proxy.example:3128/";' in apt
    assert 'Acquire::https::Proxy "http://proxy.example:3128/";' in apt
    # apt knows single hosts only.
    assert [line.split('"')[0].split("::")[3].strip() for line in apt if line.endswith('"DIRECT";')] == 2 * [
        "169.254.169.254", "169.254.170.2", "localhost", "127.0.0.1", "registry.example",
    ]  # fmt: skip


def test_dnf_and_yum_read_their_block() -> None:
    text = proxy.with_block(
        proxy.DNF_FILE, "[main]\ngpgcheck=1\n[repo]\nx=1\n", proxy.wanted(SECRET, proxy.DNF_FILE).text
    )
    parsed = configparser.RawConfigParser()
    parsed.read_string(text)
    assert dict(parsed["main"]) == {
        "proxy": "http://proxy:3128", "proxy_username": "edge", "proxy_password": "p@ss:w", "gpgcheck": "1",
    }  # fmt: skip
    assert "proxy_username" not in proxy.wanted(PLAIN, proxy.YUM_FILE).text


def test_a_shell_reads_the_block_of_zypper() -> None:
    text = proxy.with_block(
        proxy.ZYPPER_FILE, 'PROXY_ENABLED="no"\nHTTP_PROXY=""', proxy.wanted(PLAIN, proxy.ZYPPER_FILE).text
    )
    values = dict(word.partition("=")[::2] for word in shlex.split(text, comments=True))
    assert values["PROXY_ENABLED"] == "yes"
    assert values["HTTP_PROXY"] == "http://proxy.example:3128"
    assert values["NO_PROXY"] == DIRECT.replace(",", ", ") + ", registry.example, .lan, 10.0.0.0/8"


@pytest.mark.parametrize("path", ALL)
def test_files_with_a_login_are_for_root_alone(path: str) -> None:
    state = proxy.wanted(SECRET, path)
    assert (PASSWORD in state.text or "p@ss" in state.text) == (state.mode == 0o600)
    assert PASSWORD not in proxy.mask(state.text)
    assert "p@ss" not in proxy.mask(state.text)
    assert "edge:" not in proxy.mask(state.text)
    assert "=edge" not in proxy.mask(state.text)


@pytest.mark.parametrize("path", ALL)
def test_without_a_proxy_no_place_has_anything(path: str) -> None:
    assert proxy.wanted(proxy.Proxy(no_proxy=("x",)), path) == proxy.Wanted("", None)


def test_an_engine_of_others_is_left_out() -> None:
    without = PLAIN._replace(engine=False)
    assert proxy.wanted(without, proxy.DROP_INS["docker"]).text == ""
    assert proxy.wanted(without, proxy.DROP_INS["ecs"]).text
    assert proxy.units(without) == ("amazon-ssm-agent", "ecs")


@pytest.mark.parametrize("path", proxy.SHARED_FILES)
@pytest.mark.parametrize("text", ["", "[main]\n", "[main]", "# x\n[main]\na=1\n", 'PROXY_ENABLED="no"\n', "a=1\n"])
def test_a_block_goes_in_and_out_without_a_trace(path: str, text: str) -> None:
    block = proxy.wanted(SECRET, path).text
    there = proxy.with_block(path, text, block)
    assert proxy.block_of(there) == block
    assert proxy.with_block(path, there, block) == there
    # At most a missing end of line, or a missing [main], has been made good.
    assert proxy.with_block(path, there, "").replace("[main]", "").strip() == text.replace("[main]", "").strip()


@pytest.mark.parametrize(
    ("path", "text", "foreign"),
    [
        (proxy.DNF_FILE, "[main]\nproxy = http://x:1\n", True),
        (proxy.DNF_FILE, "[main]\n#proxy=http://x:1\nproxy_auth_method=any\n", False),
        (proxy.DNF_FILE, "[main]\n" + proxy.wanted(SECRET, proxy.DNF_FILE).text, False),
        (proxy.ZYPPER_FILE, 'proxy="x"\n', False),
    ],
)
def test_a_proxy_of_somebody_else_is_seen(
    path: str, text: str, foreign: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert proxy.is_foreign(path, text) is foreign
    monkeypatch.setattr(observe, "ROOT", str(tmp_path))
    file = tmp_path / path.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert observe.has_proxy(path) is foreign


def test_another_password_shows_as_a_change() -> None:
    other = SECRET._replace(http="http://edge:other@proxy:3128")
    texts = [proxy.wanted(one, proxy.APT_FILE).text for one in (SECRET, other)]
    before, after = proxy.mask_change(*texts)
    assert "another value" in after
    assert "other@" not in after
    assert "another value" not in proxy.mask_change(texts[0], texts[0])[1]
    assert PASSWORD not in before + after


def test_what_is_no_unit_reads_the_file(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text(proxy.wanted(SECRET, proxy.ENVIRONMENT_FILE).text + "LD_PRELOAD=/x\nnonsense\n")
    assert proxy.from_file(str(file)) == proxy.environment(SECRET)
    assert proxy.from_file(str(tmp_path / "missing")) == {}


def test_places_of_a_host(tmp_path: Path) -> None:
    always = [proxy.ENVIRONMENT_FILE, *proxy.DROP_INS.values()]
    assert proxy.places(str(tmp_path)) == always
    for path in ("etc/apt/apt.conf.d/x", "etc/yum.conf", "etc/sysconfig/proxy"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert proxy.places(str(tmp_path)) == [*always, proxy.APT_FILE, proxy.YUM_FILE, proxy.ZYPPER_FILE]
    (tmp_path / "etc/dnf").mkdir()
    (tmp_path / "etc/dnf/dnf.conf").touch()
    assert proxy.places(str(tmp_path)) == [*always, proxy.APT_FILE, proxy.DNF_FILE, proxy.ZYPPER_FILE]


def test_the_script_on_the_host_knows_the_same_places() -> None:
    assert observe.PROXY_ENVIRONMENT == proxy.ENVIRONMENT_FILE
    assert observe.PROXY_VARIABLES == proxy.VARIABLES
    assert {unit: observe.PROXY_DROP_IN % unit for unit in observe.UNITS} == proxy.DROP_INS
    assert "".join(observe.PROXY_BLOCK) == f"{proxy.BLOCK_BEGIN}\n{proxy.BLOCK_END}\n"
    assert (observe.APT_PROXY, *observe.DNF_CONFIGS, observe.ZYPPER_PROXY) == (proxy.APT_FILE, *proxy.SHARED_FILES)

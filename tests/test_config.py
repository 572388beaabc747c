"""The environment and env.php: what is read, and what a mistake is told."""

import re
import socket
import tempfile
from pathlib import Path

import pytest

from app import config, envphp

ENV_PHP = """<?php
declare(strict_types=1);
// We return [ 1 ] here.
use Magento\\Framework\\App;
return [
    'backend' => ['frontName' => 'admin_x'],
    'crypt' => ['key' => 'it\\'s "secret" $1'],
    'db' => [
        'table_prefix' => '%(prefix)s',
        'connection' => [
            'default' => [
                'host' => '%(host)s', # where
                'dbname' => 'shop',
                'username' => 'magento',
                'password' => 'p@ss:w/rd',
                'engine' => 'innodb',
                'active' => '1',
                'driver_options' => [1014 => false],
            ],
        ],
    ],
    'list' => array('a', 'b', -1, 2.5, null, TRUE),
    'computed' => ['dir' => __DIR__ . '/x', \\PDO::ATTR => (int) getenv('A') ?: [1, 2], 'b' => "$b", 'c' => 1],
];
?>
"""


def _root(folder: Path, **values: str) -> Path:
    (folder / "app/etc").mkdir(parents=True)
    text = ENV_PHP % {"prefix": "", "host": "localhost", **values}
    (folder / "app/etc/env.php").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("shop", "mysql+pymysql://magento:p%40ss%3Aw%2Frd@shop/shop"),
        ("localhost", "mysql+pymysql://magento:p%40ss%3Aw%2Frd@localhost/shop"),
        ("db.internal:3307", "mysql+pymysql://magento:p%40ss%3Aw%2Frd@db.internal:3307/shop"),
        (
            "/run/mysqld/mysqld.sock",
            "mysql+pymysql://magento:p%40ss%3Aw%2Frd@localhost/shop?unix_socket=%2Frun%2Fmysqld%2Fmysqld.sock",
        ),
    ],
)
def test_env_php_gives_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, url: str) -> None:
    monkeypatch.setattr(config, "SOCKETS", ())
    settings = config.read({"MAGENTO_ROOT": str(_root(tmp_path, host=host, prefix="m2_"))})
    assert settings.database.render_as_string(hide_password=False) == url
    assert settings.prefix == "m2_"


def test_localhost_is_the_servers_usual_socket_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PHP's driver takes the name localhost so, and a user 'magento'@'localhost' may be let in by it only."""
    with socket.socket(socket.AF_UNIX) as server, tempfile.TemporaryDirectory() as short:
        place = f"{short}/s"
        server.bind(place)
        monkeypatch.setattr(config, "SOCKETS", ("/nowhere", place))
        found = [config.from_magento(_root(tmp_path / host, host=host))[0] for host in ("localhost", "localhost:3306")]
    assert [url.query.get("unix_socket") for url in found] == [place, None]
    assert found[1].port == 3306


def test_env_php_literals() -> None:
    parsed = envphp.parse(ENV_PHP % {"prefix": "", "host": "h"})
    assert parsed["list"] == {0: "a", 1: "b", 2: -1, 3: 2.5, 4: None, 5: True}
    assert parsed["crypt"]["key"] == 'it\'s "secret" $1'


def test_env_php_keeps_what_only_php_can_work_out_apart() -> None:
    computed = envphp.parse(ENV_PHP % {"prefix": "", "host": "h"})["computed"]
    line = ENV_PHP[: ENV_PHP.index("__DIR__")].count("\n") + 1
    assert computed["dir"] == envphp.Computed(line)
    assert computed["b"] == envphp.Computed(line)
    assert computed["c"] == 1


@pytest.mark.parametrize("name", ["dbname", "password", "db", "table_prefix"])
def test_env_php_that_computes_what_is_needed_is_told(tmp_path: Path, name: str) -> None:
    root = _root(tmp_path, host="h")
    path = root / "app/etc/env.php"
    path.write_text(re.sub(rf"('{name}' => )", r"\1getenv('X') ?: ", path.read_text()))
    with pytest.raises(
        config.Refused, match=rf"line \d+: .*{name} is not written out .* set SCIM_DATABASE_URL"
    ) as caught:
        config.read({"MAGENTO_ROOT": str(root)})
    assert "p@ss" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<?php", "returns nothing"),
        ("<?php return 'x';", "does not return an array"),
        ("<?php function f() { return [1]; }", "returns nothing"),
        ("<?php return $config;", "does not return an array"),
        ("<?php return [\n 'a' => , 'b'];", "line 2: expected a value, found ','"),
        ("<?php return [[1] => 2];", "line 1: an array cannot be a key"),
        ("<?php return ['a' => 'b'\n'c'];", "line 2: expected ','"),
        ("<?php return ['a' => ", "expected a value, found 'the end'"),
        ("<?php return ['a' => 'b", "cannot read"),
    ],
)
def test_env_php_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(envphp.EnvError, match=re.escape(message)):
        envphp.parse(text)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "set SCIM_DATABASE_URL or MAGENTO_ROOT"),
        ({"SCIM_DATABASE_URL": "localhost"}, "is no URL"),
        ({"SCIM_DATABASE_URL": "mysql://u@h:port/d"}, "is no URL"),
        ({"SCIM_DATABASE_URL": "mysql+nosuch://u@h/d"}, "a driver that is not installed"),
        ({"SCIM_DATABASE_URL": "mysql+mysqldb://u@h/d"}, "a driver that is not installed"),
        ({"SCIM_DATABASE_URL": "mysql://u@h/d?ssl_ca=/x"}, "has the option 'ssl_ca': .* SCIM_DATABASE_TLS_CA"),
        ({"SCIM_DATABASE_URL": "mysql://u@h/d?unix_socket=/a&unix_socket=/b"}, "has the option 'unix_socket'"),
        ({"SCIM_DATABASE_URL": "postgresql://u@h/d"}, "needs mysql://"),
        ({"SCIM_DATABASE_URL": "mysql://u@h"}, "names no database"),
        ({"SCIM_DATABASE_URL": "mysql://u@h/d", "SCIM_READ_DATABASE_URL": "h"}, "SCIM_READ_DATABASE_URL is no URL"),
        ({"MAGENTO_ROOT": "/nowhere"}, "cannot read /nowhere/app/etc/env.php"),
        ({"SCIM_DATABASE_URL": "mysql://u@h/d", "SCIM_MAX_BODY": "lots"}, "SCIM_MAX_BODY is 'lots'"),
        ({"SCIM_DATABASE_URL": "mysql://u@h/d", "SCIM_BASE_URL": "scim.example.com"}, "SCIM_BASE_URL is 'scim.exa"),
        ({"SCIM_DATABASE_URL": "mysql://u@h/d", "SCIM_OPEN_DISCOVERY": "maybe"}, "SCIM_OPEN_DISCOVERY is 'maybe'"),
        ({"SCIM_DATABASE_URL": "mysql://u@h/d", "SCIM_DATABASE_TLS_CA": "/no/ca"}, "SCIM_DATABASE_TLS_CA: cannot read"),
        ({"SCIM_DATABASE_URL": "mysql://u@h/d", "SCIM_DATABASE_TLS_KEY": __file__}, "a key without a certificate"),
    ],
)
def test_a_wrong_environment_is_told_in_a_sentence(environment: dict[str, str], message: str) -> None:
    with pytest.raises(config.Refused, match=message):
        config.read(environment)


def test_a_port_that_is_no_number_is_told(tmp_path: Path) -> None:
    with pytest.raises(config.Refused, match="port 'abc', which is no number"):
        config.read({"MAGENTO_ROOT": str(_root(tmp_path, host="127.0.0.1:abc"))})


def test_a_url_may_name_the_socket_and_the_character_set() -> None:
    settings = config.read({"SCIM_DATABASE_URL": "mysql://u@localhost/d?unix_socket=/run/s&charset=utf8mb4"})
    assert settings.database.query == {"unix_socket": "/run/s", "charset": "utf8mb4"}

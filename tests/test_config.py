"""The environment and env.php: what is read, and what a mistake is told."""

from pathlib import Path

import pytest

from app import config, envphp

ENV_PHP = """<?php
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
];
"""


def _root(folder: Path, **values: str) -> Path:
    (folder / "app/etc").mkdir(parents=True)
    text = ENV_PHP % {"prefix": "", "host": "localhost", **values}
    (folder / "app/etc/env.php").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost", "mysql+pymysql://magento:p%40ss%3Aw%2Frd@localhost/shop"),
        ("db.internal:3307", "mysql+pymysql://magento:p%40ss%3Aw%2Frd@db.internal:3307/shop"),
        (
            "/run/mysqld/mysqld.sock",
            "mysql+pymysql://magento:p%40ss%3Aw%2Frd@localhost/shop?unix_socket=%2Frun%2Fmysqld%2Fmysqld.sock",
        ),
    ],
)
def test_env_php_gives_the_database(tmp_path: Path, host: str, url: str) -> None:
    settings = config.read({"MAGENTO_ROOT": str(_root(tmp_path, host=host, prefix="m2_"))})
    assert settings.database.render_as_string(hide_password=False) == url
    assert settings.prefix == "m2_"


def test_env_php_literals() -> None:
    parsed = envphp.parse(ENV_PHP % {"prefix": "", "host": "h"})
    assert parsed["list"] == {0: "a", 1: "b", 2: -1, 3: 2.5, 4: None, 5: True}
    assert parsed["crypt"]["key"] == 'it\'s "secret" $1'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<?php", "returns nothing"),
        ("<?php return 'x';", "does not return an array"),
        ("<?php return [\n 'a' => getenv('X'),\n];", "line 2: 'getenv' is not a literal"),
        ("<?php return ['a' => 'b'\n'c'];", "line 2: expected ','"),
        ("<?php return ['a' => ", "'the end' is not a literal"),
        ('<?php return ["a" => "$b"];', "cannot read"),
    ],
)
def test_env_php_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(envphp.EnvError, match=message.replace("(", r"\(")):
        envphp.parse(text)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "set SCIM_DATABASE_URL or MAGENTO_ROOT"),
        ({"SCIM_DATABASE_URL": "localhost"}, "is no URL"),
        ({"SCIM_DATABASE_URL": "postgresql://u@h/d"}, "needs mysql://"),
        ({"SCIM_DATABASE_URL": "mysql://u@h"}, "names no database"),
        ({"MAGENTO_ROOT": "/nowhere"}, "cannot read /nowhere/app/etc/env.php"),
        ({"SCIM_DATABASE_URL": "mysql://u@h/d", "SCIM_MAX_BODY": "lots"}, "SCIM_MAX_BODY is 'lots'"),
    ],
)
def test_a_wrong_environment_is_told_in_a_sentence(environment: dict[str, str], message: str) -> None:
    with pytest.raises(config.Refused, match=message):
        config.read(environment)

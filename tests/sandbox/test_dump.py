"""mysqldump files: split into statements as the client program would."""

from pathlib import Path

import pytest

from app.sandbox import connection, dump
from app.sandbox.server import MariaDB

CASES = {
    "plain": (b"SELECT 1; SELECT 2;\n", [b"SELECT 1", b"SELECT 2"]),
    "last without delimiter": (b"SELECT 1", [b"SELECT 1"]),
    "in quotes": (rb"INSERT INTO t VALUES ('a;b'),('it''s;'),('\';'),('\\');", None),
    "double and back quotes": (b'SELECT ";--" AS `;#`;', None),
    "a quoted line break": (b"INSERT INTO t VALUES ('one;\ntwo -- no comment\n');", None),
    "comments": (b"-- a; b\nSELECT /* ; */ 1 # ;\n;\n/* ;\n; */ SELECT 2;", [b"SELECT  1", b"SELECT 2"]),
    "no comment": (b"SELECT 5--1;", [b"SELECT 5--1"]),
    "versioned": (b"/*!40101 SET NAMES utf8mb4 */;", [b"/*!40101 SET NAMES utf8mb4 */"]),
    "sandbox mark": (b"/*M!999999\\- enable the sandbox mode */ \nSELECT 1;", [b"SELECT 1"]),
    "delimiter": (
        b"DELIMITER ;;\n/*!50003 CREATE TRIGGER t BEGIN a; b; END */;;\nDELIMITER ;\nSELECT 1;",
        [b"/*!50003 CREATE TRIGGER t BEGIN a; b; END */", b"SELECT 1"],
    ),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_statements(text: bytes, wanted: list[bytes] | None) -> None:
    found = list(dump.statements(text.splitlines(keepends=True)))
    assert found == (wanted or [text.rstrip(b";")])


def test_a_dump_of_another_server_and_database_is_loaded(server: MariaDB, tmp_path: Path) -> None:
    file = tmp_path / "other.sql"
    file.write_bytes(
        b"""
        CREATE DATABASE /*!32312 IF NOT EXISTS*/ `theirs` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;
        USE `theirs`;
        SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
        SET @@SESSION.SQL_LOG_BIN= 0;
        SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '';
        CREATE TABLE `t` (`v` varchar(30)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
        INSERT INTO `t` VALUES ('DEFINER=`a`@`b`');
        """
        + b"DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`them`@`%`*/"
        b" /*!50003 TRIGGER w BEFORE INSERT ON t FOR EACH ROW"
        b" BEGIN SET NEW.v = CONCAT(NEW.v, ';'); END */;;\nDELIMITER ;\n"
        b"/*!50001 CREATE ALGORITHM=UNDEFINED */ /*!50013 DEFINER=`them`@`%` SQL SECURITY INVOKER */"
        b" /*!50001 VIEW `w` AS SELECT * FROM `t` */;\n"
    )
    url = server.create("theirs_loaded")
    dump.load(url, file)
    with connection.to(url) as target, target.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES ('x')")
        cursor.execute("SELECT v FROM w ORDER BY v")
        assert cursor.fetchall() == (("DEFINER=`a`@`b`",), ("x;",))

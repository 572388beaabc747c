"""A throw-away shop: a private MariaDB with Magento's tables, for `make run` and the tests.

programs   finds the database server's binary, or installs it
server     installs, starts and stops a private server in a directory
processes  ends processes, finds free ports
tables     Magento's tables (tables.sql) and what differs from release to release
seed       what a fresh Magento has in them, and about 20 customers
shop       all of it in one call
dump       loads a mysqldump file without a client program
connection opens the plain connections that the others use
"""

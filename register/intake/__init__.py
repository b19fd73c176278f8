"""Foreign lists and spreadsheets, read into rows the register's commands can take: pure parsers, no database."""

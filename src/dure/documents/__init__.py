"""Paper in and out: tables from CSV and workbooks row by row, tables to CSV and XLSX.

A file is read in one pass with bounded memory. What cannot be read in one row is that row's problem and never the
file's; only a file without any table in it is refused (`UnreadableFile`).
"""

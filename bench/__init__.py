"""Measures the service under gunicorn on shops of several sizes, and bare PyMySQL in the same run: `make bench`.

goals      what is to be reached, one row for each kind of work
stage      a database server of its own, and a shop filled to each size
service    gunicorn on the shop, its processes and memory
processor  what processes have used of the processor, from /proc
load       sends requests over kept-alive connections and takes their times
work       which requests each kind of work is
floor      the same rows read and written by bare PyMySQL
comparison runs the floor beside the service
measure    one size: every kind of work, and its floor
report     the table, results.json, results.svg
"""

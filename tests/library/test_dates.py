"""Dates and durations, in a time zone of their own."""

import time

import pytest

from tests.library.library_calls import each_gives, each_is_refused, text_of


@pytest.fixture(autouse=True)
def in_universal_time(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


RESULTS = (
    ("(setdate 2026 11 23 12 30 5)", "2026/11/23 12:30:05"),
    ("(list (setdate 2026 11 23 12 30 5))", '("2026/11/23 12:30:05")'),
    ("(integer (setdate 1970 1 2 0 0 1))", "86401"),
    ("(setdate 2026 2 30 0 0 0)", "2026/03/02 00:00:00"),
    ("(setq d (setdate 2024 1 31 0 0 0)) (year d 2023) d", "2023/01/31 00:00:00"),
    ("(month (setdate 2026 5 6 0 0 0) 12)", "2026/12/06 00:00:00"),
    ("(- (setdate 2026 1 2 0 0 0) (setdate 2026 1 1 0 0 0))", "86400"),
    ("(< (setdate 2026 1 1) (setdate 2027 1 1))", "true"),
    ("(= (setdate 2026 1 1 0 0 0) (setdate 2026 1 1 0 0 0))", "true"),
    ("(weekday (setdate 2026 11 22))", "0"),
    ("(yearday (setdate 2024 12 31))", "365"),
    ("(type (chrono))", "time_"),
    ("(type (- (chrono) (chrono)))", "number_"),
    ("(setq a (chrono)) (sleep 2) (> (- (chrono) a) 1)", "true"),
)

ERRORS = (
    ("(year 3)", "Error: year: the first argument must be a date, not the integer 3"),
    ("(year (date) nil)", "Error: year: the second argument must be an integer, not nil"),
    ("(setdate 1000000000000)", "Error: setdate: no date has these fields"),
    ('(setdate 2026 "a")', "Error: setdate: the second argument must be an integer"),
)


test_result = each_gives(RESULTS)


test_error_says_what_was_expected = each_is_refused(ERRORS)


def test_the_current_date_is_now():
    assert abs(int(text_of("(integer (date))")) - time.time()) < 5

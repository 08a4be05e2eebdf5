"""Whole files, file elements and streams, in a folder of their own."""

import pytest

from lispe_kernel import LispeError
from tests.library.library_calls import text_of

# program, printed text
RESULTS = (
    ('(fwrite "x" "aé") (fread "x")', "aé"),
    ('(fwrite "x" "aé") (type (fread "x"))', "stringbyte_"),
    ('(fwrite "x" "aé") (size (fread "x"))', "3"),
    ('(fwrite "x" \'(1 "a")) (fappend "x" 2) (fread "x")', '(1 "a")2'),
    ('(fwrite "x" "one") (fwrite "x" "two") (fread "x")', "two"),
    ("(bwrite `x` '(0 255 10)) (bappend `x` '(7)) (bread `x`)", "(0 255 10 7)"),
    ("(bwrite `x` '(0 255 10)) (type (bread `x`))", "shorts_"),
    ("(bwrite `x` '(255 254)) (fwrite `y` (fread `x`)) (bread `y`)", "(255 254)"),
    ('(bytes "é")', "(195 169)"),
    ('(fsize "missing")', "-1"),
    ('(setq f (fopen "x" "w")) (fputchars f "abc") (list (ftell f) (fsize f))', "(3 3)"),
    ('(fwrite "x" "abc") (setq f (fopen "x")) (fseek f 1) (fgetchars f 9)', "bc"),
    ('(fwrite "x" "abc") (fputchars (fopen "x") "z")', "nil"),
    ('(fwrite "x" "abc") (setq f (fopen "x" "a")) (fputchars f "d") (fclose f) (fread "x")', "abcd"),
    ('(fwrite "x" "a\\nb\\n") (file_readlist (file "x"))', '("a" "b" "")'),
    ('(fwrite "x" "a\\nb") (file_readline (file "x"))', "a\n"),
    ('(fwrite "x" "b") (setq s (file "x")) (list (file_readline s) (file_readline s))', '("b" "")'),
    ('(fwrite "x" "a\\nb") (file_read (file "x"))', "a\nb\n"),
    (
        '(fwrite "x" "éab") (setq s (file "x")) (list (file_getchar s) (file_eof s) (file_read s 5))',
        '("é" nil "ab")',
    ),
    ('(fwrite "x" "a") (setq s (file "x")) (file_getchar s) (file_eof s)', "true"),
    ("(bwrite `x` '(239 187 191 97)) (file_readline (file `x`))", "a"),
    ("(fwrite `x` `f(a(b))`) (file_getstruct (file `x`) `(` `)`)", "(a(b))"),
    ("(fwrite `x` `(a)`) (setq s (file `x`)) (file_getstruct s `(` `)`) (file_getstruct s `(` `)`)", "nil"),
    ("(fwrite `x` `(a)(b)`) (setq s (file `x`)) (file_getstruct s `(` `)`) (file_readline s)", "(b)"),
    ("(setq s (file `x` 'w)) (file_writeln s `a`) (file_write s 1) (file_close s) (fread `x`)", "a\n1"),
    ("(setq s (file `x` 'w)) (list (file_close s) (file_close s))", "(true nil)"),
    ("(fwrite `x` `a`) (setq s (file `x` 'a)) (file_write s `b`) (fread `x`)", "ab"),
    ("(json_write '(1) `x`) (json_read `x`)", "(1)"),
)

ERRORS = (
    ('(fread "missing")', 'Error: fread: "missing": No such file or directory'),
    ('(fread ".")', 'Error: fread: ".": Is a directory'),
    ("(fread nil)", "Error: fread: the first argument must be a path (a string), not nil"),
    ('(fwrite "no/such/folder" 1)', 'Error: fwrite: "no/such/folder": No such file or directory'),
    ('(bwrite "x" 3)', "Error: bwrite: the second argument must be a list of bytes"),
    ('(bwrite "x" \'(256))', "Error: bwrite: the second argument must be a list of integers from 0 to 255"),
    ('(fopen "x" "z")', 'Error: fopen: the second argument must be one of "r", "w" and "a"'),
    ("(ftell 3)", "Error: ftell: Not a file element: 3"),
    ('(setq f (fopen "x" "w")) (fclose f) (ftell f)', "Error: ftell: the file x is closed"),
    ('(fgetchars (fopen "x" "w") 1)', "Error: fgetchars: the file x is open for writing"),
    (
        '(file_write (file "x" \'w) "a") (file_write (file "x") "a")',
        "Error: file_write: the file x is open for read",
    ),
    ('(file_readline (file "x" \'w))', "Error: file_readline: the file x is open for writing"),
    ("(file_eof nil)", "Error: file_eof: the first argument must be a stream made by file, not nil"),
    ('(json_read "missing")', 'Error: json_read: "missing": No such file or directory'),
)


@pytest.mark.parametrize(("program", "text"), RESULTS)
def test_result(program, text, in_folder):
    assert text_of(program) == text


@pytest.mark.parametrize(("program", "message"), ERRORS)
def test_error_names_the_function_and_the_path(program, message, in_folder):
    with pytest.raises(LispeError) as caught:
        text_of(program)
    assert caught.value.text.startswith(message)

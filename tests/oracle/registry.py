"""The tables of special forms and functions, filled by the files that define them.

A form gets (interpreter, argument forms, scope, tail); a function gets (interpreter, argument values). A stepwise
function gets an iterator instead of a list: taking the next argument evaluates it (core 3.4: the first operand is
copied, then each further one is combined into the copy). This module never evaluates a program.
"""

from dataclasses import dataclass
from typing import Any

MANY = 10**9


@dataclass(frozen=True)
class Entry:
    """One form or function with the number of arguments it takes."""

    name: str
    run: Any
    least: int
    most: int
    stepwise: bool = False

    def accepts(self, count: int) -> bool:
        return self.least <= count <= self.most


FORMS: dict[str, Entry] = {}
FUNCTIONS: dict[str, Entry] = {}


def form(*names: str, least: int = 0, most: int = MANY):
    """Register a special form under its names."""

    def register(run):
        for name in names:
            FORMS[name] = Entry(name, run, least, most)
        return run

    return register


def function(*names: str, least: int = 0, most: int = MANY, stepwise: bool = False):
    """Register a function of the library under its names."""

    def register(run):
        for name in names:
            FUNCTIONS[name] = Entry(name, run, least, most, stepwise)
        return run

    return register


ARITHMETIC = {"+", "-", "*", "/", "%", "^^", "&", "|", "^", "<<", ">>", "&~"}
COMPARATORS = {"<", "<=", ">", ">=", "=", "!=", "eq", "neq", "==", ">=<"}
OPERATORS = ARITHMETIC | COMPARATORS | {"~", "!", "&&&", "|||", "^^^"}

# What the reference knows and the oracle does not play: a call of one of these is no evidence.
ELSEWHERE = set(
    """
    +* , . ? @@@ addr_ atoms atshape backscan bappend bernoulli_distribution binomial_distribution bodies bread
    bwrite bytes cauchy_distribution chi_squared_distribution chrono command complex conspoint cosine cyclicp
    cyclic? date day deaccentuate defpred defprol defspace dethread deflib deflibpat determinant
    discrete_distribution elapse emojip emoji? enum erf erfc explode exponential_distribution
    extreme_value_distribution fappend fclose fgetchars file file_close file_eof file_getchar file_getstruct
    file_read file_readline file_readlist file_write file_writeln fileinfo fisher_distribution float fopen
    fputchars fread fseek fsize ftell fwrite gamma_distribution geometric_distribution get_tokenizer_operators
    get_tokenizer_rules getchar getenv getfast getstruct heap hour imaginary indent inner input@ int16_t invert
    irank@ isdirectory json json_dictionary json_parse json_read json_write label lgamma link load loadcode lock
    logb lognormal_distribution ls lubksb ludcmp mark mask@ matrix_float matrix_integer matrix_number matrix_short
    matrix_string matrix_stringbyte minute month negative_binomial_distribution normal_distribution ontology outer
    over padding pattern@ piecewise_constant_distribution piecewise_linear_distribution pipe poisson_distribution
    prettify prgx prgx_find prgx_find_i prgx_findall prgx_findall_i prgx_match prgx_replace prgx_split printerr
    printerrln punctuationp random random_choice rank@ real realpath resetmark rgx rgx_find rgx_find_i rgx_findall
    rgx_findall_i rgx_match rgx_replace rgx_split second segment segment_e segmenter set@@@
    set_tokenizer_operators set_tokenizer_rules setdate setenv setfast seth setq= setshape shift short shuffle
    sleep socket_create solve space student_distribution stringbyte stringbytes tensor_float tensor_integer
    tensor_number tensor_short tensor_string tensor_stringbyte tgamma threadclear threadretrieve threadspace
    threadstore to_tensor toclean tokenize tokenize_rules tokenizer tokenizer_display tokenizer_main
    tokenizer_rules trace transpose ⍉ trigger uniform_distribution use uuid wait waiton weekday
    weibull_distribution withclass year yearday ° ⌹ ⍤ ⊃ set@@ -+ backscan -\\\\ shorts floats llist to_llist
    """.split()
)


def is_known(name: str) -> bool:
    """Whether the name is an instruction or a function of the library."""
    return name in FORMS or name in FUNCTIONS or name in ELSEWHERE

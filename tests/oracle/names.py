"""Names of the reference as data: aliases, printed names, what the oracle does not play."""


def pairs(text: str) -> dict[str, str]:
    """`a→b c→d` as a dictionary."""
    return dict(pair.split("→") for pair in text.split())


# An alias and the name used here (core 1.7).
ALIASES_TEXT = r"""
_→nil false→nil fail_→nil \→λ lambda→λ nth→@ at→@ extract→@@ setrange→set@@ **→^^ **=→^^= reduce→// ↗→//
scan→\\ ↘→\\ backreduce→-// ⌿→-// backscan→-\\ ⍀→-\\ ⍳→iota ⍳0→iota0 ↑↑→maplist ¨→maplist ↑→maplist ¬→not
∑→sum ∏→product ρ→rho ⍴→rho ⌽→rotate ∈→member ≢→tally ⊂→to_list §→infix •→infix /\→infix cutlist→slice
dotimes→loopcount defclass→class@ containerkeys→keys@ containervalues→values@ atom?→atomp cons?→consp
empty?→emptyp null?→nullp number?→numberp sign?→signp string?→stringp zero?→zerop lower?→lowerp
upper?→upperp __root__→block alpha?→alphap vowel?→vowelp consonant?→consonantp digit?→digitp √→sqrt ∛→cbrt
⍉→transpose ⍤→rank@ short→int16_t ⊃→to_tensor ⌹→invert
"""
# A name used here and the name that the instruction prints with.
PRINTED_TEXT = r"""
@→at @@→extract set@@→setrange //→↗ \\→↘ -//→⌿ -\\→⍀ iota→⍳ iota0→⍳0 maplist→↑↑ not→¬ sum→∑ product→∏
rho→ρ transpose→⍉ rotate→⌽ member→∈ tally→≢ to_list→⊂
"""
# What the reference knows and the oracle does not play: a call of one of these is no evidence.
ELSEWHERE_TEXT = r"""
  -+ . ? addr_ atoms atshape bappend bernoulli_distribution binomial_distribution  bread bwrite
cauchy_distribution chi_squared_distribution chrono command conspoint cyclic? date day deflib deflibpat
discrete_distribution elapse emoji? emojip exponential_distribution extreme_value_distribution fappend
fclose fgetchars file file_close file_eof file_getchar file_getstruct file_read file_readline
file_readlist file_write file_writeln fileinfo fisher_distribution fopen fputchars fread fseek fsize
ftell fwrite gamma_distribution geometric_distribution get_tokenizer_operators getchar getenv getfast
hour indent input@  isdirectory json_read json_write label load loadcode lognormal_distribution ls
lubksb ludcmp mark matrix_float   matrix_short matrix_string matrix_stringbyte
minute month negative_binomial_distribution normal_distribution piecewise_constant_distribution
piecewise_linear_distribution pipe poisson_distribution prettify printerr printerrln random random_choice
realpath resetmark second  segment_e segmenter set_tokenizer_operators setdate setenv setfast
setq= setshape shuffle sleep socket_create  stringbytes student_distribution tensor_float
  tensor_short tensor_string tensor_stringbyte  toclean
tokenizer_display tokenizer_main trace trigger uniform_distribution use uuid waiton weekday
weibull_distribution year yearday   file_exists memory_size
"""
# Older names, which a program may give to its own functions and variables (dialect).
OLDER_TEXT = "data irank key keyi keyn matrix rank tensor tokenizee tree treei treen"
# The functions whose first argument may be a partial call.
FAMILY_TEXT = r"""
map filter takewhile dropwhile foldl foldl1 foldr foldr1 scanl scanl1 scanr scanr1 maplist mapcar filterlist
filtercar takelist takecar droplist dropcar scanlist zipwith sort // \\ -//
"""
ASSIGNMENTS_TEXT = "setq setqv setg setqi setconst += -= *= /= %= ^^= <<= >>= &= |= ^= &~="

ALIASES, PRINTED = pairs(ALIASES_TEXT), pairs(PRINTED_TEXT)
OLDER = frozenset(OLDER_TEXT.split())
ELSEWHERE = frozenset(ELSEWHERE_TEXT.split()) | OLDER
FAMILY = frozenset(FAMILY_TEXT.split())
ASSIGNMENTS = frozenset(ASSIGNMENTS_TEXT.split())

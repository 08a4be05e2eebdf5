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
"""
# A name used here and the name that the instruction prints with.
PRINTED_TEXT = r"""
@→at @@→extract set@@→setrange //→↗ \\→↘ -//→⌿ -\\→⍀ iota→⍳ iota0→⍳0 maplist→↑↑ not→¬ sum→∑ product→∏
rho→ρ rotate→⌽ member→∈ tally→≢ to_list→⊂
"""
# What the reference knows and the oracle does not play: a call of one of these is no evidence.
ELSEWHERE_TEXT = r"""
+* , -+ -\\ . ? @@@ addr_ atoms atshape backscan bappend bernoulli_distribution binomial_distribution
bodies bread bwrite bytes cauchy_distribution chi_squared_distribution chrbyte chrono command complex
conspoint cosine cyclic? cyclicp data date day deflib deflibpat defpred defprol defspace determinant
dethread discrete_distribution elapse emoji? emojip enum erf erfc explode exponential_distribution
extreme_value_distribution fappend fclose fgetchars file file_close file_eof file_getchar file_getstruct
file_read file_readline file_readlist file_write file_writeln fileinfo fisher_distribution float floats
fopen fputchars fread fseek fsize ftell fwrite gamma_distribution geometric_distribution
get_tokenizer_operators get_tokenizer_rules getchar getenv getfast getstruct heap hour imaginary indent
input@ int16_t invert irank@ isdirectory json_dictionary json_parse json_read json_write label
lgamma link load loadcode lock logb lognormal_distribution ls lubksb ludcmp mark mask@ matrix_float
matrix_integer matrix_number matrix_short matrix_string matrix_stringbyte minute month
negative_binomial_distribution normal_distribution ontology over pattern@
piecewise_constant_distribution piecewise_linear_distribution pipe poisson_distribution prettify prgx
prgx_find prgx_find_i prgx_findall prgx_findall_i prgx_match prgx_replace prgx_split printerr printerrln
punctuationp random random_choice rank@ real realpath resetmark rgx rgx_find rgx_find_i rgx_findall
rgx_findall_i rgx_match rgx_replace rgx_split second segment segment_e segmenter set@@ set@@@
set_tokenizer_operators set_tokenizer_rules setdate setenv setfast seth setq= setshape shift short shorts
shuffle sleep socket_create solve space stringbyte stringbytes student_distribution tensor_float
tensor_integer tensor_number tensor_short tensor_string tensor_stringbyte tgamma threadclear
threadretrieve threadspace threadstore to_tensor toclean tokenize tokenize_rules tokenizer
tokenizer_display tokenizer_main tokenizer_rules trace transpose trigger uniform_distribution use uuid
wait waiton weekday weibull_distribution year yearday ⊃ ⌹ ⍉ ⍤
file_exists irank key keyi keyn matrix memory_size rank tensor tokenizee tree treei treen
"""
# The functions whose first argument may be a partial call.
FAMILY_TEXT = r"""
map filter takewhile dropwhile foldl foldl1 foldr foldr1 scanl scanl1 scanr scanr1 maplist mapcar filterlist
filtercar takelist takecar droplist dropcar scanlist zipwith sort // \\ -//
"""
ASSIGNMENTS_TEXT = "setq setqv setg setqi setconst += -= *= /= %= ^^= <<= >>= &= |= ^= &~="

ALIASES, PRINTED = pairs(ALIASES_TEXT), pairs(PRINTED_TEXT)
ELSEWHERE = frozenset(ELSEWHERE_TEXT.split())
FAMILY = frozenset(FAMILY_TEXT.split())
ASSIGNMENTS = frozenset(ASSIGNMENTS_TEXT.split())

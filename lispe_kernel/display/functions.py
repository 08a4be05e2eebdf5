"""The display functions of LispE: show a value now, replace what was shown, pictures, curves, explorers.

Only names, arguments and help stand here; what they make is in the file of its kind, imported when first
used, so that a kernel starts without any of it.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.explorers.registry import explorer_of
from lispe_kernel.display.page import publish
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import register_kind, wrong_argument


class Handle:
    """An output that can be replaced. Prints as `display`; its identity is never shown."""

    __slots__ = ("identity",)

    def __init__(self) -> None:
        self.identity = publish.new_identity()


register_kind(Handle, "display_", lambda *_: "display")


@function("display", silent=True)
def display(value: Any) -> Handle:
    """Show a value now, as a cell shows its result, and return a handle with which it can be replaced.

    Example: (display 3) => 3
    """
    handle = Handle()
    publish.show(value, handle.identity)
    return handle


@function("update_display", silent=True)
def update_display(handle: Handle, value: Any) -> Handle:
    """Replace what `display` showed. A terminal writes the new text under the old one.

    Example: (update_display (display 1) 1) => 1
    Errors: `Error: update_display: the first argument must be what display returned`
    """
    if not isinstance(handle, Handle):
        raise wrong_argument("update_display", 1, "what display returned", handle)
    publish.show(value, handle.identity, update=True)
    return handle


@function("heatmap")
def heatmap(tensor: Any, row_labels: Any = None, column_labels: Any = None) -> Any:
    """A tensor or matrix as a heatmap with its colour bar; labels (lists) name rows and columns.

    More than two axes give one heatmap for each leading index. Nothing of the values changes.

    Example: (println (heatmap (list (list 1 2) (list 3 4)))) => heatmap of 2 x 2 values
    Errors: a value that is no tensor, matrix or list of lists of numbers; labels of another length
    """
    from lispe_kernel.display.views.plots import Heatmap  # noqa: PLC0415 - start-up: a kernel starts without any view

    return Heatmap.of("heatmap", tensor, row_labels, column_labels)


@function("plot")
def plot(
    xs_or_ys: Any,
    ys: Any = None,
    label: str | None = None,
    x_title: str | None = None,
    y_title: str | None = None,
    log: Any = None,
    smoothing: Any = 0,
) -> Any:
    """A curve through the values `ys`, over `xs` or over 0, 1, 2 ...

    A list of lists (or a matrix) gives one curve each; so does a dictionary, whose keys are their names:
    `(plot (@ (@ "train" ts) (@ "valid" vs)))`. Values may be lists, typed lists or tensors.
    `(? x_title "step")` and `y_title` name the axes; `(? log "y")`, `"x"`, `"xy"` make them logarithmic, and
    `(? log "")` neither (positive heights over many decades are logarithmic by themselves).
    `(? smoothing 0.6)` draws an exponential mean as TensorBoard does, the values themselves faint behind it.

    Example: (println (plot (list 1 4 9))) => plot of 3 points
    Errors: values that are no numbers; xs and ys of different lengths; a smoothing that is not below 1
    """
    from lispe_kernel.display.views.plots import Plot, looks  # noqa: PLC0415 - start-up: a kernel starts without any view

    return Plot.of(xs_or_ys, ys, label, looks("plot", (4, x_title), (5, y_title), (6, log), (7, smoothing)))


@function("read_runs")
def read_runs(path: str, smoothing: Any = 0) -> Any:
    """The curves of trainings from TensorBoard's event files or from CSV, all runs over each other.

    A folder is searched with the folders in it, each folder of event files a run; without any, its tables are
    the runs. A table has a column a name (those of steps and times are found by their names), or it is one
    that `write_runs` wrote. `(? smoothing 0.6)` draws an exponential mean as TensorBoard does, the values
    faint behind it. `(@ (@ (@ runs ".") "loss") "values")` gives numbers. Damaged records are left out, and
    said.

    Example: (maybe (read_runs "no-such-folder") "none") => none
    Errors: no such file; a file that holds no curve
    """
    from lispe_kernel.display.views.trainings import runs  # noqa: PLC0415 - start-up: a kernel starts without any view

    return runs.read(path, smoothing)


@function("write_runs")
def write_runs(runs: Any, path: str) -> str:
    """Write curves to a table (a path that ends with `.csv`) or as TensorBoard's event files into a folder.

    The curves are those of `read_runs` or `tracked`, or a dictionary of names with their values (or of runs
    that are such dictionaries). A table keeps every digit; event files hold whole steps and, as those of
    PyTorch do, values of seven digits.

    Example: (maybe (write_runs 3 "runs.csv") "no runs") => no runs
    Errors: a value without curves; a path of another kind; steps that are not whole in event files
    """
    from lispe_kernel.display.views.trainings import runs as writing  # noqa: PLC0415 - start-up: a kernel starts without any view

    return writing.write(runs, path)


@function("tracked")
def tracked(smoothing: Any = 0) -> Any:
    """What `track` followed in this cell or in the last one that tracked anything: every value, as a run.

    It is drawn as by `read_runs`, and `write_runs` keeps it.

    Example: (maybe (tracked) "nothing") => nothing
    Errors: nothing was tracked yet
    """
    from lispe_kernel.display.views import training  # noqa: PLC0415 - start-up: a kernel starts without any view

    return training.tracked(smoothing)


@function("compare")
def compare(a: Any, b: Any, *others: Any) -> Any:
    """The difference of two tensors, state dicts, modules or checkpoints, the most changed tensor first.

    A checkpoint may be given by the path of its file: `(compare "a.pt" "b.pt")`.
    Encodings of positions (sinusoidal, rotary, ALiBi, and a learned table beside one of them) are shown side by
    side instead, two or more of them: tables, how alike two positions are, over their distance, wavelengths.
    Where both hold adapters, the overlap of the subspaces that these change is told as well (Hu et al., LoRA,
    7.2); `(compare model "one" "other")` tells it of two adapters of one model.

    Example: (println (compare (torch_ones '(1)) (torch_ones '(1)))) => equal: float32 [1], value 1
    Example: (println (compare (torch_positional_encoding 8 16) (torch_alibi 4 12))) => 2 encodings over 12 positions: sinusoidal 8, ALiBi 4 heads
    Errors: two values of different kinds; values that hold no tensors; more than two that are no encodings
    """  # noqa: E501
    from lispe_kernel.display.views import compare as comparing  # noqa: PLC0415 - start-up: a kernel starts without any view

    return comparing.compare(a, b, *others)


@function("graph")
def graph(model: Any, input_: Any = None) -> Any:
    """The graph of a model: its layers and what flows between them, as a picture.

    The model runs once on the input (that of `torch_trace`; for a loaded folder also a text). What is drawn
    is what happened: every call of a layer, the functions of PyTorch between them, and an arrow with its
    shape for each tensor that one took from another. Layers that are repeated stand in one box; a block opens
    under the picture, by its line, a click, or Enter on it. Without an input one is chosen by what the model
    or its first layer says, and told. Of a state dict, a checkpoint or the path of a file of tensors the
    layers are drawn with names and shapes, from the file's header alone. `(@ g "path")` tells from where a
    layer takes its tensors and where they go. The model stays as it was, and so does the input.

    Example: (println (graph (torch_model 4 8 2) (torch_ones '(3 4)))) => PyTorch Graph (TorchModel: 7 steps, 6 edges)
    Errors: what the model raises, with the layer in which it did; no input could be chosen; a damaged file
    """  # noqa: E501
    from lispe_kernel.torch_library.inside import graphs  # noqa: PLC0415 - PyTorch is imported when it is first needed

    return graphs.graph(model, input_)


@function("embedding_map")
def embedding_map(table: Any, labels: Any = None, method: str = "pca") -> Any:
    """The rows of a table (a matrix, an embedding) as points in two and three dimensions; the latter turns.

    `labels` names the rows: a list of texts, or the tokenizer whose tokens they are. The method is "pca", by
    principal axes, or "umap" where umap-learn is installed (the extra `umap`). The nearest rows of the first
    ones are listed; `torch_nearest` and `torch_pca` give the numbers. Rows with NaN or infinity are left out,
    and named.

    Example: (println (embedding_map (tensor_create '((0 0) (1 1) (2 2))))) => map of 3 rows of 2 numbers, principal axes with 100%, 0% of the variance
    Errors: a value that is no table; fewer than two rows of finite numbers; another number of labels than rows
    """  # noqa: E501
    from lispe_kernel.display.views.embeddings import maps  # noqa: PLC0415 - start-up: a kernel starts without any view

    return maps.embedding_map(table, labels, method)


@function("attention_map")
def attention_map(weights: Any, tokens: Any = None, tokenizer: Any = None) -> Any:
    """Attention weights [heads, queries, keys] (or [batch, heads, queries, keys]) as one heatmap a head.

    `tokens` labels both axes: a list of strings or of numbers; token ids (a tensor, a list) with the
    tokenizer they come from are shown as its tokens. Labels for fewer places than the weights have (padding)
    leave the rest out of the picture. `torch_attention_weights` gives the weights.

    Example: (println (attention_map (torch_ones '(2 3 3)))) => attention weights of 2 x 3 x 3 values
    Errors: a value that is no tensor of 2 to 4 axes; more labels than places
    """
    from lispe_kernel.display.views import attention  # noqa: PLC0415 - start-up: a kernel starts without any view

    return attention.attention_map(weights, tokens, tokenizer)


@function("timeline")
def timeline(folder: str) -> Any:
    """The checkpoints of a folder on an axis of epochs: metrics, size, time, drift of the weights, damage.

    The files are those of `torch_list_checkpoints`; the drift is estimated from sampled weights, for each
    layer, too, beside the size of its weights.

    Example: (maybe (timeline "no-such-folder") "none") => none
    Errors: the folder does not exist or holds no checkpoint
    """
    from lispe_kernel.display.views import timeline as timelines  # noqa: PLC0415 - start-up: a kernel starts without any view

    return timelines.timeline(folder)


@function("weight_histograms")
def weight_histograms(weights: Any, layer: Any = None, bins: Any = None) -> Any:
    """How the values of each tensor are spread, checkpoint after checkpoint, in bins that all of them share.

    `weights` is a folder of checkpoints, a timeline, what `torch_list_checkpoints` gives, or a list of files,
    state dicts, checkpoints and modules (a dictionary names them; one alone is shown as it is). All values are counted, none sampled; files
    are read one after the other. `layer` chooses a tensor, or the tensors of a layer; `(? bins 80)` changes
    the number of bins. Bins reach five deviations far, what lies beyond is in the outermost ones; NaN and
    infinities are counted apart. `(@ (@ h "weight") "counts")` gives the numbers of each time, `"edges"`
    the bins.

    Example: (println (weight_histograms (list (torch_state_dict (torch_linear 4 3))) "weight")) => weights of 1 tensor at 1 state
    Errors: a value without weights; no such tensor or layer; a damaged file that was named
    """  # noqa: E501
    from lispe_kernel.display.views.trainings import weights as weighing  # noqa: PLC0415 - start-up: a kernel starts without any view

    return weighing.weight_histograms(weights, layer, bins)


@function("track", silent=True)
def track(name: str, value: Any, step: Any = None, total: Any = None) -> Any:
    """Follow a number through a loop: one output with a curve a name, updated at most ten times a second.

    With `total` (how many steps there will be) a progress bar shows the rate and the time left; `step` is
    the place on the axis (counted from 0 by itself). The value comes back unchanged.

    Example: (+ 1 (track "loss" 0.5)) => 1.5
    Errors: `Error: track: the first argument must be a name`; a value that is no number
    """
    from lispe_kernel.display.views import training  # noqa: PLC0415 - start-up: a kernel starts without any view

    return training.track(name, value, step, total)


@function("storage_report")
def storage_report(model: Any, adapters: Any = None, dtype: Any = "float32") -> Any:
    """`torch_storage_report` under a shorter name: bytes of a model and its adapters, drawn as bars.

    Example: (println (storage_report 7000000000)) => model: 7,000,000,000 parameters, 28 GB in float32
    Errors: the first argument must be a module or a number of parameters
    """
    from lispe_kernel.torch_library.lora import storage  # noqa: PLC0415 - PyTorch is imported when it is first needed

    return storage.storage_report(model, adapters, dtype)


@function("save_figure")
def save_figure(value: Any, path: str, options: Any = None) -> str:
    """The pictures of any value, or its tables, in a .pdf, .svg or .png file, as a journal takes them.

    matplotlib draws what the value shows in a notebook: lines and letters stay lines and letters, fonts lie
    in the file (TrueType, no type 3), nothing is see-through. A value without pictures gives its tables, with
    rules as papers set them; what stands folded away stays away. The options are a dictionary: `show`
    ("pictures", "tables" or "all"), `width` in inches (letters grow and shrink with it; without it the size
    is that of the notebook, 96 pixels an inch), `dpi` of a .png (300), `panel`, the number of one picture or
    table of several. A figure of matplotlib is taken as it is.

    Example: (maybe (save_figure 3 "three.pdf") "no picture") => no picture
    Example: (save_figure (plot '(1 4 9)) "squares.pdf" {"width":3.5}) => Saved squares.pdf: 3.5 x 1.65 inches
    Errors: a value that shows neither; another ending; a folder that is not there or cannot be written
    """
    from lispe_kernel.display.papers import saving  # noqa: PLC0415 - start-up: a kernel starts without any view

    return saving.save_figure(value, path, options)


@function("explore", silent=True)
def explore(value: Any, other: Any = None) -> Any:
    """A live widget for the value: sliders, zoom, choices; for tensors, encodings, state dicts, timelines.

    A second tensor or state dict is compared with the first; a model beside a timeline can be loaded from it.
    Each row of a state dict, a model, or of the difference of two opens its tensor as it is at that moment.
    When the kernel ends, the widget's picture stays in the notebook.

    Example: (maybe (explore 3) "no explorer") => no explorer
    Errors: `Error: explore: there is no explorer for ...`; ipywidgets is not installed
    """
    try:
        made = explorer_of(value, other)
    except ImportError as error:
        missing = error.name or "ipywidgets"
        raise LispeError(f"Error: explore: {missing} is not installed; pip install ipywidgets") from error
    made.show()
    return made

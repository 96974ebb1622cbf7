"""Experiments of refig in Python: one file, for Python 3.9 or later with NumPy.

    import refig

    @refig.experiment
    def random_walk(p, rng):                 # p.steps …: the parameters; rng: the random numbers of this replica
        walk = rng.normal(p.drift, 1, p.steps).cumsum()
        return {"end": walk[-1], "walk": walk}

    refig.main()

`rng` is a numpy.random.Generator, the same for any number of workers and any order; rng("teacher") is a stream of its own,
which goes on where it was when it is asked for again.
`python3 walk.py --try steps=100` runs one replica by hand, also under a debugger. The protocol is docs/protocol.md.
"""

import copy
import ctypes
import hashlib
import importlib.machinery
import importlib.util
import inspect
import json
import os
import random
import re
import stat
import subprocess
import sys
import sysconfig
import traceback

import numpy as np

PROTOCOL = 1
__version__ = "0.1.0"
__all__ = ["Cell", "Failure", "Parameters", "Random", "experiment", "main"]


class Failure(Exception):
    """Raise it where a replica has no result, as where an iteration does not converge. The other replicas count."""


class _Mistake(Exception):
    """What is wrong with the program as a whole; its text says all of it."""


class _Misfit(_Mistake):
    """What is wrong with what a function returned."""


#: What else makes a replica fail alone. Every other exception is a mistake in the program and fails the whole cell.
NUMERICAL = (Failure, ArithmeticError, np.linalg.LinAlgError)


class Parameters(dict):
    """The parameters by name: p.ratio or p["ratio"]."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no parameter '{name}'; there are {', '.join(self) or 'none'}") from None


class Random(np.random.Generator):
    """The random numbers of one replica; called with a name, a stream that is independent of all others."""

    def __init__(self, key):
        super().__init__(np.random.Philox(key=int(key, 16)))
        self.key = key
        self._streams = {}

    def __call__(self, purpose):
        if purpose not in self._streams:
            self._streams[purpose] = Random(hashlib.sha256(f"{self.key} {purpose}".encode()).hexdigest()[:32])
        return self._streams[purpose]

    def __reduce__(self):
        return Random, (self.key,)


class _Inputs(dict):
    """The inputs by name."""

    def __missing__(self, name):
        there = f"there are {', '.join(self)}" if self else "none were given"
        raise KeyError(
            f"there is no input '{name}', {there}: a stage names inputs under `inputs:`, and `refig try` takes them from one"
            " with --stage STAGE"
        )


class Cell:
    """What a run may know besides parameters and random numbers."""

    def __init__(self, replicas, mutant, inputs, data, own=()):
        #: Numbers of the replicas.
        self.replicas = replicas
        #: Name of the deliberate mistake to make, or None.
        self.mutant = mutant
        #: By name, a list of the other stage's sweep points: .parameters, .replicas, .arrays by output. With
        #: `replicas: own` they hold the replicas of this cell alone, in its order.
        self.inputs = _Inputs(inputs)
        #: data["digits"]["images"]: arrays of committed files.
        self.data = data
        self._own = own

    def _of(self, replica):
        index = self.replicas.index(replica)
        own = {name: [point._at(index) for point in self.inputs[name]] for name in self._own}
        return Cell([replica], self.mutant, {**self.inputs, **own}, self.data)


class Point:
    """One sweep point of another stage."""

    def __init__(self, parameters, replicas, scales):
        self.parameters, self.replicas, self.arrays = Parameters(parameters), replicas, {}
        self._scales = scales

    def _at(self, index):
        point = Point(self.parameters, self.replicas[index : index + 1], self._scales)
        for name, array in self.arrays.items():
            point.arrays[name] = array if name in self._scales else array[index : index + 1]
        return point


#: Functions by their names, and the names that several have.
_experiments, _ambiguous = {}, set()
#: How many arguments a function takes.
_counts = {}


def experiment(function=None, *, name=None, vectorised=False):
    """Declares an experiment: a function of (p), (p, rng) or (p, rng, cell) that returns arrays by output.

    Its name, which pipeline.yaml has behind the paper's, is the function's, of which '_' may be '-' there, or the one
    given. A vectorised one takes a list of generators, one for each replica, and returns arrays with a leading axis for
    them, but for the scales of axes.
    """
    if function is None:
        return lambda function: experiment(function, name=name, vectorised=vectorised)
    function._refig_vectorised = vectorised
    name = name or function.__name__.replace("_", "-")
    if _experiments.get(name, function) is not function:
        _ambiguous.add(name)
    _experiments[name] = function
    return function


def main():
    """Serves refig, or with --try runs one replica by hand."""
    if "--try" in sys.argv:
        return _try(sys.argv[sys.argv.index("--try") + 1 :])
    # A child of multiprocessing runs the program's file anew; what it is to do follows after that.
    children = sys.modules.get("multiprocessing.process")
    if children is not None and (children.parent_process() or getattr(children.current_process(), "_inheriting", False)):
        return None
    if "REFIG_PROTOCOL" not in os.environ:
        sys.exit(f"refig starts this program. By hand: python3 {sys.argv[0]} --try NAME=VALUE …")
    for descriptor in (3, 4):
        os.set_inheritable(descriptor, False)
    early = set(_written)
    process = os.getpid()
    with os.fdopen(3, "rb") as requests, os.fdopen(4, "wb") as answers:
        while True:
            request = _read(requests)
            if request is None:
                return None
            # What another cell wrote is there for this one in some orders of the cells alone.
            _written.intersection_update(early)
            head, arrays = _answer(*request)
            if os.getpid() != process:
                # A child that the experiment made has come back from it, too. What its parent has buffered is not its own.
                print("refig.py: a child process returned from the experiment; end it with os._exit(0)", file=sys.stderr)
                sys.stderr.flush()
                os._exit(1)
            head = {"request": request[0]["request"], **head}
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            answers.write(json.dumps(head).encode() + b"\n")
            for array in arrays:
                answers.write(np.ascontiguousarray(array, "<f8").data)
            answers.flush()
            if "error" in head and _has_run and not _knows_all(request[0]):
                _start_anew()


def _start_anew():
    """Makes this process the program again: what a cell has read or imported must not be held against the next one."""
    for descriptor in (3, 4):
        os.set_inheritable(descriptor, True)
    with open("/proc/self/cmdline", "rb") as file:
        words = file.read().split(b"\0")[:-1]
    os.chdir(_project)
    os.execve("/proc/self/exe", words, _environment)


def _read(stream):
    """The next request as (request, cell); None at the end."""
    line = stream.readline()
    if not line:
        return None
    request = json.loads(line)
    inputs = {
        name: [Point(point["parameters"], point["replicas"], point["scales"]) for point in points]
        for name, points in request["inputs"].items()
    }
    data = {}
    for array in request["arrays"]:
        count = int(np.prod(array["shape"], dtype=np.int64))
        values = np.frombuffer(stream.read(8 * count), "<f8").reshape(array["shape"])
        if "input" in array:
            inputs[array["input"]][array["point"]].arrays[array["name"]] = values
        else:
            data.setdefault(array["file"], {})[array["name"]] = values
    return request, Cell(request["replicas"], request["mutant"], inputs, data, request["own"])


def _answer(request, cell):
    """The head of the answer and the arrays that follow it."""
    try:
        if request["protocol"] != PROTOCOL:
            raise _Mistake(f"refig.py knows protocol {PROTOCOL}, not {request['protocol']}")
        arrays, failed = _run(_function(request["experiment"]), request, cell)
    except Exception as error:
        return {"error": _reason(error)}, []
    heads = [{"name": name, "shape": list(array.shape)} for name, array in arrays]
    return {"arrays": heads, "failed": failed}, [array for _, array in arrays]


def _function(name):
    own = name.split("/")[-1]
    for known in (name, own, own.replace("_", "-")):
        if known in _ambiguous:
            raise _Mistake(
                f"several functions of the program are the experiment '{known}'; give each a name of its own:"
                " @refig.experiment(name=…)"
            )
        if known in _experiments:
            return _experiments[known]
    raise _Mistake(
        f"the program has no experiment '{name}'; it has {', '.join(_experiments) or 'none'}; put @refig.experiment"
        f" above the function {own.replace('-', '_')}, or @refig.experiment(name={own!r}) above one with another name"
    )


def _run(function, request, cell):
    """Names with arrays, in the order of pipeline.yaml, and why replicas failed."""
    # Before, because an experiment may take hours; afterwards, because it may import or read more.
    _require_sources(request)
    states = _states.pop() if _states else _global_states()
    _has_run.append(True)
    try:
        results, failed = _replicas(function, request, cell)
        _require_sources(request)
        _states.append(_global_states())
        for name, before, after in zip(("numpy.random", "random"), states, _states[0]):
            if before != after:
                raise _Mistake(
                    f"the experiment drew from the global random numbers of {name}, which are others in each process;"
                    " draw from its argument rng, and hand rng to functions that take a generator (random_state=rng)"
                )
        replicas = [replica for replica in cell.replicas if str(replica) not in failed]
        return _stack(results, request["outputs"], replicas) if replicas else [], failed
    except _Misfit as misfit:
        code = getattr(inspect.unwrap(function), "__code__", None)
        place = f" ({os.path.basename(code.co_filename)}:{code.co_firstlineno}: def {code.co_name})" if code else ""
        raise _Mistake(f"{misfit}{place}") from None


def _replicas(function, request, cell):
    """Results by output, a list over the replicas that succeeded, or stacked already; and why others failed."""
    parameters = Parameters(request["parameters"])
    keys = request["keys"] or [None] * len(cell.replicas)
    if function not in _counts:
        _counts[function] = len(inspect.signature(function).parameters)
    count = _counts[function]

    def call(rng, cell):
        # A list that one replica changes must not reach the next.
        own = Parameters(
            {name: copy.deepcopy(value) if isinstance(value, list) else value for name, value in parameters.items()}
        )
        result = function(*(own, rng, cell)[:count])
        if not hasattr(result, "keys"):
            who = "the function" if len(cell.replicas) > 1 else f"the function, for replica {cell.replicas[0]},"
            raise _Misfit(
                f"{who} returned {_what(result)}; a dictionary of arrays by output is expected, such as"
                f' {{"{request["outputs"][0]["name"]}": …}}{"; does it end with return?" if result is None else ""}'
            )
        return dict(result)

    def randoms(keys):
        return [key and Random(key) for key in keys]

    scales = {output["name"] for output in request["outputs"] if output["axes"] == [output["name"]]}
    if function._refig_vectorised:
        try:
            result = call(randoms(keys), cell)
            # A list of a scale is not one over the replicas.
            return {name: np.asarray(value) if name in scales else value for name, value in result.items()}, {}
        except NUMERICAL:
            if len(keys) == 1:
                return {}, {str(cell.replicas[0]): _reason(sys.exc_info()[1])}
    results, failed = {}, {}
    for replica, key in zip(cell.replicas, keys):
        try:
            if function._refig_vectorised:
                result = call(randoms([key]), cell._of(replica))
                result = {name: value if name in scales else value[0] for name, value in result.items()}
            else:
                result = call(key and Random(key), cell._of(replica))
        except NUMERICAL as error:
            failed[str(replica)] = _reason(error)
            continue
        if results and results.keys() != result.keys():
            raise _Misfit(
                f"replica {replica} has the outputs {', '.join(map(str, result))}, others {', '.join(map(str, results))}"
            )
        for name, value in result.items():
            results.setdefault(name, []).append(value)
    return results, failed


def _stack(results, outputs, replicas):
    """Names with arrays whose first axis is that of the replicas that succeeded, but for scales of axes."""
    scales = {output["name"] for output in outputs if output["axes"] == [output["name"]]}
    declared = [output["name"] for output in outputs]
    for name in results:
        if name not in declared:
            raise _Misfit(f"returned '{name}', which pipeline.yaml does not declare; it declares {', '.join(declared)}")
    arrays = []
    for name in declared:
        if name not in results:
            raise _Misfit(f"did not return '{name}', which pipeline.yaml declares")
        value = results[name]
        isList = isinstance(value, list)
        if name in scales and isList:
            if any(not np.array_equal(scale, value[0]) for scale in value):
                raise _Misfit(f"'{name}', the scale of an axis, differs between replicas")
            value = value[0]
        try:
            array = np.asarray(value)
        except (ValueError, OverflowError, TypeError):
            array = None
        if array is None or array.dtype.kind not in "fiub":
            parts = value if isList and name not in scales and len(value) == len(replicas) else [value]
            raise _Misfit(_misfit(name, parts, replicas if parts is value else []))
        arrays.append((name, array.astype("<f8", copy=False)))
    _require_shapes(arrays, outputs, replicas)
    return arrays


def _require_shapes(arrays, outputs, replicas):
    """Raises _Misfit for an array that has not the axes that are declared; refig itself knows no line to name."""
    lengths = {}
    for (name, array), output in zip(arrays, outputs):
        axes = output["axes"]
        shape = array.shape
        if axes != [name]:
            if shape[:1] != (len(replicas),):
                raise _Misfit(
                    f"'{name}' has shape {shape}; the first axis is that of the replicas, of which there are {len(replicas)}"
                )
            shape = shape[1:]
        place = f"output '{name}' of replica {replicas[0]}: returned shape {shape}, declared axes [{', '.join(axes)}]: "
        if len(shape) != len(axes):
            expected = f"an array with {len(axes)} dimension{'s' if len(axes) > 1 else ''}" if axes else "a single number"
            raise _Misfit(f"{place}{expected} is meant")
        for axis, length in zip(axes, shape):
            known, other = lengths.setdefault(axis, (length, name))
            if known != length:
                raise _Misfit(f"{place}its length along '{axis}' is {length}, that of '{other}' {known}")


def _misfit(name, values, replicas):
    """Why the values of an output by replica are no array of real numbers."""
    shapes = []
    expected = "a number or an array of real numbers is expected"
    for index, value in enumerate(values):
        place = f"'{name}' of replica {replicas[index]}" if replicas else f"'{name}'"
        try:
            array = np.asarray(value)
        except (ValueError, OverflowError, TypeError):
            return f"{place} has rows of different lengths; {expected}"
        if array.dtype.kind not in "fiub":
            odd = [part for part in np.ravel(array).tolist() if not _is_real(part)] or [value]
            holds = "is" if array.ndim == 0 else "holds"
            return f"{place} {holds} {_what(odd[0])}; {expected}"
        shapes.append(array.shape)
        if array.shape != shapes[0]:
            return f"{place} has shape {array.shape}, that of replica {replicas[0]} {shapes[0]}; one shape is expected"
    return f"'{name}' holds numbers of types that have no array; {expected}"


def _is_real(value):
    """Whether NumPy has a 64-bit number for it."""
    return np.asarray(value).dtype.kind in "fiub"


def _what(value):
    """A value as a message names it."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, int) and not _is_real(value):
        return f"a whole number of {value.bit_length()} bits, too large for an array; return float(…)"
    try:
        text = repr(value)
    except Exception:
        return f"something of type {type(value).__name__}"
    text = text if len(text) <= 40 else text[:30] + " … " + text[-6:]
    return f"{text}, of type {type(value).__name__}"


def _reason(error):
    """The exception with the innermost line of the project that it passed through."""
    if isinstance(error, _Mistake):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    # Of a compiled extension there is no line to show.
    frames = [frame for frame in frames if frame.line and _is_of_project(frame.filename)]
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    if not isinstance(error, Failure) or not text:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if frames:
        text += f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno}: {frames[-1].line})"
    return text


def _is_within(path, folder):
    return path.startswith(folder + os.sep)


#: The environment that refig started the program in.
_environment = dict(os.environ)
#: Something once a function has been called: before, what was read is what the program reads in every order of its cells.
_has_run = []
#: The project's folder.
_project = os.path.realpath(os.environ.get("REFIG_PROJECT", "."))
#: The same, and as it was named: what its files' paths begin with.
_roots = (_project + os.sep, os.path.abspath(os.environ.get("REFIG_PROJECT", ".")) + os.sep)
#: Of Python and of installed packages, which `versions:` is for, where they lie in the project's folder.
_installed = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_installed |= {path for path in map(os.path.realpath, (sys.prefix, sys.base_prefix)) if _is_within(path, _project)}
#: Modules looked at, and the files of those that are the project's own.
_modules, _files = {}, set()
#: How often something was imported or opened, and that with the number of modules when they were looked at.
_events, _looked_at = [0], [None]
#: Lists of sources that cover all files found so far.
_covering = set()
#: Files in the project's folder: opened for reading and not looked at yet; looked at, and read; opened for writing.
_opened, _looked, _read_files, _written = set(), set(), set(), set()


def _watch(event, arguments):
    """Notes which files of the project are opened, by whatever means of Python: an audit hook."""
    try:
        if event == "import":
            _events[0] += 1
            return
        if event == "open":
            _events[0] += 1
            path, _, flags = arguments
        elif event == "os.rename":
            path, flags = arguments[1], os.O_WRONLY
        else:
            return
        if isinstance(path, int):
            return
        path = os.path.abspath(os.fsdecode(path))
        if not path.startswith(_roots):
            return
        if not path.startswith(_roots[0]):
            path = _roots[0] + path[len(_roots[1]) :]
        if flags & (os.O_WRONLY | os.O_TRUNC | os.O_APPEND | os.O_CREAT):
            _written.add(path)
        elif path not in _looked and path not in _written and stat.S_ISREG(os.stat(path).st_mode):
            _opened.add(path)
    except Exception:
        pass  # Whatever is wrong with the path, whoever opens it is told.


def _is_of_project(path):
    """Whether a file is the project's own: in its folder, and neither this one nor of an installed package."""
    path = os.path.join(_project, path)
    for place in (os.path.normpath(path), os.path.realpath(path)):
        if (
            _is_within(place, _project)
            and place != os.path.join(_project, "data", "python", "refig.py")
            and not {"site-packages", "dist-packages"} & set(place.split(os.sep))
            and not any(_is_within(place, folder) for folder in _installed)
            and not place.rpartition(os.sep)[2].startswith("<")
        ):
            return True
    return False


def _require_sources(request):
    """Raises _Mistake where the program has imported or read a file of the project that is no source: no key knows it."""
    if "sources" not in request:
        return
    if _stale:
        raise _Mistake(
            f"Python took old bytecode for {', '.join(sorted(_stale))}, as it does after two edits within a second; that is"
            " removed now, so run again"
        )
    # What loads a module opens its file or tells that it imports it, wherever it then puts the module.
    now = (_events[0], len(sys.modules))
    if now != _looked_at[0] or _opened:
        _look()
        _covering.clear()
        _looked_at[0] = now
    if tuple(request["sources"]) in _covering:
        return
    sources = [os.path.join(_project, source) for source in request["sources"]]
    for verb, files in (("imports", _files), ("reads", _read_files)):
        missing = sorted(path for path in files if not _is_source(path, sources))
        if missing:
            names = [os.fsencode(os.path.relpath(path, _project)).decode("utf-8", "replace") for path in missing]
            raise _Mistake(
                f"the program {verb} {', '.join(names)}, which `sources:` of the experiment does not name, so that its"
                " results would be kept after an edit; add to pipeline.yaml: sources:"
                f" [{', '.join(map(_yaml, request['sources'] + names))}]"
            )
    _covering.add(tuple(request["sources"]))


def _knows_all(request):
    """Whether all that the program has imported or read are sources."""
    try:
        _require_sources(request)
    except _Mistake:
        return False
    return True


def _look():
    """Looks at what was imported and read since it was done last."""
    for name, module in list(sys.modules.items()):
        if _modules.get(name) is not module:
            _modules[name] = module
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and _is_of_project(path):
                path = os.path.normpath(os.path.join(_project, path))
                while not os.path.exists(path):  # in an archive
                    path = os.path.dirname(path)
                _files.add(path)
    while _opened:
        path = _opened.pop()
        if not os.path.exists(path):
            continue  # It was there for a while: no file that anybody edits.
        _looked.add(path)
        if f"{os.sep}__pycache__{os.sep}" in path:
            try:
                path = importlib.util.source_from_cache(path)
            except ValueError:
                continue
        inside = os.path.relpath(path, _project)
        # Of a package that is installed from the project's folder, others read what it is called.
        isMetadata = re.search(r"\.(egg|dist)-info(/|$)", inside)
        if _is_of_project(path) and not _is_left_out(inside) and not isMetadata and os.path.exists(path):
            _read_files.add(path)


#: What YAML takes for something else than a text.
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def _yaml(name):
    """A file's name as it stands in a list of pipeline.yaml."""
    isPlain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./-]*", name) and name.lower() not in _WORDS
    return name if isPlain else json.dumps(name, ensure_ascii=False)


def _is_left_out(path):
    """Whether refig leaves a file out where it lies in a folder that is a source: hidden, or compiled by Python."""
    return any(
        part.startswith(".") or part == "__pycache__" or part.endswith(".pyc") for part in path.split(os.sep)
    )


def _is_source(path, sources):
    for place in {path, os.path.realpath(path)}:
        for source in sources:
            for root in {source, os.path.realpath(source)}:
                if place == root or _is_within(place, root) and not _is_left_out(place[len(root) + 1 :]):
                    return True
    return False


#: Python's own way to ask whether bytecode is of a source: by its length, and by the second in which it was written.
_path_stats = importlib.machinery.SourceFileLoader.path_stats
#: Modules that were imported before this one, from the bytecode of another source.
_stale = set()


def _path_stats_of_others(self, path):
    if _is_of_project(path):
        raise OSError("an edit may be quicker: read the source")  # Python then neither reads nor writes bytecode.
    return _path_stats(self, path)


def _import_sources():
    """From here on, modules of the project are made of their sources. Bytecode that has misled Python is removed."""
    loader = importlib.machinery.SourceFileLoader
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        path = spec and spec.cached
        if not path or type(spec.loader) is not loader or not os.path.exists(path) or not _is_of_project(spec.origin):
            continue
        loader.path_stats = _path_stats
        used = spec.loader.get_code(name)
        loader.path_stats = _path_stats_of_others
        if used != spec.loader.get_code(name):
            _stale.add(os.path.relpath(spec.origin, _project))
            os.remove(path)
    loader.path_stats = _path_stats_of_others


# Both stay until the process ends: for those alone that refig or somebody at a terminal asks.
if "REFIG_PROTOCOL" in os.environ or "--try" in sys.argv:
    _import_sources()
    sys.addaudithook(_watch)


#: The global states after the last request that was answered; nothing after one that failed.
_states = []
#: What the memory of NumPy's global generator held when its state was last asked for, and that state.
_known_state = [None, None]


def _global_states():
    """The states of the random numbers that all code of a process shares: of NumPy and of Python."""
    return _numpy_state(), random.getstate()


def _numpy_state():
    """The state of NumPy's global generator. To ask for it takes long, to look at its memory does not."""
    generator = np.random.mtrand._rand._bit_generator
    memory = None
    if isinstance(generator, np.random.MT19937):
        memory = ctypes.string_at(generator.ctypes.state_address, 4 * 624 + 4)
        if memory == _known_state[0]:
            return _known_state[1]
    state = _plain(np.random.get_state(legacy=False))
    _known_state[:] = None, None
    # A normal number that waits to be drawn lies elsewhere.
    if memory and state["has_gauss"] == 0:
        words = state["state"]
        if memory == words["key"] + words["pos"].to_bytes(4, sys.byteorder):
            _known_state[:] = memory, state
    return state


def _plain(state):
    """A state with arrays as bytes, which can be compared."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state


def _try(words):
    """Runs one replica with the request that refig makes for these parameters."""
    names = [word for word in words if "=" not in word and not word.startswith("-")]
    if not names and len(_experiments) != 1:
        sys.exit(f"which experiment? --try NAME …, one of {', '.join(_experiments)}")
    command = [os.environ.get("REFIG", "refig"), "try", (names or list(_experiments))[0], "--request"]
    for word in words:
        command += ["--set", word] if "=" in word and not word.startswith("-") else [word] if word.startswith("-") else []
    try:
        refig = subprocess.Popen(command, stdout=subprocess.PIPE)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}: put refig on PATH, or its path into the variable REFIG")
    with refig:
        request = _read(refig.stdout)
    if request is None:
        sys.exit(refig.returncode or 1)
    try:
        arrays, failed = _run(_function(request[0]["experiment"]), *request)
    except _Mistake as mistake:
        sys.exit(f"{mistake}")
    for replica, reason in failed.items():
        print(f"replica {replica} failed: {reason}")
    for name, array in arrays:
        print(f"{name} = {array[0] if len(array) == 1 else array}")

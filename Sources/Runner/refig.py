"""Experiments of refig in Python: one file, for Python 3.9 or later with NumPy.

    import refig

    @refig.experiment
    def random_walk(p, rng):                 # p.steps …: the parameters; rng: the random numbers of this replica
        walk = rng.normal(p.drift, 1, p.steps).cumsum()
        return {"end": walk[-1], "walk": walk}

    refig.main()

`rng` is a numpy.random.Generator, the same for any number of workers and any order; rng("teacher") is a stream of its own.
`python3 walk.py --try steps=100` runs one replica by hand, also under a debugger. The protocol is docs/protocol.md.
"""

import copy
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


#: What else makes a replica fail alone. Every other exception is a mistake in the program and fails the whole cell.
NUMERICAL = (Failure, ArithmeticError, np.linalg.LinAlgError)


class Parameters(dict):
    """The parameters by name: p.ratio or p["ratio"]."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no parameter '{name}'; there are {', '.join(self)}") from None


class Random(np.random.Generator):
    """The random numbers of one replica; called with a name, a stream that is independent of all others."""

    def __init__(self, key):
        super().__init__(np.random.Philox(key=int(key, 16)))
        self.key = key

    def __call__(self, purpose):
        return Random(hashlib.sha256(f"{self.key} {purpose}".encode()).hexdigest()[:32])

    def __reduce__(self):
        return Random, (self.key,)


class Cell:
    """What a run may know besides parameters and random numbers."""

    def __init__(self, replicas, mutant, inputs, data, own=()):
        #: Numbers of the replicas.
        self.replicas = replicas
        #: Name of the deliberate mistake to make, or None.
        self.mutant = mutant
        #: By name, a list of the other stage's sweep points: .parameters, .replicas, .arrays by output. With
        #: `replicas: own` they hold the replicas of this cell alone, in its order.
        self.inputs = inputs
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


_experiments = {}


def experiment(function=None, *, name=None, vectorised=False):
    """Declares an experiment: a function of (p), (p, rng) or (p, rng, cell) that returns arrays by output.

    Its name is the function's with '-' for '_', as pipeline.yaml has it behind the paper's. A vectorised one takes a list
    of generators, one for each replica, and returns arrays with a leading axis for them, but for the scales of axes.
    """
    if function is None:
        return lambda function: experiment(function, name=name, vectorised=vectorised)
    function._refig_vectorised = vectorised
    _experiments[name or function.__name__.replace("_", "-")] = function
    return function


def main():
    """Serves refig, or with --try runs one replica by hand."""
    if "--try" in sys.argv:
        return _try(sys.argv[sys.argv.index("--try") + 1 :])
    if "REFIG_PROTOCOL" not in os.environ:
        sys.exit(f"refig starts this program. By hand: python3 {sys.argv[0]} --try NAME=VALUE …")
    for descriptor in (3, 4):
        os.set_inheritable(descriptor, False)
    with os.fdopen(3, "rb") as requests, os.fdopen(4, "wb") as answers:
        while True:
            request = _read(requests)
            if request is None:
                return None
            head, arrays = _answer(*request)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            answers.write(json.dumps(head).encode() + b"\n")
            for array in arrays:
                answers.write(np.ascontiguousarray(array, "<f8").data)
            answers.flush()


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
        results, failed = _run(_function(request["experiment"]), request, cell)
        arrays = _stack(results, request["outputs"]) if results else []
    except Exception as error:
        return {"error": _reason(error)}, []
    heads = [{"name": name, "shape": list(array.shape)} for name, array in arrays]
    return {"arrays": heads, "failed": failed}, [array for _, array in arrays]


def _function(name):
    found = _experiments.get(name) or _experiments.get(name.split("/")[-1])
    if found is None and len(_experiments) == 1:
        found = next(iter(_experiments.values()))
    if found is None:
        raise _Mistake(f"the program has no experiment '{name}'; it has {', '.join(_experiments) or 'none'}")
    return found


def _run(function, request, cell):
    """Results by output, a list over the replicas that succeeded, or stacked already; and reasons of those that failed."""
    # Before, because an experiment may take hours; afterwards, because it may import or read more.
    _require_sources(request)
    states = _global_states()
    results = _replicas(function, request, cell)
    _require_sources(request)
    for name, before, after in zip(("numpy.random", "random"), states, _global_states()):
        if before != after:
            raise _Mistake(
                f"the experiment drew from the global random numbers of {name}, which are others in each process; draw"
                " from its argument rng, and hand rng to functions that take a generator (random_state=rng)"
            )
    return results


def _replicas(function, request, cell):
    parameters = Parameters(request["parameters"])
    keys = request["keys"] or [None] * len(cell.replicas)
    count = len(inspect.signature(function).parameters)

    def call(rng, cell):
        # A list that one replica changes must not reach the next.
        own = Parameters({name: copy.deepcopy(value) for name, value in parameters.items()})
        return dict(function(*(own, rng, cell)[:count]))

    def randoms(keys):
        return [key and Random(key) for key in keys]

    if function._refig_vectorised:
        try:
            return call(randoms(keys), cell), {}
        except NUMERICAL:
            if len(keys) == 1:
                return {}, {str(cell.replicas[0]): _reason(sys.exc_info()[1])}
    results, failed = {}, {}
    scales = {output["name"] for output in request["outputs"] if output["axes"] == [output["name"]]}
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
            raise TypeError(f"replica {replica} has the outputs {sorted(result)}, others {sorted(results)}")
        for name, value in result.items():
            results.setdefault(name, []).append(value)
    return results, failed


def _stack(results, outputs):
    scales = {output["name"] for output in outputs if output["axes"] == [output["name"]]}
    declared = [output["name"] for output in outputs]
    for name in results:
        if name not in declared:
            raise KeyError(f"returned '{name}', which pipeline.yaml does not declare; it declares {', '.join(declared)}")
    arrays = []
    for name in declared:
        if name not in results:
            raise KeyError(f"did not return '{name}', which pipeline.yaml declares")
        value = results[name]
        isList = isinstance(value, list)
        if name in scales and isList:
            if any(not np.array_equal(scale, value[0]) for scale in value):
                raise ValueError(f"'{name}', the scale of an axis, differs between replicas")
            value = value[0]
        try:
            array = np.asarray(value)
        except ValueError:
            raise ValueError(f"'{name}' has shapes that differ between replicas") from None
        if array.dtype.kind not in "fiub":
            raise TypeError(f"'{name}' holds {array.dtype}, not real numbers of one shape for all replicas")
        arrays.append((name, array.astype("<f8", copy=False)))
    return arrays


def _reason(error):
    """The exception with the innermost line of the project that it passed through."""
    if isinstance(error, _Mistake):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in frames if _is_of_project(frame.filename)]
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    if not isinstance(error, Failure):
        text = f"{type(error).__name__}: {text}"
    if frames:
        text += f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno}: {frames[-1].line})"
    return text


def _is_within(path, folder):
    return path.startswith(folder + os.sep)


#: The project's folder.
_project = os.path.realpath(os.environ.get("REFIG_PROJECT", "."))
#: The same, and as it was named: what its files' paths begin with.
_roots = (_project + os.sep, os.path.abspath(os.environ.get("REFIG_PROJECT", ".")) + os.sep)
#: Of Python and of installed packages, which `versions:` is for, where they lie in the project's folder.
_installed = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_installed |= {path for path in map(os.path.realpath, (sys.prefix, sys.base_prefix)) if _is_within(path, _project)}
#: Modules looked at, and the files of those that are the project's own.
_modules, _files = {}, set()
#: Files in the project's folder: opened for reading and not looked at yet; looked at, and read; opened for writing.
_opened, _looked, _read_files, _written = set(), set(), set(), set()


def _watch(event, arguments):
    """Notes which files of the project are opened, by whatever means of Python: an audit hook."""
    try:
        if event == "open":
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


def _global_states():
    """The states of the random numbers that all code of a process shares: of NumPy and of Python."""
    state = np.random.get_state()
    return [part.tobytes() if isinstance(part, np.ndarray) else part for part in state], random.getstate()


def _try(words):
    """Runs one replica with the request that refig makes for these parameters."""
    names = [word for word in words if "=" not in word and not word.startswith("-")]
    if not names and len(_experiments) != 1:
        sys.exit(f"which experiment? --try NAME …, one of {', '.join(_experiments)}")
    command = [os.environ.get("REFIG", "refig"), "try", (names or list(_experiments))[0], "--request"]
    for word in words:
        command += ["--set", word] if "=" in word and not word.startswith("-") else [word] if word.startswith("-") else []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as refig:
        request = _read(refig.stdout)
    if request is None:
        sys.exit(refig.returncode or 1)
    try:
        results, failed = _run(_function(request[0]["experiment"]), *request)
    except _Mistake as mistake:
        sys.exit(f"{mistake}")
    for replica, reason in failed.items():
        print(f"replica {replica} failed: {reason}")
    for name, array in _stack(results, request[0]["outputs"]) if results else []:
        print(f"{name} = {array[0] if len(array) == 1 else array}")

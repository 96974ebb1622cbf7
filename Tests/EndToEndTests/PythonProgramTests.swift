import TestSupport
import Testing

/// What refig.py asks of the functions of a program, and says where they do not keep to it.
@Suite struct PythonProgramTests {
  private typealias Folder = ProgramTests.Folder

  private static func experiment(_ name: String, _ more: String = "") -> String {
    "  \(name): {command: [python3, walk.py], \(more)outputs: {x: {meaning: x}}}\n"
  }

  @Test("a function answers for the experiment of its name alone, though it be the only one")
  func names() throws {
    func run(_ program: String) throws -> (ProgramResult, [String]) {
      let folder = try Folder(
        "experiments:\n" + Self.experiment("m/normal") + Self.experiment("m/uniform-law")
          + "stages: {m/uniform-law: {}}\n",
        program: "import refig\n\n\(program)\n\nrefig.main()\n")
      return (try folder.refig("run", "-j1"), try folder.failures())
    }
    func function(_ name: String, _ decorator: String = "@refig.experiment") -> String {
      "\(decorator)\ndef \(name)(p, rng):\n    return {'x': rng.normal()}\n\n"
    }
    for known in [
      function("uniform_law"), function("other", "@refig.experiment(name='uniform-law')"),
      function("other", "@refig.experiment(name='m/uniform-law')"), function("normal") + function("uniform_law"),
    ] {
      let (result, _) = try run(known)
      #expect(result.status == 0, "\(known)\(result.errors)")
    }
    for (unknown, has) in [
      (function("normal"), "it has normal"), (function("normal") + function("uniform_law", ""), "it has normal"),
      (function("uniform_law", "@refig.experiment(name='law')"), "it has law"), ("", "it has none"),
    ] {
      let (result, failures) = try run(unknown)
      #expect(result.status == 3, "\(unknown)\(result.errors)")
      let reason = try #require(failures.first)
      #expect(reason.contains("no experiment 'm/uniform-law'; \(has); put @refig.experiment"), "\(reason)")
      #expect(reason.contains("uniform_law") && reason.contains("name='uniform-law'"), "\(reason)")
    }
    let (result, failures) = try run(function("uniform_law") + function("uniform_law"))
    #expect(result.status == 3)
    #expect(failures.first?.contains("several functions of the program are the experiment 'uniform-law'") == true)
  }

  @Test(
    "what is no dictionary of real numbers is named with its output, its replica and the function",
    arguments: [
      ("None", "returned None", "does it end with return?"),
      ("np.zeros(3)", "returned an array of shape (3,)", "a dictionary of arrays by output"),
      ("1.5", "returned 1.5, of type float", "a dictionary of arrays by output"),
      ("{'x': one(None)}", "'x' of replica 1 is None", "an array of real numbers is expected"),
      ("{'x': one('word')}", "'x' of replica 1 is 'word', of type str", "an array of real numbers is expected"),
      ("{'x': one(1j)}", "'x' of replica 1 is 1j, of type complex", "an array of real numbers is expected"),
      ("{'x': one(10**5000)}", "'x' of replica 1 is a whole number of 16610 bits", "return float"),
      ("{'x': one([1.0, None])}", "'x' of replica 1 holds None", "an array of real numbers is expected"),
      ("{'x': one([[1], [1, 2]])}", "'x' of replica 1 has rows of different lengths", "expected"),
      ("{'x': one([1.0, 2.0])}", "'x' of replica 1 has shape (2,), that of replica 0 ()", "one shape"),
      ("{'x': 1.0, **one({'y': 2.0}, {})}", "replica 1 has the outputs x, y, others x", ""),
      ("{'y': 1.0}", "returned 'y', which pipeline.yaml does not declare; it declares x", ""),
      ("{}", "did not return 'x'", ""),
    ])
  func misfits(result: String, what: String, expected: String) throws {
    let folder = try Folder(
      "experiments:\n" + Self.experiment("m/f") + "stages: {m/f: {replicas: 2}}\n",
      program: """
        import numpy as np
        import refig

        @refig.experiment
        def f(p, rng, cell):
            def one(value, other=1.0):
                return value if cell.replicas == [1] else other
            return \(result)

        refig.main()
        """)
    #expect(try folder.refig("run", "-j1").status == 3)
    let reason = try #require(try folder.failures().first)
    #expect(reason.contains(what) && reason.contains(expected), "\(reason)")
    #expect(reason.contains("(walk.py:4: def f)"), "\(reason)")
    #expect(!reason.contains("Traceback") && !reason.contains("refig.py"), "\(reason)")
  }

  @Test(
    "of a program that Python does not run to its end the exception is told with its place, and no frames",
    arguments: [
      (
        "print('begun')\nthreshold = [0.5][int('7')]",
        "it printed: begun; IndexError: list index out of range (walk.py:3: threshold"
      ),
      ("threshold = (0.5,", "SyntaxError: '(' was never closed (walk.py:2: threshold = (0.5,"),
    ])
  func tracebacks(mistake: String, told: String) throws {
    let folder = try Folder(
      "experiments:\n" + Self.experiment("m/f") + "stages: {m/f: {}}\n", program: "import refig\n\(mistake)\n")
    #expect(try folder.refig("run", "-j1").status == 3)
    let reason = try #require(try folder.failures().first)
    #expect(reason.contains(told), "\(reason)")
    #expect(!reason.contains("Traceback") && !reason.contains("File \""), "\(reason)")
  }

  @Test("children of multiprocessing that run the file anew do not take the program's place")
  func spawned() throws {
    let folder = try Folder(
      "experiments:\n" + Self.experiment("m/f") + "stages: {m/f: {replicas: 2}}\n",
      program: """
        import multiprocessing
        import refig

        @refig.experiment
        def f(p, rng):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                return {"x": float(pool.map(abs, [-2])[0])}

        refig.main()
        """)
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try folder.refig("data", "m/f", "--csv").output.contains("0,2.0\n1,2.0"))
  }

  @Test("two columns of one name are refused at their experiment", arguments: ["n", "replicas", "xError"])
  func sharedColumns(name: String) throws {
    let folder = try Folder(
      """
      experiments:
        m/f: {command: [python3, walk.py], parameters: {n: 1}, outputs: {x: {meaning: x}, \(name): {meaning: y}}}
      stages: {m/f: {}}

      """)
    let run = try folder.refig("run")
    #expect(run.status == 2, "\(run.output)")
    #expect(
      run.errors.contains("pipeline.yaml:4:") && run.errors.contains("would both be the column '\(name)'"),
      "\(run.errors)")
  }

  @Test("data says which arrays its table of numbers leaves out, and writes NaN without a sign")
  func data() throws {
    let folder = try Folder(
      """
      experiments:
        m/f:
          command: [python3, walk.py]
          outputs: {x: {meaning: x, allowsNaN: true}, t: {axes: [t], meaning: t}, y: {axes: [t], meaning: y}}
      stages: {m/f: {}}

      """,
      program: """
        import numpy as np
        import refig

        @refig.experiment
        def f(p, rng):
            return {"x": -np.array(np.nan), "t": [0.0, 1.0], "y": [1.0, 2.0]}

        refig.main()
        """)
    let numbers = try folder.refig("data", "m/f", "--csv")
    #expect(numbers.output == "replica,x\n0,NaN\n", "\(numbers.output)")
    #expect(numbers.errors.contains("m/f: without the arrays y, which `--output NAME` prints"), "\(numbers.errors)")
    let array = try folder.refig("data", "m/f", "--csv", "--output", "y")
    #expect(array.status == 0 && !array.errors.contains("without the arrays"), "\(array.errors)")
    let missing = try folder.refig("store", "import", "nothing.tar")
    #expect(missing.status == 2, "\(missing.errors)")
    #expect(missing.errors.contains("store import nothing.tar: no such file; name an archive"), "\(missing.errors)")
  }

  @Test("a vectorised function may return the scale of an axis as a list")
  func vectorisedScale() throws {
    let folder = try Folder(
      """
      experiments:
        m/f: {command: [python3, walk.py], outputs: {t: {axes: [t], meaning: t}, x: {axes: [t], meaning: x}}}
      stages: {m/f: {replicas: 3}}

      """,
      program: """
        import refig

        @refig.experiment(vectorised=True)
        def f(p, rngs):
            return {"t": [0.0, 1.0], "x": [[rng.normal(), 2.0] for rng in rngs]}

        refig.main()
        """)
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("a program that looks for inputs without a stage is pointed to --stage")
  func noInputs() throws {
    let folder = try Folder(
      "experiments:\n" + Self.experiment("m/f") + Self.experiment("m/g", "random: false, ")
        + "stages: {m/f: {replicas: 2}, m/g: {inputs: {runs: m/f}}}\n",
      program: """
        import refig

        @refig.experiment
        def f(p, rng):
            return {"x": rng.normal()}

        @refig.experiment
        def g(p, rng, cell):
            return {"x": cell.inputs["runs"][0].arrays["x"].mean()}

        refig.main()
        """)
    let alone = try folder.refig("try", "m/g")
    #expect(alone.status == 3 && alone.errors.contains("no input 'runs', none were given"), "\(alone.errors)")
    #expect(alone.errors.contains("--stage"), "\(alone.errors)")
    #expect(try folder.refig("run", "-j1").status == 0)
    #expect(try folder.refig("try", "m/g", "--stage", "m/g").status == 0)
  }

  @Test("a program that goes on is watched at each request: each draw from what all code shares, and what it imports")
  func everyRequest() throws {
    // The first normal number that NumPy draws leaves a second one waiting; 2496 bytes are one turn of its generator.
    let ways = [
      ("none", nil), ("waiting", "numpy.random"), ("none", nil), ("turn", "numpy.random"), ("seed", "numpy.random"),
      ("gauss", "of random"), ("none", nil), ("other", "numpy.random"), ("draw", "numpy.random"), ("none", nil),
      ("late", "imports late.py"),
    ]
    let folder = try Folder(
      """
      experiments:
        m/f: {command: [python3, walk.py], parameters: {way: none, number: 0}, outputs: {x: {meaning: x}}}
      stages:
        m/f: {sweep: [{way: [\(ways.map(\.0).joined(separator: ", "))], number: {range: [1, \(ways.count)]}}]}

      """,
      program: """
        import random
        import numpy as np
        import refig

        np.random.normal()

        @refig.experiment
        def f(p, rng):
            if p.way == "waiting":
                np.random.normal()
            if p.way == "turn":
                np.random.bytes(4 * 624)
            if p.way == "seed":
                np.random.seed(5)
            if p.way == "gauss":
                random.gauss(0, 1)
            if p.way == "other":
                np.random.set_bit_generator(np.random.PCG64(5))
            if p.way == "draw":
                np.random.random()
            if p.way == "late":
                import late
            return {"x": float(p.number)}

        refig.main()
        """)
    try folder.workspace.write("", to: "late.py")
    #expect(try folder.refig("run", "-j1").status == 3)
    #expect(try folder.cells().count == ways.count { $0.1 == nil })
    let failures = try folder.failures()
    #expect(failures.count == ways.count { $0.1 != nil })
    for reason in Set(ways.compactMap(\.1)) {
      #expect(failures.count { $0.contains(reason) } == ways.count { $0.1 == reason }, "\(reason): \(failures)")
    }
  }
}

package import PaperKit

/// What the linked papers and the project's programs offer, by name. Declarations are checked before any input is read.
package struct Catalogue: Sendable {
  package let papers: [Paper]
  package private(set) var experiments: [String: ExperimentDescription]
  /// Names of the project's own experiments, also of those that were not read because of mistakes.
  private var ownNames: Set<String> = []
  /// Those that papers declare.
  private let paperTables: [String: TableDefinition]
  package let estimators: [String: Estimator]
  /// One digest of all code there is, for what is made from cells: tables and figures.
  package let codeDigest: String
  /// The code that makes tables and estimates of a paper, one digest by the paper's key; and that of no paper.
  private let evaluationCode: (papers: [String: String], common: String)
  /// Where the papers' modules lie in a checkout of the project, or nil where that is not known.
  private let sourceFolder: String?
  /// The code of each compiled experiment, by its name.
  private let code: [String: [(part: String, digest: String)]]

  /// Collects the papers. Checked: names are unique and of the form paper/kebab-name, outputs do not contradict each
  /// other, and the build knows the code of every experiment.
  package init(papers: [Paper], fingerprints: Fingerprints, sourceFolder: String? = nil) {
    self.papers = papers
    self.sourceFolder = sourceFolder
    codeDigest = fingerprints.digestOfAll
    evaluationCode = (
      Dictionary(
        papers.map { paper in
          (paper.key, fingerprints.evaluationCode(of: paper.experiments.first.map(Fingerprints.module)))
        }
      ) { first, _ in first }, fingerprints.evaluationCode(of: nil)
    )
    var experiments: [String: any Experiment.Type] = [:]
    var tables: [String: TableDefinition] = [:]
    var estimators: [String: Estimator] = [:]
    for paper in papers {
      for experiment in paper.experiments {
        Self.check(experiment, of: paper)
        experiments[experiment.name] = experiment
      }
      for table in paper.tables { tables[table.name] = table }
      for estimator in paper.estimators { estimators[estimator.name] = estimator }
    }
    precondition(
      experiments.count == papers.reduce(0) { $0 + $1.experiments.count }
        && tables.count == papers.reduce(0) { $0 + $1.tables.count }
        && estimators.count == papers.reduce(0) { $0 + $1.estimators.count },
      "two experiments, tables or estimators share a name")
    self.experiments = experiments.mapValues { ExperimentDescription($0) }
    paperTables = tables
    self.estimators = estimators
    code = fingerprints.code(of: experiments)
  }

  /// The same with the experiments of a project's programs; `names` are also those of experiments with mistakes.
  func adding(_ programs: [ExperimentDescription], names: Set<String>) -> Catalogue {
    var catalogue = self
    catalogue.ownNames = names
    for program in programs { catalogue.experiments[program.name] = program }
    return catalogue
  }

  /// The experiments to name where one is unknown; nil where it is one with mistakes, which have been reported.
  package func experimentNames(for name: String) -> [String]? { offered(experiments.keys, for: name) }

  /// The tables to name where one is unknown; nil where it is of an experiment with mistakes, which have been reported.
  package func tableNames(for name: String) -> [String]? { offered(tableNames, for: name) }

  /// The names of all tables: those of papers, and the automatic ones of every experiment.
  package var tableNames: Set<String> {
    Set(paperTables.keys).union(experiments.values.flatMap { automaticTables(of: $0).map(\.name) })
  }

  /// A table by its name: what a paper declares under it, else the automatic one of an experiment.
  package func table(_ name: String) -> TableDefinition? {
    if let table = paperTables[name] { return table }
    // Automatic tables are named paper/experiment and paper/experiment/axis.
    let experiment = experiments[name.split(separator: "/").prefix(2).joined(separator: "/")]
    return experiment.flatMap { automaticTables(of: $0).first { $0.name == name } }
  }

  /// The estimators to name where one is unknown.
  package func estimatorNames(for name: String) -> [String] { offered(estimators.keys, for: name) ?? [] }

  /// The names of the project's own programs among some and the nearest of the others; all where it has no programs.
  private func offered(_ names: some Collection<String>, for name: String) -> [String]? {
    func isOf(_ experiment: String, _ name: String) -> Bool {
      // One without its paper's name is a mistake, which has been reported.
      name == experiment || name.hasPrefix(experiment + "/")
        || !experiment.contains("/") && name.hasSuffix("/" + experiment)
    }
    if ownNames.contains(where: { experiments[$0] == nil && isOf($0, name) }) { return nil }
    guard !ownNames.isEmpty else { return names.sorted() }
    let own = names.filter { name in ownNames.contains { isOf($0, name) } }.sorted()
    return own + [nearestSpelling(of: name, among: names.filter { !own.contains($0) }.sorted())].compactMap { $0 }
  }

  private func automaticTables(of experiment: ExperimentDescription) -> [TableDefinition] {
    AutomaticTable.tables(of: experiment.name, parameters: experiment.defaults, outputs: experiment.outputs)
  }

  /// Whether some experiment is a program's.
  package var hasPrograms: Bool {
    experiments.values.contains { if case .program = $0.implementation { true } else { false } }
  }

  /// The code an experiment's results depend on, as lines of a manifest. For a program its sources are read and its
  /// versions asked; throws `PipelineError` or `FileError` where that fails.
  package func code(of experiment: ExperimentDescription) throws -> [(part: String, digest: String)] {
    switch experiment.implementation {
    case .compiled(let type): code(of: type)
    case .program(let program): try program.code()
    }
  }

  /// The same for a compiled experiment.
  package func code(of experiment: any Experiment.Type) -> [(part: String, digest: String)] {
    guard let code = code[experiment.name] else { preconditionFailure("\(experiment.name) is not of this catalogue") }
    return code
  }

  /// One digest of the code that makes tables and estimates of a paper: its module, the vocabulary of papers and the
  /// numerical methods.
  package func evaluationCode(ofPaper key: some StringProtocol) -> String {
    evaluationCode.papers[String(key)] ?? evaluationCode.common
  }

  /// The outputs that a manifest's cell must have; nil if its experiment or its code is not this build's.
  package func outputs(of manifest: Manifest) -> [OutputArray]? {
    guard let experiment = experiments[manifest.experiment] else { return nil }
    do {
      return try code(of: experiment).elementsEqual(manifest.code, by: ==) ? experiment.outputs : nil
    } catch { return nil }
  }

  /// The file that declares an estimator, relative to the project's folder; nil of an estimate in YAML.
  package func sourcePath(of estimator: Estimator) -> String? {
    guard let file = estimator.source?.file else { return nil }
    return sourceFolder.map { "\($0)/\(file)" }
  }

  /// The files that define an experiment, relative to the project's folder; that which is its own first.
  package func sourcePaths(of experiment: ExperimentDescription) -> [String] {
    switch experiment.implementation {
    case .compiled(let type): sourceFolder.map { ["\($0)/\(type.sourceFile)"] } ?? []
    case .program(let program): program.sourcePaths
    }
  }

  private static func check(_ experiment: any Experiment.Type, of paper: Paper) {
    precondition(experiment.name.hasPrefix(paper.key + "/"), "\(experiment.name) is not of the paper \(paper.key)")
    let names = experiment.outputs.map(\.name)
    precondition(Set(names).count == names.count, "\(experiment.name) declares an output twice")
    let axes = Set(experiment.outputs.flatMap(\.axes))
    for output in experiment.outputs where !output.isCoordinate {
      precondition(!axes.contains(output.name), "\(experiment.name): '\(output.name)' is an output and an axis")
    }
    precondition(!axes.contains("replica"), "\(experiment.name): the axis 'replica' is the engine's own")
  }
}

/// Digests of the tokens of every source file results can depend on, made when refig was built.
package struct Fingerprints: Sendable {
  /// Digest by module and file name, as in `#fileID`: "Sarao2020/Theory.swift".
  private let files: [String: String]
  private let compiler: String

  package init(files: [String: String], compiler: String) {
    self.files = files
    self.compiler = compiler
  }

  /// By experiment: its own file; the rest of its paper's folder and its kernels in C (`C<Paper>`), but for the files of
  /// other experiments and those named after the paper (tables and claims); the numerical methods; the compiler.
  func code(of experiments: [String: any Experiment.Type]) -> [String: [(part: String, digest: String)]] {
    let experimentFiles = Set(experiments.values.map { $0.sourceFile })
    let methods = digest(of: files.keys.filter { key in Self.methodModules.contains { key.hasPrefix($0 + "/") } })
    var papers: [String: String] = [:]
    return experiments.mapValues { experiment in
      let file = experiment.sourceFile
      guard let own = files[file] else { preconditionFailure("the build has no fingerprint of \(file)") }
      let module = Self.module(of: experiment)
      let paper =
        papers[module]
        ?? digest(
          of: files.keys.filter {
            ($0.hasPrefix(module + "/") || $0.hasPrefix("C\(module)/")) && !$0.hasPrefix("\(module)/\(module)")
              && !experimentFiles.contains($0)
          })
      papers[module] = paper
      return [("experiment", own), ("paper", paper), ("methods", methods), ("compiler", compiler)]
    }
  }

  /// The module of an experiment's source file.
  static func module(of experiment: any Experiment.Type) -> String {
    String(experiment.sourceFile.prefix { $0 != "/" })
  }

  /// What tables and estimates of a paper's module are made with.
  func evaluationCode(of module: String?) -> String {
    let modules = Self.methodModules + ["PaperKit"] + (module.map { [$0, "C\($0)"] } ?? [])
    return digest(of: files.keys.filter { key in modules.contains { key.hasPrefix($0 + "/") } })
  }

  var digestOfAll: String { CellKey.digest(compiler + "\n" + digest(of: files.keys)) }

  private static let methodModules = ["NumericalMethods", "COpenBLAS", "CKernels", "CVectors", "TeacherStudent"]

  private func digest(of names: some Collection<String>) -> String {
    CellKey.digest(names.sorted().map { "\($0) \(files[$0] ?? "")\n" }.joined())
  }
}

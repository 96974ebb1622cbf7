private import Foundation

/// A project folder with its YAML files read for one profile: stages, figures and claims that fit together.
package struct Project: Sendable {
  package let root: String
  package let profile: String
  package let pipeline: PipelineFile
  package let claims: [Claim]
  package let catalogue: Catalogue

  package var store: Store { Store(root: root + "/data/store") }

  /// Reads the files. Throws ``PipelineError/invalidFiles(_:)`` with all mistakes of all files.
  package init(root: String, profile: String?, catalogue: Catalogue) throws {
    let diagnostics = Diagnostics()
    let pipeline = try PipelineFile(
      path: root == "." ? "pipeline.yaml" : root + "/pipeline.yaml", profile: profile, catalogue: catalogue,
      diagnostics: diagnostics)
    let profile = profile ?? pipeline.profiles.first ?? ""
    var claims: [Claim] = []
    for file in pipeline.figureFiles {
      let path = root == "." ? file.path : root + "/" + file.path
      let paper = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      let document = try YAMLValue.document(at: path, purpose: "\(pipeline.path) lists it", diagnostics: diagnostics)
      let top = document.mapping("file", allowing: ["figures", "claims"], in: "")
      let reader = ClaimFile(
        paper: paper, pipeline: pipeline, profile: profile, catalogue: catalogue, diagnostics: diagnostics)
      claims += top?["claims"].map(reader.claims) ?? []
    }
    try diagnostics.throwIfAny()
    self.root = root
    self.profile = profile
    self.pipeline = pipeline
    self.claims = claims
    self.catalogue = catalogue
  }

  /// The kinds of thing a command can be asked for.
  package struct Targets: Sendable {
    package var stages: Set<String> = []
    package var claims: [Claim] = []
  }

  /// Resolves names given on the command line: a stage, a figure or a claim by its id, `fig:` and `claim:` to tell them
  /// apart, `paper:KEY` for all of a paper. None: everything.
  package func targets(_ names: [String]) throws -> Targets {
    guard !names.isEmpty else { return Targets(stages: Set(pipeline.stages.map(\.id)), claims: claims) }
    var targets = Targets()
    for name in names {
      let found = matches(name)
      guard !found.stages.isEmpty || !found.claims.isEmpty else {
        throw PipelineError.unknownTarget(name, known: pipeline.stages.map(\.id) + claims.map(\.id))
      }
      targets.stages.formUnion(found.stages)
      targets.claims += found.claims.filter { claim in !targets.claims.contains { $0.id == claim.id } }
    }
    return targets
  }

  private func matches(_ name: String) -> Targets {
    func belongs(_ id: String, to paper: some StringProtocol) -> Bool { id.hasPrefix(paper + "/") }
    if name.hasPrefix("paper:") {
      let key = name.dropFirst(6)
      return Targets(
        stages: Set(pipeline.stages.map(\.id).filter { belongs($0, to: key) }),
        claims: claims.filter { belongs($0.id, to: key) })
    }
    var targets = Targets()
    let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
    let (kind, id) = parts.count == 2 ? (parts[0], parts[1]) : ("", name)
    if kind.isEmpty, pipeline.stages.contains(where: { $0.id == id }) { targets.stages = [id] }
    if kind.isEmpty || kind == "claim" { targets.claims = claims.filter { $0.id == id } }
    targets.stages.formUnion(targets.claims.flatMap(\.evidence.stages))
    return targets
  }
}

private import Foundation
package import PaperKit

/// pipeline.yaml: names, numbers and wiring. Read strictly; every mistake is reported with its place.
package struct PipelineFile: Sendable {
  /// How many replicas a point has, and how many share a file.
  package struct Replicas: Sendable, Equatable {
    package let count: Int
    package let perCell: Int

    /// Neither may be more.
    package static let limit = 1_000_000_000

    package var blockCount: Int { (count - 1) / perCell + 1 }

    /// The blocks [0, perCell), [perCell, 2 perCell), …; the last one may be shorter.
    package var blocks: [Range<Int>] {
      stride(from: 0, to: count, by: perCell).map { $0..<min($0 + perCell, count) }
    }
  }

  /// Another stage whose results a stage reads.
  package struct Input: Sendable {
    /// Which of the other stage's replicas a replica is given.
    package enum Replicas: String, Sendable, CaseIterable {
      /// All of them, the same for every replica.
      case all
      /// The one with its own number.
      case own
    }

    /// What the experiment knows it as.
    package let name: String
    package let stage: String
    package let replicas: Replicas
    package let location: SourceLocation
  }

  /// A stage as one profile sees it.
  package struct Stage: Sendable {
    package let id: String
    package let experiment: ExperimentDescription
    /// All parameters of the experiment: defaults overlaid with the stage's fixed values.
    package let base: [String: ParameterValue]
    package let sweep: Sweep
    package let replicas: Replicas
    package let streams: Manifest.Streams
    /// How many replicas a point has in each profile.
    package internal(set) var replicaCounts: [String: Int]
    /// Stages whose results the experiment reads, sorted by the names it knows them under.
    package let inputs: [Input]
    /// Committed files that the experiment reads, sorted by name.
    package let data: [DataFile]
    /// Seconds a cell may take.
    package let timeLimit: Double?
    /// Bytes of memory a cell may take.
    package let memoryLimit: Int?
    /// What tasks get that compute its cells on a cluster.
    package let slurm: SlurmSettings
    /// Where each parameter's values stand in the file.
    package let locations: [String: SourceLocation]
    package let location: SourceLocation

    /// Whether its replicas differ by what they read, whatever they draw.
    package var readsOwnReplicas: Bool { inputs.contains { $0.replicas == .own } }
  }

  package let path: String
  package let seed: Int
  package let profiles: [String]
  /// The chosen profile.
  package let profile: String
  /// Paths of the figure files, relative to the pipeline's folder.
  package let figureFiles: [(path: String, location: SourceLocation)]
  /// The stages of the chosen profile, in the order of the file.
  package let stages: [Stage]
  /// Ids of all stages in the file, also of those with mistakes.
  package let stageNames: [String]
  /// What the stages may run: the catalogue that the file was read with, and the project's programs.
  package let catalogue: Catalogue
  private let indices: [String: Int]

  /// Reads the file for one profile (nil: the first), reporting mistakes of all profiles.
  package init(path: String, profile: String?, catalogue: Catalogue, diagnostics: Diagnostics) throws {
    let document = try YAMLValue.document(
      at: path, purpose: "it names the stages, profiles and figures of the project", diagnostics: diagnostics)
    let top = document.mapping("pipeline", allowing: Self.keys, in: "")
    // All that refers to what stands under a misspelt key would be told to be unknown.
    if let top, Self.keys.contains(where: top.isMisspelt) { try diagnostics.throwIfAny() }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let catalogue = catalogue.adding(
      top.map { ExperimentReader(folder: folder, catalogue: catalogue).experiments($0["experiments"]) } ?? [],
      names: ExperimentReader.names(top?["experiments"]))
    self.path = path
    self.catalogue = catalogue
    seed = top?.required("seed", in: "")?.integer("seed", in: "") ?? 0
    let profileList = top?.required("profiles", in: "")
    let profiles = profileList?.texts("profiles", in: "") ?? []
    // They name folders.
    for name in profiles where !Self.isName(name) { profileList?.report(.badName(kind: "profile", name: name), in: "") }
    if let profileList, profileList.listOrSingle.isEmpty || Set(profiles).count < profiles.count {
      profileList.report(
        .refusedValue(name: "profiles", value: "\(profiles)", allowed: "one name or more, each once"), in: "")
    }
    self.profiles = profiles
    figureFiles = (top?["figures"]?.list("figures", in: "") ?? []).compactMap { value in
      value.text("figures", in: "").map { ($0, value.location) }
    }
    let chosen = profile ?? profiles.first ?? ""
    self.profile = chosen
    guard profiles.isEmpty || profiles.contains(chosen) else {
      throw PipelineError.unknownProfile(chosen, known: profiles)
    }
    let slurm = SlurmReader(profiles: profiles).settings(top?["slurm"], profile: chosen)
    var stages: [Stage] = []
    let entries = top?.required("stages", in: "")?.mapping("stages", in: "")?.entries ?? []
    stageNames = entries.map(\.key)
    let siblings = Set(stageNames)
    for entry in entries {
      let reader = StageReader(
        id: entry.key, folder: folder, siblings: siblings, catalogue: catalogue, profiles: profiles,
        slurm: slurm, diagnostics: diagnostics)
      if let stage = reader.stage(entry.value, at: entry.location, profile: chosen) {
        stages.append(stage)
      } else {
        // What reads the stage relies on it.
        precondition(diagnostics.reportCount > 0, "stage \(entry.key) was left out and nothing was told")
      }
    }
    self.stages = stages
    indices = Dictionary(stages.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    reportCycle(diagnostics)
    reportMissingReplicas(diagnostics)
  }

  static let keys = ["seed", "profiles", "figures", "slurm", "experiments", "stages"]

  /// A catalogue with the programs of a project, for a worker: nothing else of the file is looked at. Throws
  /// ``PipelineError/invalidFiles(_:)`` for mistakes in them.
  package static func catalogue(_ catalogue: Catalogue, withProgramsOf path: String) throws -> Catalogue {
    let diagnostics = Diagnostics()
    let document = try YAMLValue.document(
      at: path, purpose: "it names the experiments of the project", diagnostics: diagnostics)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let experiments = document.mapping("pipeline", in: "")?["experiments"]
    let programs = ExperimentReader(folder: folder, catalogue: catalogue).experiments(experiments)
    try diagnostics.throwIfAny()
    return catalogue.adding(programs, names: Set(programs.map(\.name)))
  }

  /// The stage of an id, unless it has mistakes.
  package subscript(_ id: String) -> Stage? { indices[id].map { stages[$0] } }

  /// The files of the code of the programs that stages run, relative to the project's folder.
  package func programSources() throws -> [String] {
    var paths: Set<String> = []
    for stage in stages {
      if case .program(let program) = stage.experiment.implementation { paths.formUnion(try program.sourceFiles()) }
    }
    return paths.sorted()
  }

  /// Bytes a name may have: it becomes a part of file names.
  package static let nameLimit = 200

  /// Letters, digits, . _ - and single slashes, so that a name can be a target, a line of a manifest and part of a path.
  package static func isName(_ name: String) -> Bool {
    name.utf8.count <= nameLimit
      && name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
        part.first.map { $0 != UInt8(ascii: ".") } ?? false
          && part.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
              UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
              true
            default: false
            }
          }
      }
  }

  /// Whether a text is a path below the project's folder, of whatever signs.
  package static func isPath(_ path: String) -> Bool {
    path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
  }

  /// Some stages and all that they need, each once and after its inputs.
  package func closure(of ids: [String]) -> [Stage] { visit(ids) { _ in } }

  /// Tells of the first circle; stages that depend on one another in others are seen when that one is gone.
  private func reportCycle(_ diagnostics: Diagnostics) {
    var isTold = false
    _ = visit(stages.map(\.id)) { cycle in
      if !isTold, let stage = self[cycle[0]] {
        diagnostics.report(.dependencyCycle(cycle), at: stage.location, in: "stage '\(stage.id)'")
      }
      isTold = true
    }
  }

  /// Tells of stages that have more replicas than a stage of which each of them reads its own, in any profile.
  private func reportMissingReplicas(_ diagnostics: Diagnostics) {
    for stage in stages {
      for input in stage.inputs where input.replicas == .own {
        var told: Set<[Int]> = []
        for profile in [profile] + profiles {
          guard let count = stage.replicaCounts[profile], let limit = self[input.stage]?.replicaCounts[profile],
            count > limit, told.insert([count, limit]).inserted
          else { continue }
          diagnostics.report(
            .tooFewReplicas(of: input.stage, count: limit, needed: count), at: input.location,
            in: "stage '\(stage.id)'" + (profile == self.profile ? "" : ", profile '\(profile)'"))
        }
      }
    }
  }

  /// Stages in depth-first order, inputs first; without recursion, as a chain of stages may be long.
  private func visit(_ ids: [String], onCycle: ([String]) -> Void) -> [Stage] {
    var order: [Stage] = []
    var finished: Set<String> = []
    var path: [(stage: Stage, nextInput: Int)] = []
    var depths: [String: Int] = [:]
    func enter(_ id: String) {
      if finished.contains(id) { return }
      if let depth = depths[id] { return onCycle(path[depth...].map(\.stage.id) + [id]) }
      guard let stage = self[id] else { return }
      depths[id] = path.count
      path.append((stage, 0))
    }
    for id in ids {
      enter(id)
      while let (stage, nextInput) = path.last {
        if nextInput < stage.inputs.count {
          path[path.count - 1].nextInput += 1
          enter(stage.inputs[nextInput].stage)
        } else {
          path.removeLast()
          depths[stage.id] = nil
          finished.insert(stage.id)
          order.append(stage)
        }
      }
    }
    return order
  }
}

package import PaperKit

/// The cells behind some stages, with their keys. Keys are made of upstream keys, so all are known before anything runs.
package struct Plan: Sendable {
  /// A stage expanded into cells: points times blocks of replicas.
  package struct Stage: Sendable {
    package let definition: PipelineFile.Stage
    /// The varying parameters, sorted; a point has one value for each.
    package let names: [String]
    package let pointCount: Int
    package let blocks: [Range<Int>]
    /// Key of cell `point * blocks.count + block`.
    package let keys: [CellKey]
    package let mutant: String?
    /// Its inputs, each by one key of all that it holds, which does not depend on how replicas are cut into cells.
    package let origins: [(name: String, key: CellKey)]
    fileprivate let readings: [Reading]
    fileprivate let template: Manifest

    package var id: String { definition.id }

    /// The values of `names` at one point.
    fileprivate func point(_ number: Int) -> [ParameterValue] {
      definition.sweep.point(number, names: names, base: names.compactMap { definition.base[$0] })
    }

    /// The manifest of one cell.
    package func manifest(_ cell: Int) -> Manifest {
      manifest(ofPoint: cell / blocks.count, replicas: blocks[cell % blocks.count])
    }

    /// The manifest of some replicas of a point, be they a cell or not.
    package func manifest(ofPoint number: Int, replicas: Range<Int>) -> Manifest {
      var manifest = template
      for (name, value) in zip(names, point(number)) { manifest.parameters[name] = value }
      manifest.replicas = replicas
      if !template.ownInputs.isEmpty { manifest.inputs = readings.flatMap { $0.inputs(of: replicas) } }
      return manifest
    }

    /// The parameters that vary, for people: "teacherWidth=1 sampleCount=9 replicas 0–49".
    package func label(_ cell: Int) -> String {
      let values = zip(names, point(cell / blocks.count)).map { "\($0)=\($1.canonicalText)" }
      return (values + [Text.replicas(blocks[cell % blocks.count])]).joined(separator: " ")
    }

    /// All parameters at one point.
    package func parameters(_ number: Int) -> [String: ParameterValue] {
      var values = definition.base
      for (name, value) in zip(names, point(number)) { values[name] = value }
      return values
    }

    /// What a replica of one cell is, its number aside.
    package func identity(_ cell: Int) -> String { distinctManifest(cell).identity(origins: origins) }

    /// The manifest of one cell, with common streams only where they draw other numbers than independent ones: not for an
    /// experiment without parameters, nor for a calculation without chance.
    private func distinctManifest(_ cell: Int) -> Manifest {
      var manifest = manifest(cell)
      guard manifest.streams == .common else { return manifest }
      let isRandom: Bool
      do {
        isRandom = try definition.experiment.drawsRandomNumbers(manifest.parameters)
      } catch {
        // The reader of the stage, or the worker, refuses these values and names them; until then nothing is merged.
        isRandom = true
      }
      if manifest.parameters.isEmpty || !isRandom { manifest.streams = .independent }
      return manifest
    }

    /// What to say where cells are there that `replicas` of pipeline.yaml cuts otherwise now: all of their numbers would be
    /// computed again. Nil if the first cell is there, or none that differs from it in its replicas alone.
    package func recut(among present: Set<CellKey>) -> String? {
      guard let block = blocks.first, !present.isEmpty, !present.contains(keys[0]) else { return nil }
      let counts = Array(1...100) + Array(stride(from: 110, through: 1000, by: 10))
      let former = counts.first {
        $0 != block.count
          && present.contains(manifest(ofPoint: 0, replicas: block.lowerBound..<block.lowerBound + $0).key)
      }
      return former.map { size in
        let formerBlocks = PipelineFile.Replicas(count: blocks.reduce(0) { $0 + $1.count }, perCell: size).blocks
        let formerKeys =
          template.ownInputs.isEmpty
          ? ManifestText.keys(template, definition.sweep, pointCount: pointCount, blocks: formerBlocks)
          : (0..<pointCount).flatMap { point in formerBlocks.map { manifest(ofPoint: point, replicas: $0).key } }
        let left = formerKeys.count { present.contains($0) }
        let missing = keys.count { !present.contains($0) }
        return
          "\(id): its numbers are there in cells of \(Text.count(size, "replica")), which cells of \(block.count) do not use: "
          + "\(Text.count(left, "cell")) would lie idle and \(Text.count(missing, "cell")) be computed again; "
          + "`perCell: \(size)` would keep them"
      }
    }

    /// The key of some replicas of all points, as if each point were one cell.
    fileprivate func contentKey(ofReplicas replicas: Range<Int>) -> CellKey {
      var points = keys
      if template.streams == .common {
        points = (0..<pointCount).map { point in
          var whole = distinctManifest(point * blocks.count)
          whole.inputs = origins
          whole.replicas = replicas
          return whole.key
        }
      } else if blocks != [replicas] || !origins.isEmpty {
        var whole = template
        whole.inputs = origins
        whole.replicas = replicas
        points = ManifestText.keys(whole, definition.sweep, pointCount: pointCount, blocks: [replicas])
      }
      return CellKey(manifest: points.sorted().map { "\($0)\n" }.joined())
    }
  }

  /// A stage that another reads.
  fileprivate struct Reading: Sendable {
    let input: PipelineFile.Input
    let stage: Stage

    /// The cells in which some replicas find what they are given.
    func inputs(of replicas: Range<Int>) -> [(name: String, key: CellKey)] {
      guard input.replicas == .own else { return stage.keys.map { (input.name, $0) } }
      let (blockCount, perCell) = (stage.blocks.count, stage.blocks[0].count)
      let used = (replicas.lowerBound / perCell)...((replicas.upperBound - 1) / perCell)
      return (0..<stage.pointCount).flatMap { point in
        used.clamped(to: 0...(blockCount - 1)).map { (input.name, stage.keys[point * blockCount + $0]) }
      }
    }

    /// What a replica is given, by one key.
    var origin: (name: String, key: CellKey) {
      // What tells replicas apart is their number, which those of the reading stage have too.
      let replicas = input.replicas == .own ? 0..<1 : 0..<(stage.blocks.last?.upperBound ?? 0)
      return (input.name, stage.contentKey(ofReplicas: replicas))
    }
  }

  /// The stages asked for and those they need, each after its inputs.
  package let stages: [Stage]
  /// The profile of pipeline.yaml that they are of.
  package let profile: String
  private let indices: [String: Int]

  package subscript(_ id: String) -> Stage? { indices[id].map { stages[$0] } }

  /// The experiments of more than one stage. Only their stages can share cells, and no stage has a cell twice: the keys of
  /// the others, perhaps ten million, need not be held against each other.
  package var sharedExperiments: Set<String> {
    Set(Dictionary(grouping: stages) { $0.definition.experiment.name }.filter { $1.count > 1 }.keys)
  }

  /// How many cells there are, each counted once.
  package var cellCount: Int {
    let experiments = sharedExperiments
    let shared = stages.filter { experiments.contains($0.definition.experiment.name) }
    let own = stages.reduce(0) { $0 + $1.keys.count } - shared.reduce(0) { $0 + $1.keys.count }
    return own + Set(shared.lazy.flatMap(\.keys)).count
  }

  /// Plans the stages with the given ids and everything upstream of them. The file must be free of cycles. A mutant's name
  /// makes every experiment that can make this mistake do so. Throws where the code of a program cannot be had
  /// (``Catalogue/code(of:)``).
  package init(
    _ file: PipelineFile, stages ids: Set<String>, catalogue: Catalogue, seed: Int? = nil, mutant: String? = nil
  ) throws {
    var planned: [Stage] = []
    var indices: [String: Int] = [:]
    for definition in file.closure(of: file.stages.map(\.id).filter(ids.contains)) {
      let isMutated = definition.experiment.mutants.contains { $0.name == mutant }
      indices[definition.id] = planned.count
      planned.append(
        try Self.expand(
          definition, seed: seed ?? file.seed, mutant: isMutated ? mutant : nil,
          upstream: { id in indices[id].map { planned[$0] } }, catalogue: catalogue))
    }
    stages = planned
    profile = file.profile
    self.indices = indices
  }

  /// Expands one stage into cells.
  package static func expand(
    _ definition: PipelineFile.Stage, seed: Int, mutant: String?, upstream: (String) -> Stage?, catalogue: Catalogue
  ) throws -> Stage {
    let readings = definition.inputs.compactMap { input in
      upstream(input.stage).map { Reading(input: input, stage: $0) }
    }
    let blocks = definition.replicas.blocks
    let template = Manifest(
      experiment: definition.experiment.name, mutant: mutant, code: try catalogue.code(of: definition.experiment),
      seed: seed, streams: definition.streams, inputs: readings.flatMap { $0.inputs(of: blocks[0]) },
      ownInputs: Set(readings.map(\.input).filter { $0.replicas == .own }.map(\.name)),
      data: definition.data.map { ($0.name, $0.digest) }, parameters: definition.base, replicas: blocks[0])
    // The limit on points was checked when the file was read.
    let pointCount = definition.sweep.pointCount ?? 0
    let keys: [CellKey]
    if template.ownInputs.isEmpty {
      keys = ManifestText.keys(template, definition.sweep, pointCount: pointCount, blocks: blocks)
    } else {
      // Each block reads other cells.
      let columns = blocks.map { block in
        var manifest = template
        manifest.inputs = readings.flatMap { $0.inputs(of: block) }
        return ManifestText.keys(manifest, definition.sweep, pointCount: pointCount, blocks: [block])
      }
      keys = (0..<pointCount).flatMap { point in columns.map { $0[point] } }
    }
    return Stage(
      definition: definition, names: definition.sweep.names, pointCount: pointCount, blocks: blocks, keys: keys,
      mutant: mutant, origins: readings.map(\.origin), readings: readings, template: template)
  }
}

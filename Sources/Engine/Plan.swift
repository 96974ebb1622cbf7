package import PaperKit

/// The cells behind some stages, with their keys. Keys are made of upstream keys, so all are known before anything runs.
package struct Plan: Sendable {
  /// A stage expanded into cells: points times blocks of replicas.
  package struct Stage: Sendable {
    package let definition: PipelineFile.Stage
    /// The varying parameters, sorted; a point has one value for each.
    package let names: [String]
    package let points: [[ParameterValue]]
    package let blocks: [Range<Int>]
    /// Key of cell `point * blocks.count + block`.
    package let keys: [CellKey]
    package let mutant: String?
    fileprivate let template: Manifest

    package var id: String { definition.id }

    /// The manifest of one cell.
    package func manifest(_ cell: Int) -> Manifest {
      var manifest = template
      for (name, value) in zip(names, points[cell / blocks.count]) { manifest.parameters[name] = value }
      manifest.replicas = blocks[cell % blocks.count]
      return manifest
    }

    /// The parameters that vary, for people: "teacherWidth=1 sampleCount=9 replicas 0–49".
    package func label(_ cell: Int) -> String {
      let values = zip(names, points[cell / blocks.count]).map { "\($0)=\($1.canonicalText)" }
      let block = blocks[cell % blocks.count]
      let replicas =
        block.count == 1 ? "replica \(block.lowerBound)" : "replicas \(block.lowerBound)–\(block.upperBound - 1)"
      return (values + [replicas]).joined(separator: " ")
    }

    fileprivate func validateData(_ diagnostics: Diagnostics) {
      for file in definition.data {
        do {
          _ = try DataFile.arrays(definition.experiment.data.filter { $0.file == file.name }, in: file.bytes)
        } catch {
          diagnostics.report(.badData(path: file.path, reason: "\(error)"), at: file.location, in: "stage '\(id)'")
        }
      }
    }
  }

  /// The stages asked for and those they need, each after its inputs.
  package let stages: [Stage]

  package subscript(_ id: String) -> Stage? { stages.first { $0.id == id } }

  /// Plans the stages with the given ids and everything upstream of them. The file must be free of cycles. A mutant's name
  /// makes every experiment that can make this mistake do so.
  package init(
    _ file: PipelineFile, stages ids: Set<String>, catalogue: Catalogue, seed: Int? = nil, mutant: String? = nil
  ) {
    var planned: [Stage] = []
    func plan(_ id: String) {
      guard !planned.contains(where: { $0.id == id }), let definition = file.stages.first(where: { $0.id == id }) else {
        return
      }
      for input in definition.inputs { plan(input.stage) }
      let isMutated = definition.experiment.mutants.contains { $0.name == mutant }
      planned.append(
        Self.expand(
          definition, seed: seed ?? file.seed, mutant: isMutated ? mutant : nil, upstream: planned,
          catalogue: catalogue))
    }
    for stage in file.stages where ids.contains(stage.id) { plan(stage.id) }
    stages = planned
  }

  /// Expands one stage into cells.
  package static func expand(
    _ definition: PipelineFile.Stage, seed: Int, mutant: String?, upstream: [Stage], catalogue: Catalogue
  ) -> Stage {
    var inputs: [(name: String, key: CellKey)] = []
    for (name, id) in definition.inputs {
      for key in upstream.first(where: { $0.id == id })?.keys ?? [] { inputs.append((name, key)) }
    }
    let blocks = definition.replicas.blocks
    let names = definition.sweep.names
    let points = definition.sweep.points(base: definition.base)
    let template = Manifest(
      experiment: definition.experiment.name, mutant: mutant, code: catalogue.code(of: definition.experiment),
      seed: seed, streams: definition.streams, inputs: inputs, data: definition.data.map { ($0.name, $0.digest) },
      parameters: definition.base, replicas: blocks[0])
    return Stage(
      definition: definition, names: names, points: points, blocks: blocks,
      keys: keys(template, names: names, points: points, blocks: blocks), mutant: mutant, template: template)
  }

  /// The keys without a manifest value per cell: the canonical text is put together from pieces, most of them shared.
  private static func keys(_ template: Manifest, names: [String], points: [[ParameterValue]], blocks: [Range<Int>])
    -> [CellKey]
  {
    var varying: [String: Int] = [:]
    for (index, name) in names.enumerated() { varying[name] = index }
    // Text before the first varying value, between them, and after the last.
    var pieces: [[UInt8]] = []
    var order: [Int] = []
    var piece = template.stageText
    for name in template.parameters.keys.sorted() {
      if let index = varying[name] {
        pieces.append(Array("\(piece)parameter \(name) ".utf8))
        order.append(index)
        piece = "\n"
      } else {
        piece += Manifest.parameterLine(name, template.parameters[name]?.canonicalText ?? "")
      }
    }
    pieces.append(Array(piece.utf8))
    let endings = blocks.map { Array(Manifest.replicaLine($0).utf8) }
    var keys: [CellKey] = []
    keys.reserveCapacity(points.count * blocks.count)
    var text: [UInt8] = []
    for point in points {
      text.removeAll(keepingCapacity: true)
      for (piece, index) in zip(pieces, order) {
        text += piece
        text += point[index].canonicalText.utf8
      }
      text += pieces[pieces.count - 1]
      let count = text.count
      for ending in endings {
        text.removeSubrange(count...)
        text += ending
        keys.append(text.withUnsafeBytes { CellKey(manifest: $0) })
      }
    }
    return keys
  }

  /// Reports parameters that their experiment does not accept, at the points that `needed` selects, and files without the
  /// arrays it reads: a cell in the store was accepted when it was computed.
  package func validate(_ diagnostics: Diagnostics, where needed: (CellKey) -> Bool) {
    for stage in stages {
      if !stage.definition.data.isEmpty, stage.keys.contains(where: needed) { stage.validateData(diagnostics) }
      var told: Set<String> = []
      for (index, point) in stage.points.enumerated() {
        let keys = stage.keys[(index * stage.blocks.count)..<((index + 1) * stage.blocks.count)]
        guard keys.contains(where: needed) else { continue }
        var values = stage.definition.base
        for (name, value) in zip(stage.names, point) { values[name] = value }
        do {
          try stage.definition.experiment.validate(values)
        } catch let error as InvalidParameter {
          guard told.insert("\(error)").inserted else { continue }
          diagnostics.report(
            .refusedValue(name: error.name, value: error.value, allowed: error.allowed),
            at: stage.definition.locations[error.name] ?? stage.definition.location, in: "stage '\(stage.id)'")
        } catch {
          diagnostics.report(.message("\(error)"), at: stage.definition.location, in: "stage '\(stage.id)'")
        }
      }
    }
  }
}

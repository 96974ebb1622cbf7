internal import Pipeline

/// Where there is chance in what stages hold, and which replicas have one draw of it in common.
struct SharedChance {
  /// A stage each replica of which is given all replicas of another, in which there is chance.
  private struct Reading {
    let reader: PipelineFile.Stage
    let input: PipelineFile.Input
  }

  /// Stages that read results with chance in them.
  private var readers: Set<String> = []
  /// By stage, what makes its replicas share a draw.
  private var readings: [String: Reading] = [:]

  /// Looks at some stages and all that they read.
  init(of stages: [PipelineFile.Stage], in pipeline: PipelineFile) {
    var known: [String: Bool] = [:]
    // Inputs come before the stages that read them.
    for stage in pipeline.closure(of: stages.map(\.id)) {
      for input in stage.inputs {
        guard let upstream = pipeline[input.stage] else { continue }
        let draws = known[upstream.id] ?? Self.drawsChance(upstream)
        known[upstream.id] = draws
        guard draws || readers.contains(upstream.id) else { continue }
        readers.insert(stage.id)
        let reading = input.replicas == .all ? Reading(reader: stage, input: input) : readings[upstream.id]
        if let reading, readings[stage.id] == nil { readings[stage.id] = reading }
      }
    }
  }

  /// Whether there is chance in a stage's results, whatever its experiment draws itself.
  func isRead(by stage: PipelineFile.Stage) -> Bool { readers.contains(stage.id) }

  /// Why the replicas of a stage do not tell how far others would lie; nil where they do.
  func reason(of stage: PipelineFile.Stage) -> String? {
    guard let reading = readings[stage.id] else { return nil }
    let (reader, input) = (reading.reader.id, reading.input)
    let few = reading.reader.replicas.count == 1
    return
      (few
      ? "the one replica of \(reader) reads all replicas of \(input.stage), which are random, and nothing shows how far others would lie"
      : "all replicas of \(reader) read the same random replicas of \(input.stage), so that their spread is not the error")
      + (stage.id == reader ? "" : ", nor is that of \(stage.id), which reads \(reader)")
      + "; give each its own, with `inputs: {\(input.name): {stage: \(input.stage), replicas: own}}`"
      + (few ? " and as many replicas as there" : "")
  }

  private static func drawsChance(_ stage: PipelineFile.Stage) -> Bool {
    do {
      return try (0..<(stage.sweep.pointCount ?? 0)).contains { number in
        try stage.experiment.drawsRandomNumbers(stage.base.merging(stage.sweep.given(number)) { $1 })
      }
    } catch {
      return true  // Refused elsewhere.
    }
  }
}

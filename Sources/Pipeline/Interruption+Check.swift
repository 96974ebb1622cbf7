package import Platform

extension Interruption {
  /// Throws ``PipelineError/interrupted`` once the user wants to stop: for phases in which stopping at once loses nothing.
  package static func check() throws {
    if requests > 0 { throw PipelineError.interrupted }
  }
}

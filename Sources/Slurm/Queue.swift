internal import Pipeline
internal import Runner

/// Cells whose tasks get the same, and what of them is to be submitted.
struct Queue {
  let settings: SlurmSettings
  /// Not yet submitted, or lost and to be submitted again.
  var fresh: [Batch.Item] = []
  var lost: [Batch.Item] = []
  var slices: ArraySlice<[Batch.Item]> = []
  var isEmpty: Bool { fresh.isEmpty && lost.isEmpty && slices.isEmpty }
}

/// A cell of which nothing has been reported. It waits in a queue or is in a task's hands, until its outcome is reported.
struct OpenCell {
  let item: Batch.Item
  /// Tasks in which it was at stake and that finished none.
  var attempts = 0
}

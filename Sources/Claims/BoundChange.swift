package import NumericalMethods

/// An accepted interval that is not what it was.
package struct BoundChange: Sendable, Equatable {
  package let claim: String
  /// Nil: the claim was not there.
  package let before: Interval?
  /// Nil: the claim is gone.
  package let after: Interval?

  package init(claim: String, before: Interval?, after: Interval?) {
    self.claim = claim
    self.before = before
    self.after = after
  }

  package var text: String {
    switch (before, after) {
    case (let before?, let after?): "\(VerdictReport.accepted(before)) → \(VerdictReport.accepted(after))"
    case (nil, let after?): "new, \(VerdictReport.accepted(after))"
    case (let before?, nil): "removed, was \(VerdictReport.accepted(before))"
    case (nil, nil): ""
    }
  }

  /// What has changed between two sets of accepted intervals by claim.
  package static func between(_ before: [String: Interval], _ after: [String: Interval]) -> [BoundChange] {
    Set(before.keys).union(after.keys).sorted().filter { before[$0] != after[$0] }
      .map { BoundChange(claim: $0, before: before[$0], after: after[$0]) }
  }
}

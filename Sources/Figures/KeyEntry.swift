/// One line of a key.
struct KeyEntry: Hashable {
  private enum Sample {
    case line, marks, band, bars

    /// Nil for a heat map, which has a scale beside it.
    init?(_ draw: Series.Draw) {
      switch draw {
      case .line, .guide, .vertical, .horizontal, .steps: self = .line
      case .points, .impulses: self = .marks
      case .band: self = .band
      case .histogram: self = .bars
      case .heatmap: return nil
      }
    }
  }

  /// Fills, through which what is below shows.
  static let translucent = "fs transparent solid 0.22"
  let title: Label
  private let look: String
  private var samples: Set<Sample>

  /// What the key of a panel says: each label once, with the line and the marks that are drawn in its look. Those without a
  /// label belong to the first label of their look, unless another has them.
  static func entries(of curves: [(curve: Curve, look: String)]) -> [KeyEntry] {
    var entries: [KeyEntry] = []
    let (labelled, others) = (curves.filter { !$0.curve.title.isEmpty }, curves.filter(\.curve.title.isEmpty))
    for (curve, look) in labelled + others {
      guard let sample = Sample(curve.series.draw) else { continue }
      let alike = entries.indices.filter { index in
        let samples = entries[index].samples.union([sample])
        return entries[index].look == look && (curve.title.isEmpty || curve.title == entries[index].title)
          && (samples.count == 1 || samples == [.line, .marks])
      }
      if alike.contains(where: { entries[$0].samples.contains(sample) }) { continue }
      if let first = alike.first {
        entries[first].samples.insert(sample)
      } else if !curve.title.isEmpty {
        entries.append(KeyEntry(title: curve.title, look: look, samples: [sample]))
      }
    }
    return entries
  }

  /// What gnuplot draws beside the title.
  var sample: String {
    if samples.contains(.band) { return "filledcurves \(look) \(Self.translucent) noborder" }
    if samples.contains(.bars) { return "boxes \(look) \(Self.translucent) border" }
    return "\(samples.contains(.line) ? "lines" : "")\(samples.contains(.marks) ? "points" : "") \(look)"
  }
}

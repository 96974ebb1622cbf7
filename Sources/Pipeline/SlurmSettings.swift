private import Foundation

/// What tasks of a Slurm cluster get: the `slurm:` blocks of pipeline.yaml, the nearest one first.
///
///     slurm: {partition: short, runningTasks: 100, profiles: {paper: {partition: long, time: "4:00:00"}}}
///     stages:
///       sarao2020/uniqueness:
///         slurm: {memory: 4G}
package struct SlurmSettings: Sendable, Hashable {
  package var partition: String?
  package var account: String?
  /// Seconds a task may take.
  package var time: Double?
  /// Bytes of memory a task may take.
  package var memory: Int?
  /// Processors of a task: as many cells at a time.
  package var processors = 1
  /// How many tasks of an array may run at a time.
  package var runningTasks: Int?
  /// Seconds that a task should take: cells are bundled up to it.
  package var taskTime = 600.0
  /// Seconds that a cell takes, for as long as none is on record.
  package var cellTime: Double?
  /// Further options of sbatch, as they are.
  package var options: [String] = []

  package init() {}

  package static let keys = [
    "partition", "account", "time", "memory", "processors", "runningTasks", "taskTime", "cellTime", "options",
  ]
  /// Options of sbatch that are refig's own, or have a key of their own here.
  private static let taken = [
    "array", "job-name", "output", "error", "chdir", "parsable", "wait", "wrap", "test-only", "input", "open-mode",
    "partition", "account", "time", "mem", "cpus-per-task", "nodes", "ntasks", "dependency", "export", "export-file",
  ]

  /// Whether sbatch may take an option for one of those: it completes what is abbreviated.
  fileprivate static func isTaken(_ option: String) -> Bool { taken.contains { $0.hasPrefix(option) } }

  /// The options of sbatch that say the same.
  package var arguments: [String] {
    var arguments = ["--nodes=1", "--ntasks=1", "--cpus-per-task=\(processors)"]
    if let partition { arguments.append("--partition=\(partition)") }
    if let account { arguments.append("--account=\(account)") }
    if let time { arguments.append("--time=\(Int((time / 60).rounded(.up)))") }
    if let memory { arguments.append("--mem=\((memory + 999_999) / 1_000_000)M") }
    return arguments + options
  }

  /// These settings with the keys of a block in place of theirs. Mistakes are reported.
  func overlaid(with block: YAMLMapping?, in context: String) -> SlurmSettings {
    guard let block else { return self }
    var settings = self
    if let word = block["partition"]?.slurmWord("partition", in: context) { settings.partition = word }
    if let word = block["account"]?.slurmWord("account", in: context) { settings.account = word }
    if let seconds = block["time"]?.slurmTime("time", in: context) { settings.time = seconds }
    if let bytes = block["memory"]?.slurmMemory("memory", in: context) { settings.memory = bytes }
    if let count = block["processors"]?.slurmCount("processors", in: context) { settings.processors = count }
    if let count = block["runningTasks"]?.slurmCount("runningTasks", in: context) { settings.runningTasks = count }
    if let seconds = block["taskTime"]?.slurmTime("taskTime", in: context) { settings.taskTime = seconds }
    if let seconds = block["cellTime"]?.slurmSeconds("cellTime", in: context) { settings.cellTime = seconds }
    if let options = block["options"]?.slurmOptions(in: context) { settings.options = options }
    return settings
  }
}

extension YAMLValue {
  /// A name that Slurm can have given to something: letters, digits and a few signs, beginning with no dash.
  fileprivate func slurmWord(_ key: String, in context: String) -> String? {
    guard let word = text("slurm.\(key)", in: context) else { return nil }
    if word.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.,@+-]*/) != nil { return word }
    report(
      .refusedValue(name: "slurm.\(key)", value: "'\(word)'", allowed: "letters, digits and any of _.,@+-"), in: context
    )
    return nil
  }

  fileprivate func slurmCount(_ key: String, in context: String) -> Int? {
    guard let count = integer("slurm.\(key)", in: context) else { return nil }
    if (1...100_000).contains(count) { return count }
    report(.refusedValue(name: "slurm.\(key)", value: "\(count)", allowed: "from 1 to 100000"), in: context)
    return nil
  }

  fileprivate func slurmSeconds(_ key: String, in context: String) -> Double? {
    guard let seconds = number("slurm.\(key)", in: context) else { return nil }
    if seconds > 0, seconds < 1e9 { return seconds }
    report(
      .refusedValue(name: "slurm.\(key)", value: "\(seconds)", allowed: "more than 0 s, less than 1e9 s"), in: context)
    return nil
  }

  fileprivate func slurmOptions(in context: String) -> [String]? {
    let options = texts("slurm.options", in: context) ?? []
    for option in options {
      let name = option.wholeMatch(of: /--([a-z][a-z-]*)(=\P{Cc}+)?/).map { String($0.1) }
      if let name, !SlurmSettings.isTaken(name) { continue }
      report(
        .refusedValue(
          name: "slurm.options", value: "'\(option)'",
          allowed: "each must be one word such as --qos=long, and none that refig gives itself or has a key for"),
        in: context)
    }
    return options
  }

  /// Seconds from minutes, or from Slurm's notation: minutes:seconds, hours:minutes:seconds, days-hours:minutes.
  fileprivate func slurmTime(_ key: String, in context: String) -> Double? {
    let seconds: Double?
    switch content {
    case .number(let minutes): seconds = 60 * minutes.nearest
    case .word(let text): seconds = Self.seconds(text)
    default: seconds = nil
    }
    if let seconds, seconds > 0, seconds < 1e9 { return seconds }
    report(
      .refusedValue(
        name: "slurm.\(key)", value: written, allowed: "minutes, or a text such as \"2:30:00\" or \"1-12:00\""),
      in: context)
    return nil
  }

  private static func seconds(_ text: String) -> Double? {
    guard let match = text.wholeMatch(of: /(?:(\d{1,4})-)?(\d{1,6})(?::(\d{1,2}))?(?::(\d{1,2}))?/) else { return nil }
    let fields = [match.2, match.3 ?? "", match.4 ?? ""].filter { !$0.isEmpty }.compactMap { Double($0) }
    let units: [Double]
    if match.1 != nil { units = [3600, 60, 1] } else { units = fields.count == 3 ? [3600, 60, 1] : [60, 1] }
    return zip(fields, units).reduce((match.1.flatMap { Double($0) } ?? 0) * 86400) { $0 + $1.0 * $1.1 }
  }

  /// Bytes from megabytes, or from a number with K, M, G or T after it.
  fileprivate func slurmMemory(_ key: String, in context: String) -> Int? {
    var bytes: Double?
    switch content {
    case .number(let megabytes): bytes = 1e6 * megabytes.nearest
    case .word(let text):
      if let match = text.wholeMatch(of: /(\d{1,9}(?:\.\d{1,3})?)([KMGT])B?/), let number = Double(match.1) {
        bytes = number * (["K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12][match.2] ?? 1)
      }
    default: break
    }
    if let bytes, bytes >= 1e6, bytes < 1e15 { return Int(bytes) }
    report(
      .refusedValue(
        name: "slurm.\(key)", value: written, allowed: "megabytes, at least 1, or a text such as 500M or 4G"),
      in: context)
    return nil
  }
}

/// The `slurm:` block at the top of pipeline.yaml.
struct SlurmReader {
  let profiles: [String]

  /// The settings of the chosen profile; the other profiles are read too, for their mistakes.
  func settings(_ value: YAMLValue?, profile chosen: String) -> SlurmSettings {
    let context = "slurm"
    guard let block = value?.mapping("slurm", allowing: SlurmSettings.keys + ["profiles"], in: context) else {
      return SlurmSettings()
    }
    let common = SlurmSettings().overlaid(with: block, in: context)
    var settings = common
    for entry in block["profiles"]?.mapping("profiles", allowing: profiles, in: context)?.entries ?? [] {
      let inner = context + ", profile '\(entry.key)'"
      let own = common.overlaid(
        with: entry.value.mapping("profile", allowing: SlurmSettings.keys, in: inner), in: inner)
      if entry.key == chosen { settings = own }
    }
    return settings
  }
}

import Foundation
import TestSupport
import Testing

/// What a command finds around it: streams that are closed or full, few descriptors, other users, odd folders.
@Suite struct SurroundingsTests {
  /// Runs a shell script in the project's folder, in which $refig is the program.
  private func shell(_ script: String, in project: Project, environment: [String: String] = [:]) throws -> ProgramResult
  {
    try runProgram(
      "sh", ["-c", "refig='\(try productPath("refig"))'\n" + script], in: project.workspace.path,
      environment: environment)
  }

  @Test(
    "streams that were closed before receive nothing of ours and take nothing from us",
    arguments: [
      "<&-", ">&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-",
    ])
  func closedStreams(redirection: String) throws {
    let project = try Project()
    #expect(try shell("\"$refig\" run -j2 \(redirection)", in: project).status == 0)
    let records = project.workspace.files(under: "data/runs").filter { $0.hasSuffix("events.jsonl") }
    #expect(records.count == 1)
    for line in try project.workspace.read("data/runs/" + records[0]).split(separator: "\n") {
      _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
    }
    #expect(try project.refig("verify", "-q", "--cached-only").status == 0)
    #expect(try project.refig("status", "--check").status == 0)
  }

  @Test("no message is worth the work: a full disk or a reader that has gone costs neither cells nor the status")
  func lostMessages() throws {
    let project = try Project()
    #expect(try shell("\"$refig\" run -j2 2> /dev/full", in: project).status == 0)
    #expect(try project.refig("status", "--check").status == 0)
    #expect(try shell("\"$refig\" run nowhere 2> /dev/full", in: project).status == 2)
    #expect(try shell("\"$refig\" verify --nonsense 2> /dev/full", in: project).status == 2)
    // Numbers are another matter.
    #expect(try shell("\"$refig\" status > /dev/full", in: project).status == 6)
    let other = try Project()
    #expect(try shell("mkfifo gone; (: < gone) & \"$refig\" run -j1 2> gone", in: other).status == 0)
    #expect(try other.refig("status", "--check").status == 0)
  }

  @Test(
    "modes follow umask, and a second member of a group goes on where the first one stopped",
    .enabled(if: getuid() == 0, "becomes two users"))
  func group() throws {
    let project = try Project()
    let script = """
      chmod 755 . && chgrp -R 3000 . && chmod -R g+rwX . && chmod g+s . figures
      as() { user=$1; shift; setpriv --reuid=$user --regid=3000 --clear-groups sh -c 'umask 002; HOME=/tmp exec "$@"' sh "$@"; }
      as 2001 "$refig" run -q -j1 sarao2020/uniqueness && find data \\( -not -perm -g=w -o -not -group 3000 \\) | tee others
      chmod 600 data/store/lock
      sed -i 's/count: 40/count: 80/' pipeline.yaml
      as 2002 "$refig" run -q -j1 sarao2020/uniqueness && as 2002 "$refig" status --check sarao2020/uniqueness
      """
    let result = try shell(script, in: project)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try project.workspace.read("others") == "")
  }

  @Test(
    "somebody else's project is read, judged, drawn, packed and shown by everybody, and left as it was",
    .enabled(if: getuid() == 0, "becomes another user"))
  func strangersProject() throws {
    let project = try Project()
    let script = """
      "$refig" run -q && "$refig" verify -q --cached-only >/dev/null && chmod -R a+rX,go-w . && mkdir -m 777 out || exit 99
      sums() { find . -path ./out -prune -o -type f -exec sha256sum {} + | sort; }
      sums > /tmp/before-$$
      while read -r words; do
        setpriv --reuid=2009 --regid=2009 --clear-groups env HOME=/tmp "$refig" $words >out/said 2>&1 || { echo "$words: $?"; cat out/said; }
      done <<END
      status --check
      run -q
      verify
      report --out out/report
      data fig:demo/thresholds --json
      show claim:demo/always
      explain demo/thresholds
      store check --deep
      store export out/cells.tar
      crate out/crate
      END
      sums | cmp - /tmp/before-$$; rm /tmp/before-$$
      """
    let result = try shell(script, in: project)
    #expect(result.status == 0 && result.output == "", "\(result.output)\(result.errors)")
  }

  @Test("a figure of many series has a line of the key for each, on a page that grows with them")
  func manySeries() throws {
    let project = try Project(
      stages: Project.stages.replacing("[5, 10]", with: "[5, 304]").replacing("{count: 40, perCell: 20}", with: "2"),
      figures: Project.figures.replacing(
        "draw: points", with: "split: sampleCount, label: 'n = {sampleCount}', draw: points"))
    let result = try project.refig("run", "-q", "-j2")
    #expect(result.status == 0, "\(result.errors)")
    let script = try project.workspace.read("figures/quick/demo/thresholds.gp")
    for n in [5, 150, 304] { #expect(script.contains("n = \(n)"), "\(n)") }
    let picture = try project.workspace.read("figures/quick/demo/thresholds.svg")
    #expect(try #require(picture.firstMatch(of: /height="([0-9]+)/)?.1).count >= 4, "300 lines")
  }

  @Test("with few descriptors there are fewer workers, and a folder whose name is no UTF-8 is said to be the trouble")
  func limits() throws {
    let project = try Project()
    let few = try shell("ulimit -n 20; \"$refig\" run -q -j8 sarao2020/uniqueness", in: project)
    #expect(few.status == 0, "\(few.errors)")
    let odd = try shell(
      "folder=$(printf 'caf\\351'); mkdir $folder; cp -r pipeline.yaml figures $folder; cd $folder; \"$refig\" run -q",
      in: project)
    #expect([0, 6].contains(odd.status), "\(odd.errors)")
    #expect(!odd.errors.contains("NSError") && !odd.errors.contains("NSCocoaErrorDomain"))
  }

  @Test(
    "drawing heeds SIGINT and SIGTERM at once, ends gnuplot, and leaves nothing half drawn",
    .timeLimit(.minutes(10)), arguments: [SIGINT, SIGTERM])
  func interruptedDrawing(signal: Int32) throws {
    let project = try Project()
    #expect(try project.refig("run", "-q", "sarao2020/uniqueness").status == 0)
    let pid = project.workspace.path + "/pid"
    try project.workspace.write("#!/bin/sh\necho $$ > \(pid)\nexec sleep 600\n", to: "bin/gnuplot")
    let script = """
      chmod +x bin/gnuplot
      PATH="$PWD/bin:$PATH" "$refig" run -q & head=$!
      while ! test -s pid; do sleep 0.05; done
      kill -\(signal) $head; wait $head; echo $? > status; ! kill -0 $(cat pid) 2> /dev/null
      """
    // A shell without job control lets its background commands ignore SIGINT, which refig takes back.
    let result = try shell(script, in: project)
    #expect(result.status == 0, "gnuplot is still there")
    #expect(try project.workspace.read("status") == "130\n")
    #expect(!project.workspace.files(under: "figures").contains { $0.hasSuffix(".tmp") || $0.hasSuffix(".svg") })
    #expect(try project.refig("run", "-q").status == 0)
  }

  @Test("verdicts of an earlier call do not pass for those of one that judged nothing")
  func staleVerdicts() throws {
    let project = try Project()
    func verify(_ options: String...) throws -> Int32 {
      try runProgram(
        try productPath("refig"), ["verify", "-q", "--junit", "v.xml", "--md", "v.md"] + options,
        in: project.workspace.path
      ).status
    }
    func expectNothing(_ reason: String) throws {
      #expect(try project.workspace.read("v.xml").contains("nothing was judged: \(reason)"))
      #expect(try project.workspace.read("v.xml").contains("failures=\"1\""))
      #expect(try project.workspace.read("v.md").contains("**Nothing was judged**: \(reason)"))
    }
    #expect(try verify() == 0)
    #expect(try project.workspace.read("v.md").contains("all as expected"))
    let whole = try project.workspace.read("pipeline.yaml")
    try project.workspace.write(whole.replacingOccurrences(of: "count: 40", with: "count: 60"), to: "pipeline.yaml")
    #expect(try verify("--cached-only") == 7)
    try expectNothing("1 cell is not in the store")
    try project.workspace.write(whole + "nonsense: 3\n", to: "pipeline.yaml")
    #expect(try verify() == 2)
    try expectNothing("pipeline.yaml:")
    try project.workspace.write(whole, to: "pipeline.yaml")
    #expect(try verify() == 0)
    #expect(try project.workspace.read("v.xml").contains("failures=\"0\""))
  }

  @Test("bars fit the terminal, and one that cannot erase gets plain lines", arguments: [("xterm", 60), ("dumb", 60)])
  func columns(terminal: String, columns: Int) throws {
    let project = try Project(
      stages: """
          sarao2020/uniqueness-by-the-certificate-of-a-long-name:
            experiment: sarao2020/uniqueness
            parameters: {inputDimension: 4, sampleCount: 9}
            replicas: {count: 400, perCell: 1}
        """, figures: "figures: {}")
    let result = try shell(
      "script -qec \"stty cols \(columns); '$refig' run -j1\" typescript > /dev/null", in: project,
      environment: ["TERM": terminal])
    #expect(result.status == 0, "\(result.errors)")
    let text = try project.workspace.read("typescript")
    #expect(text.contains("\u{1b}") == (terminal != "dumb"))
    let bars = text.replacing(/\u{1b}\[[0-9;]*[A-Za-z]/, with: "").split(whereSeparator: \.isNewline)
      .filter { $0.contains("/400") || $0.contains("━") }
    #expect(!bars.isEmpty)
    if terminal != "dumb" { for bar in bars { #expect(bar.count < columns, "\(bar)") } }
  }
}

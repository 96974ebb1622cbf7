import Foundation
import TestSupport
import Testing

/// What a figure of the report page answers to the pointer and to keys, and how it stands on paper.
@Suite(.serialized) struct ReportChartTests {
  /// Two series with labels, one of them with bars; profiles of 40 and 80 replicas.
  private func project(figures: String? = nil) throws -> Project {
    let series =
      "table: sarao2020/uniqueness, from: [sarao2020/uniqueness], x: sampleCount"
    let two = Project.figures.replacing(
      "low: low, high: high}",
      with: "low: low, high: high, label: share}\n          - {draw: line, \(series), y: high, label: 'upper $p_c$'}")
    let project = try Project(figures: figures ?? two)
    let stages = Project.stages.replacing(
      "replicas: {count: 40, perCell: 20}",
      with: "replicas: {count: 40, perCell: 20}\n    profiles: {paper: {replicas: {count: 80, perCell: 20}}}")
    try project.workspace.write(
      "seed: 3\nprofiles: [quick, paper]\nfigures: [figures/demo.yaml]\nstages:\n" + stages, to: "pipeline.yaml")
    return project
  }

  /// Runs a profile and makes its report.
  private func report(_ project: Project, _ profile: String = "quick") throws {
    let computed = try project.refig("run", "--profile", profile, "--quiet")
    #expect(computed.status == 0, "\(computed.errors)")
    let report = try project.refig("report", "--profile", profile)
    #expect(report.status == 0, "\(report.errors)")
  }

  private func browser(_ project: Project) throws -> Browser {
    let browser = try Browser()
    try browser.resize(width: 1280, height: 800)
    try browser.open(project.workspace.path + "/report/quick/index.html")
    try browser.wait(for: ".readout")
    return browser
  }

  private func text(_ selector: String, _ browser: Browser) throws -> String {
    try browser.value("document.querySelector('\(selector)').textContent")
  }

  private func click(_ selector: String, _ browser: Browser) throws {
    let _: Bool = try browser.value("(document.querySelector('\(selector)').click(), true)")
  }

  private func focus(_ browser: Browser) throws {
    let _: Bool = try browser.value(
      """
      (() => { const canvas = document.querySelector('.canvas');
        canvas.scrollIntoView({block: 'center'}); canvas.focus(); return true; })()
      """)
  }

  @Test("each point says the numbers of the table, to keys and to the pointer, where the picture has it")
  func numbers() throws {
    let project = try project()
    try report(project)
    let browser = try browser(project)
    let csv = try project.workspace.read("report/quick/figures/demo/thresholds.csv")
    let lines = csv.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
      $0.split(separator: ",").map(String.init)
    }
    let head = try #require(lines.first)
    func value(_ line: [String], _ column: String) throws -> Double {
      let index = try #require(head.firstIndex(of: column))
      return try #require(Double(line[index]))
    }
    let svg = try project.workspace.read("report/quick/figures/demo/thresholds.svg")
    let marks = svg.matches(of: /translate\(([0-9.]+),([0-9.]+)\)/).compactMap { match in
      Double(match.output.1).flatMap { x in Double(match.output.2).map { (x, $0) } }
    }
    let size = try #require(svg.firstMatch(of: /width="([0-9]+)" height="([0-9]+)"/))
    let (width, height) = (try #require(Double(size.output.1)), try #require(Double(size.output.2)))
    #expect(lines.count == 7)
    try focus(browser)
    for line in lines.dropFirst() {
      try browser.press("ArrowRight")
      let said = try text(".readout p", browser)
      for column in ["sampleCount", "probability"] {
        let number = try Regex("\(column) ([0-9.e-]+)", as: (Substring, Substring).self)
        let shown = try #require(said.firstMatch(of: number).flatMap { Double($0.output.1) })
        #expect(abs(shown - (try value(line, column))) <= 5e-4 * abs(shown), "\(said)")
      }
      #expect(said.contains("40 replicas"), "\(said)")
      // The ring is where gnuplot drew a point.
      let place: [Double] = try browser.value(
        "['left', 'top'].map((side) => parseFloat(document.querySelector('.mark').style[side]))")
      let (x, y) = (place[0] / 100 * width, place[1] / 100 * height)
      #expect(marks.contains { abs($0.0 - x) < 1 && abs($0.1 - y) < 1 }, "\(place) \(marks)")
      let tip = try text(".tip", browser)
      let at: [Double] = try browser.value(
        """
        (() => { const box = document.querySelector('.mark').getBoundingClientRect();
          return [box.left + box.width / 2, box.top + box.height / 2]; })()
        """)
      try browser.press("Escape")
      #expect(try browser.value("document.querySelector('.tip').hidden"))
      try browser.point(atX: at[0] + 3, y: at[1] - 3)
      #expect(try text(".tip", browser) == tip)
      #expect(try browser.value("!document.querySelector('.tip').hidden"))
    }
    try browser.point(atX: 5, y: 5)
    #expect(try browser.value("document.querySelector('.tip').hidden"))
    // What it says computes a replica again does.
    let command = try text(".readout code", browser).split(separator: " ").map(String.init)
    #expect(command.prefix(2) == ["refig", "try"] && command.last == "sampleCount=10", "\(command)")
    let again = try runProgram(try productPath("refig"), Array(command.dropFirst()), in: project.workspace.path)
    #expect(again.status == 0, "\(again.errors)")
    #expect(browser.complaints.isEmpty, "\(browser.complaints)")
  }

  @Test(
    "a point tells the stage and the replicas behind it, also where the parameters are not drawn, along an axis, and of many points",
    arguments: [
      ("uniqueness", "uniqueness", "sampleRatio", "probability", "uniqueness: 40 replicas", "--set sampleCount=5", 40),
      (
        "population-decay", "population-flow", "time", "populationLoss", "population-flow: 1 replica",
        "--set teacherWidth=1", 1
      ),
      (
        "thresholds", "uniqueness", "teacherWidth", "threshold", "uniqueness: among 6 points of 40 replicas",
        "refig run", 40
      ),
    ])
  func behind(
    table: String, stage: String, x: String, y: String, about: String, command: String, count: Int
  ) throws {
    let split = table == "population-decay" ? ", where: {teacherWidth: 1}" : ""
    let series = "{table: sarao2020/\(table), from: [sarao2020/\(stage)], draw: line, x: \(x), y: \(y)\(split)}"
    let figures = Project.figures.replacing(
      "{table: sarao2020/uniqueness, from: [sarao2020/uniqueness], draw: points, x: sampleCount, y: probability, low: low, high: high}",
      with: series
    ).replacing(", range: [0, 1]", with: "")
    #expect(figures != Project.figures)
    let project = try project(figures: figures)
    try report(project)
    let browser = try browser(project)
    try focus(browser)
    try browser.press("ArrowRight")
    let said = try text(".readout p", browser)
    #expect(said.contains("sarao2020/\(about)"), "\(said)")
    let shown = try text(".readout code", browser)
    #expect(shown.contains(command) && shown.contains("sarao2020/\(stage)"), "\(shown)")
    #expect(said.contains("one of them again") == (count > 1 && shown.hasPrefix("refig try")), "\(said)")
    let again = try runProgram(
      try productPath("refig"), Array(shown.split(separator: " ").dropFirst().map(String.init)),
      in: project.workspace.path)
    #expect(again.status == 0, "\(again.errors)")
  }

  @Test("a series alone: the others are paled, and keys stay with it")
  func alone() throws {
    let project = try project()
    try report(project)
    let browser = try browser(project)
    #expect(try text(".series", browser) == "alone: shareupper p_c")
    try click(".series button:nth-of-type(1)", browser)
    #expect(try browser.value("document.querySelector('.veil .dots').getAttribute('d').split('M').length") == 7)
    #expect(try browser.value("document.querySelector('.series button').ariaPressed") == "true")
    // In the colour that gnuplot drew it in.
    let svg = try project.workspace.read("report/quick/figures/demo/thresholds.svg").replacing(" ", with: "")
    func color() throws -> String {
      try browser.value("getComputedStyle(document.querySelector('.veil path:last-child')).stroke")
    }
    let first = try color()
    #expect(first.hasPrefix("rgb(") && svg.contains(first.replacing(" ", with: "")), "\(first)")
    try click(".series button:nth-of-type(2)", browser)
    let second = try color()
    #expect(second != first && svg.contains(second.replacing(" ", with: "")), "\(second)")
    try click(".series button:nth-of-type(1)", browser)
    try focus(browser)
    for key in ["ArrowRight", "ArrowDown", "ArrowDown"] { try browser.press(key) }
    #expect(try text(".readout p", browser).hasPrefix("share: "))
    try click(".series button:nth-of-type(2)", browser)
    #expect(try browser.value("document.querySelectorAll('.veil').length") == 1)
    try focus(browser)
    try browser.press("ArrowRight")
    #expect(try text(".readout p", browser).hasPrefix("upper p_c: "))
    try click(".series button:nth-of-type(2)", browser)
    #expect(try browser.value("document.querySelectorAll('.veil, [aria-pressed=\"true\"]').length") == 0)
    try focus(browser)
    for key in ["ArrowRight", "ArrowDown"] { try browser.press(key) }
    #expect(try text(".readout p", browser).hasPrefix("upper p_c: "))
  }

  @Test("the same figure of another profile, if its report stands beside; its numbers are not told as this one's")
  func profiles() throws {
    let project = try project()
    try report(project)
    #expect(!(try project.workspace.read("report/quick/index.html").contains("class=\"profiles")))
    try report(project, "paper")
    try report(project)
    let browser = try browser(project)
    #expect(try text(".profiles", browser) == "profile: quickpaper")
    func shown() throws -> String {
      try browser.value(
        """
        new Promise((done) => { const image = document.querySelector('img.plot');
          image.decode().then(() => done(image.src + ' ' + (image.naturalWidth > 100))); })
        """)
    }
    let before: [Double] = try browser.value(
      "(() => { const { width, height } = document.querySelector('img.plot').getBoundingClientRect(); return [width, height]; })()"
    )
    try click(".profiles button:nth-of-type(2)", browser)
    #expect(try shown().hasSuffix("/report/paper/figures/demo/thresholds.svg true"))
    let after: [Double] = try browser.value(
      "(() => { const { width, height } = document.querySelector('img.plot').getBoundingClientRect(); return [width, height]; })()"
    )
    #expect(before == after)
    try focus(browser)
    try browser.press("ArrowRight")
    #expect(try browser.value("document.querySelector('.tip').hidden"))
    // Nothing of the other picture's stays, but how to have the same of this one.
    #expect(try browser.value("!document.querySelector('.series').checkVisibility()"))
    let words = try text(".readout p", browser)
    let commands = ["data fig:demo/thresholds --csv", "run fig:demo/thresholds"].map { "refig \($0) --profile paper" }
    #expect(words == "Its numbers: \(commands[0]); again: \(commands[1])")
    let numbers = try project.refig("data", "fig:demo/thresholds", "--csv", "--profile", "paper")
    #expect(numbers.status == 0 && numbers.output.contains("sampleCount"), "\(numbers.errors)")
    try click(".profiles button:nth-of-type(1)", browser)
    #expect(try shown().hasSuffix("/report/quick/figures/demo/thresholds.svg true"))
    #expect(try browser.value("document.querySelector('.series').checkVisibility()"))
    #expect(try text(".readout p", browser).hasPrefix("Point at the picture"))
    try focus(browser)
    try browser.press("ArrowRight")
    #expect(try text(".readout p", browser).contains("40 replicas"))
    #expect(browser.complaints.isEmpty, "\(browser.complaints)")
  }

  @Test("as many figures as the repository has: less than 2 MB, at most 40 pages on paper, and no picture is cut")
  func paper() throws {
    let one = Project.figures.split(separator: "claims:", maxSplits: 1)[0]
    let body = one.split(separator: "\n").dropFirst().joined(separator: "\n")
    let many = (1...61).map { number in
      let width = number % 3 == 0 ? "thresholds\(number):\n    width: two-column" : "thresholds\(number):"
      return body.replacing("thresholds:", with: width)
        .replacing("high: high}", with: "high: high, label: share \(number)}")
    }
    let claims = Project.figures.split(separator: "claims:", maxSplits: 1)[1]
    let project = try project(figures: "figures:\n\(many.joined(separator: "\n"))\nclaims:\(claims)")
    try report(project)
    #expect(try project.workspace.read("report/quick/index.html").utf8.count < 2_000_000)
    let browser = try browser(project)
    let images: Int = try browser.value(
      """
      (async () => { const images = [...document.querySelectorAll('img.plot')];
        for (const image of images) image.loading = 'eager';
        await Promise.all(images.map((image) => image.decode())); return images.length; })()
      """)
    #expect(images == 61)
    // Each answers with its own numbers.
    let answers: [String] = try browser.value(
      """
      [...document.querySelectorAll('.canvas')].map((canvas) => {
        canvas.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
        return canvas.dataset.name + ': ' + canvas.closest('figure').querySelector('.readout').textContent; })
      """)
    #expect(answers.count == 61)
    for answer in answers {
      let numbers = answer.wholeMatch(of: /demo\/thresholds(\d+): share (\d+): .*/)?.output
      #expect(numbers != nil && numbers?.1 == numbers?.2, "\(answer)")
    }
    let pdf = String(decoding: try browser.pdf(), as: Unicode.ASCII.self)
    let pages = pdf.matches(of: /\/Type\s*\/Page\b(?!s)/).count
    #expect((2...40).contains(pages), "\(pages)")
    try browser.show(as: "print", scheme: "light")
    #expect(
      try browser.value(
        "[...document.querySelectorAll('article')].every((article) => getComputedStyle(article).breakInside === 'avoid')"
      ))
    #expect(try browser.value("[...document.querySelectorAll('.readout')].every((part) => !part.checkVisibility())"))
  }

  @Test("wide figures scroll on a phone, with a hint, and still answer; nothing sticks out of the page")
  func wide() throws {
    let figures = Project.figures.replacing("caption: Prob", with: "width: two-column\n    caption: Prob")
    let project = try project(figures: figures)
    try report(project)
    let browser = try browser(project)
    for width in [360, 768, 1280] {
      try browser.resize(width: width, height: 800)
      #expect(try browser.value("document.documentElement.scrollWidth <= \(width)"), "\(width)")
      let picture = "document.querySelector('.picture')"
      #expect(try browser.value("\(picture).scrollWidth > \(picture).clientWidth") == (width == 360))
      let hint: String = try browser.value("getComputedStyle(\(picture), '::before').content")
      #expect(hint.contains("scroll") == (width == 360), "\(hint)")
      // The numbers stand in the part of the picture that is in sight, whatever font a machine has.
      for font in ["1rem sans-serif", "1.6rem monospace"] {
        let _: Bool = try browser.value("(document.body.style.font = '\(font)', true)")
        try focus(browser)
        try browser.press("Escape")
        for number in 1...3 {
          try browser.press("ArrowRight")
          if number == 1 { #expect(try text(".tip", browser).contains("sampleCount 5")) }
          let overhang: [Double] = try browser.value(
            """
            (() => { const [tip, box] = ['.tip', '.picture'].map((name) => document.querySelector(name).getBoundingClientRect());
              return [box.left - tip.left, tip.right - box.right, box.top - tip.top, tip.bottom - box.bottom]; })()
            """)
          #expect(overhang.allSatisfy { $0 <= 0.5 }, "point \(number), \(width) px, \(font): \(overhang)")
        }
      }
      let _: Bool = try browser.value("(document.body.style.font = '', true)")
    }
  }
}

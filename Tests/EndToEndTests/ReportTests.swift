import Foundation
import Pipeline
import TestSupport
import Testing

/// The report page as a browser shows it.
@Suite(.serialized) struct ReportTests {
  /// Text that would do something if it were markup.
  private static let hostile = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

  /// A project with a hostile caption, statement and label, a figure that waits for cells and a claim without cells.
  private func project() throws -> Project {
    let hostile = Self.hostile.replacing("'", with: "''")
    let figures = Project.figures
      .replacing("caption: Probability", with: "caption: '\(hostile) $p \\leq \\frac{1}{2}$ Probability")
      .replacing("only zero.\n    source: \"Fig. 1\"", with: "only zero.'\n    source: \"Fig. 1\"")
      .replacing("statement: With d(d+1)/2", with: "statement: '\(hostile) With d(d+1)/2")
      .replacing("always the only zero.\n", with: "always the only zero.'\n")
      .replacing("{label: n}", with: "{label: '\(hostile)'}")
      .replacing("high: high}", with: "high: high, label: '\(hostile)'}")
    let second = """

        refuted:
          statement: The teacher is never the only zero.
          source: ours
          kind: observation
          estimate: sarao2020/uniqueness-probability
          from: [sarao2020/uniqueness]
          where: {sampleCount: 10}
          accept: [0, 0.2]
          because: a statement that is false, for contrast, and $x = a_1 b_1 + a_2 b_2 + a_3 b_3 + a_4 b_4 + a_5 b_5 + a_6 b_6 + a_7 b_7$
          expect: refuted
        waiting:
          statement: Nobody has computed this one.
          source: ours
          kind: derived
          estimate: sarao2020/uniqueness-probability
          from: [sarao2020/later]
          where: {sampleCount: 10}
          accept: [0.5, 1]
          because: the same
      """
    let waiting = """
        later:
          caption: A figure of cells that nobody has computed.
          source: ours
          panels:
            - x: {label: n}
              y: {label: probability, range: [0, 1]}
              series:
                - {table: sarao2020/uniqueness, from: [sarao2020/later], draw: points, x: sampleCount, y: probability}
      claims:
      """
    let stages =
      Project.stages + """

          sarao2020/later:
            experiment: sarao2020/uniqueness
            parameters: {inputDimension: 4, sampleCount: 10, teacherWidth: 2}
        """
    return try Project(stages: stages, figures: figures.replacing("claims:", with: waiting) + second)
  }

  /// A browser with the page of a project that has run.
  private func page(of project: Project) throws -> Browser {
    let computed = try project.refig("run", "sarao2020/uniqueness", "sarao2020/population-flow", "--quiet")
    #expect(computed.status == 0, "\(computed.errors)")
    let report = try project.refig("report")
    #expect(report.status == 0, "\(report.errors)")
    let browser = try Browser()
    try browser.resize(width: 1280, height: 800)
    try browser.open(project.workspace.path + "/report/quick/index.html")
    try browser.wait(for: ".readout")
    return browser
  }

  /// What each text on the page has for contrast with what is behind it, where that is too little by WCAG 2.2 AA.
  private static let faint = """
    (() => {
      const channels = (text) => text.match(/[\\d.]+/g).map(Number);
      const luminance = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => {
        v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const ground = (e) => { for (; e; e = e.parentElement) {
        const c = channels(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
        return [255, 255, 255]; };
      for (const d of document.querySelectorAll("details")) d.open = true;
      const faint = new Set();
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      let seen = 0;
      while (texts.nextNode()) {
        const e = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || e.closest("svg, script, style") || !e.checkVisibility()) continue;
        const [a, b] = [luminance(channels(getComputedStyle(e).color)), luminance(ground(e))];
        seen += 1;
        if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) faint.add(e.outerHTML.slice(0, 80));
      }
      return seen < 100 ? "few texts: " + seen : [...faint].join("\\n");
    })()
    """

  @Test("the page shows figures, verdicts and what is missing; it asks nothing of the network and complains of nothing")
  func shown() throws {
    let project = try project()
    let browser = try page(of: project)
    #expect(browser.complaints.isEmpty, "\(browser.complaints)")
    #expect(
      browser.requests.allSatisfy { $0.hasPrefix("file:") && $0.contains("/report/quick/") }, "\(browser.requests)")
    func count(_ selector: String) throws -> Int {
      try browser.value("document.querySelectorAll('\(selector)').length")
    }
    let pictures = "[...document.images].map((image) => image.complete && image.naturalWidth)"
    let widths: [Double] = try browser.value(pictures)
    #expect(widths.count >= 2 && widths.allSatisfy { $0 > 100 }, "\(widths)")
    #expect(try count("#fig\\\\:demo\\\\/thresholds .claims li") == 2)
    #expect(try count("#evidence tbody") == 3)
    #expect(try count("#evidence tbody svg.interval circle") == 2)
    let badges: String = try browser.value(
      "[...document.querySelectorAll('#evidence tbody .badge')].map((badge) => badge.textContent).join()")
    #expect(badges == "✓ confirmed,✗ refuted, as expected,… not judged")
    // Beside the figure stand the same intervals, in the same place and words.
    let intervals: [String] = try browser.value(
      """
      [...document.querySelectorAll('.claims svg.interval')].map((svg) => {
        const shown = svg.firstElementChild, drawn = document.getElementById(svg.getAttribute('aria-labelledby'));
        const [a, b] = [shown, drawn].map((part) => part.getBBox());
        return [drawn.ariaLabel, a.width > 50, ['x', 'y', 'width', 'height'].every((key) => a[key] === b[key])].join(); })
      """)
    #expect(intervals.count == 2)
    for interval in intervals {
      #expect(interval.wholeMatch(of: /estimate .*accepted .*,true,true/) != nil, "\(interval)")
    }
    let absent: String = try browser.value("document.querySelector('#fig\\\\:demo\\\\/later .absent').textContent")
    #expect(absent == "No picture: its only cell is missing. refig run fig:demo/later makes it.")
    #expect(try browser.value("document.body.textContent.includes('1 cell of sarao2020/later is missing')"))
    // Every link leads somewhere: to an element of the page or to a file beside it.
    let links: [String] = try browser.value("[...document.links].map((link) => link.getAttribute('href'))")
    #expect(links.count > 20)
    for link in Set(links) {
      if link.hasPrefix("#") {
        #expect(try browser.value("!!document.getElementById('\(link.dropFirst())')"), "\(link)")
      } else {
        #expect(FileManager.default.fileExists(atPath: "\(project.workspace.path)/report/quick/\(link)"), "\(link)")
      }
    }
    let ids: [String] = try browser.value("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    #expect(Set(ids).count == ids.count, "ids are unique")
  }

  @Test("markup in labels, captions and statements is text")
  func inert() throws {
    let browser = try page(of: try project())
    #expect(try browser.value("document.title") == "refig report, profile quick")
    #expect(try browser.value("document.querySelectorAll('img:not(.plot, .thumbnail img)').length") == 0)
    // Numbers of figures stand in elements that no browser runs.
    #expect(try browser.value("document.querySelectorAll('script:not([type=\"application/zlib\"])').length") == 1)
    #expect(try browser.value("document.querySelectorAll('figure script').length") == 0)
    for (selector, property) in [
      ("figcaption", "textContent"), ("#evidence td.claim", "textContent"),
    ] {
      let text: String = try browser.value("document.querySelector('\(selector)').\(property)")
      #expect(text.contains(Self.hostile), "\(selector): \(text)")
    }
    let _: Bool = try browser.value("(document.querySelector('.canvas').focus(), true)")
    try browser.press("ArrowRight")
    let said: String = try browser.value("document.querySelector('.readout').textContent")
    #expect(said.hasPrefix(Self.hostile), "\(said)")
    #expect(try browser.value("document.title") == "refig report, profile quick")
  }

  @Test("a formula is mathematics to the browser, and plain text where there is room for text alone")
  func formulas() throws {
    let browser = try page(of: try project())
    let fraction = "document.querySelector('figcaption math mfrac')"
    #expect(try browser.value("\(fraction).textContent") == "12")
    // Stacked, as only what knows fractions draws it.
    #expect(
      try browser.value(
        "\(fraction).children[0].getBoundingClientRect().bottom <= \(fraction).children[1].getBoundingClientRect().top")
    )
    // The caption stands below the picture: its other text does not repeat it.
    #expect(
      try browser.value("document.querySelector('img.plot').alt") == "Figure demo/thresholds, with its caption below")
  }

  @Test(
    "with the keyboard: the lineage of a figure opens, the table sorts and filters, a link opens what it points into")
  func keyboard() throws {
    let browser = try page(of: try project())
    try browser.press("Tab")
    #expect(try browser.value("document.activeElement.textContent") == "Skip to the figures")
    func focus(_ selector: String) throws {
      let _: Bool = try browser.value("(document.querySelector('\(selector)').focus(), true)")
    }
    try focus(".lineage > summary")
    try browser.press("Enter")
    #expect(try browser.value("document.querySelector('.lineage').open"))
    let lineage: String = try browser.value("document.querySelector('.lineage').textContent")
    for part in ["refig run fig:demo/thresholds", "sampleCount=5", "draw: points", "thresholds.gp", "sampleCount,"] {
      #expect(lineage.contains(part), "\(part)")
    }
    func order() throws -> [String] {
      try browser.value("[...document.querySelectorAll('#evidence tbody')].map((claim) => claim.id)")
    }
    // By margin: what has no number stays last.
    let commands: [String] = try browser.value(
      "[...document.querySelectorAll('#claim\\\\:demo\\\\/always dd code')].map((code) => code.textContent)")
    #expect(
      commands == [
        "refig show claim:demo/always", "refig verify demo/always",
        "refig store audit stage:sarao2020/uniqueness --sample 5",
      ])
    try focus("#evidence th:nth-child(3) button")
    try browser.press("Enter")
    #expect(try order() == ["claim:demo/waiting", "claim:demo/always", "claim:demo/refuted"])
    #expect(try browser.value("document.querySelector('#evidence th:nth-child(3)').ariaSort") == "ascending")
    try browser.press("Enter")
    #expect(try order() == ["claim:demo/refuted", "claim:demo/always", "claim:demo/waiting"])
    try focus("#evidence th:nth-child(4) button")
    try browser.press("Enter")
    #expect(try order().last == "claim:demo/waiting")
    try browser.press("Enter")
    #expect(try order().last == "claim:demo/waiting")
    let _: Bool = try browser.value(
      """
      (() => { const input = document.getElementById('filter-text'); input.value = 'never ONLY';
        return input.dispatchEvent(new Event('input')); })()
      """)
    #expect(try browser.value("document.getElementById('filter-count').textContent") == "1 of 3 claims")
    // A link to a row that the filter hides shows it.
    try focus("#fig\\\\:demo\\\\/thresholds a[href=\"#claim:demo/always\"]")
    try browser.press("Enter")
    let _: String = try browser.value("new Promise((done) => setTimeout(() => done('later'), 50))")
    #expect(try browser.value("document.getElementById('claim:demo/always').checkVisibility()"))
    #expect(try browser.value("document.querySelector('#claim\\\\:demo\\\\/always details').open"))
  }

  @Test("readable on a wide and a narrow screen, light and dark, and in print")
  func readable() throws {
    let browser = try page(of: try project())
    for width in [1280, 390] {
      try browser.resize(width: width, height: 800)
      for scheme in ["light", "dark"] {
        try browser.show(as: "screen", scheme: scheme)
        #expect(try browser.value(Self.faint) == "", "\(width) \(scheme)")
        #expect(try browser.value("getComputedStyle(document.body).colorScheme === 'light dark'"))
      }
      #expect(try browser.value("document.documentElement.scrollWidth <= \(width)"), "nothing sticks out at \(width)")
      let unsaid: [String] = try browser.value(
        """
        [...document.querySelectorAll('.scroll, .graph')].filter((box) => {
          const isSaid = getComputedStyle(box, '::before').content.includes('sideways');
          return box.checkVisibility() && isSaid !== box.scrollWidth > box.clientWidth + 1;
        }).map((box) => box.textContent.slice(0, 40))
        """)
      #expect(unsaid.isEmpty, "what is wider than its box says so at \(width): \(unsaid)")
      // All details are open now.
      let table = "document.querySelector('#evidence .scroll')"
      #expect(try browser.value("\(table).scrollWidth <= \(table).clientWidth"), "claims fit at \(width)")
      let words: [String] = try browser.value(
        """
        [...document.querySelectorAll('#evidence td:nth-child(2)')].filter((cell) => {
          const range = document.createRange(); range.selectNodeContents(cell);
          return range.getClientRects().length > 1; }).map((cell) => cell.textContent)
        """)
      #expect(words.isEmpty, "no word is cut")
    }
    try browser.show(as: "print", scheme: "dark")
    #expect(try browser.value(Self.faint) == "", "print")
    #expect(try browser.value("!document.querySelector('nav').checkVisibility()"))
    let lefts: [Double] = try browser.value(
      """
      [...document.querySelectorAll('.stage-list tr')].map((row) => Math.round(row.getBoundingClientRect().left))
      """)
    #expect(lefts.count > 1 && Set(lefts).count == 1, "a short table of stages stands in one column: \(lefts)")
    let pdf = try browser.pdf()
    #expect(pdf.prefix(5) == Data("%PDF-".utf8))
    #expect(pdf.count > 10_000)
  }

  @Test("formulas in the source of a claim or a figure are typeset on the page and Unicode on a terminal; dollars stay")
  func sources() throws {
    let figures = Project.figures.replacing("source: \"Fig. 1\"", with: "source: 'Fig. 1, at $n_c = 3$ for $5'")
      .replacing("source: ours", with: "source: 'Theorem 2 with $\\lambda \\to 0$'")
    let project = try Project(figures: figures)
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("report").status == 0)
    let page = try project.workspace.read("report/quick/index.html")
    for formula in ["$n_c = 3$", "$\\lambda \\to 0$"] {
      #expect(page.contains(try Prose(formula).html))
      #expect(!page.replacing(/<pre[^>]*>[^<]*<\/pre>/, with: "").contains(formula), "but in the YAML")
    }
    #expect(page.contains(" for $5"))
    let shown = try project.refig("show", "claim:demo/always").output
    #expect(shown.contains("Theorem 2 with λ → 0"), "\(shown)")
    let broken = try Project(figures: figures.replacing("0$'", with: "0'")).refig("status")
    #expect(broken.status == 2 && broken.errors.contains("'source': the formula"), "\(broken.errors)")
  }

  @Test("what has changed since an earlier run: a verdict, and a number that moved by more than its standard error")
  func changes() throws {
    let project = try Project()
    #expect(try project.refig("verify", "--quiet").status == 0)
    let first = try project.refig("report", "--out", "first")
    #expect(first.status == 0, "\(first.errors)")
    #expect(try project.workspace.read("first/index.html").contains("No earlier run with other numbers is on record"))
    let pipeline = try project.workspace.read("pipeline.yaml")
    try project.workspace.write(
      pipeline.replacing("sampleCount: {range: [5, 10]}", with: "sampleCount: [4, 10]")
        .replacing("inputDimension: 4}", with: "inputDimension: 8}"), to: "pipeline.yaml")
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("report", "--out", "second").status == 0)
    let browser = try Browser()
    try browser.open(project.workspace.path + "/second/index.html")
    let text: String = try browser.value("document.getElementById('changes').textContent")
    #expect(text.contains("of 1 claim judged then and now, 1 changed"), "\(text)")
    #expect(text.contains("confirmed → "), "\(text)")
    let answer: String = try browser.value("document.querySelector('.answer').textContent")
    #expect(answer.contains("1 of 1 verdict is not as expected"))
    // The report of the same numbers again records nothing and still compares with the first.
    let records = project.workspace.files(under: "data/runs").count
    #expect(try project.refig("report", "--out", "second").status == 0)
    #expect(project.workspace.files(under: "data/runs").count == records)
    #expect(try project.workspace.read("second/index.html").contains("confirmed → "))
  }

  @Test("nothing has run, and a folder that cannot be written: said before anything is made")
  func refused() throws {
    let project = try Project()
    let early = try project.refig("report")
    #expect(early.status == 7)
    #expect(early.errors.contains("run `refig run --profile quick` first"), "\(early.errors)")
    #expect(!project.workspace.files(under: ".").contains("report"))
    #expect(try project.refig("run", "--quiet").status == 0)
    try project.workspace.write("a file", to: "taken")
    let result = try project.refig("report", "--out", "taken")
    #expect(result.status == 6)
    #expect(result.errors.contains("taken: cannot be written"), "\(result.errors)")
    #expect(try project.workspace.read("taken") == "a file")
  }

  @Test("claims that could not be judged are counted, and are not as expected")
  func notJudged() throws {
    let project = try Project()
    #expect(try project.refig("run", "sarao2020/population-flow", "--quiet").status == 0)
    let result = try project.refig("report")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output.hasPrefix(
        "profile quick: 1 claim: 0 confirmed, 0 refuted, 0 inconclusive, 1 not judged; nothing was judged\n"))
    let page = try project.workspace.read("report/quick/index.html")
    #expect(page.contains("1 claim: 1 not judged"))
    #expect(!page.contains("as expected</p>"))
  }

  @Test("what there is one of is counted in the singular")
  func one() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("report").status == 0)
    let browser = try Browser()
    try browser.open(project.workspace.path + "/report/quick/index.html")
    #expect(try browser.value("document.querySelector('.answer').textContent") == "✓ The one verdict is as expected")
    #expect(try browser.value("document.getElementById('filter-count').textContent") == "1 of 1 claim")
    let plurals: [String] = try browser.value(
      """
      [...document.querySelectorAll('p, li, td, summary, output')].flatMap((element) =>
        element.textContent.match(/(?<![\\d.,])1 (claims|verdicts|stages|cells|figures|replicas|cores|runs)\\b/g) ?? [])
      """)
    #expect(plurals.isEmpty, "\(plurals)")
  }

  @Test("without gnuplot the page says so in place of each figure")
  func noGnuplot() throws {
    let project = try Project()
    #expect(try project.refig("run", "sarao2020/uniqueness", "--quiet").status == 0)
    let result = try project.refig("report", environment: ["PATH": "/nowhere"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(try project.workspace.read("report/quick/index.html").contains("No picture: gnuplot was not found on PATH"))
  }
}

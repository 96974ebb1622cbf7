public import Foundation

/// A page in headless Chromium (Debian's package `chromium`), driven over its debugging pipe: what is asserted is what a
/// reader's browser made of the page, after its scripts ran.
public final class Browser {
  private let process = Process()
  private let folder: Workspace
  private let commands = Pipe()
  private let answers = Pipe()
  private var unread = Data()
  private var session: String?
  private var lastCommand = 0
  /// Addresses that the page asked for, its own first.
  public private(set) var requests: [String] = []
  /// Messages on the console, errors, and what a policy of the page stopped.
  public private(set) var complaints: [String] = []
  private var isLoaded = false

  /// What went wrong between the test and the browser.
  public struct Failure: Error {
    let reason: String
  }

  /// Starts a browser with a profile of its own and an empty page.
  public init() throws {
    folder = try Workspace()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    // Chromium reads commands from descriptor 3 and answers on 4.
    process.arguments = [
      "-c", "exec chromium \"$@\" 3<&0 4>&1 >/dev/null 2>&1", "sh", "--headless=new", "--no-sandbox", "--disable-gpu",
      "--hide-scrollbars", "--remote-debugging-pipe", "--user-data-dir=\(folder.path)", "about:blank",
    ]
    process.standardInput = commands
    process.standardOutput = answers
    process.standardError = FileHandle.nullDevice
    try process.run()
    let target = try command("Target.createTarget", ["url": "about:blank"])["targetId"] ?? ""
    session = try command("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"] as? String
    for domain in ["Page", "Runtime", "Log", "Network"] { _ = try command("\(domain).enable") }
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
  }

  /// Opens a file of this machine and waits until its scripts have run.
  public func open(_ path: String) throws {
    isLoaded = false
    _ = try command("Page.navigate", ["url": URL(fileURLWithPath: path).absoluteString])
    while !isLoaded { note(try message()) }
  }

  /// Waits until the page has an element, which its scripts may make after it was opened.
  public func wait(for selector: String) throws {
    let look = "const look = () => document.querySelector('\(selector)') ? done(true) : setTimeout(look, 10)"
    let _: Bool = try value("new Promise((done) => { \(look); look(); })")
  }

  /// The value of a JavaScript expression in the page, or of the promise that it is.
  public func value<Value>(_ expression: String, as type: Value.Type = Value.self) throws -> Value {
    let answer = try command(
      "Runtime.evaluate", ["expression": expression, "returnByValue": true, "awaitPromise": true])
    guard let result = answer["result"] as? [String: Any], let value = result["value"] as? Value else {
      throw Failure(reason: "\(expression): \(answer)")
    }
    return value
  }

  /// Changes the size of the window, in CSS pixels.
  public func resize(width: Int, height: Int) throws {
    _ = try command(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600])
  }

  /// Shows the page as on a screen or in print, to somebody who prefers light or dark.
  public func show(as media: String, scheme: String) throws {
    _ = try command(
      "Emulation.setEmulatedMedia",
      ["media": media, "features": [["name": "prefers-color-scheme", "value": scheme]]])
  }

  /// Presses and releases a key such as Tab, Enter or ArrowRight.
  public func press(_ key: String) throws {
    let codes = ["Tab": 9, "Enter": 13]
    var event: [String: Any] = ["key": key, "code": key, "windowsVirtualKeyCode": codes[key] ?? 0]
    if key == "Enter" { event["text"] = "\r" }
    for type in ["keyDown", "keyUp"] {
      _ = try command("Input.dispatchKeyEvent", event.merging(["type": type]) { $1 })
    }
  }

  /// Moves the pointer to a place in the window, in CSS pixels.
  public func point(atX x: Double, y: Double) throws {
    _ = try command("Input.dispatchMouseEvent", ["type": "mouseMoved", "x": x, "y": y])
  }

  /// The page on paper.
  public func pdf() throws -> Data {
    let answer = try command("Page.printToPDF", ["printBackground": false, "preferCSSPageSize": true])
    guard let data = (answer["data"] as? String).flatMap({ Data(base64Encoded: $0) }) else {
      throw Failure(reason: "no PDF")
    }
    return data
  }

  private func command(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
    lastCommand += 1
    var object: [String: Any] = ["id": lastCommand, "method": method, "params": parameters]
    object["sessionId"] = session
    commands.fileHandleForWriting.write(try JSONSerialization.data(withJSONObject: object) + [0])
    while true {
      let message = try message()
      guard message["id"] as? Int == lastCommand else {
        note(message)
        continue
      }
      guard let result = message["result"] as? [String: Any] else { throw Failure(reason: "\(method): \(message)") }
      return result
    }
  }

  /// The next message, which ends with a zero byte.
  private func message() throws -> [String: Any] {
    while true {
      if let end = unread.firstIndex(of: 0) {
        let text = unread[..<end]
        unread = Data(unread[(end + 1)...])
        return try JSONSerialization.jsonObject(with: text) as? [String: Any] ?? [:]
      }
      var descriptor = pollfd(fd: answers.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, 120_000) == 1 else { throw Failure(reason: "the browser says nothing") }
      let data = answers.fileHandleForReading.availableData
      guard !data.isEmpty else { throw Failure(reason: "there is no browser: apt-get install chromium") }
      unread += data
    }
  }

  private func note(_ message: [String: Any]) {
    let parameters = message["params"] as? [String: Any] ?? [:]
    switch message["method"] as? String {
    case "Page.loadEventFired": isLoaded = true
    case "Network.requestWillBeSent":
      requests.append((parameters["request"] as? [String: Any])?["url"] as? String ?? "?")
    case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled": complaints.append("\(parameters)")
    default: break
    }
  }
}

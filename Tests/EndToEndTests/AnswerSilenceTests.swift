import TestSupport
import Testing

/// Programs that begin to answer and do not go on: docs/protocol.md.
@Suite struct AnswerSilenceTests {
  /// Speaks the protocol by itself, with an answer of 68 bytes.
  private static let program = """
    import json, os, signal, struct, subprocess, sys, time

    def write(data):
        while data:
            data = data[os.write(4, data):]

    def compute(seconds):
        start = time.process_time()
        while time.process_time() - start < seconds:
            pass

    for line in os.fdopen(3, "rb"):
        request = json.loads(line)
        kind = request["parameters"]["kind"]
        head = b'{"request":%d,"arrays":[{"name":"end","shape":[2]}]}\\n' % request["request"]
        answer = head + struct.pack("<2d", 1, 2)
        if kind == "thinks":
            time.sleep(4)
            write(answer)
        elif kind == "slow":
            for byte in answer:
                write(bytes([byte]))
                time.sleep(0.1)
        else:
            write(answer[:20] if kind == "line" else answer[:-8])
            if kind in ("line", "numbers"):
                time.sleep(1000)
            elif kind == "computes":
                compute(4)
            elif kind == "child":
                subprocess.run(["sh", "-c", f"{sys.executable} -c 'for i in range(1, 40_000_000): i * i'"])
                compute(1)
            elif kind == "stopped":
                parent = os.getpid()
                if os.fork() == 0:
                    os.close(4)
                    os.kill(parent, signal.SIGSTOP)
                    time.sleep(4)
                    os.kill(parent, signal.SIGCONT)
                    os._exit(0)
                time.sleep(0.5)
            write(answer[-8:])
    """

  @Test(
    "an answer that stops ends its cell alone; what is slow, computes, thinks before it answers or was stopped is waited for",
    arguments: ["-j1", "-j0"])
  func silence(workers: String) throws {
    let folder = try ProgramTests.Folder(
      """
      experiments:
        my/walk:
          command: [python3, walk.py]
          parameters: {kind: none}
          outputs: {end: {meaning: where it ends}}
      stages:
        my/walk: {sweep: [{kind: [thinks, slow, line, numbers, computes, child, stopped]}], replicas: {count: 2}}

      """, program: Self.program)
    let run = try folder.refig("run", workers, environment: ["REFIG_ANSWER_SILENCE": "2"])
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(try folder.cells().count == 5)
    let failures = try folder.failures()
    #expect(failures.count == 2)
    for sent in [
      "it sent 60 of the 68 bytes of its answer", "it sent 20 bytes of its answer's line, without the newline",
    ] {
      #expect(failures.contains { $0.contains(sent) && $0.contains("then for 2.0 s nothing more") }, "\(failures)")
    }
    #expect(try folder.programs() == 0)
  }
}

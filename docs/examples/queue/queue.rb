# A queue with one server as a program of refig in Ruby, written from docs/protocol.md alone: one experiment with failures
# and a mistake, and one that reads the results of the first.
require "digest"
require "json"

# A generator that follows from a replica's 128 bits, another one for each purpose.
def random(key, purpose) = Random.new(Digest::SHA256.hexdigest("#{key} #{purpose}")[0, 32].to_i(16))

# How long each customer waits, by Lindley's recursion. A customer takes 1 on average; `load` arrive in that time.
def waits(parameters, mutant, key)
  arrivals, services = random(key, "arrivals"), random(key, "services")
  exponential = ->(random) { -Math.log(1 - random.rand) }
  wait = 0.0
  [wait] + Array.new(parameters["customers"] - 1) do
    wait += exponential[services] - exponential[arrivals] / parameters["load"]
    wait = [wait, 0.0].max unless mutant == "patient-server"
    wait
  end
end

# Arrays as [name, shape, numbers], and why replicas failed.
def waiting(request, _)
  parameters, failed = request["parameters"], {}
  paths = request["replicas"].zip(request["keys"]).filter_map do |replica, key|
    path = waits(parameters, request["mutant"], key)
    next path if path.max <= parameters["room"]
    failed[replica] = "a customer would have to wait for #{path.max.round(1)}"
    nil
  end
  return [[], failed] if paths.empty?
  count = parameters["customers"]
  arrays = [["customer", [count], (1..count).to_a], ["wait", [paths.size, count], paths.flatten],
            ["meanWait", [paths.size], paths.map { |path| path.sum / count }]]
  [arrays, failed]
end

# Means over the replicas of every point of the other stage.
def summary(request, inputs)
  loads = request["inputs"]["runs"].map { |point| point["parameters"]["load"] }
  means = inputs.filter { |array, _| array["name"] == "meanWait" }.map { |_, numbers| numbers.sum / numbers.size }
  [[["load", [loads.size], loads], ["mean", [1, means.size], means]], {}]
end

requests, answers = IO.for_fd(3, "rb"), IO.for_fd(4, "wb")
while (line = requests.gets)
  request = JSON.parse(line)
  # The arrays are read, needed or not: they are in the way of the next request.
  inputs = request["arrays"].map { |array| [array, requests.read(8 * array["shape"].reduce(1, :*)).unpack("E*")] }
  arrays, failed = send(request["experiment"].delete_prefix("queue/"), request, inputs)
  heads = arrays.map { |name, shape, _| { name: name, shape: shape } }
  answers.write(JSON.generate({ request: request["request"], arrays: heads, failed: failed }), "\n", arrays.flat_map(&:last).pack("E*"))
  answers.flush
end

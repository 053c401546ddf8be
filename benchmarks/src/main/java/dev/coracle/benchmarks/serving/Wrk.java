// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import dev.coracle.TemporaryFolder;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs <a href="https://github.com/wg/wrk">wrk</a> on one thread, with bodies that take turns. */
final class Wrk implements HttpLoad {

  /** Says at the end what is needed, in one line that {@link #parse} reads. */
  private static final String SCRIPT =
      """
      local requests = {}
      local turn = 0
      function init(args)
        local folder, count, path, contentType = args[1], tonumber(args[2]), args[3], args[4]
        for i = 1, count do
          local file = assert(io.open(folder .. "/" .. (i - 1), "rb"))
          requests[i] = wrk.format("POST", path, {["Content-Type"] = contentType}, file:read("*a"))
          file:close()
        end
      end
      function request()
        turn = turn % #requests + 1
        return requests[turn]
      end
      -- wrk adds times of requests that it thinks a stall has kept from being sent (stats_correct in its
      -- stats.c, every "expected" µs), as for an open loop; here nobody would have sent them.
      local function measured(summary, latency)
        local expected = math.floor(
          summary.duration / math.floor(summary.requests / connections))
        local times, counts, total = {}, {}, 0
        for i = 1, #latency do
          local time, count = latency(i)
          times[i] = time
          counts[time] = tonumber(count)
        end
        for i = #times, 1, -1 do
          local count = counts[times[i]]
          for time = times[i] - expected, expected + 1, -expected do
            if count > 0 then
              counts[time] = counts[time] - count
            end
          end
          total = total + count
        end
        return times, counts, total
      end
      local function percentile(percent, times, counts, total)
        local rank, seen = math.max(1, math.ceil(percent * total / 100)), 0
        for _, time in ipairs(times) do
          seen = seen + counts[time]
          if seen >= rank then
            return time
          end
        end
      end
      function done(summary, latency)
        local e = summary.errors
        local p50, p99 = 0, 0
        if summary.requests >= connections then
          local times, counts, total = measured(summary, latency)
          p50, p99 = percentile(50, times, counts, total), percentile(99, times, counts, total)
        end
        io.write(string.format(
          "SUMMARY requests=%d micros=%d p50=%d p99=%d failed=%d\\n",
          summary.requests, summary.duration, p50, p99,
          e.connect + e.read + e.write + e.timeout + e.status))
      end
      """;

  private static final Pattern SUMMARY =
      Pattern.compile("SUMMARY requests=(\\d+) micros=(\\d+) p50=(\\d+) p99=(\\d+) failed=(\\d+)");

  private final Path program;

  private Wrk(Path program) {
    this.program = program;
  }

  /** Finds wrk on the PATH. */
  static Optional<Wrk> find() {
    String path = System.getenv().getOrDefault("PATH", "");
    return Arrays.stream(path.split(File.pathSeparator))
        .map(folder -> Path.of(folder, "wrk"))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Wrk::new);
  }

  @Override
  public String name() {
    return "wrk -t1";
  }

  @Override
  public Result run(int port, Post post, int connections, Duration time)
      throws IOException, InterruptedException {
    try (TemporaryFolder temporary = TemporaryFolder.create()) {
      Path folder = temporary.path();
      for (int i = 0; i < post.bodies().size(); i++) {
        Files.write(folder.resolve("" + i), post.bodies().get(i));
      }
      Path script =
          Files.writeString(
              folder.resolve("script.lua"), "local connections = " + connections + "\n" + SCRIPT);
      List<String> command = new ArrayList<>(List.of(program.toString(), "-t1"));
      command.addAll(List.of("-c" + connections, "-d" + Math.max(1, time.toSeconds()) + "s"));
      command.addAll(List.of("--timeout", "10s", "-s", script.toString()));
      command.addAll(List.of("http://127.0.0.1:" + port, "--"));
      command.addAll(List.of(folder.toString(), "" + post.bodies().size()));
      command.addAll(List.of(post.path(), post.contentType()));
      Process wrk = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(wrk.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      wrk.waitFor();
      return parse(output);
    }
  }

  /** Reads what the script prints; wrk counts every answer as a request, whatever its status. */
  static Result parse(String output) {
    Matcher summary = SUMMARY.matcher(output);
    if (!summary.find()) {
      throw new IllegalStateException("expected a summary from wrk, got: " + output.strip());
    }
    long requests = Long.parseLong(summary.group(1));
    double seconds = Long.parseLong(summary.group(2)) / 1e6;
    long failed = Long.parseLong(summary.group(5));
    if (requests == 0) {
      throw new IllegalStateException(
          String.format(Locale.ROOT, "wrk got no answer in %.1f s: %s", seconds, output.strip()));
    }
    return new Result(
        requests / seconds,
        Long.parseLong(summary.group(3)) / 1e3,
        Long.parseLong(summary.group(4)) / 1e3,
        failed);
  }
}

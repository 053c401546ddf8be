// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static dev.coracle.aws.FakeSageMaker.JSON;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coracle.aws.FakeSageMaker.ServiceError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Keeps log streams and gives them out as CloudWatch Logs does: one stream, two lines a page. */
final class FakeLogs {

  private static final int PAGE = 2;

  private final Map<String, List<String>> streams = new TreeMap<>();

  void add(String stream, String line) {
    streams.computeIfAbsent(stream, key -> new ArrayList<>()).add(line);
  }

  JsonNode streams(JsonNode request) {
    requireGroup();
    String prefix = request.path("logStreamNamePrefix").asText("");
    String after = request.path("nextToken").asText("");
    List<String> names =
        streams.keySet().stream()
            .filter(name -> name.startsWith(prefix) && name.compareTo(after) > 0)
            .toList();
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode list = answer.putArray("logStreams");
    if (!names.isEmpty()) {
      list.addObject().put("logStreamName", names.get(0)).put("creationTime", 1L);
    }
    if (names.size() > 1) {
      answer.put("nextToken", names.get(0));
    }
    return answer;
  }

  JsonNode events(JsonNode request) {
    requireGroup();
    if (!request.path("startFromHead").asBoolean()) {
      throw new ServiceError(400, "InvalidParameterException", "expected startFromHead");
    }
    List<String> lines = streams.getOrDefault(request.path("logStreamName").asText(), List.of());
    String token = request.path("nextToken").asText("f/0");
    int from = Math.min(Integer.parseInt(token.substring(2)), lines.size());
    int to = Math.min(from + PAGE, lines.size());
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode events = answer.putArray("events");
    for (String line : lines.subList(from, to)) {
      events.addObject().put("timestamp", 1L).put("message", line).put("ingestionTime", 2L);
    }
    answer.put("nextForwardToken", "f/" + to).put("nextBackwardToken", "b/" + from);
    return answer;
  }

  private void requireGroup() {
    if (streams.isEmpty()) {
      throw new ServiceError(
          400, "ResourceNotFoundException", "The specified log group does not exist.");
    }
  }
}

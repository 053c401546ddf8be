// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.inference.Prediction;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The formats of answers, in order of preference where a sender accepts any. */
enum AnswerFormat {
  JSON(RequestFormat.JSON),
  CSV(RequestFormat.CSV),
  NPY(RequestFormat.NPY),
  JSON_LINES(RequestFormat.JSON_LINES);

  @SuppressWarnings("ImmutableEnumChecker") // RequestFormat makes it so
  private final List<String> names;

  AnswerFormat(RequestFormat same) {
    this.names = same.names();
  }

  String contentType() {
    return names.get(0);
  }

  /**
   * Writes predictions, one after another. JSON has no line end: a batch transform of SageMaker
   * joins answers by one of its own.
   */
  Answer write(JsonLayout layout, List<Prediction> predictions) {
    return new Answer(
        contentType(),
        switch (this) {
          case JSON -> Json.bytes(json -> layout.write(json, predictions));
          case JSON_LINES -> Tables.jsonLines(predictions);
          case CSV -> Tables.csv(predictions);
          case NPY -> NpyWriter.write(predictions);
        });
  }

  /**
   * Chooses by the header Accept (RFC 9110, 12.5.1): the quality of each format is that of the most
   * specific range that includes it; the highest wins, on a tie the range that comes first, then
   * {@code byDefault}. Malformed elements are ignored, such as "*; q=.2", which the JDK's
   * HttpURLConnection sends.
   *
   * @param accept null or blank for any
   * @param byDefault what to answer to a sender that accepts anything; itself an Accept header
   * @throws RequestException 406 where none is acceptable
   */
  static AnswerFormat choose(@Nullable String accept, String byDefault) {
    AnswerFormat fallback = byDefault(byDefault);
    if (accept == null || accept.isBlank()) {
      return fallback;
    }
    AnswerFormat chosen = choose(ranges(accept), fallback);
    if (chosen == null) {
      throw new RequestException(
          406,
          "answers are "
              + Stream.of(values()).map(AnswerFormat::contentType).collect(Collectors.joining(", "))
              + "; the header Accept has none of them, got "
              + Quote.text(accept));
    }
    return chosen;
  }

  /**
   * Chooses for a sender that accepts anything.
   *
   * @throws IllegalArgumentException if {@code accept}, an Accept header, includes no format
   */
  static AnswerFormat byDefault(String accept) {
    AnswerFormat format = choose(ranges(accept), JSON);
    if (format == null) {
      throw new IllegalArgumentException("no answer has the default form " + accept);
    }
    return format;
  }

  private static @Nullable AnswerFormat choose(List<Range> ranges, AnswerFormat fallback) {
    AnswerFormat best = null;
    Range why = null;
    List<AnswerFormat> order = new ArrayList<>(List.of(values()));
    order.remove(fallback);
    order.add(0, fallback);
    for (AnswerFormat format : order) {
      Range range = format.range(ranges);
      if (range != null
          && range.quality > 0
          && (why == null
              || range.quality > why.quality
              || (range.quality == why.quality && range.position < why.position))) {
        best = format;
        why = range;
      }
    }
    return best;
  }

  /** Returns the range that decides on this format, or null where none includes it. */
  private @Nullable Range range(List<Range> ranges) {
    Range most = null;
    for (Range range : ranges) {
      if (range.includes(this) && (most == null || range.specificity() > most.specificity())) {
        most = range;
      }
    }
    return most;
  }

  private static List<Range> ranges(String accept) {
    List<Range> ranges = new ArrayList<>();
    for (String element : accept.split(",", MAX_RANGES)) {
      MediaType type = MediaType.parse(element);
      if (type != null) {
        float quality = Decimal.parse(type.parameters().getOrDefault("q", "1"));
        if (quality >= 0 && quality <= 1) {
          ranges.add(new Range(type.name(), quality, ranges.size()));
        }
      }
    }
    return ranges;
  }

  /** Browsers send eight; any beyond this number are ignored. */
  private static final int MAX_RANGES = 100;

  private record Range(String name, float quality, int position) {

    /** A wildcard applies to the first name only, else text/* would include JSON by text/json. */
    boolean includes(AnswerFormat format) {
      return switch (specificity()) {
        case 0 -> true;
        case 1 -> format.contentType().startsWith(name.substring(0, name.length() - 1));
        default -> format.names.contains(name);
      };
    }

    int specificity() {
      return name.equals("*/*") ? 0 : name.endsWith("/*") ? 1 : 2;
    }
  }
}

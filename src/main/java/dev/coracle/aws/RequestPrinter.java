// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;

/** Prints requests as JSON, with the names that their members have in the API. */
final class RequestPrinter {

  /** A request that would be sent; {@code note} says what the request itself does not show. */
  record Planned(SdkPojo request, @Nullable String note) {

    Planned(SdkPojo request) {
      this(request, null);
    }

    /** For example {@code sagemaker.CreateModel}. */
    String operation() {
      // software.amazon.awssdk.services.SERVICE.model
      String service = request.getClass().getPackageName().replaceAll(".*\\.(\\w+)\\.model$", "$1");
      return service + "." + request.getClass().getSimpleName().replaceAll("Request$", "");
    }
  }

  private RequestPrinter() {}

  /** Returns a JSON array with one object per request. */
  static String print(List<Planned> requests) {
    StringWriter text = new StringWriter();
    DefaultPrettyPrinter indented =
        new DefaultPrettyPrinter().withArrayIndenter(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE);
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.setPrettyPrinter(indented);
      json.writeStartArray();
      for (Planned planned : requests) {
        json.writeStartObject();
        json.writeStringField("operation", planned.operation());
        if (planned.note() != null) {
          json.writeStringField("note", planned.note());
        }
        json.writeFieldName("request");
        write(json, planned.request());
        json.writeEndObject();
      }
      json.writeEndArray();
    } catch (IOException e) {
      throw new CoracleException("cannot print the requests: " + e.getMessage(), e);
    }
    return text.toString();
  }

  private static void write(JsonGenerator json, Object value) throws IOException {
    if (value instanceof SdkPojo structure) {
      json.writeStartObject();
      for (SdkField<?> field : structure.sdkFields()) {
        Object member = field.getValueOrDefault(structure);
        if (isGiven(member)) {
          json.writeFieldName(field.locationName());
          write(json, member);
        }
      }
      json.writeEndObject();
    } else if (value instanceof Map<?, ?> map) {
      json.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        json.writeFieldName(entry.getKey().toString());
        write(json, entry.getValue());
      }
      json.writeEndObject();
    } else if (value instanceof Collection<?> list) {
      json.writeStartArray();
      for (Object element : list) {
        write(json, element);
      }
      json.writeEndArray();
    } else if (value instanceof Boolean flag) {
      json.writeBoolean(flag);
    } else if (value instanceof Number number) {
      json.writeNumber(number.toString());
    } else {
      json.writeString(value.toString());
    }
  }

  /**
   * Tells whether a member has been set; for unset lists and maps the SDK has empty ones of special
   * classes.
   */
  private static boolean isGiven(@Nullable Object member) {
    return member != null
        && !(member instanceof SdkAutoConstructList)
        && !(member instanceof SdkAutoConstructMap);
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.coracle.serving.OpenApiDocument.Operation;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Holds that openapi.json is well made; {@link OpenApiAnswersTest}, that the server keeps to it.
 */
class OpenApiTest {

  private static final Pattern TEMPLATE = Pattern.compile("\\{(\\w+)}");

  private final OpenApiDocument document = OpenApiDocument.read();

  OpenApiTest() throws IOException {}

  @Test
  void document_metaSchemaOfOpenApi31_isValid() {
    Schema metaSchema =
        SchemaRegistry.withDefaultDialect(
                SpecificationVersion.DRAFT_2020_12,
                registry ->
                    registry.schemaIdResolvers(
                        ids ->
                            ids.mapPrefix(
                                "https://spec.openapis.org/", "classpath:spec.openapis.org/")))
            .getSchema(
                SchemaLocation.of("https://spec.openapis.org/oas/3.1/schema-base/2022-10-07"));

    assertThat(metaSchema.validate(document.root())).isEmpty();
    // It looks into schemas too, and is no empty one.
    JsonNode damaged = document.root().deepCopy();
    ((ObjectNode) damaged.at("/components/schemas/Error")).put("type", "thing");
    assertThat(metaSchema.validate(damaged)).isNotEmpty();
  }

  @Test
  void references_all_leadSomewhere() {
    List<JsonNode> references = document.root().findValues("$ref");
    assertThat(references).hasSizeGreaterThan(100);
    for (JsonNode reference : references) {
      assertThat(document.root().at(reference.asText().substring(1)).isMissingNode())
          .as(reference.asText())
          .isFalse();
    }
  }

  @Test
  void operations_identifiers_areUnique() {
    assertThat(document.operations()).extracting(Operation::id).doesNotHaveDuplicates();
    assertThat(document.operations()).extracting(Operation::id).doesNotContain("");
  }

  @Test
  void paths_parameters_areDeclaredAndNoOthers() {
    for (Operation operation : document.operations()) {
      List<String> inPath =
          TEMPLATE.matcher(operation.path()).results().map((MatchResult m) -> m.group(1)).toList();
      List<String> declared =
          operation.parameters().stream()
              .filter(parameter -> parameter.path("in").asText().equals("path"))
              .map(parameter -> parameter.path("name").asText())
              .toList();
      assertThat(declared).as(operation.toString()).containsExactlyElementsOf(inPath);
    }
  }

  @Test
  void examples_all_fitTheirSchemas() {
    int count = 0;
    List<JsonNode> withExamples = document.root().findParents("examples");
    for (JsonNode content : withExamples) {
      for (JsonNode example : content.path("examples")) {
        assertThat(document.errors(content.path("schema"), example.path("value")))
            .as(example.toString())
            .isEmpty();
        count++;
      }
    }
    assertThat(count).isGreaterThan(30);
  }

  @Test
  void schemas_ofAnswers_takeNoUnknownField() {
    for (Operation operation : document.operations()) {
      for (int status : document.statuses(operation)) {
        JsonNode content = document.response(operation, status).path("content");
        JsonNode schema = document.resolved(content.path("application/json").path("schema"));
        if (schema.path("type").asText().equals("object") && !operation.id().equals("openApi")) {
          assertThat(schema.path("additionalProperties").isBoolean()).as("%s", operation).isTrue();
          assertThat(schema.path("additionalProperties").asBoolean()).as("%s", operation).isFalse();
        }
      }
    }
  }

  @Test
  void components_all_areUsed() {
    String text = document.root().toString();
    for (String kind : List.of("schemas", "parameters", "headers", "requestBodies")) {
      Iterator<String> names = document.root().at("/components/" + kind).fieldNames();
      assertThat(names).as(kind).hasNext();
      names.forEachRemaining(
          name -> assertThat(text).contains("\"#/components/" + kind + "/" + name + "\""));
    }
  }
}

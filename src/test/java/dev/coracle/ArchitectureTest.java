// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Holds the rules of ARCHITECTURE.md: who may know whom, and which library a package may use. */
class ArchitectureTest {

  private static final JavaClasses CORACLE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.coracle");

  /** What each package may use besides the JDK, JSpecify and the root package. */
  private static final Map<String, List<String>> ALLOWED = new LinkedHashMap<>();

  static {
    ALLOWED.put("dev.coracle", List.of("com.sun.jna."));
    ALLOWED.put("dev.coracle.dataset", List.of());
    ALLOWED.put("dev.coracle.net", List.of("ai.djl."));
    ALLOWED.put(
        "dev.coracle.train",
        List.of(
            "ai.djl.", "com.fasterxml.jackson.core.", "dev.coracle.dataset.", "dev.coracle.net."));
    ALLOWED.put("dev.coracle.onnx", List.of("ai.djl.", "ai.onnx.proto.", "com.google.protobuf."));
    ALLOWED.put("dev.coracle.inference", List.of("ai.onnxruntime."));
    // Where both sides meet: the exporter finds it as a service, and works without it.
    ALLOWED.put(
        "dev.coracle.verify", List.of("ai.djl.", "dev.coracle.inference.", "dev.coracle.onnx."));
    ALLOWED.put("dev.coracle.djl", List.of("ai.djl.", "dev.coracle.inference."));
    ALLOWED.put(
        "dev.coracle.protocol", List.of("com.fasterxml.jackson.core.", "dev.coracle.inference."));
    ALLOWED.put(
        "dev.coracle.serving",
        List.of(
            "org.eclipse.jetty.",
            "com.fasterxml.jackson.core.",
            "com.sun.management.",
            "dev.coracle.inference.",
            "dev.coracle.protocol.",
            "io.micrometer.",
            "org.slf4j."));
    ALLOWED.put(
        "dev.coracle.sagemaker",
        List.of("com.fasterxml.jackson.core.", "org.apache.commons.compress."));
    ALLOWED.put(
        "dev.coracle.aws",
        List.of(
            "software.amazon.awssdk.", "com.fasterxml.jackson.core.", "dev.coracle.sagemaker."));
    ALLOWED.put("dev.coracle.function", List.of("dev.coracle.inference.", "dev.coracle.protocol."));
    ALLOWED.put(
        "dev.coracle.azure",
        List.of(
            "com.microsoft.azure.functions.",
            "com.fasterxml.jackson.core.",
            "com.sun.net.httpserver.",
            "dev.coracle.function.",
            "dev.coracle.inference.",
            "dev.coracle.protocol."));
    ALLOWED.put(
        "dev.coracle.google",
        List.of("com.google.cloud.functions.", "dev.coracle.function.", "dev.coracle.protocol."));
    ALLOWED.put(
        "dev.coracle.lambda",
        List.of(
            "com.amazonaws.services.lambda.runtime.",
            "com.fasterxml.jackson.core.",
            "dev.coracle.function.",
            "dev.coracle.protocol."));
    ALLOWED.put("dev.coracle.report", List.of("org.knowm.xchart."));
  }

  @Test
  void packages_useOnlyWhatIsAllowed() {
    Set<String> packages =
        CORACLE.stream()
            .map(JavaClass::getPackageName)
            .collect(Collectors.toCollection(TreeSet::new));
    packages.remove("dev.coracle.cli"); // the only package that may see all the others
    assertThat(ALLOWED.keySet()).as("every package has a rule").containsAll(packages);

    Set<String> violations = new TreeSet<>();
    for (JavaClass type : CORACLE) {
      List<String> allowed = ALLOWED.get(type.getPackageName());
      if (allowed == null) {
        continue;
      }
      for (var dependency : type.getDirectDependenciesFromSelf()) {
        JavaClass target = dependency.getTargetClass().getBaseComponentType();
        if (!isAlwaysAllowed(type, target)
            && allowed.stream().noneMatch(target.getName()::startsWith)) {
          violations.add(type.getName() + " uses " + target.getName());
        }
      }
    }
    assertThat(violations).isEmpty();
  }

  private static boolean isAlwaysAllowed(JavaClass from, JavaClass target) {
    String name = target.getName();
    return target.isPrimitive()
        || name.startsWith("java.")
        || name.startsWith("javax.")
        || name.startsWith("org.jspecify.")
        || target.getPackageName().equals(from.getPackageName())
        || target.getPackageName().equals("dev.coracle");
  }

  @Test
  void engines_neverNamed_onlyDjlsApiIs() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("ai.djl.pytorch..", "ai.djl.onnxruntime..", "ai.djl.basicdataset..")
        .check(CORACLE);
  }

  @Test
  void packages_haveNoCycles() {
    slices().matching("dev.coracle.(*)..").should().beFreeOfCycles().check(CORACLE);
  }

  @Test
  void classes_areFinal_orMeantForSubclasses() {
    classes()
        .that()
        .areNotInterfaces()
        .and()
        .areNotEnums()
        .and()
        .areNotAnonymousClasses()
        .and()
        .doNotHaveSimpleName("CoracleException")
        .and()
        .doNotHaveSimpleName("Adadelta")
        .should()
        .haveModifier(JavaModifier.FINAL)
        .orShould()
        .haveModifier(JavaModifier.ABSTRACT)
        .check(CORACLE);
  }
}

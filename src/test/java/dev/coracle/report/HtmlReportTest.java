// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import dev.coracle.report.ReportData.Epoch;
import dev.coracle.report.ReportData.Fact;
import dev.coracle.report.ReportData.LossPoint;
import dev.coracle.report.ReportData.OnnxCheck;
import dev.coracle.report.ReportData.TestSet;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class HtmlReportTest {

  private static final TestSet SET = Samples.testSet(300, Samples.DIGITS, 3);
  private static final TestSet TWO = Samples.binary(new int[] {0, 1}, 0.1, 0.9);

  private final Path folder;

  HtmlReportTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void write_wholeRun_isWellFormedWithUniqueIds() throws Exception {
    Document page = parse(write(Samples.report(SET)));

    Set<String> ids = new HashSet<>();
    for (Element element : elements(page, "*")) {
      String id = element.getAttribute("id");
      assertThat(id.isEmpty() || ids.add(id)).as("id %s is unique", id).isTrue();
    }
    assertThat(elements(page, "svg")).hasSize(2);
    assertThat(elements(page, "img")).allMatch(img -> !img.getAttribute("alt").isEmpty());
  }

  @Test
  void write_wholeRun_loadsNothing() throws Exception {
    String text = write(Samples.report(SET));
    Document page = parse(text);

    for (Element element : elements(page, "*")) {
      assertThat(element.getTagName()).isNotIn("script", "iframe", "object", "embed", "base");
      for (String attribute : List.of("src", "href", "xlink:href", "srcset", "data", "action")) {
        String value = element.getAttribute(attribute);
        assertThat(value.isEmpty() || value.startsWith("data:")).as(attribute + value).isTrue();
      }
    }
    assertThat(text).doesNotContain("@import");
    assertThat(text.replaceAll("url\\(#[\\w-]+\\)", "")).doesNotContain("url(");
    String noNamespaces = text.replaceAll("xmlns=\"[^\"]*\"", "");
    assertThat(noNamespaces).doesNotContain("http:").doesNotContain("https:");
  }

  @Test
  void write_markupInEveryText_showsItAsText() throws Exception {
    String evil = "<script>alert('1')</script>&amp;\"\u0000\u001b";
    List<Fact> facts = List.of(new Fact(evil, evil));
    TestSet set = Samples.testSet(60, List.of(evil, "b\" onload=\"x", "c"), 1);
    ReportData good = Samples.report(set);

    String text =
        write(new ReportData(evil, facts, facts, good.losses(), good.epochs(), set, good.onnx()));

    assertThat(elements(parse(text), "script")).isEmpty();
    assertThat(elements(parse(text), "*")).noneMatch(e -> e.hasAttribute("onload"));
    assertThat(elements(parse(text), "h1").get(0).getTextContent())
        .isEqualTo("<script>alert('1')</script>&amp;\"\ufffd\ufffd");
  }

  @Test
  void write_anyPicture_decodesToTheVeryPixels() throws Exception {
    Evaluation evaluation = new Evaluation(SET);
    List<Element> pictures = new ArrayList<>();
    for (Element figure : elements(parse(write(Samples.report(SET))), "figure")) {
      NodeList images = figure.getElementsByTagName("img");
      if (images.getLength() > 0) {
        pictures.add((Element) images.item(0));
      }
    }

    List<Integer> worst = evaluation.worstMistakes(24);
    assertThat(pictures).hasSameSizeAs(worst).isNotEmpty();
    for (int i = 0; i < worst.size(); i++) {
      String source = pictures.get(i).getAttribute("src");
      byte[] png = Base64.getDecoder().decode(source.substring(source.indexOf(',') + 1));
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
      assertThat(image.getWidth()).isEqualTo(4);
      assertThat(image.getHeight()).isEqualTo(5);
      for (int p = 0; p < 20; p++) {
        int expected = SET.pixels()[worst.get(i) * 20 + p] & 0xff;
        assertThat(image.getRaster().getSample(p % 4, p / 4, 0)).isEqualTo(expected);
      }
    }
  }

  @Test
  void write_noFontsOrNoXChart_hasATableAndSaysWhatToInstall() throws Exception {
    List<Throwable> failures =
        List.of(
            new InternalError("no fonts"),
            new UnsatisfiedLinkError("libfreetype.so.6"),
            new ExceptionInInitializerError(),
            new NoClassDefFoundError("Could not initialize class sun.awt.X11FontManager"),
            new NullPointerException("Fontconfig head is null, check your fonts"));
    for (Throwable failure : failures) {
      String text = writeWith(failure);
      assertThat(elements(parse(text), "svg")).isEmpty();
      assertThat(text).contains("libfontconfig1", "Training loss, smoothed", "2.0000");
    }
    assertThat(writeWith(new NoClassDefFoundError("org/knowm/xchart/XYChart")))
        .contains("org.knowm.xchart:xchart")
        .doesNotContain("libfontconfig1");
    assertThatThrownBy(() -> writeWith(new OutOfMemoryError("x")))
        .isInstanceOf(OutOfMemoryError.class);
  }

  @Test
  void write_lossesOfEveryKind_endsAndIsWellFormed() throws Exception {
    List<Epoch> none = List.of();
    for (List<LossPoint> losses :
        List.<List<LossPoint>>of(
            List.of(),
            List.of(new LossPoint(0, 0)),
            List.of(new LossPoint(1, 0.5)),
            List.of(new LossPoint(0.5, 3e-7), new LossPoint(1, 3e-7)),
            List.of(new LossPoint(0.5, 2), new LossPoint(1, 0)),
            List.of(new LossPoint(0.5, -1), new LossPoint(1, 1e30)),
            List.of(new LossPoint(0.5, 1), new LossPoint(1, Double.NaN)))) {
      Document page = parse(write(Samples.report(SET, losses, none)));
      int drawn = LossCurve.finite(losses).size() > 1 ? 2 : 0;
      assertThat(elements(page, "svg")).as("%s", losses).hasSize(drawn);
    }
  }

  /** A stopped run has trained the network on after its last whole epoch. */
  @Test
  void write_networkOfALaterState_showsItsOwnTestLoss() throws Exception {
    TestSet two = Samples.binary(new int[] {0, 1}, 0.5, 0.5); // a loss of ln 2
    for (double loss : new double[] {Math.log(2), 0.25}) {
      Epoch last = new Epoch(1, 0.125, loss, 0.5, 30, 2000, 1);
      String text = write(Samples.report(two, List.of(), List.of(last)));
      assertThat(text).contains(">0.6931<");
      assertThat(text.contains("training loss 0.1250 in the last whole epoch"))
          .isEqualTo(loss == 0.25);
    }
  }

  @Test
  void write_rowOfNaN_isAMistakeWithoutAClass() throws Exception {
    float[] scores = {Float.NaN, Float.NaN};
    TestSet set = new TestSet(1, 1, new byte[1], new byte[1], List.of("a", "b"), scores);

    assertThat(write(Samples.report(set)))
        .contains("The only mistake", "<b class=\"guess\">no number</b><");
  }

  @Test
  void write_manyEpochs_foldsTheTableAndLeavesOutTheMarkers() throws Exception {
    int markers = elements(parse(write(samplesOf(99))), "ellipse").size();
    assertThat(markers).isEqualTo(2 * 99);
    Document page = parse(write(samplesOf(1000)));
    assertThat(elements(page, "ellipse")).isEmpty();
    Element details = elements(page, "details").get(0);
    assertThat(details.getElementsByTagName("summary").item(0).getTextContent())
        .isEqualTo("1,000\u00a0epochs");
    assertThat(details.getElementsByTagName("tr").getLength()).isEqualTo(1001);
    assertThat(elements(parse(write(samplesOf(50))), "details")).isEmpty();
  }

  private static ReportData samplesOf(int epochs) {
    return Samples.report(
        SET,
        List.of(),
        IntStream.rangeClosed(1, epochs)
            .mapToObj(i -> new Epoch(i, 0.2, 1.0 / i, 0.97, 30, 2000, 1.0))
            .toList());
  }

  @Test
  void write_mostlyErrors_givesTheirShare() throws Exception {
    double[] ones = {1, 1, 0, 0, 0, 0, 0, 0, 0, 0}; // probabilities of class 1
    int[] labels = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    assertThat(write(Samples.report(Samples.binary(labels, ones)))).contains(">one in 5<");
    int[] others = {0, 1, 1, 1, 1, 1, 1, 0, 0, 0};
    assertThat(write(Samples.report(Samples.binary(others, ones))))
        .contains(">60.00\u00a0% of 10\u00a0test images<");
    int[] all = {0, 0, 1, 1, 1, 1, 1, 1, 1, 1};
    assertThat(write(Samples.report(Samples.binary(all, ones))))
        .contains(">100\u00a0% of 10\u00a0test images<");
  }

  private static ReportData checked(int same, double difference) {
    OnnxCheck check = new OnnxCheck(2, same, difference, 1e-4, "m.onnx", 17, 9);
    return new ReportData("A run", List.of(), List.of(), List.of(), List.of(), TWO, check);
  }

  @Test
  void write_onnxFileThatDiffers_saysSoInCardAndFacts() throws Exception {
    for (ReportData data : List.of(checked(1, 0), checked(2, 1.001e-4), checked(2, Double.NaN))) {
      String text = write(data);
      assertThat(text)
          .contains("<div class=\"bad\">", "✗ differs", "<td>differs</td>")
          .doesNotContain("agrees");
    }
  }

  @Test
  void write_onnxFileWithinTheTolerance_agrees() throws Exception {
    for (double difference : new double[] {0, 1e-4}) {
      assertThat(write(checked(2, difference)))
          .contains("<div class=\"good\">", "✓ agrees", "<td>agrees with the network</td>")
          .doesNotContain("differs");
    }
  }

  /** Of class 0 two images in three are recognised; of those read as class 1, one in two is one. */
  @Test
  void write_errors_haveRecallInRowsPrecisionInColumns() throws Exception {
    String text = write(Samples.report(Samples.binary(new int[] {0, 0, 0, 1}, 0.1, 0.1, 0.9, 0.9)));

    List<List<String>> rows =
        elements(parse(text), "table").stream()
            .filter(table -> table.getAttribute("class").startsWith("confusion"))
            .flatMap(table -> elements(table, "tr").stream())
            .map(row -> elements(row, "td").stream().map(Element::getTextContent).toList())
            .toList();
    assertThat(rows)
        .endsWith(
            List.of("2", "1", "3", "66.7"),
            List.of("0", "1", "1", "100"),
            List.of("2", "2", "4", ""), // totals
            List.of("100", "50.0", "", "75.0")); // precision
    assertThat(text).contains("<small>1\u00a0error of\u00a03<", "<small>0\u00a0errors of\u00a01<");
  }

  @Test
  void write_epochs_haveEachNumberInItsColumn() throws Exception {
    Epoch epoch = new Epoch(1, 0.1111, 0.2222, 0.75, 30, 2000, 0.7);

    Element table =
        elements(parse(write(Samples.report(TWO, List.of(), List.of(epoch)))), "table").stream()
            .filter(each -> each.getTextContent().contains("Learning rate"))
            .findFirst()
            .orElseThrow();

    assertThat(elements(table, "th").stream().map(Element::getTextContent))
        .containsExactly(
            "Epoch",
            "Training loss",
            "Test loss",
            "Test accuracy",
            "Learning rate",
            "Time",
            "Images/s",
            "1");
    assertThat(elements(table, "td").stream().map(Element::getTextContent))
        .containsExactly("0.1111", "0.2222", "75.00\u00a0%", "0.7", "30.0\u00a0s", "2,000");
  }

  @Test
  void write_noMistakes_saysSo() throws Exception {
    String text = write(Samples.report(Samples.testSet(50, Samples.DIGITS, 99)));

    assertThat(text).contains("None: every test image was recognised.", ">100<");
  }

  @Test
  void write_otherLocale_writesTheSamePage() throws IOException {
    String english = write(Samples.report(SET));
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
    try {
      String arabic = write(Samples.report(SET));
      assertThat(arabic).isEqualTo(english);
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void write_targetIsAFolder_throwsAndLeavesNothing() throws IOException {
    Path target = Files.createDirectory(folder.resolve("report.html"));

    assertThatThrownBy(() -> HtmlReport.write(target, Samples.report(SET)))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("is a folder");
    assertThat(names()).containsExactly("report.html");
  }

  @Test
  void write_parentIsAFile_throwsCoracleException() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "old");

    assertThatThrownBy(() -> HtmlReport.write(file.resolve("r.html"), Samples.report(SET)))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("r.html");
    assertThat(file).hasContent("old");
  }

  @Test
  void write_drawingFailsForGood_leavesTheOldPage() throws IOException {
    Path file = Files.writeString(folder.resolve("r.html"), "old");

    assertThatThrownBy(
            () ->
                HtmlReport.write(
                    file,
                    Samples.report(SET),
                    (losses, epochs, width, height, id) -> {
                      throw new OutOfMemoryError("made up");
                    }))
        .isInstanceOf(OutOfMemoryError.class);
    assertThat(file).hasContent("old");
    assertThat(names()).containsExactly("r.html");
  }

  @Test
  void write_existingPageAndMissingFolder_replacesAndMakes() throws IOException {
    Path file = folder.resolve("a/b/r.html");
    HtmlReport.write(file, Samples.report(SET));
    Files.writeString(file, "old");
    HtmlReport.write(file, Samples.report(SET));

    assertThat(Files.readString(file)).startsWith("<!DOCTYPE html>").endsWith("</html>\n");
  }

  private String write(ReportData data) throws IOException {
    Path file = folder.resolve("r.html");
    HtmlReport.write(file, data);
    return Files.readString(file);
  }

  private String writeWith(Throwable failure) throws IOException {
    Path file = folder.resolve("r.html");
    HtmlReport.write(
        file,
        Samples.report(SET),
        (losses, epochs, width, height, id) -> {
          if (failure instanceof Error error) {
            throw error;
          }
          throw (RuntimeException) failure;
        });
    return Files.readString(file);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(path -> path.getFileName().toString()).toList();
    }
  }

  private static Document parse(String page) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8)));
  }

  private static List<Element> elements(Document page, String name) {
    return elements(page.getDocumentElement(), name);
  }

  private static List<Element> elements(Element within, String name) {
    NodeList nodes = within.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.coracle.dataset.ImageSet;
import dev.coracle.dataset.Mnist;
import dev.coracle.inference.Pictures;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.interactions.PointerInput;
import org.openqa.selenium.interactions.Sequence;

/**
 * The page in a real browser, against a real server with a model that was trained on a tenth of
 * MNIST. The pictures are ones of the test set that such a model reads with certainty.
 */
class PageIT {

  private static final ImageSet TEST = Mnist.read(Path.of("datasets/mnist")).test(); // 7 2 1 0 4

  @TempDir private static Path folder;

  private static Path model;
  private static InferenceServer server;
  private static Browser browser;

  @BeforeAll
  static void start() throws IOException {
    browser = Browser.start(folder.resolve("profile")); // first: without one, nothing is trained
    model = DigitModel.write(folder.resolve("mnist.onnx"));
    server = serve(0);
  }

  private static InferenceServer serve(int port) {
    return InferenceServer.start(ServerOptions.builder().model(model).port(port).build());
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void open() {
    browser.viewport(1280, 900, 1);
    browser.media("prefers-color-scheme", "light");
    browser.driver().get(server.uri().toString());
    assertThat(browser.driver().getTitle()).isEqualTo("Draw a digit – Coracle");
  }

  @AfterEach
  void consoleIsClean() {
    assertThat(browser.console()).isEmpty();
  }

  /** Draws one stroke through points that are given as shares of the canvas's side. */
  private static void draw(PointerInput.Kind kind, double[]... points) {
    PointerInput pointer = new PointerInput(kind, kind.toString());
    Sequence sequence = new Sequence(pointer, 0);
    boolean down = false;
    for (double[] point : points) {
      sequence.addAction(
          pointer.createPointerMove(
              Duration.ofMillis(down ? 60 : 0),
              PointerInput.Origin.fromElement(browser.element("canvas")),
              offset(point[0]),
              offset(point[1])));
      if (!down) {
        sequence.addAction(pointer.createPointerDown(PointerInput.MouseButton.LEFT.asArg()));
        down = true;
      }
    }
    sequence.addAction(pointer.createPointerUp(PointerInput.MouseButton.LEFT.asArg()));
    browser.driver().perform(List.of(sequence));
  }

  /** From the canvas's centre, as WebDriver counts. */
  private static int offset(double share) {
    int width = browser.element("canvas").getRect().getWidth();
    return (int) Math.round((share - 0.5) * width);
  }

  private static void drawOne() {
    draw(
        PointerInput.Kind.MOUSE,
        new double[] {.5, .2},
        new double[] {.5, .5},
        new double[] {.5, .8});
  }

  private static void drawSeven() {
    draw(
        PointerInput.Kind.MOUSE,
        new double[] {.28, .24},
        new double[] {.5, .24},
        new double[] {.72, .24},
        new double[] {.58, .5},
        new double[] {.44, .82});
  }

  private static void awaitDigit(String digit) {
    browser.await(
        "return answered === drawing && document.getElementById('digit').textContent === arguments[0]",
        digit);
  }

  private static List<Double> percentages() {
    String text =
        (String)
            browser.script(
                "return [...document.querySelectorAll('#bars li')].map(li => li.lastChild.textContent).join('|')");
    return Arrays.stream(text.split("\\|")).map(PageIT::percentage).toList();
  }

  private static double percentage(String text) {
    return Double.parseDouble(text.replace("%", "").strip().replace("\u00a0", ""));
  }

  private static byte[] png(BufferedImage picture) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertThat(ImageIO.write(picture, "png", bytes)).isTrue();
    return bytes.toByteArray();
  }

  private static void choose(Path file) {
    browser.element("file").sendKeys(file.toAbsolutePath().toString());
  }

  @Test
  void draw_verticalStroke_showsOneAndTenPercentages() {
    drawOne();
    awaitDigit("1");
    assertThat(percentages()).hasSize(10);
    // Each of ten is rounded to 0.1, so that the sum is off by at most 10 * 0.05.
    assertThat(percentages().stream().mapToDouble(p -> p).sum()).isCloseTo(100, within(0.5));
    assertThat(percentages().get(1)).isGreaterThan(50);
    assertThat(percentage(browser.text("probability"))).isEqualTo(percentages().get(1));
    assertThat(browser.script("return document.querySelector('.best').firstChild.textContent"))
        .isEqualTo("1");
    browser.await("return document.getElementById('spoken').textContent.startsWith('1, ')");
  }

  @Test
  void draw_finger_showsOne() {
    draw(
        PointerInput.Kind.TOUCH,
        new double[] {.5, .2},
        new double[] {.5, .5},
        new double[] {.5, .8});
    awaitDigit("1");
  }

  @Test
  void draw_darkScheme_showsSeven() {
    browser.media("prefers-color-scheme", "dark");
    drawSeven();
    awaitDigit("7");
  }

  @Test
  void clear_afterDrawing_resets() {
    for (Runnable clear :
        List.<Runnable>of(
            () -> browser.element("clear").click(),
            () -> browser.element("canvas").sendKeys(Keys.ESCAPE))) {
      drawOne();
      awaitDigit("1");
      clear.run();
      awaitDigit("?");
      assertThat(browser.text("bars")).doesNotContain("%");
      assertThat(browser.script("return document.querySelector('.best')")).isEqualTo("");
    }
  }

  @Test
  void undo_ofTwoStrokes_showsTheFirstAlone() {
    drawOne();
    awaitDigit("1");
    List<Double> one = percentages();
    draw(
        PointerInput.Kind.MOUSE,
        new double[] {.2, .5},
        new double[] {.5, .5},
        new double[] {.8, .5});
    browser.await(
        "return document.querySelectorAll('#bars li')[1].lastChild.textContent !== arguments[0]",
        "%.1f\u00a0%%".formatted(one.get(1)));
    browser.element("undo").click();
    browser.await(
        "return document.querySelectorAll('#bars li')[1].lastChild.textContent === arguments[0]",
        "%.1f\u00a0%%".formatted(one.get(1)));
    assertThat(percentages()).isEqualTo(one);
    browser.element("undo").click();
    awaitDigit("?");
  }

  @Test
  void chooseFile_picturesOfDigits_showsTheDigits() throws IOException {
    for (int i = 0; i < 5; i++) {
      choose(Files.write(folder.resolve(i + ".png"), png(Pictures.page(TEST.image(i)))));
      awaitDigit(String.valueOf(TEST.label(i)));
      browser.element("clear").click();
    }
    // Of the model's own size: pixel by pixel, not scaled.
    choose(Files.write(folder.resolve("small.png"), png(Pictures.same(TEST.image(0)))));
    awaitDigit("7");
  }

  @Test
  void chooseFile_photographOfTwelveMegapixels_sendsASmallPicture() throws IOException {
    BufferedImage photo = new BufferedImage(4000, 3000, BufferedImage.TYPE_INT_RGB);
    var graphics = photo.createGraphics();
    graphics.drawImage(Pictures.page(TEST.image(0)), 0, 0, 4000, 3000, null);
    graphics.dispose();
    browser.script(
        "window.sent = 0; const old = fetch; window.fetch = (url, init) => { if (init.body) sent = init.body.size; return old(url, init); }");
    choose(Files.write(folder.resolve("photo.png"), png(photo)));
    awaitDigit("7");
    assertThat((Long) browser.script("return sent")).isBetween(1_000L, 500_000L);
  }

  @Test
  void dropAndPaste_pictures_showsTheDigits() throws IOException {
    String transfer =
        "const bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0));"
            + "const data = new DataTransfer();"
            + "data.items.add(new File([bytes], 'digit.png', {type: 'image/png'}));"
            + "const to = document.getElementById('canvas');";
    browser.script(
        transfer + "to.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}))",
        Base64.getEncoder().encodeToString(png(Pictures.page(TEST.image(1)))));
    awaitDigit("2");
    browser.script(
        transfer
            + "to.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}))",
        Base64.getEncoder().encodeToString(png(Pictures.page(TEST.image(3)))));
    awaitDigit("0");
  }

  @Test
  void keys_alone_drawOne() throws IOException {
    browser.driver().switchTo().activeElement().sendKeys(Keys.TAB);
    assertThat(browser.driver().switchTo().activeElement().getDomAttribute("id"))
        .isEqualTo("canvas");
    assertThat(browser.element("keys").isDisplayed()).isTrue();
    browser.element("canvas").sendKeys(Keys.ARROW_UP.toString().repeat(8));
    assertThat(browser.text("digit")).isEqualTo("?"); // the pen is up
    browser.element("canvas").sendKeys(" " + Keys.ARROW_DOWN.toString().repeat(16) + " ");
    awaitDigit("1");
    assertThat(browser.script("return scrollY")).isEqualTo(0L);
    browser.screenshot("keys");
  }

  @Test
  void error_pictureWithoutInk_isSaidAndGoes() throws IOException {
    BufferedImage blank = new BufferedImage(100, 100, BufferedImage.TYPE_INT_RGB);
    choose(Files.write(folder.resolve("blank.png"), png(blank)));
    browser.await("return document.getElementById('status').textContent.includes('is empty')");
    assertThat(browser.element("status").getAriaRole()).isEqualTo("status"); // a live region
    browser.screenshot("error");
    browser.element("clear").click();
    assertThat(browser.text("status")).isEmpty();
    assertThat(browser.console()).singleElement().asString().contains("400");
  }

  @Test
  void error_fileThatIsNoPicture_isSaid() throws IOException {
    choose(Files.writeString(folder.resolve("note.png"), "no picture"));
    browser.await("return document.getElementById('status').textContent.includes('no picture')");
  }

  @Test
  void serverGone_saysSo_andRecoversByItself() {
    int port = server.uri().getPort();
    server.close();
    drawOne();
    browser.await("return document.getElementById('status').textContent.includes('not answer')");
    server = serve(port);
    awaitDigit("1");
    browser.await("return document.getElementById('status').textContent === ''");
    assertThat(browser.console()).isNotEmpty().allMatch(line -> line.contains("ERR_"));
  }

  @Test
  void tab_reachesEveryControl() {
    List<String> reached = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      new Actions(browser.driver()).sendKeys(Keys.TAB).perform(); // not to an element: a file
      String name =
          (String)
              browser.script(
                  "const e = document.activeElement; return e === document.body ? '' : e.id || e.getAttribute('href')");
      if (name.isEmpty() || reached.contains(name)) {
        break;
      }
      reached.add(name);
      assertThat(
              browser.script(
                  "return [document.activeElement, document.activeElement.parentElement].some(e => getComputedStyle(e).outlineStyle === 'solid')"))
          .as("focus ring of " + name)
          .isEqualTo(true);
    }
    assertThat(reached)
        .containsExactly(
            "canvas",
            "clear",
            "undo",
            "file",
            "copy",
            "save",
            "openapi.json",
            "metrics",
            "v2/health/ready");
  }

  @Test
  void layout_answerComes_nothingMoves() {
    for (int width : new int[] {360, 1280}) {
      browser.viewport(width, 800, 1);
      String rectangles =
          "return [...document.querySelectorAll('main *:not(.fill, .sure *, li > :last-child), footer')]"
              + ".map(e => [e.tagName + e.id, e.getBoundingClientRect()])"
              + ".map(([name, r]) => [name, r.x, r.y + scrollY, r.height].join(' '))";
      List<?> before = (List<?>) browser.script(rectangles);
      drawOne();
      awaitDigit("1");
      assertThat((List<?>) browser.script(rectangles)).isEqualTo(before);
      browser.element("clear").click();
    }
  }

  @Test
  void layout_phone_showsTheAnswerAboveTheWholeBoard() {
    browser.viewport(390, 664, 2); // what a browser's bars leave of a common screen
    browser.script("scrollTo(0, 0)");
    Object edges =
        browser.script(
            "const [a, b] = ['verdict', 'canvas']"
                + ".map(id => document.getElementById(id).getBoundingClientRect());"
                + "return a.top >= 0 && a.bottom <= b.top && b.bottom <= innerHeight"
                + " || [a, b].map(r => r.top + ' to ' + r.bottom).join(', ')");
    assertThat(edges).isEqualTo(true);
  }

  @Test
  void layout_anyWidth_nothingOverflows() {
    for (int width : new int[] {320, 360, 414, 600, 832, 1280}) {
      browser.viewport(width, 740, 2);
      drawOne();
      awaitDigit("1");
      assertThat(browser.script("return document.scrollingElement.scrollWidth <= innerWidth"))
          .as(width + " px")
          .isEqualTo(true);
    }
  }

  @Test
  void resources_allFromTheServer() {
    drawOne();
    awaitDigit("1");
    assertThat(
            browser.script(
                "return performance.getEntriesByType('resource').every(e => e.name.startsWith(location.origin))"))
        .isEqualTo(true);
    assertThat(browser.text("curl")).endsWith(server.uri().resolve("/invocations").toString());
  }

  @Test
  void screenshots_lightDarkAndPhone_written() throws IOException {
    for (String scheme : List.of("light", "dark")) {
      browser.media("prefers-color-scheme", scheme);
      for (int width : new int[] {1280, 360}) {
        browser.viewport(width, width == 360 ? 1180 : 940, width == 360 ? 2 : 1);
        String name = scheme + (width == 360 ? "-phone" : "");
        browser.await("return document.getAnimations().length === 0");
        browser.screenshot(name + "-blank");
        drawSeven();
        awaitDigit("7");
        browser.await("return document.getAnimations().length === 0");
        browser.screenshot(name);
        browser.element("clear").click();
      }
    }
    assertThat(Path.of("target/screenshots/light.png")).isNotEmptyFile();
  }
}

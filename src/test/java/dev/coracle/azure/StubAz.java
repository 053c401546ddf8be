// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A program named az in a folder of its own. It writes down its arguments and answers as the test
 * wants; without an answer it prints nothing and succeeds.
 */
public record StubAz(Path folder) {

  /** Writes one for which there is no resource group, and whose version is new enough. */
  public static StubAz in(Path folder) throws IOException {
    Path program = folder.resolve("az");
    Files.writeString(
        program,
        """
        #!/bin/sh
        { for word; do printf '%%s\\t' "$word"; done; echo; } >> '%1$s/calls'
        case $2 in -*) second= ;; *) second=$2 ;; esac # "az version" has one word
        answer='%1$s'/$1-$second
        [ ! -f "$answer" ] || . "$answer"
        """
            .formatted(folder));
    assertThat(program.toFile().setExecutable(true)).isTrue();
    StubAz az = new StubAz(folder);
    az.answer("version-", "echo '{ \"azure-cli\": \"2.60.0\" }'");
    az.answer("group-exists", "echo false");
    az.answer("resource-show", "echo my-digits-x1.eastus-01.azurewebsites.net");
    az.answer("account-show", "echo 'Pay as you go'");
    return az;
  }

  /** Says, in shell, what the command, of which the first two words count, does. */
  public void answer(String command, String shell) throws IOException {
    Files.writeString(folder.resolve(command), shell);
  }

  /** Makes the command fail with a status and a text on stderr. */
  public void fail(String command, int status, String err) throws IOException {
    Files.writeString(folder.resolve(command + ".err"), err);
    answer(command, "cat '%s/%s.err' >&2; exit %d".formatted(folder, command, status));
  }

  /** Lets the resource group be there, with a value of our tag. */
  public void groupHas(String tag, String... resources) throws IOException {
    answer("group-exists", "echo true");
    group(tag, "Succeeded");
    answer("resource-list", "printf '" + String.join("\\n", resources) + "\\n'");
  }

  /** Gives the resource group a value of our tag, and a state. */
  public void group(String tag, String state) throws IOException {
    answer(
        "group-show",
        "case $* in *provisioningState*) echo %s ;; *) echo '%s' ;; esac".formatted(state, tag));
  }

  /** Returns the arguments of each call. */
  public List<List<String>> calls() throws IOException {
    Path calls = folder.resolve("calls");
    return Files.exists(calls)
        ? Files.readAllLines(calls).stream().map(line -> List.of(line.split("\t"))).toList()
        : List.of();
  }

  /** Returns the first two words of each call, without options. */
  public List<String> commands() throws IOException {
    return calls().stream()
        .map(
            words ->
                words.stream().limit(2).filter(word -> !word.startsWith("-")).collect(joining(" ")))
        .toList();
  }

  /** Writes a zip with these entries. */
  public static Path zip(Path file, String... names) throws IOException {
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (String name : names) {
        zip.putNextEntry(new ZipEntry(name));
        zip.write('x');
      }
    }
    return file;
  }

  /** Writes one that can be a function app. */
  public static Path app(Path file) throws IOException {
    return zip(file, "host.json", "mnist_classify/function.json", "lib/coracle.jar");
  }
}

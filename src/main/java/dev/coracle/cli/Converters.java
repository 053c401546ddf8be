// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.azure.DeploymentOptions;
import dev.coracle.onnx.OnnxExporter;
import dev.coracle.train.Devices;
import dev.coracle.train.OptimizerKind;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Convert and check option values; picocli puts the option's name before the message. */
final class Converters {

  private Converters() {}

  static final class AtLeastOne extends Range {
    AtLeastOne() {
      super(1, Integer.MAX_VALUE);
    }
  }

  static final class Port extends Range {
    Port() {
      super(0, 65535);
    }
  }

  static final class Seed extends Range {
    Seed() {
      super(Integer.MIN_VALUE, Integer.MAX_VALUE);
    }
  }

  static final class Opset extends Range {
    Opset() {
      super(OnnxExporter.MIN_OPSET, OnnxExporter.MAX_OPSET);
    }
  }

  /** With a few thousand more, libtorch crashes, if the system lets it start at all. */
  static final class Threads extends Range {
    Threads() {
      super(1, 1024);
    }
  }

  private abstract static class Range implements ITypeConverter<Integer> {
    private final int least;
    private final int most;

    Range(int least, int most) {
      this.least = least;
      this.most = most;
    }

    @Override
    public Integer convert(String value) {
      try {
        int number = Integer.parseInt(value);
        if (number >= least && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        // reported below, like a value out of range
      }
      throw new TypeConversionException(
          "expected a whole number from %d to %d, got '%s'".formatted(least, most, value));
    }
  }

  static final class PathName implements ITypeConverter<Path> {

    /** Beginning of the JDK's message that a locale lacks the characters. */
    private static final String UNMAPPABLE = "Malformed input or input contains unmappable";

    @Override
    public Path convert(String value) {
      try {
        return Path.of(value);
      } catch (InvalidPathException e) {
        throw new TypeConversionException("expected a path: " + reason(e));
      }
    }

    /** Says why a text is not a valid path. */
    static String reason(InvalidPathException e) {
      String advice =
          e.getReason().startsWith(UNMAPPABLE)
              ? "; the locale's character set is %s: set LC_ALL=C.UTF-8"
                  .formatted(System.getProperty("sun.jnu.encoding"))
              : "";
      return "'%s' cannot be one (%s)%s".formatted(e.getInput(), e.getReason(), advice);
    }
  }

  /** An AWS region, which becomes part of host names. */
  static final class Region implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      if (value.matches("[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")) {
        return value;
      }
      throw new TypeConversionException(
          "expected an AWS region such as eu-central-1, got '" + value + "'");
    }
  }

  static final class AboveZero implements ITypeConverter<Float> {
    @Override
    public Float convert(String value) {
      float number = parse(value);
      if (number > 0 && number < 1e6f) {
        return number;
      }
      throw new TypeConversionException(
          "expected a number above 0 and below 1000000, got '" + value + "'");
    }
  }

  static final class UpToOne implements ITypeConverter<Float> {
    @Override
    public Float convert(String value) {
      float number = parse(value);
      if (number > 0 && number <= 1) {
        return number;
      }
      throw new TypeConversionException(
          "expected a number above 0 and at most 1, got '" + value + "'");
    }
  }

  static final class Flag implements ITypeConverter<Boolean> {
    @Override
    public Boolean convert(String value) {
      return switch (value.toLowerCase(Locale.ROOT)) {
        case "true", "1" -> true;
        case "false", "0" -> false;
        default -> throw new TypeConversionException("expected true or false, got '" + value + "'");
      };
    }
  }

  static final class OptimizerName extends ConstantName<OptimizerKind> {
    OptimizerName() {
      super(OptimizerKind.class);
    }
  }

  static final class InputTypeName extends ConstantName<InputType> {
    InputTypeName() {
      super(InputType.class);
    }
  }

  static final class PlanName extends ConstantName<DeploymentOptions.Plan> {
    PlanName() {
      super(DeploymentOptions.Plan.class);
    }
  }

  /** Enum constants in lower case; picocli's own message would list them in capitals. */
  private abstract static class ConstantName<E extends Enum<E>> implements ITypeConverter<E> {
    private final Class<E> type;

    ConstantName(Class<E> type) {
      this.type = type;
    }

    @Override
    public E convert(String value) {
      List<String> names = new ArrayList<>();
      for (E constant : type.getEnumConstants()) {
        String name = constant.name().toLowerCase(Locale.ROOT);
        if (name.equalsIgnoreCase(value)) {
          return constant;
        }
        names.add(name);
      }
      throw new TypeConversionException(
          "expected " + String.join(", ", names) + ", got '" + value + "'");
    }
  }

  static final class DeviceName implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      if (Devices.isValid(value)) {
        return value;
      }
      throw new TypeConversionException("expected cpu, gpu, gpu:N or auto, got '" + value + "'");
    }
  }

  private static float parse(String value) {
    try {
      return Float.parseFloat(value);
    } catch (NumberFormatException e) {
      return Float.NaN;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.azure.DeploymentOptions;
import dev.coracle.onnx.OnnxExporter;
import dev.coracle.train.Devices;
import dev.coracle.train.OptimizerKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Turn option values into numbers within limits; picocli puts the option's name before the message.
 */
final class Converters {

  private Converters() {}

  static final class AtLeastOne implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      try {
        int number = Integer.parseInt(value);
        if (number >= 1) {
          return number;
        }
      } catch (NumberFormatException e) {
        // told below, as any other value out of range
      }
      throw new TypeConversionException(
          "expected a whole number from 1 to 2147483647, got '" + value + "'");
    }
  }

  static final class Opset implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      try {
        int number = Integer.parseInt(value);
        if (number >= OnnxExporter.MIN_OPSET && number <= OnnxExporter.MAX_OPSET) {
          return number;
        }
      } catch (NumberFormatException e) {
        // told below, as any other value out of range
      }
      throw new TypeConversionException(
          "expected %d to %d, got '%s'"
              .formatted(OnnxExporter.MIN_OPSET, OnnxExporter.MAX_OPSET, value));
    }
  }

  /** Pieces of AWS's names, which go into addresses. */
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

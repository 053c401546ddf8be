// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.train.Devices;
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

  static final class AboveZero implements ITypeConverter<Float> {
    @Override
    public Float convert(String value) {
      float number = parse(value);
      if (number > 0 && number < 1e6f) {
        return number;
      }
      throw new TypeConversionException("expected a number above 0, got '" + value + "'");
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

// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.nio.ByteBuffer;
import java.util.Locale;

/** The numeric element types of npy files, by NumPy's codes. */
enum NpyType {
  F2(2) {
    @Override
    float get(ByteBuffer data, int at) {
      return half(data.getShort(at));
    }
  },
  F4(4) {
    @Override
    float get(ByteBuffer data, int at) {
      return data.getFloat(at);
    }
  },
  F8(8) {
    @Override
    float get(ByteBuffer data, int at) {
      return (float) data.getDouble(at);
    }
  },
  I1(1) {
    @Override
    float get(ByteBuffer data, int at) {
      return data.get(at);
    }
  },
  I2(2) {
    @Override
    float get(ByteBuffer data, int at) {
      return data.getShort(at);
    }
  },
  I4(4) {
    @Override
    float get(ByteBuffer data, int at) {
      return data.getInt(at);
    }
  },
  I8(8) {
    @Override
    float get(ByteBuffer data, int at) {
      return data.getLong(at);
    }
  },
  U1(1) {
    @Override
    float get(ByteBuffer data, int at) {
      return data.get(at) & 0xff;
    }
  },
  U2(2) {
    @Override
    float get(ByteBuffer data, int at) {
      return data.getShort(at) & 0xffff;
    }
  },
  U4(4) {
    @Override
    float get(ByteBuffer data, int at) {
      return data.getInt(at) & 0xffffffffL;
    }
  },
  U8(8) {
    @Override
    float get(ByteBuffer data, int at) {
      long value = data.getLong(at);
      // Halved where it is negative as a long; the bit shifted out is kept for correct rounding.
      return value >= 0 ? value : 2 * (float) (value >>> 1 | (value & 1));
    }
  },
  B1(1) {
    @Override
    float get(ByteBuffer data, int at) {
      byte value = data.get(at);
      return value == 0 || value == 1 ? value : Float.NaN;
    }
  };

  private final int bytes;

  NpyType(int bytes) {
    this.bytes = bytes;
  }

  int bytes() {
    return bytes;
  }

  /** Returns the element at an offset as the nearest float32; NaN if it is not a number. */
  abstract float get(ByteBuffer data, int at);

  /**
   * Returns the type of a descr such as {@code <f4}.
   *
   * @throws RequestException 400 if it is not one of these types
   */
  static NpyType of(String descr) {
    boolean ordered = !descr.isEmpty() && "<>|".indexOf(descr.charAt(0)) >= 0;
    if (ordered) {
      for (NpyType type : values()) {
        boolean named = type.name().toLowerCase(Locale.ROOT).equals(descr.substring(1));
        if (named && (type.bytes == 1 || descr.charAt(0) != '|')) {
          return type;
        }
      }
    }
    throw RequestException.badRequest(
        "expected an npy array of dtype f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 or b1, got %s"
            .formatted(
                descr.equals("|O")
                    ? "object, which is Python's pickle; convert it by astype('float32')"
                    : Quote.text(descr)));
  }

  /** Returns the value of an IEEE 754 binary16. */
  private static float half(short bits) {
    int exponent = bits >> 10 & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0x1f) {
      return Float.NaN; // or infinite, which is refused as well
    }
    float magnitude =
        exponent == 0
            ? Math.scalb((float) fraction, -24)
            : Math.scalb((float) (0x400 | fraction), exponent - 25);
    return bits < 0 ? -magnitude : magnitude;
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ImageSetTest {

  private static final byte[] LABELS = {7, 0, (byte) 255};

  private static ImageSet threeImages() {
    return ImageSet.of(2, 4, Idx.body(24), LABELS);
  }

  @Test
  void accessors_threeImages_giveShapePixelsAndUnsignedLabels() {
    ImageSet set = threeImages();

    assertThat(set.size()).isEqualTo(3);
    assertThat(set.rows()).isEqualTo(2);
    assertThat(set.columns()).isEqualTo(4);
    assertThat(set.image(1)).containsExactly(80, 90, 100, 110, 120, 130, (byte) 140, (byte) 150);
    assertThat(set.label(2)).isEqualTo(255);
    assertThat(set).hasToString("3 images of 2x4");
  }

  @Test
  void of_arraysChangedAfterwards_keepsItsContent() {
    byte[] pixels = Idx.body(8);
    byte[] labels = {5};
    ImageSet set = ImageSet.of(2, 4, pixels, labels);
    pixels[1] = 99;
    labels[0] = 9;
    set.image(0)[1] = 98;

    assertThat(set.image(0)).isEqualTo(Idx.body(8));
    assertThat(set.label(0)).isEqualTo(5);
  }

  @Test
  void pixelsAndLabels_eachCall_areIndependentReadOnlyViews() {
    ImageSet set = threeImages();
    ByteBuffer view = set.pixels();
    view.position(20);

    assertThat(set.pixels()).isEqualTo(ByteBuffer.wrap(Idx.body(24)));
    assertThat(set.labels()).isEqualTo(ByteBuffer.wrap(LABELS));
    assertThatThrownBy(() -> set.pixels().put(0, (byte) 1))
        .isInstanceOf(ReadOnlyBufferException.class);
    assertThatThrownBy(() -> set.labels().put(0, (byte) 1))
        .isInstanceOf(ReadOnlyBufferException.class);
  }

  @Test
  void of_lengthsThatDisagree_throws() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSet.of(2, 4, new byte[23], LABELS))
        .withMessage("3 images of 2x4 take 24 pixels, not 23");
    assertThatIllegalArgumentException().isThrownBy(() -> ImageSet.of(0, 4, new byte[0], LABELS));
    // 65536 * 65536 is 0 in int arithmetic
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSet.of(1 << 16, 1 << 16, new byte[0], LABELS));
  }

  @Test
  void image_indexOutside_throws() {
    assertThatThrownBy(() -> threeImages().image(3)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> threeImages().label(-1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void first_fewerThanAll_keepsTheFirstOnes() {
    ImageSet set = threeImages();
    ImageSet two = set.first(2);

    assertThat(two.size()).isEqualTo(2);
    assertThat(two.pixels()).isEqualTo(ByteBuffer.wrap(Idx.body(16)));
    assertThat(two.label(1)).isZero();
    assertThat(two.sha256()).isNotEqualTo(set.sha256());
    assertThat(set.first(3)).isSameAs(set);
    assertThat(set.first(0).size()).isZero();
  }

  @Test
  void first_moreThanAll_throws() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> threeImages().first(4))
        .withMessage("n (4) must be 0 to 3");
    assertThatIllegalArgumentException().isThrownBy(() -> threeImages().first(-1));
  }

  @Test
  void sha256_threeImages_isThatOfShapePixelsAndLabels() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update(new byte[] {0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4});
    digest.update(Idx.body(24));
    String expected = HexFormat.of().formatHex(digest.digest(LABELS));

    ImageSet set = threeImages();
    assertThat(set.sha256()).isEqualTo(expected);
    assertThat(set.sha256()).isEqualTo(expected);
    assertThat(ImageSet.of(4, 2, Idx.body(24), LABELS).sha256()).isNotEqualTo(expected);
  }
}

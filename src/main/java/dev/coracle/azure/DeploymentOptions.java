// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** Says how a function app is created; made by {@link #builder}, which checks the values. */
public final class DeploymentOptions {

  /** How Azure bills and runs a function app; both cost per call and nothing without calls. */
  public enum Plan {
    /** Flex Consumption. */
    FLEX(800),
    /** The older one, on Linux, which Azure ends on 30 September 2028. */
    CONSUMPTION(500);

    /** The disk space of an instance for files. */
    final int maxMegabytes;

    Plan(int maxMegabytes) {
      this.maxMegabytes = maxMegabytes;
    }
  }

  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9-]{0,58}[a-zA-Z0-9]");
  private static final Pattern GROUP = Pattern.compile("[a-zA-Z0-9_(]([\\w.()-]{0,88}[\\w()-])?");
  private static final Pattern LOCATION = Pattern.compile("[a-z][a-z0-9]{2,39}");
  private static final Pattern STORAGE = Pattern.compile("[a-z0-9]{3,24}");
  private static final Pattern RUNTIME = Pattern.compile("(1[7-9]|[2-9][0-9])");

  final String name;
  final String resourceGroup;
  final String location;
  final String storageAccount;
  final Plan plan;
  final String runtimeVersion;
  final int instanceMemory;
  final boolean appInsights;

  private DeploymentOptions(Builder builder) {
    name =
        matching(
            NAME,
            "name",
            builder.name,
            "2 to 60 letters a-z and A-Z, digits and hyphens, with no hyphen at either end");
    resourceGroup =
        matching(
            GROUP,
            "resourceGroup",
            builder.resourceGroup == null ? "coracle-" + name : builder.resourceGroup,
            "1 to 90 letters, digits, hyphens, underscores, dots and parentheses, with no hyphen or"
                + " dot at the start and no dot at the end");
    location =
        matching(
            LOCATION,
            "location",
            builder.location,
            "a location such as eastus ('az account list-locations' shows all)");
    storageAccount =
        matching(
            STORAGE,
            "storageAccount",
            builder.storageAccount == null ? storageAccount(name) : builder.storageAccount,
            "3 to 24 letters a-z and digits");
    plan = builder.plan;
    runtimeVersion =
        matching(
            RUNTIME,
            "runtimeVersion",
            builder.runtimeVersion,
            "a version of Java that Azure has, from 17 on, such as 17 or 21");
    instanceMemory = builder.instanceMemory;
    if (instanceMemory != 512 && instanceMemory != 2048 && instanceMemory != 4096) {
      throw new IllegalArgumentException(
          "instanceMemory must be 512, 2048 or 4096, got " + instanceMemory);
    }
    appInsights = builder.appInsights;
  }

  private static String matching(
      Pattern pattern, String setter, @Nullable String value, String expected) {
    if (value == null) {
      throw new IllegalArgumentException(setter + " is required");
    }
    if (!pattern.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "%s must be %s, got '%s'".formatted(setter, expected, value));
    }
    return value;
  }

  /** Differs even for app names that differ only in hyphens or after the 16th letter. */
  private static String storageAccount(String name) {
    String letters = name.toLowerCase(Locale.ROOT).replace("-", "");
    CRC32 sum = new CRC32();
    sum.update(name.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8));
    return letters.substring(0, Math.min(16, letters.length())) + "%08x".formatted(sum.getValue());
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Collects options; not thread-safe. */
  public static final class Builder {
    private @Nullable String name;
    private @Nullable String resourceGroup;
    private String location = "eastus";
    private @Nullable String storageAccount;
    private Plan plan = Plan.FLEX;
    private String runtimeVersion = "17";
    private int instanceMemory = 2048;
    private boolean appInsights;

    private Builder() {}

    /** Sets the function app's name, part of its address and so globally unique. Required. */
    public Builder name(String value) {
      name = value;
      return this;
    }

    /** Sets the resource group for everything that is created. Default {@code coracle-NAME}. */
    public Builder resourceGroup(@Nullable String value) {
      resourceGroup = value;
      return this;
    }

    /** Sets the Azure location where everything is created. Default eastus. */
    public Builder location(String value) {
      location = value;
      return this;
    }

    /** Sets the storage account that a function app needs. Default: derived from the name. */
    public Builder storageAccount(@Nullable String value) {
      storageAccount = value;
      return this;
    }

    /** Sets the plan. Default {@link Plan#FLEX}. */
    public Builder plan(Plan value) {
      plan = value;
      return this;
    }

    /** Sets the version of Java: 17 or newer, if Azure has it. Default 17. */
    public Builder runtimeVersion(String value) {
      runtimeVersion = value;
      return this;
    }

    /** Sets an instance's memory in MB, for {@link Plan#FLEX}: 512, 2048 or 4096. Default 2048. */
    public Builder instanceMemory(int value) {
      instanceMemory = value;
      return this;
    }

    /** Also creates Application Insights for the app's log, billed by use. Default false. */
    public Builder appInsights(boolean value) {
      appInsights = value;
      return this;
    }

    /**
     * Throws IllegalArgumentException for an invalid or missing value; the first word of its
     * message is the setter.
     */
    public DeploymentOptions build() {
      return new DeploymentOptions(this);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.eclipse.jetty.http.pathmap.UriTemplatePathSpec;
import org.jspecify.annotations.Nullable;

/** The table of all routes: which method on which path does what. */
final class Routes {

  /** What a route does: answers the exchange, at once or later, or throws RequestException. */
  interface Action {
    void handle(Exchange exchange, Map<String, String> parameters);
  }

  /**
   * A path with its methods.
   *
   * @param template the path, with {@code {name}} for a part that varies
   */
  record Route(String template, UriTemplatePathSpec path, Map<String, Action> methods) {

    /** Returns the methods that the route allows, as the header Allow lists them. */
    String allowed() {
      TreeSet<String> names = new TreeSet<>(methods.keySet());
      if (names.contains("GET")) {
        names.add("HEAD");
      }
      names.add("OPTIONS");
      return String.join(", ", names);
    }

    /** Returns what a method does, or null where it is not allowed. */
    @Nullable Action action(String method) {
      return methods.get(method.equals("HEAD") ? "GET" : method);
    }
  }

  /** A route for a path, and the values of its parts that vary. */
  record Match(Route route, Map<String, String> parameters) {}

  private final Map<String, Route> fixed = new LinkedHashMap<>();
  private final List<Route> templates = new ArrayList<>();

  Routes add(String method, String template, Action action) {
    if (template.indexOf('{') < 0) {
      fixed.computeIfAbsent(template, Routes::route).methods.put(method, action);
      return this;
    }
    for (Route route : templates) {
      if (route.template.equals(template)) {
        route.methods.put(method, action);
        return this;
      }
    }
    Route route = route(template);
    route.methods.put(method, action);
    templates.add(route);
    return this;
  }

  private static Route route(String template) {
    return new Route(template, new UriTemplatePathSpec(template), new LinkedHashMap<>());
  }

  /** Returns all routes. */
  List<Route> all() {
    List<Route> all = new ArrayList<>(fixed.values());
    all.addAll(templates);
    return all;
  }

  /** Returns the route of a path, or null. */
  @Nullable Match find(String path) {
    Route exact = fixed.get(path);
    if (exact != null) {
      return new Match(exact, Map.of());
    }
    for (Route route : templates) {
      Map<String, String> parameters = route.path.getPathParams(path);
      if (parameters != null) {
        return new Match(route, parameters);
      }
    }
    return null;
  }
}

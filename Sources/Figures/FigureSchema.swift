package import Pipeline

extension FigureFile {
  /// The JSON Schema of `figures:`, by name; series may have these tables and stages.
  package static func schema(tables: [String], stages: [String]) -> (figures: Schema, definitions: [String: Schema]) {
    let legend = Schema.words(Figure.Key.self)
    let side: Schema = ["type": "integer", "minimum": 1, "maximum": 12]
    let figure = Schema.mapping(
      keys,
      [
        "caption": Schema.anyText, "source": Schema.anyText, "width": .words(Figure.Width.self),
        "height": ["type": "number", "minimum": 2, "maximum": 30],
        "font": .reference("font"),
        "layout": ["type": "array", "items": side, "minItems": 2, "maxItems": 2], "key": legend,
        "panels": .list(.entry("panel"), atLeast: 1),
      ], required: ["caption", "source", "panels"])
    let font = Schema.mapping(
      fontKeys,
      [
        "family": ["type": "string", "pattern": "^(?=.*[A-Za-z])[A-Za-z0-9]+([ -][A-Za-z0-9]+)*$"],
        "size": ["type": "number", "minimum": 5, "maximum": 20],
      ])
    let panel = Schema.mapping(
      panelKeys,
      [
        "title": Schema.anyText, "x": .reference("axis"), "y": .reference("axis"), "z": .reference("axis"),
        "key": legend, "series": .list(.reference("series"), atLeast: 1),
      ], required: ["x", "y", "series"])
    let bound = Schema.anyOf([.anyNumber, ["const": "auto"]])
    let axis = Schema.mapping(
      axisKeys,
      [
        "label": Schema.anyText, "range": ["type": "array", "items": bound, "minItems": 2, "maxItems": 2],
        "scale": .words(Axis.Scale.self), "ticks": .list(.anyNumber),
      ], required: ["label"])
    let kinds = Series.Draw.allCases
    let series: Schema = [
      "type": "object", "properties": ["draw": .words(Series.Draw.self)], "required": ["draw"],
      "allOf": .list(
        kinds.map { draw in
          [
            "if": ["properties": ["draw": ["const": .text(draw.rawValue)]]],
            "then": .reference("series of \(draw.rawValue)"),
          ]
        }),
    ]
    var definitions = [
      "panel": panel, "axis": axis, "series": series, "name of a table": .words(tables),
      "name of a stage": .words(stages),
    ]
    for draw in kinds { definitions["series of \(draw.rawValue)"] = self.series(draw) }
    definitions = Schema.definitions(definitions, entries: ["panel"])
    definitions["font"] = font
    return (.named(figure), definitions)
  }

  private static func series(_ draw: Series.Draw) -> Schema {
    let all: [String: Schema] = [
      "draw": ["const": .text(draw.rawValue)], "label": Schema.anyText,
      "style": ["type": "integer", "minimum": 1, "maximum": .number(styleCount)],
      "slope": Schema.anyNumber, "rate": Schema.anyNumber, "through": Schema.pair, "range": Schema.pair,
      "value": Schema.anyNumber, "table": .reference("name of a table"),
      "from": .texts(.reference("name of a stage"), atLeast: 1),
      "where": ["type": "object"],
      "split": Schema.anyText, "dropNonPositive": Schema.anyFlag,
    ]
    let keys = keys(of: draw)
    let roles = roles(of: draw)
    let columns = (roles.required + roles.optional).map { ($0.rawValue, Schema.anyText) }
    let properties = all.merging(columns) { given, _ in given }.filter { keys.contains($0.key) }
    // A line at a fixed value has neither table nor column.
    let required =
      keys.contains("value") ? [] : roles.required.map(\.rawValue) + (draw == .guide ? ["through"] : ["table"])
    return .mapping(keys, properties, required: ["draw"] + required)
  }
}

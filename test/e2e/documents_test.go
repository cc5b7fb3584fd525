package e2e

import (
	"encoding/json"
	"testing"
)

// everyType is an object with 30 fields, of all types there are.
func everyType(name string) object {
	field := func(kind string, with ...any) object {
		f := object{"type": kind}
		for i := 0; i < len(with); i += 2 {
			f[with[i].(string)] = with[i+1]
		}
		return f
	}
	return object{"kind": "object", "name": name, "label": object{"en": "Everything", "zh": "全部"}, "name_field": "name", "visibility": "private",
		"search": []string{"name", "body"},
		"fields": object{
			"name":      field("text", "required", true, "max_length", 100),
			"code":      field("text", "unique", true, "pattern", "^[A-Z]{2}-[0-9]+$"),
			"body":      field("long_text"),
			"whole":     field("number", "scale", 0, "min", -1000, "max", 1000),
			"exact":     field("number", "scale", 6),
			"price":     field("currency", "scale", 2, "indexed", true),
			"share":     field("percent", "scale", 1, "min", 0, "max", 100),
			"active":    field("checkbox", "default", true),
			"day":       field("date", "indexed", true),
			"moment":    field("datetime"),
			"hour":      field("time"),
			"lasts":     field("duration"),
			"colour":    field("picklist", "options", object{"red": object{}, "green": object{}, "blue": object{}}, "default", "red"),
			"sizes":     field("multi_picklist", "options", object{"s": object{}, "m": object{}, "l": object{}}),
			"mail":      field("email"),
			"tel":       field("phone"),
			"site":      field("url"),
			"residence": field("address"),
			"place":     field("location"),
			"labels":    field("tags"),
			"number":    field("auto_number", "pattern", "E-{yyyy}-{0000}"),
			"account":   field("lookup", "object", "account", "on_delete", "clear"),
			"parent":    field("lookup", "object", name, "on_delete", "restrict"),
			"about":     field("any_lookup", "objects", []string{"account", "contact"}),
			"assistant": field("user"),
			"extra":     field("json"),
			"rows": field("children", "fields", object{
				"what": object{"type": "text", "required": true}, "amount": object{"type": "number", "scale": 2},
				"parts": object{"type": "children", "fields": object{"n": object{"type": "number", "scale": 0}}}}),
			"double":   field("formula", "result", "currency", "scale", 2, "expression", "price * 2"),
			"quadrupl": field("formula", "result", "currency", "scale", 2, "expression", "double * 2"),
			"kids":     field("rollup", "op", "count", "object", name, "lookup", "parent"),
		}}
}

// complete is a record of everyType with a value in every field that takes one.
func complete(name, account, user string) object {
	return object{"name": name, "body": "一段文字 and words", "whole": 42, "exact": json.Number("0.000001"), "price": json.Number("19.99"),
		"share": json.Number("12.5"), "active": false, "day": "2026-02-28", "moment": "2026-02-28T23:59:59Z", "hour": "23:59", "lasts": "1h30m",
		"colour": "green", "sizes": []string{"s", "l"}, "mail": "A@example.com", "tel": "+86 10 1234 5678", "site": "https://example.com/x",
		"residence": object{"street": "Main St 1", "city": "上海", "country": "CN"}, "place": object{"lat": json.Number("31.23"), "lng": json.Number("121.47")},
		"labels": []string{"a", "乙"}, "account": account, "about": object{"object": "account", "id": account}, "assistant": user,
		"extra": object{"deep": []any{json.Number("1"), nil, "x"}},
		"rows":  []object{{"what": "one", "amount": json.Number("1.25"), "parts": []object{{"n": 1}, {"n": 2}}}, {"what": "two"}}}
}

// apply makes a change of the configuration and returns its revision.
func (c *client) apply(t testing.TB, documents ...object) json.Number {
	t.Helper()
	return c.must(t, 200, "POST", "/metadata/apply", object{"documents": documents})["revision"].(json.Number)
}

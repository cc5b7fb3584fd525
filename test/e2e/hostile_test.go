package e2e

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// plain is an object with one field and what is added.
func plain(name string, fields object, with ...any) object {
	all := object{"name": object{"type": "text"}}
	for field, v := range fields {
		all[field] = v
	}
	doc := object{"kind": "object", "name": name, "label": "Plain", "name_field": "name", "visibility": "private", "fields": all}
	for i := 0; i+1 < len(with); i += 2 {
		doc[with[i].(string)] = with[i+1]
	}
	return doc
}

// formula is a field that computes a number.
func formula(expression string) object {
	return object{"type": "formula", "result": "number", "scale": 0, "expression": expression}
}

// listener counts who comes, which nobody must.
func listener(t *testing.T) (address string, came *atomic.Int64) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	came = new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			c.Close()
		}
	}()
	return "http://" + l.Addr().String(), came
}

func TestDocumentsThatAreRefused(t *testing.T) {
	w := theWorld(t)
	address, came := listener(t)
	rego := func(rules string) object {
		return object{"kind": "policy", "name": "p", "object": "account", "rego": "package formwork.custom.p\n" + rules}
	}
	for _, c := range []struct {
		says      string
		documents []object
		code      string // of one of the problems
		has       string
	}{
		// Documents that are none.
		{says: "no kind", documents: []object{{"name": "x"}}, code: "metadata.head"},
		{says: "an unknown kind", documents: []object{{"kind": "objekt", "name": "x", "label": "X"}}, code: "schema.unknown_kind_near"},
		{says: "an unknown member", documents: []object{plain("x", nil, "visibilty", "private")}, code: "schema.unknown_property_near", has: `"suggestion":"visibility"`},
		{says: "an unknown field type", documents: []object{plain("x", object{"y": object{"type": "txt"}})}, code: "schema.enum_near", has: `"suggestion":"text"`},
		{says: "an unknown setting", documents: []object{plain("x", object{"y": object{"type": "text", "maxlength": 1}})}, code: "schema.unknown_property_near", has: `"suggestion":"max_length"`},
		{says: "the same twice", documents: []object{plain("x", nil), plain("x", nil)}, code: "catalog.twice"},
		{says: "deep", documents: []object{{"kind": "object", "name": "x", "fields": raw(strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60))}}, code: ""},
		// References to elsewhere.
		{says: "a $ref to a file", documents: []object{plain("x", object{"y": object{"type": "json", "$ref": "file:///etc/passwd"}})}, code: "schema.unknown_property"},
		{says: "a $ref to the network", documents: []object{plain("x", object{"y": object{"type": "json", "$ref": address + "/a"}})}, code: "schema.unknown_property"},
		{says: "a $schema of the network", documents: []object{plain("x", nil, "$schema", address+"/b")}, code: "schema.unknown_property"},
		{says: "an $id of the network", documents: []object{plain("x", nil, "$id", address+"/c")}, code: "schema.unknown_property"},
		{says: "a $ref for the whole", documents: []object{{"kind": "object", "name": "x", "$ref": address + "/d"}}, code: "schema.unknown_property"},
		{says: "a $dynamicRef in settings", documents: []object{plain("x", object{"y": object{"type": "picklist", "options": object{"a": object{"$dynamicRef": address}}}})}, code: "schema.unknown_property"},
		{says: "a $ref in rows", documents: []object{plain("x", object{"y": object{"type": "children", "fields": object{"z": object{"type": "json", "$ref": "file:///etc/passwd"}}}})}, code: "schema.unknown_property"},
		{says: "a $ref in a view", documents: []object{{"kind": "view", "name": "x", "object": "account", "columns": []any{object{"$ref": address}}, "show": "table"}}, code: "schema.type"},
		{says: "a picklist of a file", documents: []object{plain("x", object{"y": object{"type": "picklist", "picklist": "../../etc/passwd"}})}, code: ""},
		// Expressions.
		{says: "10,000 nodes", documents: []object{plain("x", object{"y": formula(repeated("1", "+", 5000))})}, code: "expression.too_many_nodes", has: `"column":2002`},
		{says: "10,000 brackets", documents: []object{plain("x", object{"y": formula(strings.Repeat("(", 9000) + "1" + strings.Repeat(")", 9000))})}, code: "expression.too_deep"},
		{says: "10,000 negations", documents: []object{plain("x", object{"y": formula(strings.Repeat("-", 9999) + "1")})}, code: "expression.too_deep"},
		{says: "an expression of 30,000 characters", documents: []object{plain("x", object{"y": formula(`len("` + strings.Repeat("x", 30_000) + `")`)})}, code: "schema.too_long"},
		{says: "a formula of itself", documents: []object{plain("x", object{"y": formula("y + 1")})}, code: "catalog.cycle"},
		{says: "formulas in a circle", documents: []object{plain("x", object{"y": formula("z"), "z": formula("y")})}, code: "catalog.cycle"},
		{says: "a roll-up of itself", documents: []object{plain("x", object{"up": object{"type": "lookup", "object": "x"},
			"y": object{"type": "rollup", "op": "sum", "object": "x", "lookup": "up", "field": "y", "result": "number", "scale": 0}})}, code: "catalog.cycle"},
		{says: "a memory bomb", documents: []object{plain("x", object{"y": formula(`len(join(map(1..1000000, "x"), ""))`)})}, code: ""},
		{says: "a repetition", documents: []object{plain("x", object{"y": formula(`len(repeat("x", 1000000000))`)})}, code: ""},
		{says: "a pattern without end", documents: []object{plain("x", nil, "rules", object{"r": object{"must": `name matches "` + strings.Repeat("a", 5000) + `"`, "message": "m"}})}, code: ""},
		{says: "a pattern that grows", documents: []object{plain("x", nil, "rules", object{"r": object{"must": `name matches "((((((((((x{10}){10}){10}){10}){10}){10}){10}){10}){10}){10})"`, "message": "m"}})}, code: ""},
		{says: "a pattern of the record", documents: []object{plain("x", nil, "rules", object{"r": object{"must": `name matches name`, "message": "m"}})}, code: ""},
		{says: "a field pattern without end", documents: []object{plain("x", object{"y": object{"type": "text", "pattern": strings.Repeat("(a|b)", 2000)}})}, code: ""},
		{says: "a field pattern that grows", documents: []object{plain("x", object{"y": object{"type": "text", "pattern": "(((x{1000}){1000}){1000})"}})}, code: "metadata.bad_pattern"},
		{says: "a field pattern that looks back", documents: []object{plain("x", object{"y": object{"type": "text", "pattern": `(a)\1`}})}, code: "metadata.bad_pattern"},
		{says: "the environment", documents: []object{plain("x", object{"y": formula(`len($env)`)})}, code: ""},
		{says: "a method", documents: []object{plain("x", object{"y": formula(`name.String()`)})}, code: ""},
		{says: "a sharing rule that can't be a filter", documents: []object{{"kind": "sharing", "name": "s", "object": "account", "when": `name matches "x"`, "to": object{"everyone": true}, "access": "read"}}, code: "expression.not_queryable"},
		// Policies.
		{says: "a policy that calls out", documents: []object{rego("allow if http.send({\"method\": \"get\", \"url\": \"" + address + "\"}).status_code == 200")}, code: "policy.rego"},
		{says: "a policy that reads the process", documents: []object{rego(`allow if opa.runtime().env.HOME == "x"`)}, code: "policy.rego"},
		{says: "a policy that looks up a host", documents: []object{rego(`allow if net.lookup_ip_addr("localhost")`)}, code: "policy.rego"},
		{says: "a policy that reads other data", documents: []object{rego(`allow if data.formwork.custom.other.allow`)}, code: "policy.data"},
		{says: "a policy that reads all data", documents: []object{rego("allow if {\n x := data\n x.config\n}")}, code: "policy.data"},
		{says: "a policy that can't be a filter", documents: []object{rego(`allow if lower(input.record.name) == "x"`)}, code: "policy.record_use"},
		{says: "a policy that matches patterns", documents: []object{rego(`allow if regex.match("(a+)+$", input.user.name)`)}, code: "policy.rego"},
		{says: "a policy that calls itself", documents: []object{rego("allow if a\na if b\nb if a")}, code: "policy.rego"},
		{says: "a policy that takes all memory", documents: []object{rego(`allow if count(numbers.range(1, 1000000000)) > 1`)}, code: "policy.rego"},
		{says: "a policy in the engine's package", documents: []object{{"kind": "policy", "name": "p", "object": "account", "rego": "package formwork\nallow if true"}}, code: "policy.package"},
		{says: "a policy that grows", documents: []object{rego("allow if {\n" + strings.Repeat("a\n", 12) + "}\n" + repeated(`a if input.record.name == "%d"`, "\n", 50))}, code: ""},
		{says: "a policy of an unknown field", documents: []object{rego(`allow if input.record.nmae == "x"`)}, code: "policy.misspelt_field", has: `"suggestion":"name"`},
		{says: "a policy of 100 kB", documents: []object{rego(strings.Repeat("# comment\n", 10_000) + "allow if true")}, code: "schema.too_long"},
		// Names.
		{says: "a name that climbs", documents: []object{plain("../x", nil)}, code: ""},
		{says: "a name with NUL", documents: []object{plain("x\x00y", nil)}, code: ""},
		{says: "an absolute name", documents: []object{plain("/etc/passwd", nil)}, code: ""},
		{says: "a long name", documents: []object{plain(strings.Repeat("x", 64), nil)}, code: ""},
		{says: "a name of the engine's", documents: []object{plain("_history", nil)}, code: ""},
		{says: "a name that looks alike", documents: []object{plain("аccount", nil)}, code: ""}, // Cyrillic а
		{says: "a full-width name", documents: []object{plain("ａｃｃｏｕｎｔ", nil)}, code: ""},
		{says: "a name in capitals", documents: []object{plain("Account", nil)}, code: ""},
		{says: "a field that climbs", documents: []object{plain("x", object{"../y": object{"type": "text"}})}, code: ""},
		{says: "a field with a colon", documents: []object{plain("x", object{"y:t": object{"type": "text"}})}, code: ""},
		{says: "a field with a quote", documents: []object{plain("x", object{`y" text); drop table account --`: object{"type": "text"}})}, code: ""},
		{says: "a field of the system", documents: []object{plain("x", object{"version": object{"type": "text"}})}, code: "catalog.reserved_name"},
		{says: "600 fields", documents: []object{plain("x", many(600))}, code: ""},
		{says: "a right that is none", documents: []object{{"kind": "permission", "name": "x", "system": []string{"everything"}}}, code: "schema.enum"},
		{says: "a right on what is not there", documents: []object{{"kind": "permission", "name": "x", "objects": object{"acount": object{"read": true}}}}, code: "catalog.unknown_document_near"},
	} {
		for _, call := range []string{"apply", "plan"} {
			t.Run(call+" "+c.says, func(t *testing.T) {
				before := w.written(t, "main")
				for who, language := range map[*client]string{w.admin.en: "en", w.admin.zh: "zh"} {
					a := who.do(t, "POST", "/metadata/"+call, object{"documents": c.documents})
					list, _ := a.json()["problems"].([]any)
					if call == "apply" {
						problem(t, a, 422, "catalog.invalid", language)
						list, _ = a.json()["errors"].([]any)
					} else if a.status != 200 {
						t.Errorf("plan: %v", a)
					}
					found := false
					for _, one := range list {
						p := one.(object)
						spoken(t, p["detail"].(string), language, fmt.Sprint(p["code"]))
						found = found || c.code == "" || p["code"] == c.code
					}
					if !found || !strings.Contains(string(a.raw), c.has) {
						t.Errorf("no problem %s %s: %v", c.code, c.has, a)
					}
					if leak := inside.Find(a.raw); leak != nil {
						t.Errorf("the answer shows %q: %v", leak, a)
					}
				}
				if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
					t.Errorf("refused, but wrote %v", wrote)
				}
			})
		}
	}
	if n := came.Load(); n > 0 {
		t.Errorf("the server called out %d times", n)
	}
}

// raw is JSON as it is.
type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func many(n int) object {
	fields := object{}
	for i := range n {
		fields[fmt.Sprint("f", i)] = object{"type": "text"}
	}
	return fields
}

// Texts that are doubled again and again stay within what a field may hold.
func TestFormulasThatGrow(t *testing.T) {
	w := theWorld(t)
	fields := object{"t0": object{"type": "text", "max_length": 255}}
	for i := 1; i < 40; i++ {
		fields[fmt.Sprint("t", i)] = object{"type": "formula", "result": "text", "expression": fmt.Sprintf("t%d + t%d", i-1, i-1)}
	}
	fields["r"] = object{"type": "formula", "result": "text", "expression": strings.Repeat(`replace(`, 20) + "t0" + strings.Repeat(`, "a", "aaaaaaaaaa")`, 20)}
	a := w.admin.en.do(t, "POST", "/metadata/apply", object{"documents": []object{plain("growing", fields)}})
	if a.status != 200 {
		problem(t, a, 422, "catalog.invalid", "en")
		return
	}
	a = w.admin.en.do(t, "POST", "/records/growing", object{"name": "x", "t0": strings.Repeat("a", 255)})
	if a.status == 201 && len(a.raw) > 10<<20 {
		t.Errorf("a record of %d bytes", len(a.raw))
	} else if a.status != 201 {
		problem(t, a, 422, a.code(), "en")
	}
}

package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"formwork/plugins/standard"
)

// everything has a field of every type, and fields that are computed when they are read.
const everything = `{"kind":"object","name":"everything","label":"Everything","name_field":"text","fields":{
	"text":{"type":"text"},"long_text":{"type":"long_text"},"email":{"type":"email"},"phone":{"type":"phone"},"url":{"type":"url"},
	"number":{"type":"number","scale":2},"currency":{"type":"currency"},"percent":{"type":"percent"},"duration":{"type":"duration"},
	"checkbox":{"type":"checkbox"},"date":{"type":"date"},"datetime":{"type":"datetime"},"time":{"type":"time"},
	"picklist":{"type":"picklist","options":{"a":{},"b":{}}},"multi_picklist":{"type":"multi_picklist","options":{"a":{},"b":{}}},"tags":{"type":"tags"},
	"user":{"type":"user"},"lookup":{"type":"lookup","object":"account"},"any_lookup":{"type":"any_lookup"},
	"address":{"type":"address"},"location":{"type":"location"},"link":{"type":"link"},"json":{"type":"json"},"rich_text":{"type":"rich_text"},"secret":{"type":"secret"},
	"file":{"type":"file"},"image":{"type":"image"},
	"auto_number":{"type":"auto_number","pattern":"E-{0000}"},"children":{"type":"children","fields":{"n":{"type":"number"}}},
	"formula":{"type":"formula","result":"text","expression":"upper(text)"},"rollup":{"type":"rollup","op":"sum","rows":"children","field":"n","result":"number"},
	"today":{"type":"formula","result":"date","expression":"today()"},"late":{"type":"formula","result":"checkbox","expression":"date < today()"},
	"age":{"type":"formula","result":"number","expression":"year(today()) - number"},"label":{"type":"formula","result":"text","expression":"late ? text : email"}}}`

type uses struct {
	Type, Kind, Sort                     string
	Operators, Measures, Groups, Targets []string
	Parts                                map[string]uses
}

// What the schema of records says of each field is what filters, lists and aggregations
// accept; what it does not say they refuse.
func TestUsesAgreeWithTheEngine(t *testing.T) {
	w := newWorld(t)
	admin := w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	if status, _, raw := w.do("POST", "/api/v1/metadata/apply", headers, `{"documents":[`+everything+`]}`); status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	_, _, raw := w.do("GET", "/api/v1/schemas/records/everything", headers, "")
	var schema struct {
		Properties map[string]struct {
			Uses uses `json:"x-field"`
		}
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	c := claims{t, w, headers, admin.String()}
	for name, property := range schema.Properties {
		seen[property.Uses.Type] = true
		c.check(name, property.Uses)
		for part, of := range property.Uses.Parts {
			c.check(name+"."+part, of)
		}
	}
	if of := schema.Properties["lookup"].Uses; !slices.Equal(of.Targets, []string{"account"}) {
		t.Errorf("the lookup leads to %v", of.Targets)
	}
	c.order("text", schema.Properties["text"].Uses)
	c.order("long_text", schema.Properties["long_text"].Uses)
	for _, name := range standard.FieldTypes().Names() {
		if !seen[name] {
			t.Errorf("no field of type %s was tried", name)
		}
	}
	if of := schema.Properties["late"].Uses; !slices.Contains(of.Operators, "==") || of.Sort != "" || of.Groups != nil || of.Measures != nil {
		t.Errorf("a condition that is computed when it is read can be filtered by and nothing else: %+v", of)
	}
}

// Texts are sorted as the schema says: folded where there is a folded form.
func (c claims) order(field string, said uses) {
	for _, value := range []string{"a", "B"} {
		if status, _, raw := c.w.do("POST", "/api/v1/records/everything", c.headers, fmt.Sprintf(`{%q:%q}`, field, value)); status != 201 {
			c.t.Fatalf("%d %s", status, raw)
		}
	}
	filter := url.QueryEscape(field + ` in ["a","B"]`)
	_, _, raw := c.w.do("GET", "/api/v1/records/everything?fields="+field+"&sort="+field+"&filter="+filter, c.headers, "")
	a, b := bytes.Index(raw, []byte(`:"a"`)), bytes.Index(raw, []byte(`:"B"`))
	if a < 0 || b < 0 || (a < b) != (said.Sort == "text") || (b < a) != (said.Sort == "value") {
		c.t.Errorf("%s is said to be sorted by %s: %s", field, said.Sort, raw)
	}
}

// claims tries what is said of fields.
type claims struct {
	t       *testing.T
	w       *world
	headers map[string]string
	user    string
}

func (c claims) check(field string, said uses) {
	for _, operator := range []string{"empty", "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith"} {
		filter := c.filter(field, operator, said.Kind)
		status, _, raw := c.w.do("GET", "/api/v1/records/everything?filter="+url.QueryEscape(filter), c.headers, "")
		c.agree(field, "the filter "+filter, slices.Contains(said.Operators, operator), status, raw)
	}
	status, _, raw := c.w.do("GET", "/api/v1/records/everything?sort="+field, c.headers, "")
	c.agree(field, "the sort", said.Sort != "", status, raw)
	for _, measure := range []string{"count", "min", "max", "sum", "avg", "median", "percentile"} {
		percent := ""
		if measure == "percentile" {
			percent = `,"percent":90`
		}
		status, raw := c.aggregate(`"measures":[{"op":%q,"field":%q%s}]`, measure, field, percent)
		c.agree(field, measure, slices.Contains(said.Measures, measure), status, raw)
	}
	for group, by := range map[string]string{"value": `""`, "day": `"day"`, "week": `"week"`, "month": `"month"`, "quarter": `"quarter"`, "year": `"year"`, "size": "10"} {
		status, raw := c.aggregate(`"group":[{"field":%q,"by":%s}]`, field, by)
		c.agree(field, "groups by "+group, slices.Contains(said.Groups, group), status, raw)
	}
}

func (c claims) aggregate(format string, args ...any) (status int, raw []byte) {
	status, _, raw = c.w.do("POST", "/api/v1/records/everything/aggregate", c.headers, "{"+fmt.Sprintf(format, args...)+"}")
	return status, raw
}

func (c claims) agree(field, what string, said bool, status int, raw []byte) {
	c.t.Helper()
	if accepted := status == 200; accepted != said || !accepted && status != 422 {
		c.t.Errorf("%s: %s: said %v, answered %d %s", field, what, said, status, raw)
	}
}

// filter has an operator on a field, with an operand of the field's kind.
func (c claims) filter(field, operator, kind string) string {
	operand := map[string]string{"text": `"a"`, "number": "1", "boolean": "true", "date": `"2026-01-31"`, "datetime": `"2026-01-31T10:00:00Z"`,
		"time": `"10:00"`, "duration": "days(1)", "reference": fmt.Sprintf("%q", c.user), "list": `"a"`}[kind]
	if field == "any_lookup" {
		operand = fmt.Sprintf("%q", "user/"+c.user)
	}
	if operand == "" {
		operand = `"a"`
	}
	switch operator {
	case "empty":
		return field + " == nil or " + field + " != nil"
	case "in":
		return field + " in [" + operand + "]"
	}
	return strings.Join([]string{field, operator, operand}, " ")
}

// Every type says what can be done with its fields, or what they may result in.
func TestFieldTypes(t *testing.T) {
	w := newWorld(t)
	w.User("rep@example.com", nil)
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "rep@example.com")}
	status, _, raw := w.do("GET", "/api/v1/schemas/field-types", headers, "")
	var answer struct {
		Items []struct {
			Type    string
			Uses    *uses
			Results []string
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil || status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	var names []string
	for _, one := range answer.Items {
		names = append(names, one.Type)
		if (one.Uses == nil) == (one.Results == nil) {
			t.Errorf("%s says %+v and %v", one.Type, one.Uses, one.Results)
		}
	}
	if !slices.Equal(names, standard.FieldTypes().Names()) {
		t.Errorf("lists %v", names)
	}
}

package metadata_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/metadata"
)

func TestReadJSON(t *testing.T) {
	const maxDepth = 64
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		in           string
		code         string
		line, column int
	}{
		{in: `{"a": [1, -2.5e+3, true, false, null, "x\u00e9\ud83d\ude00\n"]}`},
		{in: ` {} `},
		{in: deep(maxDepth)},
		{deep(maxDepth + 1), "json.depth", 1, maxDepth + 1},
		{"", "json.empty", 0, 0},
		{" \n", "json.empty", 0, 0},
		{`{"a":1,"a":2}`, "json.twice", 1, 8},
		{"{\n \"é\": x}", "json.syntax", 2, 7},
		{`{"a":1} 2`, "json.trailing", 1, 9},
		{`{"a":1,}`, "json.syntax", 1, 8},
		{`[1,]`, "json.syntax", 1, 4},
		{`[01]`, "json.syntax", 1, 3},
		{`[1.]`, "json.syntax", 1, 4},
		{`[1e]`, "json.syntax", 1, 4},
		{`-`, "json.syntax", 1, 2},
		{`"a`, "json.syntax", 1, 3},
		{`"\x"`, "json.syntax", 1, 3},
		{`"\ud800"`, "json.syntax", 1, 8},
		{"\"\x01\"", "json.control", 1, 2},
		{"\"\xff\"", "json.utf8", 1, 2},
		{"\"\\n\xff\"", "json.utf8", 1, 2},
		{strings.Repeat("9", 100), "json.number", 1, 1},
		{"[1e99999]", "json.number", 1, 2},
	} {
		_, err := metadata.ReadJSON([]byte(c.in), metadata.Limits{Depth: maxDepth})
		if c.code == "" {
			if err != nil {
				t.Errorf("%q: %v", c.in, err)
			}
			continue
		}
		if !fault.Is(err, c.code) || fault.KindOf(err) != fault.Malformed {
			t.Errorf("%q: %v, want %s", c.in, err, c.code)
			continue
		}
		if params := fault.From(err).Params; c.line > 0 && (params["line"] != c.line || params["column"] != c.column) {
			t.Errorf("%q: at %v:%v, want %d:%d", c.in, params["line"], params["column"], c.line, c.column)
		}
	}
}

// What ReadJSON accepts means what encoding/json says it means.
func FuzzReadJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,"x\ud83d\ude00",null,true]}`, `"\ud800"`, `[[[]]]`, `{"a":1,"a":2}`, "\"\xff\"", `1e5`, ` -0 `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, problem := metadata.ReadJSON(raw, metadata.Limits{Bytes: 1 << 20, Depth: 64})
		if problem != nil {
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", raw, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %#v, want %#v", raw, got, want)
		}
	})
}

// A mistake is told with the pointer of the value it is in.
func TestReadJSONPoints(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":[1,{"b/c":1,"b\u002fc":2}]}`: "/a/1/b~1c json.twice",
		`{"a":[1,{"b":1e999}]}`:            "/a/1/b json.number",
		`{"a":[1,{"b":x}]}`:                "/a/1/b json.syntax",
		`{"a":[1,{"b":1}}`:                 "/a json.syntax",
	} {
		_, problem := metadata.ReadJSON([]byte(in), metadata.Limits{Depth: 8})
		if problem == nil || problem.Pointer+" "+problem.Code != want {
			t.Errorf("%s: %v", in, problem)
		}
	}
	if _, problem := metadata.ReadJSON([]byte("[1]"), metadata.Limits{Bytes: 2, Depth: 8}); problem == nil || problem.Kind != fault.TooLarge {
		t.Errorf("a text over the limit: %v", problem)
	}
}

func BenchmarkReadJSON(b *testing.B) {
	body := []byte(`{"name": "Acme Corporation", "amount": 12500.50, "stage": "negotiation", "close_date": "2026-03-31", "probability": 75, "account": "0a1b2c3d4e5f6", "description": "A longer text with \"quotes\" and\nlines, für Ümlaute und 商机.", "tags": ["a", "b", "c"], "billing_address": {"street": "1 Main St", "city": "Springfield", "postal_code": "12345", "country": "US"}, "lines": [{"product": "p1", "quantity": 3, "price": 9.99}, {"product": "p2", "quantity": 1, "price": 100}], "active": true, "closed_at": null}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, problem := metadata.ReadJSON(body, metadata.Limits{Depth: 64}); problem != nil {
			b.Fatal(problem)
		}
	}
}

package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"formwork/engine/fault"
)

func TestParse(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		in           string
		code         string
		line, column int
	}{
		{in: `{"a": [1, -2.5e+3, true, false, null, "x\u00e9\ud83d\ude00\n"]}`},
		{in: ` {} `},
		{in: deep(maxDepth)},
		{deep(maxDepth + 1), "api.json_depth", 1, maxDepth + 1},
		{"", "api.json_empty", 0, 0},
		{" \n", "api.json_empty", 0, 0},
		{`{"a":1,"a":2}`, "api.json_twice", 1, 8},
		{"{\n \"é\": x}", "api.json_syntax", 2, 7},
		{`{"a":1} 2`, "api.json_trailing", 1, 9},
		{`{"a":1,}`, "api.json_syntax", 1, 8},
		{`[1,]`, "api.json_syntax", 1, 4},
		{`[01]`, "api.json_syntax", 1, 3},
		{`[1.]`, "api.json_syntax", 1, 4},
		{`[1e]`, "api.json_syntax", 1, 4},
		{`-`, "api.json_syntax", 1, 2},
		{`"a`, "api.json_syntax", 1, 3},
		{`"\x"`, "api.json_syntax", 1, 3},
		{`"\ud800"`, "api.json_syntax", 1, 8},
		{"\"\x01\"", "api.json_control", 1, 2},
		{"\"\xff\"", "api.json_utf8", 1, 2},
		{"\"\\n\xff\"", "api.json_utf8", 1, 2},
		{strings.Repeat("9", 100), "api.json_number", 1, 1},
		{"[1e99999]", "api.json_number", 1, 2},
	} {
		_, err := parse([]byte(c.in))
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

// What parse accepts means what encoding/json says it means.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,"x\ud83d\ude00",null,true]}`, `"\ud800"`, `[[[]]]`, `{"a":1,"a":2}`, "\"\xff\"", `1e5`, ` -0 `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := parse(raw)
		if err != nil {
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

func TestAppendString(t *testing.T) {
	for _, s := range []string{"", "plain", "a\"b\\c", "<script>", "é\u2028\x00", "商机"} {
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil || back != s {
			t.Errorf("%q came back as %q (%v)", s, back, err)
		}
	}
}

package metadata_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"formwork/engine/fault"
	"formwork/metadata"
)

func TestParse(t *testing.T) {
	deep := func(n int) string {
		return `{"kind":"role","name":"x","a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"
	}
	for _, c := range []struct{ name, in, want string }{
		{"sound", `{"name":"x","b":1.50,"kind":"role","a":{"type":"t","label":"l","b":[],"a":{}},"label":"X"}`,
			`{"kind":"role","name":"x","label":"X","a":{"type":"t","label":"l","a":{},"b":[]},"b":1.50}`},
		{"texts stay readable", `{"kind":"role","name":"x","label":"<A> & \u4e2d\n\u0001\"\\\/"}`, `{"kind":"role","name":"x","label":"<A> & 中\n\u0001\"\\/"}`},
		{"null removes", `{"kind":"role","name":"x","label":null}`, `{"kind":"role","name":"x","label":null}`},
		{"null in a list", `{"kind":"role","name":"x","a":[1,null,{"b":null}]}`, "/a/1 metadata.null, /a/2/b metadata.null"},
		{"no head", `{}`, "/kind metadata.head, /name metadata.head"},
		{"bad names", `{"kind":"Role","name":"../../etc/passwd"}`, "/kind metadata.bad_name, /name metadata.bad_name"},
		{"name of 64", `{"kind":"role","name":"` + strings.Repeat("a", 64) + `"}`, "/name metadata.bad_name"},
		{"name with a newline", `{"kind":"role","name":"a\n"}`, "/name metadata.bad_name"},
		{"no object", `[]`, " metadata.not_a_document"},
		{"empty", ``, " json.empty"},
		{"broken", `{"kind":"role",}`, " json.syntax"},
		{"data after", `{"kind":"role","name":"x"} {}`, " json.trailing"},
		{"twice", `{"kind":"role","name":"x","a":{"b/c":1,"b\u002fc":2}}`, "/a/b~1c json.twice"},
		{"not UTF-8", "{\"kind\":\"role\",\"name\":\"x\",\"label\":\"\xff\"}", "/label json.utf8"},
		{"deep", deep(31), deep(31)},
		{"too deep", deep(32), "/a" + strings.Repeat("/0", 31) + " json.depth"},
		{"very deep", deep(100000), "/a" + strings.Repeat("/0", 31) + " json.depth"},
		{"too large", `{"kind":"role","name":"x","label":"` + strings.Repeat("a", metadata.MaxDocument) + `"}`, " metadata.too_large"},
		{"absurd number", `{"kind":"role","name":"x","order":1e999999999}`, "/order json.number"},
		{"long number", `{"kind":"role","name":"x","order":` + strings.Repeat("1", 65) + `}`, "/order json.number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, problems := metadata.Parse([]byte(c.in))
			got := string(d.Body)
			if problems != nil {
				got = pointers(problems)
			}
			if got != c.want {
				t.Errorf("got  %.300s\nwant %.300s", got, c.want)
			}
		})
	}
}

func pointers(problems []*fault.Fault) string {
	var list []string
	for _, p := range problems {
		list = append(list, p.Pointer+" "+p.Code)
	}
	return strings.Join(list, ", ")
}

func TestPlaceOfBrokenJSON(t *testing.T) {
	_, problems := metadata.Parse([]byte("{\n  \"kind\": \"中\" x\n}"))
	if len(problems) != 1 || problems[0].Params["line"] != 2 || problems[0].Params["column"] != 15 {
		t.Fatalf("got %v %v", problems, problems[0].Params)
	}
}

func TestFile(t *testing.T) {
	d, problems := metadata.Parse([]byte(`{"kind":"object","name":"thing","label":{"zh":"物","en":"Thing"},"name_field":"name",
		"fields":{"name":{"type":"text","required":true,"label":{"en":"Name"}},"tags":{"type":"tags"}},"search":["name","tags"],"rules":{},
		"untracked":["` + strings.Repeat("x", 50) + `","` + strings.Repeat("y", 50) + `"]}`))
	if problems != nil {
		t.Fatal(problems)
	}
	want := `{
  "kind": "object",
  "name": "thing",
  "label": {"en": "Thing", "zh": "物"},
  "fields": {
    "name": {
      "type": "text",
      "label": {"en": "Name"},
      "required": true
    },
    "tags": {"type": "tags"}
  },
  "name_field": "name",
  "rules": {},
  "search": ["name", "tags"],
  "untracked": [
    "` + strings.Repeat("x", 50) + `",
    "` + strings.Repeat("y", 50) + `"
  ]
}
`
	if got := string(d.File()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	again, problems := metadata.Parse(d.File())
	if problems != nil || string(again.Body) != string(d.Body) {
		t.Errorf("the file gives another document: %s %v", again.Body, problems)
	}
}

// value makes a random JSON value without null.
func value(r *rand.Rand, depth int) any {
	names := []string{"a", "b", "label", "type", "x/y", "~z", "", "name"}
	switch n := r.IntN(6 + 4*min(depth, 1)); {
	case n == 0:
		return r.IntN(2) == 0
	case n < 3:
		return json.Number(fmt.Sprint(r.IntN(3)))
	case n < 5:
		return names[r.IntN(len(names))]
	case n == 5:
		list := []any{}
		for range r.IntN(3) * min(depth, 1) {
			list = append(list, value(r, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for range r.IntN(5) {
		object[names[r.IntN(len(names))]] = value(r, depth-1)
	}
	return object
}

func canonical(v any) json.RawMessage { return metadata.Canonical(v) }

func TestMergeAndDifference(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 20_000 {
		base, target := canonical(value(r, 4)), canonical(value(r, 4))
		if i%3 == 0 { // a target that is like its base
			target = json.RawMessage(strings.Replace(string(base), `"a"`, `"b2"`, 1))
		}
		patch, err := metadata.Difference(base, target)
		if err != nil {
			t.Fatal(err)
		}
		got, err := metadata.Merge(base, patch)
		if err != nil {
			t.Fatal(err)
		}
		// Replacing may have put keys out of order; what counts is the value.
		want, err := metadata.Merge(json.RawMessage(`0`), target)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Fatalf("base %s, target %s, patch %s gives %s", base, want, patch, got)
		}
		if same, _ := metadata.Difference(got, got); len(got) > 0 && got[0] == '{' && string(same) != "{}" {
			t.Fatalf("%s differs from itself: %s", got, same)
		}
	}
}

// The examples of RFC 7396, but for those with null inside arrays.
func TestMergeExamples(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		got, err := metadata.Merge(json.RawMessage(c[0]), json.RawMessage(c[1]))
		if err != nil || string(got) != c[2] {
			t.Errorf("%s + %s = %s (%v), want %s", c[0], c[1], got, err, c[2])
		}
	}
	if _, err := metadata.Merge(json.RawMessage(`{`), json.RawMessage(`{}`)); err == nil {
		t.Error("broken JSON is merged")
	}
}

func document(t testing.TB, raw string) metadata.Document {
	t.Helper()
	d, problems := metadata.Parse([]byte(raw))
	if problems != nil {
		t.Fatalf("%s: %v", raw, problems)
	}
	return d
}

func documents(t testing.TB, raws ...string) []metadata.Document {
	t.Helper()
	var list []metadata.Document
	for _, raw := range raws {
		list = append(list, document(t, raw))
	}
	return list
}

func bodies(list []metadata.Document) string {
	var texts []string
	for _, d := range list {
		texts = append(texts, d.Key.String()+" "+string(d.Body))
	}
	return strings.Join(texts, "\n")
}

func TestEffective(t *testing.T) {
	core := documents(t, `{"kind":"role","name":"b","label":"B"}`, `{"kind":"app","name":"z","order":1,"icon":"i"}`)
	sales := documents(t, `{"kind":"app","name":"z","order":2}`, `{"kind":"role","name":"a"}`)
	own := append(documents(t, `{"kind":"app","name":"z","icon":null}`, `{"kind":"role","name":"c","label":null,"parent":"a"}`),
		metadata.Hide(metadata.Key{Kind: "role", Name: "b"}))
	want := `app/z {"kind":"app","name":"z","order":2}
role/a {"kind":"role","name":"a"}
role/c {"kind":"role","name":"c","parent":"a"}`
	if got := bodies(metadata.Effective(core, sales, own)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDiff(t *testing.T) {
	from := documents(t, `{"kind":"role","name":"gone"}`, `{"kind":"role","name":"same"}`, `{"kind":"app","name":"a","x":{"b/c":1,"l":[1]},"y":2}`)
	to := documents(t, `{"kind":"role","name":"new"}`, `{"kind":"role","name":"same"}`, `{"kind":"app","name":"a","x":{"b/c":2,"l":[1],"n":{}}}`)
	got, err := json.Marshal(metadata.Diff(from, to))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"kind":"app","name":"a","change":"changed","parts":[{"pointer":"/x/b~1c","from":1,"to":2},{"pointer":"/x/n","to":{}},{"pointer":"/y","from":2}]},` +
		`{"kind":"role","name":"gone","change":"removed","parts":[{"pointer":"","from":{"kind":"role","name":"gone"}}]},` +
		`{"kind":"role","name":"new","change":"added","parts":[{"pointer":"","to":{"kind":"role","name":"new"}}]}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if changes := metadata.Diff(from, from); changes != nil {
		t.Errorf("differs from itself: %v", changes)
	}
}

func TestOverlay(t *testing.T) {
	base := document(t, `{"kind":"role","name":"a","label":"A","parent":"b"}`)
	target := document(t, `{"kind":"role","name":"a","label":"Chief"}`)
	overlay, ok := metadata.Overlay(&base, &target)
	if want := `{"kind":"role","name":"a","label":"Chief","parent":null}`; !ok || string(overlay.Body) != want {
		t.Errorf("got %s, want %s", overlay.Body, want)
	}
	if _, ok := metadata.Overlay(&base, &base); ok {
		t.Error("nothing to change, and an overlay")
	}
	if overlay, ok := metadata.Overlay(&base, nil); !ok || !overlay.Hides() {
		t.Error("removing does not hide")
	}
	if overlay, ok := metadata.Overlay(nil, &target); !ok || string(overlay.Body) != string(target.Body) {
		t.Error("a new document is not whole")
	}
}

func TestNearest(t *testing.T) {
	names := []string{"amount", "account", "stage", "name", "close_date", "数量"}
	for in, want := range map[string]string{
		"amonut": "amount", "acount": "account", "Stage": "stage", "naem": "name", "closedate": "close_date", "close_dat": "close_date",
		"probability": "", "": "", "x": "", "amount": "amount", "数目量": "数量", strings.Repeat("a", 1000): "",
	} {
		if got, ok := metadata.Nearest(in, names); got != want || ok != (want != "") {
			t.Errorf("nearest of %q is %q, want %q", in, got, want)
		}
	}
	if got, _ := metadata.Nearest("ab", []string{"az", "ac"}); got != "ac" {
		t.Errorf("of equals %q", got)
	}
}

func TestReadAndWriteFiles(t *testing.T) {
	list := append(documents(t, `{"kind":"package","name":"p","version":"1.0.0"}`, `{"kind":"role","name":"a","label":{"en":"A","zh":"甲"},"parent":null}`),
		metadata.Hide(metadata.Key{Kind: "role", Name: "b"}))
	folder := fstest.MapFS{"README.md": {}, ".git/config": {}, "role/.keep": {}}
	files := metadata.WriteFiles(list)
	for path, content := range files {
		folder[path] = &fstest.MapFile{Data: content}
	}
	read, problems := metadata.ReadFiles(folder)
	if problems != nil {
		t.Fatal(problems)
	}
	if bodies(read) != bodies(list) {
		t.Errorf("read %s", bodies(read))
	}
	if again := metadata.WriteFiles(read); !reflect.DeepEqual(again, files) {
		t.Error("written, read and written again differs")
	}
	if _, problems := metadata.ReadPackage(folder); pointers(problems) != "/role/a/parent metadata.null, /role/b metadata.null" {
		t.Errorf("a package with patches: %s", pointers(problems))
	}
}

// However much a file's white space adds, what was exported is read again.
func TestLargeFiles(t *testing.T) {
	options := map[string]any{}
	for i := range 1000 {
		options[fmt.Sprintf("o%d", i)] = map[string]any{}
	}
	fields := map[string]any{}
	for i := range 90 {
		fields[fmt.Sprintf("f%d", i)] = map[string]any{"type": "children", "fields": map[string]any{"x": map[string]any{"type": "picklist", "options": options}}}
	}
	body := metadata.Canonical(map[string]any{"kind": "object", "name": "o", "fields": fields})
	d, problems := metadata.Parse(body)
	if problems != nil {
		t.Fatal(problems)
	}
	file := d.File()
	if len(body) > metadata.MaxDocument || len(file) <= metadata.MaxDocument {
		t.Fatalf("%d bytes become %d", len(body), len(file))
	}
	read, problems := metadata.ReadFiles(fstest.MapFS{"object/o.json": {Data: file}})
	if problems != nil || len(read) != 1 || string(read[0].Body) != string(body) {
		t.Errorf("the file is not read again: %v", problems)
	}
	fields["more"] = map[string]any{"help": strings.Repeat("x", metadata.MaxDocument)}
	_, problems = metadata.Parse(metadata.Canonical(map[string]any{"kind": "object", "name": "o", "fields": fields}))
	if len(problems) != 1 || problems[0].Code != "metadata.too_large" {
		t.Errorf("more than a document may have: %v", problems)
	}
}

func TestReadPackage(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	folder := fstest.MapFS{"package/p.json": file(`{"kind":"package","name":"p","version":"1.2.3","requires":{"core":"1.0.0"}}`), "role/a.json": file(`{"kind":"role","name":"a"}`)}
	set, problems := metadata.ReadPackage(folder)
	if problems != nil || set.Package.Version != "1.2.3" || set.Package.Name != "p" || len(set.Documents) != 2 {
		t.Fatalf("got %+v %v", set, problems)
	}
	for _, c := range []struct {
		files fstest.MapFS
		want  string
	}{
		{fstest.MapFS{"role/UP.json": file(`{}`)}, " metadata.unexpected_file"},
		{fstest.MapFS{"x.txt": file(``), "role/sub/a.json": file(`{}`)}, " metadata.unexpected_file, metadata.unexpected_file"},
		{fstest.MapFS{"role/b.json": file(`{"kind":"role","name":"c"}`)}, "/role/b metadata.misplaced"},
		{fstest.MapFS{"role/b.json": file(`{"kind":"role","name":"../b"}`)}, "/role/b/name metadata.bad_name"},
		{fstest.MapFS{"role/b.json": file(`{`)}, "/role/b json.syntax"},
		{fstest.MapFS{"role/b.json": file(strings.Repeat(" ", 8*metadata.MaxDocument+10))}, "/role/b metadata.too_large"},
		{fstest.MapFS{"role/b.json": {Mode: fs.ModeSymlink, Data: []byte("/etc/passwd")}}, " metadata.unexpected_file"},
		{fstest.MapFS{"package/q.json": file(`{"kind":"package","name":"q","version":"1.0.0"}`)}, " metadata.one_package"},
		{fstest.MapFS{"package/q.json": file(`{"kind":"package","name":"q","version":1}`)}, "/package/q metadata.bad_package, metadata.one_package"},
	} {
		maps.Copy(c.files, folder)
		_, problems := metadata.ReadPackage(c.files)
		if got := strings.ReplaceAll(pointers(problems), ",  ", ", "); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"kind":"role","name":"x","label":{"en":"\u00e9\ud83d\ude00"},"a":[1.50,true,{"b":null}]}`)
	f.Add(`{"kind":"role","name":"x","a":"\ud800"}`)
	f.Fuzz(func(t *testing.T, in string) {
		d, problems := metadata.Parse([]byte(in))
		if problems != nil {
			return
		}
		for name, raw := range map[string][]byte{"body": d.Body, "file": d.File()} {
			again, problems := metadata.Parse(raw)
			if problems != nil || string(again.Body) != string(d.Body) {
				t.Errorf("%s of %q gives %q (%v), was %q", name, in, again.Body, problems, d.Body)
			}
		}
		if !json.Valid(d.Body) {
			t.Errorf("%q is not JSON", d.Body)
		}
		// encoding/json reads the same out of it.
		var v, w any
		if err := json.Unmarshal([]byte(in), &v); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(d.Body, &w); err != nil || !reflect.DeepEqual(v, w) {
			t.Errorf("%q became %q (%v)", in, d.Body, err)
		}
	})
}

func TestTextWithin(t *testing.T) {
	long := metadata.Text{"en": "Won: A", "zh": "赢单：甲乙丙"}
	if got := long.Within(5); len(got) != 2 || got["en"] != "Won: …" || got["zh"] != "赢单：甲乙…" {
		t.Errorf("of %v is left %v", long, got)
	}
	if got := long.Within(6); got["en"] != "Won: A" || got["zh"] != "赢单：甲乙丙" {
		t.Errorf("of %v is left %v", long, got)
	}
	if got, want := long.Size(), 2+6+2+18; got != want {
		t.Errorf("%v takes %d bytes, want %d", long, got, want)
	}
}

func TestTextPlain(t *testing.T) {
	for _, c := range []struct {
		of    metadata.Text
		text  string
		plain bool
	}{{metadata.Text{"": "a"}, "a", true}, {metadata.Text{"": ""}, "", true}, {metadata.Text{"en": "a"}, "", false}, {metadata.Text{"": "a", "en": "b"}, "a", false}, {nil, "", false}} {
		if text, plain := c.of.Plain(); text != c.text || plain != c.plain {
			t.Errorf("%v is %q, %v", c.of, text, plain)
		}
	}
}

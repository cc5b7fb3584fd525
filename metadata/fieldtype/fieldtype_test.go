package fieldtype_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/metadata/schema"
	"formwork/plugins/standard"
)

var (
	types   = standard.FieldTypes()
	schemas sync.Map // compiled schemas by their text
)

// world is what fields may ask for while they are bound.
type world struct{}

func (world) Pattern(text string) (*fieldtype.Pattern, *fault.Fault) {
	return fieldtype.CompilePattern(text)
}

func (world) Options(name string) (map[string]*metadata.Option, bool) {
	if name != "industry" {
		return nil, false
	}
	return map[string]*metadata.Option{"education": {Label: metadata.Text{"en": "Education"}}, "retail": {}}, true
}

func (world) Names(kind string) []string {
	return map[string][]string{"object": {"account", "contact", "user"}, "role": {"manager", "sales_rep"}, "picklist": {"industry"}}[kind]
}

func (world) Type(name string) (fieldtype.Type, bool) { return types.Type(name) }

func bind(t testing.TB, raw string) (fieldtype.Value, []*fault.Fault) {
	t.Helper()
	var f metadata.Field
	if err := json.Unmarshal([]byte(raw), &f); err != nil {
		t.Fatal(err)
	}
	fieldType, ok := types.Type(f.Type)
	if !ok {
		t.Fatalf("no type %q", f.Type)
	}
	return fieldType.Bind("field", &f, world{})
}

func mustBind(t testing.TB, raw string) fieldtype.Value {
	t.Helper()
	v, problems := bind(t, raw)
	if problems != nil {
		t.Fatal(problems)
	}
	return v
}

func read(t testing.TB, raw []byte) any {
	t.Helper()
	v, problem := metadata.ReadJSON(raw, metadata.Limits{Bytes: 1 << 20, Depth: 64})
	if problem != nil {
		t.Fatalf("%s: %v", raw, problem)
	}
	return v
}

func readFile(t testing.TB, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

type coercion struct {
	Type     string
	Settings map[string]any
	Cases    []struct {
		In      json.RawMessage
		Stored  json.RawMessage // of JSON values the text
		JSON    *string
		CSV     *string
		Code    string
		Pointer string
		Params  map[string]any
		Errors  []string
	}
}

func (c coercion) field(t testing.TB) string {
	settings := map[string]any{"type": c.Type}
	for name, v := range c.Settings {
		settings[name] = v
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestCoercion(t *testing.T) {
	var groups []coercion
	readFile(t, "testdata/coercion.json", &groups)
	covered := map[string]bool{}
	for _, group := range groups {
		covered[group.Type] = true
		v := mustBind(t, group.field(t))
		for _, c := range group.Cases {
			t.Run(group.Type+"/"+string(c.In), func(t *testing.T) {
				stored, problem := v.Coerce(read(t, c.In))
				if c.Code != "" {
					checkFault(t, problem, c.Code, c.Pointer, c.Params, c.Errors)
					return
				}
				if problem != nil {
					t.Fatal(problem)
				}
				if want := wanted(t, v.Storage(), c.Stored); !reflect.DeepEqual(stored, want) {
					t.Fatalf("stored %#v, want %#v", stored, want)
				}
				if stored == nil {
					return
				}
				if got := string(v.AppendJSON(nil, stored)); c.JSON != nil && got != *c.JSON {
					t.Errorf("JSON %s, want %s", got, *c.JSON)
				}
				if got := v.CSV(stored); c.CSV != nil && got != *c.CSV {
					t.Errorf("CSV %s, want %s", got, *c.CSV)
				}
				roundTrip(t, v, stored)
			})
		}
	}
	for _, name := range types.Names() {
		if !covered[name] {
			t.Errorf("no case for %s", name)
		}
	}
}

// wanted is an expected value in stored form.
func wanted(t *testing.T, storage fieldtype.Storage, raw json.RawMessage) any {
	v := read(t, raw)
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			t.Fatal(err)
		}
		return n
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = item.(string)
		}
		return texts
	case string:
		if storage == fieldtype.JSON {
			return json.RawMessage(v)
		}
	}
	return v
}

func checkFault(t *testing.T, f *fault.Fault, code, pointer string, params map[string]any, errors []string) {
	t.Helper()
	if f == nil {
		t.Fatalf("no problem, want %s", code)
	}
	if f.Code != code || f.Pointer != pointer || f.Kind != fault.Invalid {
		t.Fatalf("got %s at %q, want %s at %q", f.Code, f.Pointer, code, pointer)
	}
	for name, want := range params {
		if fmt.Sprint(f.Params[name]) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", name, f.Params[name], want)
		}
	}
	if errors != nil {
		var got []string
		for _, e := range f.Errors {
			got = append(got, e.Pointer+" "+e.Code)
		}
		if strings.Join(got, "\n") != strings.Join(errors, "\n") {
			t.Errorf("got %v, want %v", got, errors)
		}
	}
}

// roundTrip checks what must hold for every stored value: JSON and CSV are read
// back as the same, and the schema takes the JSON.
func roundTrip(t testing.TB, v fieldtype.Value, stored any) {
	t.Helper()
	shown := v.AppendJSON(nil, stored)
	again, problem := v.Coerce(read(t, shown))
	if problem != nil || !reflect.DeepEqual(again, stored) {
		t.Errorf("JSON %s gives %#v (%v), was %#v", shown, again, problem, stored)
	}
	if has, ok := v.(fieldtype.Parts); ok {
		members := map[string]any{}
		for i, part := range has.Split(stored) {
			if part != nil {
				p := has.Parts()[i]
				members[p.Name] = read(t, p.Value.AppendJSON(nil, part))
			}
		}
		if whole := read(t, shown); !reflect.DeepEqual(whole, any(members)) {
			t.Errorf("the parts of %s are %v", shown, members)
		}
	}
	cell := v.CSV(stored)
	again, problem = v.Coerce(cell)
	if problem != nil || !reflect.DeepEqual(again, stored) {
		t.Errorf("CSV %q gives %#v (%v), was %#v", cell, again, problem, stored)
	}
	raw, err := json.Marshal(v.Schema())
	if err != nil {
		t.Fatal(err)
	}
	known, ok := schemas.Load(string(raw))
	if !ok {
		compiled, err := schema.Compile(raw)
		if err != nil {
			t.Fatal(err)
		}
		known, _ = schemas.LoadOrStore(string(raw), compiled)
	}
	if err := known.(*jsonschema.Schema).Validate(read(t, shown)); err != nil {
		t.Errorf("the schema %s refuses %s: %v", raw, shown, err)
	}
	storages := map[fieldtype.Storage]any{fieldtype.Bool: false, fieldtype.Int: int64(0), fieldtype.Text: "", fieldtype.List: []string(nil), fieldtype.JSON: json.RawMessage(nil)}
	if want := storages[v.Storage()]; reflect.TypeOf(stored) != reflect.TypeOf(want) {
		t.Errorf("stored %T, and the storage wants %T", stored, want)
	}
}

func TestSettings(t *testing.T) {
	var cases []struct {
		Field    json.RawMessage
		Problems []string
	}
	readFile(t, "testdata/settings.json", &cases)
	for _, c := range cases {
		t.Run(string(c.Field), func(t *testing.T) {
			_, problems := bind(t, string(c.Field))
			var got []string
			for _, p := range problems {
				got = append(got, p.Pointer+" "+p.Code)
			}
			sort.Strings(got)
			if strings.Join(got, "\n") != strings.Join(c.Problems, "\n") {
				t.Errorf("got %v, want %v", got, c.Problems)
			}
		})
	}
}

func TestInvalidUTF8(t *testing.T) {
	for _, name := range types.Names() {
		raw := map[string]string{
			"lookup": `{"type":"lookup","object":"account"}`, "picklist": `{"type":"picklist","picklist":"industry"}`,
			"multi_picklist": `{"type":"multi_picklist","picklist":"industry"}`, "auto_number": `{"type":"auto_number","pattern":"{0}"}`,
			"children": `{"type":"children","fields":{"a":{"type":"text"}}}`, "formula": `{"type":"formula","expression":"1","result":"text"}`,
			"rollup": `{"type":"rollup","op":"max","object":"a","lookup":"b","field":"c","result":"text"}`}[name]
		if raw == "" {
			raw = `{"type":"` + name + `"}`
		}
		v := mustBind(t, raw)
		if _, problem := v.Coerce("a\xffb"); problem == nil {
			t.Errorf("%s takes invalid UTF-8", name)
		}
	}
}

func TestAutoNumber(t *testing.T) {
	for _, c := range []struct{ pattern, number, period string }{
		{`Q-{yyyy}-{0000}`, "Q-2026-0042", "2026"},
		{`{yy}{mm}/{00}`, "2603/42", "2026-03"},
		{`{yyyy}{mm}{dd}-{000000}`, "20260309-000042", "2026-03-09"},
		{`No. {0}`, "No. 42", ""},
		{`发票-{000}`, "发票-042", ""},
	} {
		v := mustBind(t, `{"type":"auto_number","pattern":"`+c.pattern+`"}`).(fieldtype.Counts)
		if got := v.Format(42, "2026-03-09"); got != c.number {
			t.Errorf("%s: number %q, want %q", c.pattern, got, c.number)
		}
		if got := v.Period("2026-03-09"); got != c.period {
			t.Errorf("%s: period %q, want %q", c.pattern, got, c.period)
		}
	}
	v := mustBind(t, `{"type":"auto_number","pattern":"{000}","start":1000}`).(fieldtype.Counts)
	if got := v.Format(1, "2026-03-09"); got != "1000" {
		t.Errorf("the first is %q", got)
	}
}

// What a computed field's result can do, the field can.
func TestAbilities(t *testing.T) {
	sum := mustBind(t, `{"type":"rollup","op":"sum","object":"a","lookup":"b","field":"c","result":"currency","scale":3}`)
	if s, ok := sum.(fieldtype.Scaled); !ok || s.Scale() != 3 {
		t.Error("a sum has no scale")
	}
	if r := sum.(fieldtype.Rolls).Rollup(); r.Op != "sum" || r.Field != "c" {
		t.Errorf("roll-up %+v", r)
	}
	count := mustBind(t, `{"type":"rollup","op":"count","rows":"lines"}`)
	if s, ok := count.(fieldtype.Scaled); !ok || s.Scale() != 0 || count.Storage() != fieldtype.Int {
		t.Error("a count is no whole number")
	}
	text := mustBind(t, `{"type":"formula","expression":"name","result":"text"}`)
	if f, ok := text.(fieldtype.Folds); !ok || f.Fold("ÄB ") != "äb" {
		t.Error("a text formula does not fold")
	}
	if text.(fieldtype.Computes).Expression() != "name" {
		t.Error("a formula without its expression")
	}
	if _, ok := mustBind(t, `{"type":"formula","expression":"true","result":"checkbox"}`).(fieldtype.Scaled); ok {
		t.Error("an answer has a scale")
	}
	lookup := mustBind(t, `{"type":"user","on_delete":"restrict"}`).(fieldtype.Refers)
	if lookup.Targets()[0] != "user" || lookup.OnDelete() != "restrict" {
		t.Error("a user field refers elsewhere")
	}
	for said, want := range map[string]string{
		`{"type":"user"}`: "clear", `{"type":"user","required":"x"}`: "clear", `{"type":"user","required":true}`: "restrict",
		`{"type":"any_lookup","required":true}`: "restrict", `{"type":"user","required":true,"on_delete":"cascade"}`: "cascade",
	} {
		if got := mustBind(t, said).(fieldtype.Refers).OnDelete(); got != want {
			t.Errorf("%s: when its record is deleted: %s, want %s", said, got, want)
		}
	}
	choice := mustBind(t, `{"type":"picklist","picklist":"industry","depends_on":"country"}`).(fieldtype.Chooses)
	if len(choice.Options()) != 2 || choice.DependsOn() != "country" {
		t.Error("a picklist has other options")
	}
}

// Every type says what can be done with its fields, or leaves that to what they result in.
func TestUses(t *testing.T) {
	for _, name := range types.Names() {
		fieldType, _ := types.Type(name)
		_, derives := fieldType.(fieldtype.Derives)
		uses, ok := types.Uses(name)
		switch {
		case ok == derives:
			t.Errorf("%s derives: %v, says what can be done: %v", name, derives, ok)
		case ok && (uses.Kind == "" || !slices.Contains(uses.Operators, "empty")):
			t.Errorf("%s can be %+v", name, uses)
		case ok && (uses.Sort == "") != (uses.Groups == nil):
			t.Errorf("%s can be sorted by %q and grouped by %v", name, uses.Sort, uses.Groups)
		}
	}
	if results := types.MayResult(); !slices.Contains(results, "currency") || slices.Contains(results, "lookup") {
		t.Errorf("results are %v", results)
	}
	if parts := fieldtype.UsesOf(mustBind(t, `{"type":"location"}`)).Parts; !slices.Contains(parts["lat"].Measures, "avg") {
		t.Errorf("parts of a location can be %+v", parts)
	}
}

// Values stay in their column when a field's type changes to one of the same storage,
// scale and form: then the new type shows them, as values of the same kind.
func TestFormsKeepTypesApart(t *testing.T) {
	var groups []coercion
	readFile(t, "testdata/coercion.json", &groups)
	form := func(v fieldtype.Value) string {
		column := v.Storage().Tag()
		if scaled, ok := v.(fieldtype.Scaled); ok {
			column += fmt.Sprint(scaled.Scale())
		}
		if formed, ok := v.(fieldtype.Formed); ok {
			column += ":" + formed.Form()
		}
		return column
	}
	values := make([]fieldtype.Value, len(groups))
	for i, group := range groups {
		values[i] = mustBind(t, group.field(t))
	}
	for i, v := range values {
		for j, other := range values {
			if form(v) != form(other) {
				continue
			}
			if v.Kind() != other.Kind() {
				t.Errorf("%s and %s share columns and are of different kinds", groups[i].Type, groups[j].Type)
			}
			for _, c := range groups[i].Cases {
				stored, problem := v.Coerce(read(t, c.In))
				if problem != nil || stored == nil {
					continue
				}
				if shown := other.AppendJSON(nil, stored); !json.Valid(shown) {
					t.Errorf("%s shows %v of %s as %s", groups[j].Type, stored, groups[i].Type, shown)
				}
				other.CSV(stored)
			}
		}
	}
	for _, raw := range []string{`{"type":"formula","expression":"x","result":"date"}`, `{"type":"rollup","op":"max","object":"a","lookup":"b","field":"c","result":"date"}`} {
		if f, ok := mustBind(t, raw).(fieldtype.Formed); !ok || f.Form() != "date" {
			t.Errorf("%s has not the form of its result", raw)
		}
	}
}

func TestRows(t *testing.T) {
	v := mustBind(t, `{"type":"children","fields":{"item":{"type":"text"},"price":{"type":"currency"},"who":{"type":"user"}}}`)
	stored, problem := v.Coerce(read(t, []byte(`[{"item":"a","price":1.5,"who":"0000000000010"},{}]`)))
	if problem != nil {
		t.Fatal(problem)
	}
	nests := v.(fieldtype.Nests)
	rows, err := fieldtype.Rows(nests, stored.(json.RawMessage))
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{"item": "a", "price": int64(150), "who": int64(32)}, {}}
	if !reflect.DeepEqual(rows, want) {
		t.Fatalf("rows %v, want %v", rows, want)
	}
	rows[1]["price"] = int64(7)
	written := fieldtype.AppendRows(nil, nests, rows)
	if want := `[{"item":"a","price":1.50,"who":"0000000000010"},{"price":0.07}]`; string(written) != want {
		t.Errorf("written %s, want %s", written, want)
	}
	without := mustBind(t, `{"type":"children","fields":{"item":{"type":"text"},"who":{"type":"user"}}}`)
	if shown := string(without.AppendJSON(nil, written)); shown != `[{"item":"a","who":"0000000000010"},{}]` {
		t.Errorf("what is no field any more is shown: %s", shown)
	}
	if shown := string(v.AppendJSON(nil, written)); shown != string(written) {
		t.Errorf("what is stored is shown as %s", shown)
	}
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct {
		how, want string
		alike     []any
	}{
		{"text", "acme co ltd", []any{"ACME Co., Ltd.", "acme  co ltd", "Ａcme Co Ltd"}},
		{"fuzzy", "müller söhne", []any{"Müller & Söhne", "MÜLLER-SÖHNE"}},
		{"phone", "4155550100", []any{"+1 (415) 555-0100", "415.555.0100", "001 415 555 0100 ext. 12"}},
		{"phone", "4989123456", []any{"+49 (0)89 123456", "0049 89 12 34 56"}},
		{"email", "jo@example.com", []any{"Jo@example.com", "JO@EXAMPLE.COM"}},
		{"domain", "example.com", []any{"https://www.Example.com/about", "jo@example.com", "example.com:8080", "http://example.com?x=a@b.c"}},
		{"exact", "Acme", []any{"Acme"}},
		{"exact", "32", []any{int64(32)}},
		{"text", "", []any{nil, []string{"a"}}},
		{"nothing", "", []any{"a"}},
	} {
		for _, in := range c.alike {
			if got := fieldtype.Normalize(c.how, in); got != c.want {
				t.Errorf("%s of %v is %q, want %q", c.how, in, got, c.want)
			}
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " A  B\t": "a b", "STRASSE": "strasse", "Straße": "strasse", "ＡＢＣ": "abc", "İ": "i̇", "Σς": "σσ",
		"商\u3000机": "商 机", "ﬁ": "fi", "Cafe\u0301": "café",
	} {
		if got := fieldtype.Fold(in); got != want {
			t.Errorf("%q folds to %q, want %q", in, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Straße ﬁ İ \u0345\u03b9")
	f.Fuzz(func(t *testing.T, s string) {
		once := fieldtype.Fold(s)
		if twice := fieldtype.Fold(once); twice != once {
			t.Errorf("%q folds to %q and then to %q", s, once, twice)
		}
	})
}

// samples are fields of every type.
func samples(t testing.TB) []fieldtype.Value {
	var groups []coercion
	readFile(t, "testdata/coercion.json", &groups)
	var values []fieldtype.Value
	for _, group := range groups {
		values = append(values, mustBind(t, group.field(t)))
	}
	return values
}

// Whatever is sent to whichever type: it is refused, or kept so that it is read
// back as the same.
func FuzzCoerce(f *testing.F) {
	var groups []coercion
	readFile(f, "testdata/coercion.json", &groups)
	for i, group := range groups {
		for _, c := range group.Cases {
			f.Add(uint8(i), string(c.In))
		}
	}
	values := samples(f)
	f.Fuzz(func(t *testing.T, which uint8, in string) {
		v := values[int(which)%len(values)]
		inputs := []any{in}
		if decoded, problem := metadata.ReadJSON([]byte(in), metadata.Limits{Bytes: 1 << 16, Depth: 30}); problem == nil && decoded != nil {
			inputs = append(inputs, decoded)
		}
		for _, input := range inputs {
			stored, problem := v.Coerce(input)
			if problem != nil {
				if stored != nil || problem.Text("en") == problem.Code {
					t.Errorf("%v: %v", input, problem)
				}
				continue
			}
			if stored != nil {
				roundTrip(t, v, stored)
			}
		}
	})
}

// Decimals agree with what is computed on the digits by hand.
func FuzzDecimal(f *testing.F) {
	f.Add(int64(1005), uint8(3), uint8(2))
	f.Add(int64(-5), uint8(1), uint8(0))
	f.Fuzz(func(t *testing.T, units int64, from, to uint8) {
		const most = 999_999_999_999_999_999
		from, to = from%(fieldtype.MaxScale+1), to%(fieldtype.MaxScale+1)
		if units > most || units < -most {
			return
		}
		text := string(fieldtype.AppendDecimal(nil, units, int(from)))
		same, digits, fits := fieldtype.Decimal(text, int(from))
		if !digits || !fits || same != units {
			t.Fatalf("%s of scale %d is read as %d, was %d", text, from, same, units)
		}
		if to >= from {
			return
		}
		p := int64(1)
		for range from - to {
			p *= 10
		}
		want, rest := units/p, units%p
		if rest >= p-rest {
			want++
		} else if -rest >= p+rest {
			want--
		}
		if got, _, _ := fieldtype.Decimal(text, int(to)); got != want {
			t.Errorf("%s rounded to %d digits is %d, want %d", text, to, got, want)
		}
	})
}

// Averages have more digits after the point than fields may.
func TestDecimalsOfManyDigits(t *testing.T) {
	if got := string(fieldtype.Number(12).AppendJSON(nil, int64(-5))); got != "-0.000000000005" {
		t.Error(got)
	}
}

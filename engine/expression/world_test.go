package expression_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// types are those that the objects of these tests need.
var types = fieldtype.NewRegistry(fieldtype.TextType{}, fieldtype.LongTextType{}, fieldtype.NumberType{},
	fieldtype.CurrencyType{}, fieldtype.PercentType{}, fieldtype.CheckboxType{}, fieldtype.DateType{},
	fieldtype.DatetimeType{}, fieldtype.TimeType{}, fieldtype.DurationType{}, fieldtype.PicklistType{},
	fieldtype.MultiPicklistType{}, fieldtype.TagsType{}, fieldtype.LookupType{}, fieldtype.AnyLookupType{},
	fieldtype.UserType{}, fieldtype.ChildrenType{}, fieldtype.AddressType{}, fieldtype.JSONType{}, fieldtype.LocationType{})

// documents are the objects of these tests, by name.
const documents = `{
 "deal": {
  "name": {"type": "text"}, "note": {"type": "long_text"},
  "amount": {"type": "currency"}, "cost": {"type": "currency"}, "rate": {"type": "number", "scale": 4}, "count": {"type": "number"},
  "active": {"type": "checkbox"}, "closed": {"type": "checkbox"},
  "due": {"type": "date"}, "begun": {"type": "date"}, "signed": {"type": "datetime"}, "seen": {"type": "datetime"},
  "at": {"type": "time"}, "effort": {"type": "duration"},
  "stage": {"type": "picklist", "options": {"open": {"label": "Open"}, "won": {"label": {"en": "Closed won", "zh": "赢单"}}, "lost": {"active": false}}},
  "interests": {"type": "multi_picklist", "options": {"cars": {}, "boats": {}}},
  "tags": {"type": "tags"}, "account": {"type": "lookup", "object": "account"},
  "about": {"type": "any_lookup", "objects": ["account", "user"]}, "owner": {"type": "user"},
  "address": {"type": "address"}, "place": {"type": "location"}, "data": {"type": "json"},
  "items": {"type": "children", "fields": {
    "product": {"type": "text"}, "quantity": {"type": "number"}, "price": {"type": "currency"},
    "kind": {"type": "picklist", "options": {"a": {}, "b": {"active": false}}}, "day": {"type": "date"}, "time": {"type": "duration"},
    "done": {"type": "checkbox"}, "on": {"type": "datetime"}, "labels": {"type": "tags"}, "who": {"type": "user"},
    "parts": {"type": "children", "fields": {"weight": {"type": "number", "scale": 2}}}}}
 },
 "account": {
  "name": {"type": "text"}, "industry": {"type": "picklist", "options": {"retail": {}, "education": {}}},
  "revenue": {"type": "currency"}, "vip": {"type": "checkbox"}, "parent": {"type": "lookup", "object": "account"}, "manager": {"type": "user"}, "seat": {"type": "address"}
 },
 "user": {
  "name": {"type": "text"}, "region": {"type": "text"}, "limit": {"type": "currency"}, "trusted": {"type": "checkbox"}, "born": {"type": "date"}
 }
}`

// formulas are computed when read: object, field, expression, type of the result.
var formulas = [][4]string{
	{"account", "big", "revenue > 1000", "checkbox"},
	{"deal", "large", "amount > 1000 and not closed", "checkbox"},
	{"deal", "tier", `amount > 1000 ? "gold" : amount > 100.005 ? "silver" : nil`, "text"},
	{"deal", "double", "amount * 2", "currency"},
	{"deal", "both", "large and account.big", "checkbox"},
	{"deal", "title", `trim(name + " " + note)`, "text"},
	{"deal", "floor", "coalesce(cost, amount)", "currency"},
	{"items", "total", "quantity * price", "currency"},
}

// world is objects, records and who looks at them; it is an environment.
type world struct {
	objects map[string]*object
	tables  map[string]map[int64]map[string]any
	old     map[string]any
	record  map[string]any
	user    map[string]any
	now     time.Time
	zone    *time.Location
}

// object implements expression.Names.
type object struct {
	name    string
	symbols map[string]expression.Symbol
}

func (o *object) Object() string { return o.name }
func (o *object) Symbol(name string) (expression.Symbol, bool) {
	s, ok := o.symbols[name]
	return s, ok
}
func (o *object) Symbols() []string {
	var names []string
	for name := range o.symbols {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Options, Names and Type are what field types ask.
func (w *world) Pattern(text string) (*fieldtype.Pattern, *fault.Fault) {
	return fieldtype.CompilePattern(text)
}

func (w *world) Options(string) (map[string]*metadata.Option, bool) { return nil, false }
func (w *world) Names(string) []string                              { return []string{"account", "deal", "user"} }
func (w *world) Type(name string) (fieldtype.Type, bool)            { return types.Type(name) }

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{objects: map[string]*object{}, tables: map[string]map[int64]map[string]any{}, zone: time.UTC,
		now: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC), record: map[string]any{}, user: map[string]any{"id": int64(7)}}
	var all map[string]map[string]*metadata.Field
	if err := json.Unmarshal([]byte(documents), &all); err != nil {
		t.Fatal(err)
	}
	for name := range all {
		w.objects[name] = &object{name: name, symbols: map[string]expression.Symbol{}}
		w.tables[name] = map[int64]map[string]any{}
	}
	for name, fields := range all {
		for field, doc := range fields {
			w.objects[name].symbols[field] = w.bind(t, field, doc, true)
		}
		reference, _ := types.Type("lookup")
		value, problems := reference.Bind("id", field(t, `{"type":"lookup","object":"`+name+`"}`), w)
		if problems != nil {
			t.Fatal(problems)
		}
		w.objects[name].symbols["id"] = expression.Symbol{Name: "id", Value: value, Column: query.ID}
	}
	w.objects["items"] = w.objects["deal"].symbols["items"].Rows.(*object)
	for _, f := range formulas {
		w.formula(t, f[0], f[1], f[2], f[3])
	}
	return w
}

func field(t testing.TB, doc string) *metadata.Field {
	t.Helper()
	f := new(metadata.Field)
	if err := json.Unmarshal([]byte(doc), f); err != nil {
		t.Fatal(err)
	}
	return f
}

// bind makes the symbol of a field; those of rows have no column.
func (w *world) bind(t testing.TB, name string, doc *metadata.Field, stored bool) expression.Symbol {
	t.Helper()
	kind, ok := types.Type(doc.Type)
	if !ok {
		t.Fatalf("no type %s", doc.Type)
	}
	value, problems := kind.Bind(name, doc, w)
	if problems != nil {
		t.Fatal(problems)
	}
	sym := expression.Symbol{Name: name, Value: value}
	if stored {
		sym.Column = query.Column{Name: name + ":" + value.Storage().Tag(), Storage: value.Storage()}
	}
	if has, ok := value.(fieldtype.Parts); ok && stored {
		for _, part := range has.Parts() {
			column := query.Column{Name: name + "." + part.Name + ":" + part.Value.Storage().Tag(), Storage: part.Value.Storage()}
			sym.Parts = append(sym.Parts, expression.Symbol{Name: part.Name, Value: part.Value, Column: column})
		}
	}
	if refers, ok := value.(fieldtype.Refers); ok && len(refers.Targets()) == 1 {
		sym.Table = refers.Targets()[0]
		sym.Target = w.objects[sym.Table]
	}
	if nests, ok := value.(fieldtype.Nests); ok {
		rows := &object{name: name, symbols: map[string]expression.Symbol{}}
		for field, nested := range nests.Fields() {
			rows.symbols[field] = w.bind(t, field, nested.Field, false)
		}
		sym.Rows = rows
	}
	return sym
}

// formula adds a field that is computed when read.
func (w *world) formula(t testing.TB, object, name, source, kind string) {
	t.Helper()
	sym := w.bind(t, name, field(t, `{"type":"`+kind+`"}`), false)
	scale := -1
	if s, ok := sym.Value.(fieldtype.Scaled); ok {
		scale = s.Scale()
	}
	p, problems := expression.Compile(source, expression.Scope{Record: w.objects[object], Result: sym.Value.Kind(), Scale: scale})
	if problems != nil {
		t.Fatal(object, name, problems)
	}
	sym.Formula = p
	w.objects[object].symbols[name] = sym
}

// scope is a condition on a deal.
func (w *world) scope() expression.Scope {
	return expression.Scope{Record: w.objects["deal"], User: w.objects["user"], Result: fieldtype.BoolKind, Scale: -1}
}

func (w *world) Now() time.Time           { return w.now }
func (w *world) Location() *time.Location { return w.zone }

// Get reads a path as a store does: empty behind an empty or dangling lookup, and
// behind a guard that does not hold.
func (w *world) Get(p expression.Path) any {
	switch p.Root {
	case "old":
		return w.reach(w.old, p.Ref())
	case "user":
		return w.reach(w.user, p.Ref())
	}
	return w.reach(w.record, p.Ref())
}

// Ref reads what a filter asks of the record.
func (w *world) Ref(ref query.Ref) any { return w.reach(w.record, ref) }

func (w *world) reach(record map[string]any, ref query.Ref) any {
	for _, hop := range ref.Hops {
		key, ok := record[hop.Lookup.Name].(int64)
		next, found := w.tables[hop.Table][key]
		if !ok || !found || !query.Match(hop.Guard, func(r query.Ref) any { return w.reach(next, r) }) {
			return nil
		}
		record = next
	}
	return record[ref.Column.Name]
}

// load reads a record as the API writes it.
func (w *world) load(t testing.TB, object string, raw json.RawMessage) map[string]any {
	t.Helper()
	record := map[string]any{}
	if raw == nil {
		return record
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var in map[string]any
	if err := decoder.Decode(&in); err != nil {
		t.Fatal(err)
	}
	for name, value := range in {
		sym, ok := w.objects[object].symbols[name]
		if !ok {
			t.Fatalf("%s has no field %s", object, name)
		}
		stored, problem := sym.Value.Coerce(value)
		if value != nil && problem != nil {
			t.Fatalf("%s: %v", name, problem)
		}
		record[sym.Column.Name] = stored
		w.split(record, sym)
	}
	return record
}

// split gives the columns of a value's parts what they hold.
func (w *world) split(record map[string]any, sym expression.Symbol) {
	has, ok := sym.Value.(fieldtype.Parts)
	if !ok {
		return
	}
	parts := make([]any, len(sym.Parts))
	if stored := record[sym.Column.Name]; stored != nil {
		parts = has.Split(stored)
	}
	for i, part := range sym.Parts {
		record[part.Column.Name] = parts[i]
	}
}

// add puts a record in its table; its id is the outside form of n.
func (w *world) add(t testing.TB, object string, n id.ID, raw string) {
	record := w.load(t, object, json.RawMessage(raw))
	record["id"] = int64(n)
	w.tables[object][int64(n)] = record
}

package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"testing"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// world is a small CRM in memory: objects with real field types, and records.
type world struct {
	objects map[string]*Object
	names   map[string]*names
	ids     map[string]id.ID // of a record, by the name the data gives it
	called  map[id.ID]string
	records map[string]map[id.ID]map[string]any // by object and id: stored values by field
}

// names is an object's fields, as the catalog offers them.
type names struct {
	object string
	fields map[string]expression.Symbol
}

func (n *names) Object() string                               { return n.object }
func (n *names) Symbol(name string) (expression.Symbol, bool) { s, ok := n.fields[name]; return s, ok }
func (n *names) Symbols() []string                            { return sortedKeys(n.fields) }

var types = fieldtype.NewRegistry(fieldtype.TextType{}, fieldtype.EmailType{}, fieldtype.CheckboxType{}, fieldtype.NumberType{},
	fieldtype.DateType{}, fieldtype.DatetimeType{}, fieldtype.TimeType{}, fieldtype.DurationType{}, fieldtype.LookupType{},
	fieldtype.AnyLookupType{}, fieldtype.PicklistType{}, fieldtype.TagsType{}, fieldtype.JSONType{}, fieldtype.UserType{})

// binding is the context in which field types read their settings.
type binding []string

func (binding) Pattern(text string) (*fieldtype.Pattern, *fault.Fault) {
	return fieldtype.CompilePattern(text)
}

func (binding) Options(string) (map[string]*metadata.Option, bool) { return nil, false }
func (b binding) Names(string) []string                            { return b }
func (binding) Type(name string) (fieldtype.Type, bool)            { return types.Type(name) }

type worldFile struct {
	Objects map[string]struct {
		Visibility, Parent string
		Fields             map[string]*metadata.Field
	}
	Records map[string]map[string]map[string]any
}

func readJSON(tb testing.TB, path string, into any) {
	tb.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	var file worldFile
	readJSON(tb, "testdata/world.json", &file)
	w := &world{objects: map[string]*Object{}, names: map[string]*names{}, ids: map[string]id.ID{}, called: map[id.ID]string{},
		records: map[string]map[id.ID]map[string]any{}}
	for name := range file.Objects {
		w.names[name] = &names{object: name, fields: map[string]expression.Symbol{}}
	}
	for name, o := range file.Objects {
		object := &Object{Name: name, Names: w.names[name], Owned: o.Parent == "", Visibility: o.Visibility}
		if object.Owned {
			o.Fields["owner"] = &metadata.Field{Type: "user", Settings: json.RawMessage(`{}`)}
		}
		for field, doc := range o.Fields {
			w.names[name].fields[field] = w.symbol(tb, field, doc)
			object.Fields = append(object.Fields, field)
		}
		sort.Strings(object.Fields)
		w.names[name].fields["id"] = expression.Symbol{Name: "id", Column: query.ID, Value: w.symbol(tb, "id", &metadata.Field{Type: "user", Settings: json.RawMessage(`{}`)}).Value}
		if o.Parent != "" {
			parent := w.names[name].fields[o.Parent]
			object.Parent = &parent
		}
		w.objects[name] = object
	}
	w.load(tb, file)
	return w
}

func (w *world) symbol(tb testing.TB, name string, doc *metadata.Field) expression.Symbol {
	tb.Helper()
	t, ok := types.Type(doc.Type)
	if !ok {
		tb.Fatalf("no field type %s", doc.Type)
	}
	value, problems := t.Bind(name, doc, binding(sortedKeys(w.names)))
	if len(problems) > 0 {
		tb.Fatalf("field %s: %v", name, problems[0])
	}
	s := expression.Symbol{Name: name, Value: value, Column: query.Column{Name: name + ":" + value.Storage().Tag(), Storage: value.Storage()}}
	if name == "owner" {
		s.Column = query.Owner
	}
	if refers, ok := value.(fieldtype.Refers); ok && len(refers.Targets()) == 1 {
		s.Table = refers.Targets()[0]
		s.Target = w.names[s.Table]
	}
	return s
}

// load stores the records; references are given by the names of records.
func (w *world) load(tb testing.TB, file worldFile) {
	tb.Helper()
	next := id.ID(1000)
	for _, object := range sortedKeys(file.Records) {
		for _, name := range sortedKeys(file.Records[object]) {
			next += 7
			w.ids[name], w.called[next] = next, name
		}
	}
	for object, records := range file.Records {
		w.records[object] = map[id.ID]map[string]any{}
		for name, shown := range records {
			values := map[string]any{"id": int64(w.ids[name])}
			for field, v := range shown {
				symbol, ok := w.names[object].fields[field]
				if !ok {
					tb.Fatalf("%s has no field %s", object, field)
				}
				if target, ok := v.(string); ok && symbol.Value.Kind() == fieldtype.ReferenceKind {
					v = w.ids[target].String()
				}
				stored, problem := symbol.Value.Coerce(v)
				if choices, ok := symbol.Value.(fieldtype.Chooses); ok && choices.Options()[fmt.Sprint(v)] != nil {
					stored, problem = v, nil // an inactive option stays where it is
				}
				if problem != nil {
					tb.Fatalf("%s.%s: %v", name, field, problem)
				}
				values[field] = stored
			}
			w.records[object][w.ids[name]] = values
		}
	}
}

// get reads a record as query.Match asks for it.
func (w *world) get(object string, record map[string]any) func(query.Ref) any {
	return func(ref query.Ref) any {
		at, values := object, record
		for _, hop := range ref.Hops {
			target, _ := w.value(at, values, hop.Lookup).(int64)
			if values = w.records[hop.Table][id.ID(target)]; values == nil {
				return nil
			}
			at = hop.Table
		}
		return w.value(at, values, ref.Column)
	}
}

func (w *world) value(object string, values map[string]any, c query.Column) any {
	for name, symbol := range w.names[object].fields {
		if symbol.Column == c {
			return values[name]
		}
	}
	panic(fmt.Sprintf("%s has no column %v", object, c))
}

// caller is a user of the world with some permission sets and teams.
func (w *world) caller(name string, permissions, teams []string) *Caller {
	sort.Strings(permissions)
	sort.Strings(teams)
	user := w.ids[name]
	attributes := w.records["user"][user]
	role, _ := attributes["role"].(string)
	return &Caller{Tenant: "t", User: user, Name: name, Email: name + "@example.com", Permissions: permissions, Role: role,
		Teams: teams, Attributes: attributes, Language: "en", Location: time.UTC, Via: "session"}
}

// config gives documents to the world.
func (w *world) config(tb testing.TB, documents []json.RawMessage) Config {
	tb.Helper()
	c := Config{Revision: 1, Objects: w.objects, Permissions: map[string]*metadata.Permission{}, Roles: map[string]*metadata.Role{},
		Now: func() time.Time { return time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC) }}
	for _, raw := range documents {
		var head metadata.Head
		decode(tb, raw, &head)
		switch head.Kind {
		case "role":
			role := &metadata.Role{}
			decode(tb, raw, role)
			c.Roles[role.Name] = role
		case "permission":
			permission := &metadata.Permission{}
			decode(tb, raw, permission)
			c.Permissions[permission.Name] = permission
		case "sharing":
			doc := &metadata.Sharing{}
			decode(tb, raw, doc)
			c.Sharing = append(c.Sharing, w.sharing(tb, doc))
		case "policy":
			doc := &metadata.Policy{}
			decode(tb, raw, doc)
			c.Policies = append(c.Policies, doc)
		default:
			tb.Fatalf("a %s", head.Kind)
		}
	}
	return c
}

func decode(tb testing.TB, raw []byte, into any) {
	tb.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		tb.Fatalf("%s: %v", raw, err)
	}
}

// sharing compiles a rule's expressions as the catalog does.
func (w *world) sharing(tb testing.TB, doc *metadata.Sharing) Sharing {
	tb.Helper()
	s := Sharing{Doc: doc, Match: map[string]expression.Path{}}
	record := w.names[doc.Object]
	if record == nil {
		return s
	}
	if doc.When != "" {
		s.When = w.program(tb, doc.When, expression.Scope{Record: record, User: w.names["user"], Result: fieldtype.BoolKind, Queryable: true})
	}
	if doc.To.Users != "" {
		s.Users = w.program(tb, doc.To.Users, expression.Scope{User: w.names["user"], Result: fieldtype.BoolKind})
	}
	for path, user := range doc.To.Match {
		s.Match[user] = w.path(tb, record, path)
	}
	return s
}

func (w *world) program(tb testing.TB, source string, scope expression.Scope) *expression.Program {
	tb.Helper()
	p, problems := expression.Compile(source, scope)
	if len(problems) > 0 {
		tb.Fatalf("%s: %v", source, problems[0].Fault(""))
	}
	return p
}

func (w *world) path(tb testing.TB, record *names, path string) expression.Path {
	tb.Helper()
	p := w.program(tb, path+" == nil", expression.Scope{Record: record, Result: fieldtype.BoolKind})
	if paths := p.Paths(); len(paths) == 1 {
		return paths[0]
	}
	tb.Fatalf("%s is no path", path)
	return expression.Path{}
}

// compile makes a set of documents that must be right.
func (w *world) compile(tb testing.TB, documents ...json.RawMessage) *Set {
	tb.Helper()
	s, problems := Compile(context.Background(), w.config(tb, documents))
	for _, p := range problems {
		tb.Errorf("%v", p)
	}
	if len(problems) > 0 {
		tb.FailNow()
	}
	return s
}

// problems are those of documents that are wrong.
func (w *world) problems(tb testing.TB, documents ...json.RawMessage) []*fault.Fault {
	tb.Helper()
	_, problems := Compile(context.Background(), w.config(tb, documents))
	return problems
}

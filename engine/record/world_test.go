package record_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/plugins/standard"
)

// world is a tenant with the configuration of testdata/world, some people, and a
// clock that stands still unless it is moved.
type world struct {
	t        testing.TB
	ctx      context.Context
	tenant   store.Tenant
	catalog  *catalog.Catalog
	snapshot *catalog.Snapshot
	service  *record.Service
	ids      *id.Source
	time     time.Time
	now      func() time.Time // w.time unless a test says otherwise
	people   map[string]*policy.Caller
	before   *listener
}

// worldDocuments are read once: tests don't change them.
var worldDocuments = sync.OnceValues(func() (metadata.PackageSet, error) {
	set, problems := metadata.ReadPackage(os.DirFS("testdata/world"))
	return set, fault.All(fault.Invalid, "internal", problems)
})

// builds are shared by all worlds: most have the same configuration, and compiling one takes longer than most tests.
var builds = catalog.NewBuilds(64 << 20)

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, teststore.Open)
}

func newWorldOn(t testing.TB, open teststore.Opener) *world {
	t.Helper()
	set, err := worldDocuments()
	if err != nil {
		t.Fatal(err)
	}
	return newWorldOf(t, open, "world", set)
}

func newWorldOf(t testing.TB, open teststore.Opener, name string, sets ...metadata.PackageSet) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), time: time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC), before: &listener{}}
	w.now = func() time.Time { return w.time }
	now := func() time.Time { return w.now() }
	random := rand.New(rand.NewPCG(1, 2))
	w.ids = id.NewSource(now, random.Uint32)
	s := open(t)
	var err error
	if w.tenant, err = s.Create(w.ctx, "acme"); err != nil {
		t.Fatal(err)
	}
	w.catalog = catalog.New(catalog.Options{Types: standard.FieldTypes(), Kinds: standard.Kinds(), Packages: sets, Tables: record.Tables(), IDs: w.ids, Now: now, Builds: builds})
	if w.snapshot, err = w.catalog.Install(w.ctx, w.tenant, name); err != nil {
		t.Fatal(err)
	}
	w.service = record.New(record.Options{IDs: w.ids, Now: now, SaveHooks: []record.SaveHook{w.before}})
	return w
}

// populate makes people: an admin, a boss with two reps, a reader.
func (w *world) populate() *world {
	w.t.Helper()
	w.people = map[string]*policy.Caller{}
	for _, p := range []struct{ name, role, permission, region string }{
		{"ada", "", "admin", "west"}, {"boss", "boss", "sales", "east"}, {"rob", "rep", "sales", "east"},
		{"rita", "rep", "sales", "west"}, {"rex", "", "reader", "west"},
	} {
		data := map[string]any{"name": p.name, "email": p.name + "@example.com", "permissions": []any{p.permission}, "region": p.region}
		if p.role != "" {
			data["role"] = p.role
		}
		saved := w.create(w.system(), "user", data)
		w.people[p.name] = &policy.Caller{Tenant: "acme", User: saved.Record.ID(), Name: p.name, Email: p.name + "@example.com",
			Permissions: []string{p.permission}, Role: p.role, Language: "en", Location: time.UTC, Via: "session",
			Attributes: map[string]any{"id": int64(saved.Record.ID()), "name": p.name, "region": p.region}}
	}
	return w
}

func (w *world) system() *record.Session {
	return w.service.As(w.tenant, w.snapshot, policy.System("acme"))
}

// as is a session of somebody.
func (w *world) as(name string) *record.Session {
	c, ok := w.people[name]
	if !ok {
		w.t.Fatalf("nobody is called %s", name)
	}
	return w.service.As(w.tenant, w.snapshot, c)
}

func (w *world) create(s *record.Session, object string, data map[string]any) *record.Saved {
	w.t.Helper()
	saved, err := s.Create(w.ctx, object, data)
	if err != nil {
		w.t.Fatalf("creating %s %v: %v", object, data, err)
	}
	return saved
}

func (w *world) update(s *record.Session, object string, key id.ID, patch map[string]any) *record.Saved {
	w.t.Helper()
	saved, err := s.Update(w.ctx, object, key, patch, 0)
	if err != nil {
		w.t.Fatalf("updating %s %v: %v", object, patch, err)
	}
	return saved
}

// get is a record as the API shows it, decoded.
func (w *world) get(s *record.Session, object string, key id.ID, fields ...string) map[string]any {
	w.t.Helper()
	r, err := s.Get(w.ctx, object, key, fields)
	if err != nil {
		w.t.Fatalf("reading %s %s: %v", object, key, err)
	}
	return decode(w.t, r)
}

// apply changes the configuration, and takes the new one.
func (w *world) apply(documents ...string) {
	w.t.Helper()
	change := catalog.Change{Base: w.snapshot.Revision, Message: "test"}
	for _, body := range documents {
		change.Documents = append(change.Documents, json.RawMessage(body))
	}
	if _, err := w.catalog.Apply(w.ctx, w.tenant, change, 0); err != nil {
		w.t.Fatal(err)
	}
	var err error
	if w.snapshot, err = w.catalog.Snapshot(w.ctx, w.tenant); err != nil {
		w.t.Fatal(err)
	}
}

func decode(t testing.TB, r interface{ AppendJSON([]byte) []byte }) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(r.AppendJSON(nil))))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, r.AppendJSON(nil))
	}
	return v
}

// count is how many rows a table has under a filter.
func (w *world) count(table string, f query.Filter) int64 {
	w.t.Helper()
	n, err := w.tenant.Count(w.ctx, table, f, nil, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// traces are the rows that saving leaves, to be compared before and after what must
// leave none.
func (w *world) traces() [4]int64 {
	w.t.Helper()
	return [4]int64{w.count("_history", nil), w.count("_outbox", nil), w.count("_bin", nil), w.count("account", nil) + w.count("deal", nil) + w.count("line", nil) + w.count("ticket", nil)}
}

// column is the physical column of a field.
func (w *world) column(object, field string) query.Ref {
	w.t.Helper()
	f, ok := w.snapshot.Objects[object].Field(field)
	if !ok || f.Column.Storage == fieldtype.None {
		w.t.Fatalf("%s.%s is not stored", object, field)
	}
	return query.Field(f.Column)
}

// faults lists a fault's parts as "pointer code", or the fault itself.
func faults(err error) string {
	if err == nil {
		return ""
	}
	f := fault.From(err)
	if f.Kind == fault.Internal {
		return err.Error()
	}
	var parts []string
	for _, e := range f.Errors {
		parts = append(parts, strings.TrimSpace(e.Pointer+" "+e.Code))
	}
	if len(parts) == 0 {
		parts = []string{strings.TrimSpace(f.Pointer + " " + f.Code)}
	}
	return strings.Join(parts, "; ")
}

func number(s string) json.Number { return json.Number(s) }

// listener is asked before records are saved, when a test has given it something to do.
type listener struct {
	do func(c *record.Change) error
}

func (l *listener) Wants(_ *catalog.Snapshot, object string, _ record.Action) bool {
	return l.do != nil && object != "user"
}

func (l *listener) BeforeSave(_ context.Context, _ store.Reader, c *record.Change) error {
	return l.do(c)
}

func equalJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// text is what a person is told first.
func text(err error, language string) string {
	f := fault.From(err)
	if len(f.Errors) > 0 {
		f = f.Errors[0]
	}
	if language == "" {
		language = "en"
	}
	return f.Text(language)
}

type storeTx = store.Tx

func tableOf(t testing.TB, name string) store.Table {
	t.Helper()
	for _, table := range slices.Concat(record.Tables(), outbox.Tables()) {
		if table.Name == name {
			return table
		}
	}
	t.Fatalf("there is no table %s", name)
	return store.Table{}
}

// selectAll reads all columns of a table, by id.
func selectAll(table store.Table) query.Select {
	q := query.Select{Table: table.Name, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	for _, c := range table.Columns {
		q.Columns = append(q.Columns, query.Field(c))
	}
	return q
}

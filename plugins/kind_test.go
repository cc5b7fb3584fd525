package plugins_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/plugins"
	"formwork/plugins/standard"
)

// Two kinds of documents that nothing below knows: reminders about records, and the
// channels by which they are sent.

type channelKind struct{ catalog.Documents[channel] }

type channel struct {
	metadata.Head
	Address string `json:"address"`
}

func (channelKind) Name() string { return "channel" }

func (channelKind) Schema() json.RawMessage {
	return json.RawMessage(`{"title":"Channel","required":["address"],"properties":{"address":{"type":"string"}}}`)
}

type reminderKind struct {
	catalog.Documents[reminderDocument]
}

type reminderDocument struct {
	metadata.Head
	Object  string   `json:"object"`
	When    string   `json:"when"`
	Sort    []string `json:"sort"`
	Channel string   `json:"channel"`
	Note    string   `json:"note"`
}

type reminder struct {
	doc     *reminderDocument
	channel *channel
	list    *catalog.List
	note    *expression.Program
}

func reminders(s *catalog.Snapshot) map[string]*reminder {
	return catalog.Of[map[string]*reminder](s, "reminder")
}

func (reminderKind) Name() string    { return "reminder" }
func (reminderKind) Needs() []string { return []string{"object", "channel"} }

func (reminderKind) Schema() json.RawMessage {
	return json.RawMessage(`{"title":"Reminder","required":["object","when","channel"],"properties":{
		"object":{"$ref":"#/$defs/name"},"when":{"$ref":"#/$defs/expression"},"sort":{"$ref":"#/$defs/sort"},
		"channel":{"$ref":"#/$defs/name"},"note":{"$ref":"#/$defs/expression"}}}`)
}

func (reminderKind) Shown(*fieldtype.Registry) metadata.Shown {
	return metadata.About("object", metadata.WithHead(metadata.Members{"object": metadata.Whole, "when": metadata.UnderstoodFilter, "sort": metadata.Paths}))
}

func (reminderKind) Compile(c *catalog.Compiling) any {
	channels := catalog.Of[map[string]*channel](c.Snapshot(), "channel")
	return catalog.Each(c, func(doc *reminderDocument, at string) *reminder {
		o := c.Object(doc.Object, at+"/object")
		if o == nil {
			return nil
		}
		if channels[doc.Channel] == nil {
			c.Unknown("channel", doc.Channel, at+"/channel")
		}
		r := &reminder{doc: doc, channel: channels[doc.Channel], note: c.Condition(o, doc.Note, at+"/note")}
		r.list = &catalog.List{Source: "reminder/" + doc.Name, Object: o, Needed: true,
			Filter: c.Filter(o, doc.When, at+"/when"), Sort: c.Sort(o, doc.Sort, at+"/sort")}
		return r
	})
}

func (reminderKind) Lists(s *catalog.Snapshot) (lists []*catalog.List) {
	for _, r := range reminders(s) {
		lists = append(lists, r.list)
	}
	return lists
}

func (reminderKind) Effects(c *catalog.Comparison) {
	for name, r := range reminders(c.After) {
		if reminders(c.Before)[name] == nil {
			e := catalog.Effect{Impact: catalog.Impact{Class: catalog.Backfill, Path: "reminder/" + name,
				Notice: fault.New(fault.Invalid, "catalog.changes_settings", "path", "reminder/"+name)}}
			c.Add(c.Holding(e, r.list.Object, r.list.Filter))
		}
	}
	for name := range reminders(c.Before) {
		if reminders(c.After)[name] == nil {
			c.Add(catalog.Effect{Impact: catalog.Impact{Class: catalog.Destructive, Path: "reminder/" + name,
				Notice: fault.New(fault.Invalid, "catalog.changes_settings", "path", "reminder/"+name)}})
		}
	}
}

func (reminderKind) Jobs(before, after *catalog.Snapshot) (jobs []catalog.Job) {
	for name := range reminders(after) {
		if reminders(before)[name] == nil {
			jobs = append(jobs, catalog.Job{Kind: "remind", Args: name})
		}
	}
	return jobs
}

// house is a tenant of a program that has the two kinds, with a package below.
type house struct {
	*testing.T
	catalog *catalog.Catalog
	tenant  store.Tenant
}

func set(t *testing.T, version, note string) metadata.PackageSet {
	t.Helper()
	var documents []metadata.Document
	for _, body := range []string{
		`{"kind":"package","name":"base","version":"` + version + `"}`,
		`{"kind":"object","name":"thing","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},"score":{"type":"number"},"done":{"type":"checkbox"}}}`,
		`{"kind":"permission","name":"admin","system":["manage_metadata"]}`,
		`{"kind":"channel","name":"mail","address":"a@example.com"}`,
		`{"kind":"reminder","name":"old","label":"Old","object":"thing","when":"done","channel":"mail","note":"` + note + `"}`,
	} {
		documents = append(documents, parse(t, body))
	}
	set, problems := metadata.PackageOf(documents)
	if problems != nil {
		t.Fatal(problems)
	}
	return set
}

func parse(t *testing.T, body string) metadata.Document {
	t.Helper()
	d, problems := metadata.Parse([]byte(body))
	if problems != nil {
		t.Fatal(problems)
	}
	return d
}

func newHouse(t *testing.T) *house {
	t.Helper()
	kinds := plugins.Kinds(standard.Set(nil), plugins.Set{Kinds: []catalog.Kind{reminderKind{}, channelKind{}}})
	h := &house{T: t, catalog: catalog.New(catalog.Options{Types: standard.FieldTypes(), Kinds: kinds, Packages: []metadata.PackageSet{set(t, "1.0.0", "score > 1")},
		IDs: id.NewSource(time.Now, func() uint32 { return 0 }), Now: time.Now})}
	var err error
	if h.tenant, err = teststore.Open(t).Create(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.catalog.Install(t.Context(), h.tenant); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) snapshot() *catalog.Snapshot {
	h.Helper()
	s, err := h.catalog.Snapshot(h.Context(), h.tenant)
	if err != nil {
		h.Fatal(err)
	}
	return s
}

func (h *house) apply(allow string, documents ...string) {
	h.Helper()
	if _, err := h.catalog.Apply(h.Context(), h.tenant, change(allow, documents...), 7); err != nil {
		h.Fatal(err)
	}
}

func change(allow string, documents ...string) catalog.Change {
	c := catalog.Change{Allow: []string{allow}}
	for _, d := range documents {
		c.Documents = append(c.Documents, json.RawMessage(d))
	}
	return c
}

const late = `{"kind":"reminder","name":"late","object":"thing","when":"score > 5 and done","sort":["-score"],"channel":"mail"}`

// A kind from outside is planned with its effects and published with its indexes and
// jobs, and its room reads what it compiled.
func TestKindIsPublished(t *testing.T) {
	h := newHouse(t)
	err := h.tenant.Write(t.Context(), func(tx store.Tx) error {
		for i, done := range []bool{true, false, true} {
			row := map[string]any{"version": int64(1), "score:i0": int64(i * 4), "done:b": done}
			if err := tx.Insert(t.Context(), "thing", id.ID(i+1), row, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := h.catalog.Plan(t.Context(), h.tenant, change("", late,
		`{"kind":"object","name":"new","name_field":"name","fields":{"name":{"type":"text"}}}`,
		`{"kind":"reminder","name":"new","object":"new","when":"name == \"x\"","channel":"mail"}`,
		`{"kind":"object","name":"thing","fields":{"new":{"type":"checkbox"}}}`,
		`{"kind":"reminder","name":"newer","object":"thing","when":"new","channel":"mail"}`))
	if err != nil || len(plan.Problems) > 0 {
		t.Fatal(err, plan.Problems)
	}
	var told []string
	for _, i := range plan.Impact {
		if records := i.Records; strings.HasPrefix(i.Path, "reminder/") && records == nil {
			told = append(told, i.Path)
		} else if strings.HasPrefix(i.Path, "reminder/") {
			told = append(told, fmt.Sprint(i.Path, " ", i.Class, " ", *records))
		}
	}
	slices.Sort(told)
	if want := []string{"reminder/late backfill 1", "reminder/new", "reminder/newer backfill 0"}; !slices.Equal(told, want) {
		t.Errorf("planned %q", told)
	}
	h.apply("", late)
	s := h.snapshot()
	if r := reminders(s)["late"]; r == nil || r.channel.Address != "a@example.com" || r.list.Filter == nil {
		t.Errorf("compiled to %+v", r)
	}
	if !slices.ContainsFunc(s.Indexes["thing"], func(i store.Index) bool {
		return i.Name == "i.done:b.score:i0.id" || i.Name == "i.done:b.-score:i0.-id"
	}) {
		t.Errorf("planned the indexes %v", s.Indexes["thing"])
	}
	jobs, err := job.List(t.Context(), h.tenant, job.Listing{Kind: "remind", Limit: 10})
	if err != nil || len(jobs) != 2 { // that of the package, when it was installed
		t.Errorf("%d jobs, %v", len(jobs), err)
	}
	_, err = h.catalog.Apply(t.Context(), h.tenant, catalog.Change{Delete: []metadata.Key{{Kind: "reminder", Name: "late"}}}, 7)
	if !fault.Is(err, "catalog.destructive") {
		t.Errorf("deleting without naming it: %v", err)
	}
}

// Everything that is wrong is told at once, each where it is.
func TestKindIsRefused(t *testing.T) {
	h := newHouse(t)
	plan, err := h.catalog.Plan(t.Context(), h.tenant, change("",
		`{"kind":"reminder","name":"a","object":"thing","when":"done","channel":"mail","unknown":1}`,
		`{"kind":"reminder","name":"b","object":"thong","when":"done","channel":"mail"}`,
		`{"kind":"reminder","name":"c","object":"thing","when":"scare > 1","channel":"mial","sort":["name","nome"]}`,
		`{"kind":"reminders","name":"d"}`))
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, p := range plan.Problems {
		told = append(told, fmt.Sprint(p.Pointer, " ", p.Code, " ", p.Params["column"]))
	}
	want := []string{
		"/reminder/a/unknown schema.unknown_property <nil>",
		"/reminder/b/object catalog.unknown_document_near <nil>",
		"/reminder/c/channel catalog.unknown_document_near <nil>",
		"/reminder/c/sort/1 catalog.unknown_field_near <nil>",
		"/reminder/c/when expression.unknown_name 1",
		"/reminders/d/kind schema.unknown_kind_near <nil>",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told\n%s", strings.Join(told, "\n"))
	}
}

// all reads everything but notes and scores.
type all struct{}

func (all) Reads(string) bool                       { return true }
func (all) ShowsPath(_, path string) bool           { return !strings.Contains(path, "score") }
func (all) ReadsPath(_, path string) bool           { return !strings.Contains(path, "score") }
func (all) Understands(_, text string, _ bool) bool { return !strings.Contains(text, "score") }
func (all) Sees(metadata.Key) bool                  { return true }

// What the kind doesn't list is not shown, and nothing is of a kind that lists nothing.
func TestKindIsRedacted(t *testing.T) {
	h := newHouse(t)
	for body, want := range map[string]string{
		late: `{"kind":"reminder","name":"late","object":"thing","sort":[]}`,
		`{"kind":"reminder","name":"old","label":"Old","object":"thing","when":"done","channel":"mail","note":"name == \"x\"","more":{"a":1}}`: `{"kind":"reminder","name":"old","label":"Old","object":"thing","when":"done"}`,
		`{"kind":"channel","name":"mail","address":"a@example.com"}`:                                                                           "",
	} {
		d, ok := h.catalog.Redact(parse(t, body), all{})
		if string(d.Body) != want || ok != (want != "") {
			t.Errorf("of %s is shown %s", body, d.Body)
		}
	}
}

// What a document was compiled to is taken over until it or what its kind needs changes.
func TestKindIsCompiledWhenNeeded(t *testing.T) {
	h := newHouse(t)
	first := h.snapshot()
	h.apply("", late, `{"kind":"view","name":"v","object":"thing","columns":["name"],"show":"table"}`)
	second := h.snapshot()
	if reminders(first)["old"] != reminders(second)["old"] || first.Objects["thing"] != second.Objects["thing"] || first.Policies != second.Policies {
		t.Error("what has not changed was compiled again")
	}
	h.apply("", `{"kind":"channel","name":"mail","address":"b@example.com"}`)
	third := h.snapshot()
	if r := reminders(third)["late"]; r == reminders(second)["late"] || r.channel.Address != "b@example.com" || r.list.Object != second.Objects["thing"] {
		t.Error("a reminder has a channel that has changed")
	}
	h.apply("", `{"kind":"object","name":"thing","fields":{"more":{"type":"text"}}}`)
	if s := h.snapshot(); reminders(s)["late"].list.Object != s.Objects["thing"] || s.Objects["thing"] == third.Objects["thing"] {
		t.Error("a reminder is about an object that has changed")
	}
}

// History, packages and files treat the kind as any other.
func TestKindHasAHistory(t *testing.T) {
	h := newHouse(t)
	h.apply("", late, `{"kind":"reminder","name":"old","label":"Mine"}`)
	upgraded := set(t, "2.0.0", "score > 2")
	if _, err := h.catalog.Upgrade(t.Context(), h.tenant, catalog.Upgrade{Sets: []metadata.PackageSet{upgraded}}, 7); err != nil {
		t.Fatal(err)
	}
	if r := reminders(h.snapshot())["old"]; r.doc.Label.In("en", "") != "Mine" || r.note.Source() != "score > 2" {
		t.Errorf("the upgrade left %+v", r.doc)
	}
	changes, err := h.catalog.Diff(t.Context(), h.tenant, 1, 2)
	if err != nil || len(changes) != 2 || changes[0].Key.String() != "reminder/late" || changes[1].Parts[0].Pointer != "/label" {
		t.Errorf("the first change is told as %v, %v", changes, err)
	}
	own, err := h.catalog.Documents(t.Context(), h.tenant, catalog.Own)
	if files := metadata.WriteFiles(own); err != nil || len(files) != 2 || files["reminder/late.json"] == nil {
		t.Errorf("exported %v, %v", files, err)
	}
	back := catalog.Restoration{To: 1, Allow: []string{"reminder/late"}}
	if _, err := h.catalog.Rollback(t.Context(), h.tenant, back, 7); err != nil {
		t.Fatal(err)
	}
	if s := h.snapshot(); reminders(s)["late"] != nil || reminders(s)["old"].note.Source() != "score > 1" {
		t.Errorf("rolled back to %v", reminders(s))
	}
}

// careless looks at channels and does not say so.
type careless struct{ channelKind }

func (careless) Name() string { return "careless" }
func (careless) Compile(c *catalog.Compiling) any {
	return catalog.Of[map[string]*channel](c.Snapshot(), "channel")
}

func TestKindSaysWhatItNeeds(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a kind looked at another that it doesn't need")
		}
	}()
	catalog.Build(t.Context(), standard.FieldTypes(), plugins.Kinds(standard.Set(nil), plugins.Set{Kinds: []catalog.Kind{channelKind{}, careless{}}}), 1, nil)
}

type needing struct {
	catalog.Documents[metadata.Head]
	name  string
	needs []string
}

func (k needing) Name() string          { return k.name }
func (k needing) Needs() []string       { return k.needs }
func (needing) Schema() json.RawMessage { return json.RawMessage(`{}`) }

// Kinds are compiled after those they need, which may not be themselves.
func TestKindsNeedEachOther(t *testing.T) {
	a, b := needing{name: "a", needs: []string{"b"}}, needing{name: "b"}
	if all := catalog.NewKinds(a, b).All(); all[0].Name() != "b" || all[1].Name() != "a" {
		t.Errorf("compiled as %v", all)
	}
	for name, kinds := range map[string][]catalog.Kind{
		"a cycle":  {a, needing{name: "b", needs: []string{"a"}}},
		"itself":   {needing{name: "a", needs: []string{"a"}}},
		"no such":  {a},
		"two of a": {b, b},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is registered", name)
				}
			}()
			catalog.NewKinds(kinds...)
		}()
	}
}

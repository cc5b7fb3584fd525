package draft_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"formwork/engine/draft"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata"
)

// documents are what the tests begin with.
var documents = []string{
	`{"kind":"object","name":"place","label":"Place","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},"size":{"type":"number"}}}`,
	`{"kind":"object","name":"thing","label":"Thing","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},"size":{"type":"number"},"at":{"type":"lookup","object":"place"}}}`,
	`{"kind":"permission","name":"drawer","label":"Drawer","objects":{"thing":{"read":true,"fields":{"*":"read"}}},"system":["manage_metadata","view_setup"]}`,
	`{"kind":"permission","name":"shaper","label":"Shaper","objects":{"thing":{"create":true,"read":true,"update":true,"fields":{"*":"edit"}},"place":{"create":true,"read":true,"update":true,"fields":{"*":"edit"}}},"system":["manage_metadata","manage_permissions","view_setup"]}`,
}

// world is a tenant with somebody who shapes it.
type world struct {
	*enginetest.Tenant
	t   *testing.T
	ann *policy.Caller
}

func newWorld(t *testing.T, open teststore.Opener) *world {
	t.Helper()
	w := &world{Tenant: enginetest.New(t, enginetest.Options{Open: open}).NewTenant("main", "core"), t: t}
	w.Apply(documents...)
	w.ann = w.CallerWith("ann@example.com", "shaper")
	return w
}

func (w *world) drafts() *draft.Session { return w.Drafts.As(w.Tenant.Tenant, w.ann) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// begin makes a draft.
func (w *world) begin() id.ID {
	w.t.Helper()
	d, err := w.drafts().Make(w.t.Context(), "Test")
	w.must(err)
	return d.ID
}

// patch changes a document in a draft.
func (w *world) patch(d id.ID, key metadata.Key, patch string) {
	w.t.Helper()
	v, problem := metadata.ReadJSON([]byte(patch), metadata.Limits{Depth: metadata.MaxDepth})
	if problem != nil {
		w.t.Fatal(problem)
	}
	_, _, err := w.drafts().Patch(w.t.Context(), d, key, v.(map[string]any))
	w.must(err)
}

var thing = metadata.Key{Kind: "object", Name: "thing"}

// What several people change of one document at once is all in the draft.
func TestChangedTogether(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		w := newWorld(t, open)
		d := w.begin()
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				patch := map[string]any{"fields": map[string]any{fmt.Sprintf("f%d", i): map[string]any{"type": "text"}}}
				if _, _, err := w.drafts().Patch(t.Context(), d, thing, patch); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		documents, err := w.drafts().Documents(t.Context(), d)
		w.must(err)
		at := slices.IndexFunc(documents, func(d metadata.Document) bool { return d.Key == thing })
		object, err := metadata.Decode[metadata.Object](documents[at])
		w.must(err)
		if len(object.Fields) != 3+8 {
			t.Errorf("the draft has the fields %v", slices.Sorted(maps.Keys(object.Fields)))
		}
	})
}

// A draft that is not right is known as far as it is: what is wrong, and what needs that, is left out.
func TestPartly(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		w := newWorld(t, open)
		d := w.begin()
		w.patch(d, thing, `{"fields":{"good":{"type":"number"},"broken":{"type":"formula","result":"number","expression":"nothing * 2"},
			"needs_it":{"type":"formula","result":"number","expression":"broken + 1"},"wrong":{"type":"lookup","object":"nowhere"}},
			"rules":{"begun":{"must":"good > 0"}}}`)
		w.patch(d, metadata.Key{Kind: "view", Name: "things"}, `{"label":"Things","object":"thing","show":"table","columns":["name","wrong","good"]}`)
		if _, err := w.drafts().Preview(t.Context(), d); !fault.Is(err, "draft.invalid") {
			t.Fatalf("it is looked at as if it were right: %v", err)
		}
		preview, err := w.drafts().Partly(t.Context(), d)
		w.must(err)
		object := preview.Snapshot.Objects["thing"]
		var names []string
		for _, f := range object.Fields {
			if f.Doc != nil && f.Name != "id" {
				names = append(names, f.Name)
			}
		}
		for name, want := range map[string]bool{"good": true, "size": true, "broken": false, "needs_it": false, "wrong": false} {
			if got := slices.Contains(names, name); got != want {
				t.Errorf("field %s: %v of %v", name, got, names)
			}
		}
		if _, ok := preview.Snapshot.Documents[metadata.Key{Kind: "view", Name: "things"}]; !ok {
			t.Error("the view is gone for a column that it can't have")
		}
		// Nobody gains a right by what is left.
		drawer := w.CallerWith("dan@example.com", "drawer")
		w.patch(d, metadata.Key{Kind: "permission", Name: "drawer"}, `{"objects":{"place":{"read":true,"fields":{"*":"read"}}}}`)
		preview, err = w.Drafts.As(w.Tenant.Tenant, drawer).Partly(t.Context(), d)
		w.must(err)
		rights, err := preview.Snapshot.Policies.Rights(t.Context(), drawer)
		w.must(err)
		if rights.Objects["place"].Read || !rights.Objects["thing"].Read {
			t.Errorf("a draft gave or took its reader rights: %v", rights.Objects)
		}
	})
}

// There are no more drafts than a tenant may have, however many are begun at once, and their
// labels and sizes have bounds.
func TestBounds(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		w := newWorld(t, open)
		for range draft.MaxDrafts - 3 {
			w.begin()
		}
		var made, refused int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := w.drafts().Make(t.Context(), "One more")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case fault.Is(err, "draft.too_many"):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if made != 3 || refused != 5 {
			t.Errorf("%d were made and %d refused, of which there was room for 3", made, refused)
		}
		if _, err := w.drafts().Make(t.Context(), strings.Repeat("长", draft.MaxLabel+1)); !fault.Is(err, "draft.label") {
			t.Errorf("a label that is too long: %v", err)
		}
		listed, err := w.drafts().List(t.Context())
		w.must(err)
		w.must(w.drafts().Discard(t.Context(), listed[0].ID))
		d := w.begin() // in the place that is free again
		var refusal error
		for i := 0; i < 10 && refusal == nil; i++ {
			body := map[string]any{"label": "Long", "options": map[string]any{"a": map[string]any{"label": strings.Repeat("x", 900_000)}}}
			_, _, refusal = w.drafts().Put(t.Context(), d, metadata.Key{Kind: "picklist", Name: fmt.Sprintf("p%d", i)}, body)
		}
		if !fault.Is(refusal, "draft.too_large") {
			t.Errorf("a draft of any size: %v", refusal)
		}
		many := map[metadata.Key]any{}
		for i := range draft.MaxDocuments + 1 {
			many[metadata.Key{Kind: "view", Name: fmt.Sprintf("v%d", i)}] = nil
		}
		if _, err := w.drafts().PatchAll(t.Context(), d, many); !fault.Is(err, "catalog.too_many_documents") {
			t.Errorf("any number of documents at once: %v", err)
		}
	})
}

// A draft that somebody goes on with while it is published stays with what was not.
func TestPublishedWhileChanged(t *testing.T) {
	w := newWorld(t, nil)
	d := w.begin()
	w.patch(d, thing, `{"fields":{"a":{"type":"text"}}}`)
	before, err := w.drafts().Get(t.Context(), d)
	w.must(err)
	// What Publish does, with a change in between.
	plan, err := w.drafts().Plan(t.Context(), d, nil)
	w.must(err)
	w.patch(d, thing, `{"fields":{"b":{"type":"text"}}}`)
	w.Apply(`{"kind":"object","name":"thing","label":"Thing","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},"size":{"type":"number"},"at":{"type":"lookup","object":"place"},"a":{"type":"text"}}}`)
	after, err := w.drafts().Plan(t.Context(), d, nil)
	w.must(err)
	if len(before.Documents) != 1 || len(plan.Changes) != 1 || len(after.Conflicts) != 0 || len(after.Changes) != 1 || len(after.Changes[0].Parts) != 1 || after.Changes[0].Parts[0].Pointer != "/fields/b" {
		t.Errorf("what is left is %+v", after.Changes)
	}
}

// changes are what random drafts do, each to a document.
var changes = []struct {
	kind, name string
	patch      func(r *rand.Rand) string
}{
	{"object", "thing", func(r *rand.Rand) string {
		return fmt.Sprintf(`{"fields":{"n%d":{"type":%q}}}`, r.IntN(3), []string{"text", "number", "boolean", "date", "email"}[r.IntN(5)])
	}},
	{"object", "place", func(r *rand.Rand) string {
		return fmt.Sprintf(`{"fields":{"n%d":{"type":"text","unique":true}}}`, r.IntN(3))
	}},
	{"object", "thing", func(r *rand.Rand) string { return `{"fields":{"near":{"type":"lookup","object":"place"}}}` }},
	{"object", "thing", func(r *rand.Rand) string { return fmt.Sprintf(`{"label":"Thing %d"}`, r.IntN(9)) }},
	{"object", "visit", func(r *rand.Rand) string {
		return `{"label":"Visit","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},"thing":{"type":"lookup","object":"thing"}}}`
	}},
	{"object", "thing", func(r *rand.Rand) string { return `{"visibility":"private"}` }},
	{"permission", "shaper", func(r *rand.Rand) string { return `{"objects":{"thing":{"fields":{"size":"none"}}}}` }},
	{"permission", "shaper", func(r *rand.Rand) string {
		return `{"objects":{"visit":{"create":true,"read":true,"fields":{"*":"edit"}}}}`
	}},
	{"view", "small", func(r *rand.Rand) string {
		return fmt.Sprintf(`{"object":"thing","label":"Small","filter":"size < %d","columns":["name"]}`, r.IntN(9))
	}},
	{"object", "thing", func(r *rand.Rand) string {
		return `{"rules":{"named":{"when":"isEmpty(name)","message":"A name, please."}}}`
	}},
}

// asked are answers to questions about all objects, as people would be given them.
func (w *world) asked(t store.Tenant, s *record.Session) map[string]string {
	w.t.Helper()
	answers := map[string]string{}
	ask := func(name string, v any, err error) {
		if err != nil {
			answers[name] = fmt.Sprint(fault.From(err).Code)
			return
		}
		raw, err := json.Marshal(v)
		w.must(err)
		answers[name] = string(raw)
	}
	ctx := w.t.Context()
	for _, object := range []string{"thing", "place", "visit"} {
		page, err := s.List(ctx, object, record.ListQuery{Total: 2, Names: true})
		ask(object, page, err)
		for _, field := range []string{"n0", "n1", "n2", "near", "at.n0", "near.name", "thing.n1", "size"} {
			page, err := s.List(ctx, object, record.ListQuery{Filter: "isEmpty(" + field + ")", Sort: []string{"-" + field, "name"}, Fields: []string{"name", field}})
			ask(object+" by "+field, page, err)
			rows, err := s.Aggregate(ctx, object, record.AggregateQuery{Group: []record.GroupBy{{Field: field}}, Measures: []record.MeasureOf{{Op: "count"}}})
			ask(object+" in "+field, rows, err)
		}
		rows, err := s.Aggregate(ctx, object, record.AggregateQuery{Measures: []record.MeasureOf{{Op: "count"}, {Op: "sum", Field: "size"}}})
		ask(object+" together", rows, err)
		form, err := s.Form(ctx, object, record.FormQuery{})
		if form != nil {
			form.Values = nil // with the time
		}
		ask(object+" written", form, err)
	}
	hits, err := s.Search(ctx, "small", nil, 5)
	ask("search", hits, err)
	return answers
}

// What a draft shows is what it shows once it is published, and looking changes nothing.
func TestPreviewIsWhatPublishingShows(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		r := rand.New(rand.NewPCG(1, 2))
		looked := 0
		for range 12 {
			w := newWorld(t, open)
			here := w.Create("place", map[string]any{"name": "Here", "size": json.Number("3")})
			for i := range 5 {
				w.Create("thing", map[string]any{"name": fmt.Sprintf("small %d", i), "size": json.Number(strconv.Itoa(i)), "at": here.String(), "owner": w.ann.User.String()})
			}
			w.Create("thing", map[string]any{"name": "somebody's"})
			d := w.begin()
			for range 1 + r.IntN(5) {
				change := changes[r.IntN(len(changes))]
				w.patch(d, metadata.Key{Kind: change.kind, Name: change.name}, change.patch(r))
			}
			preview, err := w.drafts().Preview(t.Context(), d)
			if fault.Is(err, "draft.invalid") {
				continue // such as rights on an object that there is not
			}
			w.must(err)
			looked++
			before := w.asked(w.Tenant.Tenant, w.As(w.ann))
			shown := w.asked(w.Tenant.Tenant, w.Records.As(preview.Over(w.Tenant.Tenant), preview.Snapshot, w.ann).Uncounted())
			if again := w.asked(w.Tenant.Tenant, w.As(w.ann)); !reflect.DeepEqual(before, again) {
				t.Fatalf("looking changed %v to %v", before, again)
			}
			_, err = w.drafts().Publish(t.Context(), d, "", nil)
			w.must(err)
			w.RunJobs()
			published := w.asked(w.Tenant.Tenant, w.As(w.ann))
			for name, answer := range published {
				if shown[name] != answer {
					t.Errorf("%s: the draft showed\n%s\nand it is\n%s", name, shown[name], answer)
				}
			}
		}
		if looked < 6 {
			t.Errorf("%d drafts could be looked at", looked)
		}
	})
}

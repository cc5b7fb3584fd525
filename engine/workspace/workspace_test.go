package workspace_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/engine/workspace"
	"formwork/metadata"
)

// objects are what the tests work with: everybody may read what they own, and bosses all.
var documents = []string{
	`{"kind":"object","name":"thing","label":"Thing","name_field":"name","visibility":"private","fields":{"name":{"type":"text"},"size":{"type":"number"},"secret":{"type":"text"}}}`,
	`{"kind":"permission","name":"member","objects":{"thing":{"create":true,"read":true,"update":true,"delete":true,"fields":{"*":"edit","secret":"none"}}}}`,
	`{"kind":"permission","name":"boss","objects":{"thing":{"read":true,"read_all":true}},"system":["share_views"]}`,
}

// world is a tenant with two users.
type world struct {
	*enginetest.Tenant
	t        *testing.T
	ann, bob *policy.Caller
}

func newWorld(t *testing.T, open teststore.Opener) *world {
	t.Helper()
	w := &world{Tenant: enginetest.New(t, enginetest.Options{Open: open}).NewTenant("main", "core"), t: t}
	w.Apply(documents...)
	w.ann, w.bob = w.CallerWith("ann@example.com", "member"), w.CallerWith("bob@example.com", "member")
	return w
}

// of is a caller's session.
func (w *world) of(c *policy.Caller) *workspace.Session {
	whole := func(d metadata.Document) (json.RawMessage, error) { return d.Body, nil }
	return w.Workspace.As(workspace.Caller{Tenant: w.Tenant.Tenant, Snapshot: w.Snapshot(), Caller: c, Records: w.As(c), Shown: whole})
}

// thing makes a record of a caller's.
func (w *world) thing(c *policy.Caller, name string) id.ID {
	w.t.Helper()
	return w.Create("thing", map[string]any{"name": name, "owner": c.User.String()})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) wants(err error, code string) {
	w.t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != code {
		w.t.Errorf("got %v, want %s", err, code)
	}
}

// names are those of marks, in order.
func names(marks []workspace.Mark) string {
	var all []string
	for _, m := range marks {
		all = append(all, m.Name)
	}
	return strings.Join(all, " ")
}

func TestSettingsAreBounded(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		w := newWorld(t, open)
		ann := w.of(w.ann)
		many := map[string]any{}
		for i := range workspace.MaxSettings {
			many[fmt.Sprint("n", i)] = true
		}
		_, err := ann.PatchSettings(t.Context(), many)
		w.must(err)
		_, err = ann.PatchSettings(t.Context(), map[string]any{"one_more": true})
		w.wants(err, "workspace.too_many_settings")
		_, err = ann.PatchSettings(t.Context(), map[string]any{"n0": nil, "one_more": true})
		w.must(err)
		_, err = ann.PatchSettings(t.Context(), map[string]any{"n1": strings.Repeat("x", workspace.MaxSettingsSize)})
		w.wants(err, "workspace.settings_too_large")
		kept, err := ann.Personal(t.Context())
		w.must(err)
		if s := string(kept.Settings); !strings.Contains(s, `"one_more":true`) || strings.Contains(s, `"n0"`) || !strings.Contains(s, `"n1":true`) {
			t.Errorf("what was refused has changed something: %.100s", s)
		}
		kept, err = w.of(w.bob).Personal(t.Context())
		w.must(err)
		if string(kept.Settings) != "{}" {
			t.Errorf("another user has %s", kept.Settings)
		}
	})
}

func TestMarksAreBounded(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		w := newWorld(t, open)
		ann := w.of(w.ann)
		var all []id.ID
		for i := range workspace.MaxFavourites + 1 {
			all = append(all, w.thing(w.ann, fmt.Sprint(i)))
		}
		for i, key := range all[:workspace.MaxFavourites] {
			w.must(ann.AddFavourite(t.Context(), "thing", key))
			if i <= workspace.MaxRecent {
				w.must(ann.AddRecent(t.Context(), "thing", key))
			}
		}
		last := all[workspace.MaxFavourites]
		w.wants(ann.AddFavourite(t.Context(), "thing", last), "workspace.too_many_favourites")
		recent, err := ann.Recent(t.Context())
		w.must(err)
		if len(recent) != workspace.MaxRecent || recent[0].Name != "100" || recent[99].Name != "1" {
			t.Errorf("%d were opened last: %s", len(recent), names(recent))
		}
		// What can't be read any more makes room.
		_, err = w.System().Update(t.Context(), "thing", all[7], map[string]any{"owner": w.bob.User.String()}, 0)
		w.must(err)
		w.must(ann.AddFavourite(t.Context(), "thing", last))
		favourites, err := ann.Favourites(t.Context())
		w.must(err)
		if len(favourites) != workspace.MaxFavourites || favourites[0].Name != "0" || favourites[199].Name != "200" || strings.Contains(names(favourites), " 7 ") {
			t.Errorf("%d are marked: %s", len(favourites), names(favourites))
		}
	})
}

// Requests of a user that come at once lose nothing, the first ones included.
func TestMarksAtOnce(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		w := newWorld(t, open)
		var all sync.WaitGroup
		for i := range 8 {
			key := w.thing(w.ann, fmt.Sprint(i))
			ann := w.of(w.ann)
			all.Go(func() {
				if err := ann.AddFavourite(t.Context(), "thing", key); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		favourites, err := w.of(w.ann).Favourites(t.Context())
		w.must(err)
		if len(favourites) != 8 {
			t.Errorf("%s are left", names(favourites))
		}
	})
}

// A name that may not be read is told of no record, be it one's own.
func TestNamesThatMayNotBeRead(t *testing.T) {
	w := newWorld(t, teststore.Open)
	key := w.thing(w.ann, "Hidden")
	w.must(w.of(w.ann).AddFavourite(t.Context(), "thing", key))
	w.Apply(`{"kind":"permission","name":"member","objects":{"thing":{"read":true,"fields":{"size":"read"}}}}`)
	favourites, err := w.of(w.ann).Favourites(t.Context())
	w.must(err)
	if len(favourites) != 1 || favourites[0].ID != key || favourites[0].Name != "" {
		t.Errorf("%+v", favourites)
	}
}

// list is what a view of things says.
func list(label string) map[string]any {
	return map[string]any{"object": "thing", "label": label, "columns": []any{"name"}, "show": "table"}
}

func TestViewsAreBounded(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		w := newWorld(t, open)
		boss, ann := w.of(w.CallerWith("boss@example.com", "boss")), w.of(w.ann)
		first, err := ann.SaveView(t.Context(), list("0"), false)
		w.must(err)
		fill := func(n int, owner id.ID, shared bool, size int) {
			t.Helper()
			w.must(w.Write(t.Context(), func(tx store.Tx) error {
				for range n {
					err := tx.Insert(t.Context(), "_saved_view", w.IDs.Next(), map[string]any{"version": int64(1), "object": "thing", "owner": int64(owner), "shared": shared,
						"body": json.RawMessage(`{"columns":["name"],"label":"Filled","object":"thing","show":"table"}`), "size": int64(size)}, nil)
					if err != nil {
						return err
					}
				}
				return nil
			}))
		}
		fill(workspace.MaxViews-1, w.ann.User, false, 100)
		_, err = ann.SaveView(t.Context(), list("one more"), false)
		w.wants(err, "workspace.too_many_views")
		_, err = ann.ChangeView(t.Context(), first.ID, map[string]any{"label": "changed"}, nil, 0)
		w.must(err)
		w.must(ann.DeleteView(t.Context(), first.ID))
		_, err = ann.SaveView(t.Context(), list("one more"), false)
		w.must(err)

		fill(1, w.bob.User, false, workspace.MaxViewsSize-10)
		_, err = w.of(w.bob).SaveView(t.Context(), list("B"), false)
		w.wants(err, "workspace.views_too_large")
		long := list("long")
		long["filter"] = "name != \"" + strings.Repeat("x", workspace.MaxViewSize) + "\""
		_, err = boss.SaveView(t.Context(), long, false)
		w.wants(err, "workspace.view_too_large")

		own, err := boss.SaveView(t.Context(), list("boss"), false)
		w.must(err)
		everyone := true
		fill(workspace.MaxShared, 77, true, 10)
		_, err = boss.SaveView(t.Context(), list("shared"), true)
		w.wants(err, "workspace.too_many_shared")
		_, err = boss.ChangeView(t.Context(), own.ID, nil, &everyone, 0)
		w.wants(err, "workspace.too_many_shared")
		_, err = ann.SaveView(t.Context(), list("shared"), true)
		w.wants(err, "record.needs_right")
	})
}

// A view that was changed meanwhile is not changed by who knew another.
func TestViewsAtOnce(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		w := newWorld(t, open)
		v, err := w.of(w.ann).SaveView(t.Context(), list("0"), false)
		w.must(err)
		var all sync.WaitGroup
		var saved, refused atomic.Int32
		for i := range 6 {
			ann := w.of(w.ann)
			all.Go(func() {
				switch _, err := ann.ChangeView(t.Context(), v.ID, map[string]any{"label": fmt.Sprint(i)}, nil, v.Version); {
				case err == nil:
					saved.Add(1)
				case fault.KindOf(err) == fault.Stale:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		views, err := w.of(w.ann).Views(t.Context(), "thing")
		w.must(err)
		if saved.Load() != 1 || refused.Load() != 5 || len(views) != 1 || views[0].Version != 2 {
			t.Errorf("%d saved, %d refused: %+v", saved.Load(), refused.Load(), views)
		}
	})
}

package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"formwork/engine/id"
	"formwork/engine/query"
)

// caseFile is one file of testdata/cases. Documents are added to those of base.json.
type caseFile struct {
	Says      string
	Documents []json.RawMessage
	// Callers that differ from the user with the permission set "sales" and no team.
	Callers   map[string]struct{ Permissions, Teams []string }
	Decisions []struct {
		Caller, Object               string
		Create, Read, Update, Delete []string // the records, sorted; exactly these
	}
	Filters []struct{ Caller, Object, Action, Filter string }
	Rights  []struct {
		Caller  string
		System  []string
		Object  string
		Actions []string
		Fields  map[string]string // some of them
		None    []string          // fields without any right
	}
}

func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			w := newWorld(t)
			var file caseFile
			var documents []json.RawMessage
			readJSON(t, "testdata/base.json", &documents)
			readJSON(t, path, &file)
			s := w.compile(t, append(documents, file.Documents...)...)
			caller := func(name string) *Caller {
				if c, ok := file.Callers[name]; ok {
					return w.caller(name, c.Permissions, c.Teams)
				}
				return w.caller(name, []string{"sales"}, nil)
			}
			for _, d := range file.Decisions {
				for action, want := range map[Action][]string{Create: d.Create, Read: d.Read, Update: d.Update, Delete: d.Delete} {
					if got := w.selected(t, s, caller(d.Caller), d.Object, action); !slices.Equal(got, want) {
						t.Errorf("%s may %s %ss %v; want %v", d.Caller, action, d.Object, got, want)
					}
				}
			}
			for _, c := range file.Filters {
				if got := w.show(mustFilter(t, s, caller(c.Caller), c.Object, Action(c.Action))); got != c.Filter {
					t.Errorf("filter of %s to %s %ss: %s; want %s", c.Caller, c.Action, c.Object, got, c.Filter)
				}
			}
			for _, c := range file.Rights {
				r, err := s.Rights(context.Background(), caller(c.Caller))
				if err != nil {
					t.Fatal(err)
				}
				of := r.Objects[c.Object]
				if got := sortedKeys(r.System); !slices.Equal(got, c.System) {
					t.Errorf("%s has system rights %v; want %v", c.Caller, got, c.System)
				}
				if got := actionsOf(of); !slices.Equal(got, c.Actions) {
					t.Errorf("%s has rights %v on %s; want %v", c.Caller, got, c.Object, c.Actions)
				}
				for field, want := range c.Fields {
					if got := of.Fields[field]; got != want {
						t.Errorf("%s has %q on %s.%s; want %q", c.Caller, got, c.Object, field, want)
					}
				}
				for _, field := range c.None {
					if got, has := of.Fields[field]; has {
						t.Errorf("%s has %q on %s.%s; want none", c.Caller, got, c.Object, field)
					}
				}
			}
		})
	}
}

func actionsOf(r ObjectRights) []string {
	actions := []string{}
	for i, has := range []bool{r.Create, r.Read, r.Update, r.Delete} {
		if has {
			actions = append(actions, []string{"create", "read", "update", "delete"}[i])
		}
	}
	return actions
}

func mustFilter(tb testing.TB, s *Set, c *Caller, object string, a Action) query.Filter {
	tb.Helper()
	f, err := s.Filter(context.Background(), c, object, a)
	if err != nil {
		tb.Fatalf("%s of %s for %s: %v", a, object, c.Name, err)
	}
	return f
}

// selected are the names of the records that a caller may do an action on, sorted.
func (w *world) selected(tb testing.TB, s *Set, c *Caller, object string, a Action) (found []string) {
	tb.Helper()
	f := mustFilter(tb, s, c, object, a)
	for key, record := range w.records[object] {
		if query.Match(f, w.get(object, record)) {
			found = append(found, w.called[key])
		}
	}
	slices.Sort(found)
	return found
}

// show writes a filter for people.
func (w *world) show(f query.Filter) string {
	constant := func(v any) string {
		if n, ok := v.(int64); ok && w.called[id.ID(n)] != "" {
			return w.called[id.ID(n)]
		}
		return strings.ReplaceAll(fmt.Sprint(v), "<nil>", "nil")
	}
	ref := func(r query.Ref) (s string) {
		for _, hop := range r.Hops {
			s += hop.Lookup.Name + ":" + hop.Table + "."
		}
		return s + r.Column.Name
	}
	list := func(name string, parts []query.Filter) string {
		texts := make([]string, len(parts))
		for i, part := range parts {
			texts[i] = w.show(part)
		}
		return name + "(" + strings.Join(texts, ", ") + ")"
	}
	switch f := f.(type) {
	case nil:
		return "everything"
	case query.All:
		return list("all", f)
	case query.Any:
		if len(f) == 0 {
			return "nothing"
		}
		return list("any", f)
	case query.Not:
		return "not(" + w.show(f.Filter) + ")"
	case query.Compare:
		return ref(f.Ref) + " " + f.Op.String() + " " + constant(f.Value)
	case query.CompareRefs:
		return ref(f.Left) + " " + f.Op.String() + " " + ref(f.Right)
	case query.In:
		return fmt.Sprintf("%s in %v", ref(f.Ref), f.Values)
	case query.Like:
		return fmt.Sprintf("%s like %d %q", ref(f.Ref), f.At, f.Text)
	case query.Has:
		return fmt.Sprintf("%s has %q", ref(f.Ref), f.Text)
	}
	return fmt.Sprintf("%#v", f)
}
